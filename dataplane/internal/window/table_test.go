package window_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/internal/model"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

func nobody(window.Index) bool { return false }

func TestWord(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		now, before window.Index
		state       window.State
		word        window.Word
	}{
		{0, 0, window.Stable, 0},
		{1, 2, window.Changing, 1 | 2<<14 | 1<<28},
		{window.MaxIndex, window.OldTable, window.Excepted, 0x3ffe | 0x3fff<<14 | 2<<28},
	} {
		word := window.MakeWord(w.now, w.before, w.state)
		require.Equal(t, w.word, word)
		require.Equal(t, w.now, word.Now())
		require.Equal(t, w.before, word.Before())
		require.Equal(t, w.state, word.State())
	}
	require.Equal(t, "changing: 1, before 2", window.MakeWord(1, 2, window.Changing).String())
}

// A table of another size looks into the old one: for new connections while it is
// prepared, for others until they have shown themselves.
func TestResized(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	times := window.Times{Idle: 10 * time.Second, Prepare: 2 * time.Second}
	table := window.NewResized([]window.Index{1, 2, 0}, times, start)
	old := window.MakeWord(window.OldTable, window.OldTable, window.Changing)
	require.Equal(t, []window.Word{old, old, old}, table.Words())
	require.True(t, table.Pending())
	require.Equal(t, start.Add(2*time.Second), table.Next())
	require.Empty(t, table.Set(start.Add(time.Second), []window.Index{1, 3, 0}, nobody))
	require.Equal(t, []int{0, 1, 2}, table.Advance(table.Next(), time.Time{}, nobody))
	require.False(t, table.Pending())
	require.Equal(t, []window.Word{
		window.MakeWord(1, window.OldTable, window.Changing),
		window.MakeWord(3, window.OldTable, window.Changing),
		window.MakeWord(0, window.OldTable, window.Changing),
	}, table.Words())
	require.True(t, table.Uses(window.OldTable))

	require.Empty(t, table.Set(start.Add(3*time.Second), []window.Index{1, 4, 0}, nobody))
	require.Equal(t, []int{1}, table.Advance(table.Next(), time.Time{}, nobody))
	require.Equal(t, start.Add(times.Idle+window.Margin), table.Next())
	require.Equal(t, []int{0, 1, 2}, table.Advance(table.Next(), time.Time{}, nobody))
	require.False(t, table.Uses(window.OldTable))
	require.Equal(t, window.MakeWord(4, 3, window.Changing), table.Word(1))
	require.Equal(t, []int{0, 2}, table.Excepted())
	require.Equal(t, start.Add(14*time.Second), table.Next())
	require.Equal(t, []int{1}, table.Advance(table.Next(), time.Time{}, nobody))
	for _, row := range table.Excepted() {
		require.True(t, table.Settle(row))
		require.False(t, table.Settle(row), "it is")
	}
	stable, changing, excepted := table.Counts()
	require.Equal(t, [3]int{3, 0, 0}, [3]int{stable, changing, excepted})
}

// What the old table decides is committed at once if an endpoint of its is down.
func TestResizedFromAnEndpointThatIsDown(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	table := window.NewResized([]window.Index{1}, window.Times{Idle: time.Minute, Prepare: time.Second}, start)
	require.Equal(t, []int{0}, table.Advance(start, time.Time{}, func(i window.Index) bool { return i == window.OldTable }))
	require.Equal(t, window.MakeWord(1, window.OldTable, window.Changing), table.Word(0))
}

// An index is used while a connection may be there that has no entry.
func TestUses(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	table := window.New([]window.Index{1}, window.Times{Idle: 10 * time.Second, Prepare: time.Second})
	table.Set(start, []window.Index{2}, nobody)
	require.True(t, table.Uses(2), "it is prepared")
	table.Set(start, []window.Index{3}, nobody)
	require.False(t, table.Uses(2), "it never was committed")
	table.Advance(start.Add(time.Second), time.Time{}, nobody)
	table.Set(start.Add(2*time.Second), []window.Index{4}, nobody)
	table.Advance(start.Add(3*time.Second), time.Time{}, nobody)
	for _, i := range []window.Index{1, 3, 4} {
		require.True(t, table.Uses(i), i)
	}
	table.Advance(start.Add(11*time.Second), time.Time{}, nobody)
	require.False(t, table.Uses(1))
	table.Advance(start.Add(13*time.Second), time.Time{}, nobody)
	require.False(t, table.Uses(3))
	require.True(t, table.Uses(4))
}

// Other times hold for the windows that are open, too.
func TestRetime(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	table := window.New([]window.Index{1}, window.Times{Idle: 10 * time.Second, Prepare: time.Second})
	table.Set(start, []window.Index{2}, nobody)
	table.Retime(window.Times{Idle: 5 * time.Second, Prepare: 2 * time.Second})
	require.Equal(t, start.Add(2*time.Second), table.Next())
	table.Advance(table.Next(), time.Time{}, nobody)
	require.Equal(t, start.Add(6*time.Second), table.Next())
	table.Retime(window.Times{Idle: 20 * time.Second, Prepare: 2 * time.Second})
	require.Empty(t, table.Advance(start.Add(6*time.Second), time.Time{}, nobody))
	require.Equal(t, []int{0}, table.Advance(start.Add(21*time.Second), time.Time{}, nobody))
}

// A clone goes on as the table does, and apart from it.
func TestClone(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		p := walk(t, settings()["idle is longer"], seed, 30)
		table, clone := p.table, p.table.Clone()
		require.True(t, table.Equal(clone))
		words := slices.Clone(table.Words())
		target := slices.Repeat([]window.Index{9}, clone.Rows())
		later := p.now.Add(2 * p.table.Next().Sub(p.now))
		clone.Set(p.now, target, nobody)
		clone.Advance(later, time.Time{}, nobody)
		require.Equal(t, words, table.Words())
		require.False(t, table.Equal(clone))
		table.Set(p.now, target, nobody)
		table.Advance(later, time.Time{}, nobody)
		require.True(t, table.Equal(clone))
		require.Equal(t, table.Sum(), clone.Sum())
	}
}

// Tables that were made apart can share their memory if the same happened to them.
func TestEqual(t *testing.T) {
	t.Parallel()
	times := window.Times{Idle: 10 * time.Second, Prepare: time.Second}
	start := time.Unix(100, 0)
	fresh := func() *window.Table { return window.New([]window.Index{1, 2, 3}, times) }
	table := fresh()
	table.Set(start, []window.Index{2, 2, 3}, nobody)
	same := fresh()
	same.Set(start.Add(-time.Second), []window.Index{1, 1, 3}, nobody) // and back
	same.Set(start, []window.Index{2, 2, 3}, nobody)
	require.False(t, table.Equal(same), "an entry may be on row 1")
	same.Settle(1)
	require.True(t, table.Equal(same))
	require.Equal(t, table.Sum(), same.Sum())
	for name, change := range map[string]func(*window.Table){
		"opened later": func(o *window.Table) { o.Set(start.Add(1), []window.Index{2, 2, 3}, nobody) },
		"another row":  func(o *window.Table) { o.Set(start, []window.Index{1, 1, 3}, nobody) },
		"another next": func(o *window.Table) { o.Set(start, []window.Index{3, 2, 3}, nobody) },
		"committed": func(o *window.Table) {
			o.Set(start, []window.Index{2, 2, 3}, func(window.Index) bool { return true })
		},
		"crowded": func(o *window.Table) {
			o.Set(start, []window.Index{2, 2, 3}, nobody)
			o.Advance(start, start, nobody)
		},
	} {
		other := fresh()
		change(other)
		require.False(t, table.Equal(other), name)
	}
}

// What is over takes no memory: changes to and fro leave as much as there was.
//
// Nothing else runs meanwhile.
func TestMemoryIsGivenBack(t *testing.T) {
	const rows = 1 << 20
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	now := time.Unix(100, 0)
	table := window.New(slices.Repeat([]window.Index{1}, rows), window.Times{Idle: time.Minute, Prepare: time.Second})
	require.Less(t, int64(heap()-before), int64(4.5*rows), "four bytes each")
	target := slices.Repeat([]window.Index{2}, rows)
	table.Set(now, target, nobody)
	open := int64(heap()-before) / rows
	t.Logf("%d bytes a row with an open window", open)
	require.Less(t, open, int64(120))
	table.Advance(now.Add(time.Hour), time.Time{}, nobody)
	require.Less(t, int64(heap()-before), int64(6.5*rows), "that, and the target")
	runtime.KeepAlive(table)
	runtime.KeepAlive(target)
}

func BenchmarkSet(b *testing.B) {
	p := newPair(b, model.Config{Idle: 350, Prepare: 1}, make([]window.Index, 65521)...)
	target := slices.Repeat([]window.Index{1}, 65521)
	table := p.table
	table.Set(p.now, target, nobody)
	for n := 0; b.Loop(); n++ {
		target[n%len(target)] = window.Index(n%100 + 2)
		p.now = p.now.Add(time.Minute)
		table.Set(p.now, target, nobody)
		table.Advance(p.now, p.crowded, nobody)
	}
}
