package dataplane_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
)

// endpoints makes some, with the weights given in turn.
func endpoints(n int, weights ...int) []dataplane.Endpoint {
	all := make([]dataplane.Endpoint, n)
	for i := range all {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 0x0a000001+uint32(i))
		all[i] = dataplane.Endpoint{Addr: netip.AddrFrom4(a), Port: 80, Weight: weights[i%len(weights)]}
	}
	return all
}

// share is how many rows each endpoint has.
func share(t dataplane.Table) map[string]int {
	rows := make(map[string]int)
	for _, i := range t.Rows {
		rows[t.Endpoints[i].String()]++
	}
	return rows
}

func TestSharesFollowWeights(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 10, 40, 160, 600, 1000} {
		for _, weights := range [][]int{{1}, {1, 2}, {1, 50, 100}} {
			t.Run(fmt.Sprint(n, weights), func(t *testing.T) {
				t.Parallel()
				all := endpoints(n, weights...)
				table := dataplane.NewTable(7, all, dataplane.TableSize(len(all)))
				total := 0
				for _, e := range all {
					total += e.Weight
				}
				rows := share(table)
				for _, e := range all {
					want := float64(len(table.Rows)) * float64(e.Weight) / float64(total)
					require.InDelta(t, want, rows[e.String()], 2, e)
				}
			})
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	all := endpoints(50, 1, 3)
	table := dataplane.NewTable(7, all, dataplane.TableSize(len(all)))
	dice := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		require.Equal(t, table, dataplane.NewTable(7, all, dataplane.TableSize(len(all))))
	}
	require.NotEqual(t, table, dataplane.NewTable(8, all, dataplane.TableSize(len(all))), "the seed does")
}

// Of the rows of endpoints that stay, few move.
func TestFewRowsMove(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 10, 100, 600} {
		all := endpoints(n, 1)
		before := dataplane.NewTable(7, all, dataplane.TableSize(len(all)))
		for name, now := range map[string][]dataplane.Endpoint{
			"gone":    all[1:],
			"drained": append([]dataplane.Endpoint{{Addr: all[0].Addr, Port: all[0].Port}}, all[1:]...),
			"down":    append([]dataplane.Endpoint{{Addr: all[0].Addr, Port: all[0].Port, Weight: 1, Down: true}}, all[1:]...),
		} {
			after := dataplane.NewTable(7, now, dataplane.TableSize(len(all)))
			require.Len(t, after.Rows, len(before.Rows), "the sizes do not straddle a step")
			moved := 0
			for row, i := range before.Rows {
				e := before.Endpoints[i]
				if e.Addr != all[0].Addr && after.Endpoints[after.Rows[row]] != e {
					moved++
				}
			}
			t.Logf("%d endpoints, one is %s: %.2f %% of the others' rows move", n, name, 100*float64(moved)/float64(len(before.Rows)))
			require.Less(t, moved, len(before.Rows)/25)
			require.NotContains(t, share(after), all[0].String())
		}
	}
}

// The table is what the paper's algorithm makes, done as plainly as can be.
func TestTableIsThePapers(t *testing.T) {
	t.Parallel()
	all := endpoints(7, 1)
	table := dataplane.NewTable(42, all, dataplane.TableSize(len(all)))
	m := len(table.Rows)
	permutation := make([][]int, len(all))
	for i, e := range table.Endpoints {
		offset, skip := dataplane.OffsetAndSkip(42, e, m)
		for j := range m {
			permutation[i] = append(permutation[i], (offset+j*skip)%m)
		}
		sorted := slices.Sorted(slices.Values(permutation[i]))
		for j, row := range sorted {
			require.Equal(t, j, row, "a permutation")
		}
	}
	next, entry := make([]int, len(all)), slices.Repeat([]int{-1}, m)
	for n := 0; n < m; {
		for i := range all {
			c := permutation[i][next[i]]
			for entry[c] >= 0 {
				next[i]++
				c = permutation[i][next[i]]
			}
			entry[c] = i
			next[i]++
			if n++; n == m {
				break
			}
		}
	}
	for row, i := range entry {
		require.Equal(t, uint16(i), table.Rows[row])
	}
}

func TestSmallTables(t *testing.T) {
	t.Parallel()
	require.Equal(t, dataplane.Table{}, dataplane.NewTable(7, nil, 251))
	one := endpoints(1, 5)
	require.Equal(t, dataplane.Table{Endpoints: one, Rows: make([]uint16, 251)}, dataplane.NewTable(7, one, 251))
	one[0].Down = true
	require.Empty(t, dataplane.NewTable(7, one, 251).Rows)
	for endpoints, rows := range map[int]int{0: 1021, 10: 1021, 11: 4093, 1000: 65521} {
		require.Equal(t, rows, dataplane.TableSize(endpoints))
	}
}

func BenchmarkNewTable(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		all := endpoints(n, 1, 2, 3)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				dataplane.NewTable(7, all, dataplane.TableSize(len(all)))
			}
		})
	}
}
