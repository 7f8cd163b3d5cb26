package verdict_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/verdict"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// Each promise has a history that breaks it, and nothing else.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*verdict.History)
		want   verdict.Verdict
	}{
		"nothing broken":              {func(*verdict.History) {}, verdict.Verdict{}},
		"one that nobody was told of": {func(h *verdict.History) { h.Acked = h.Acked[:1] }, verdict.Verdict{}},
		"lost":                        {func(h *verdict.History) { h.Acked = append(h.Acked, "c") }, verdict.Verdict{Lost: []string{"c"}}},
		"not ready": {func(h *verdict.History) {
			h.Spaces["b"] = verdict.Kept{Space: space.Space{Phase: space.Pending}, UID: "2"}
		}, verdict.Verdict{Unprovisioned: []string{"b is pending"}}},
		"ready without an account": {func(h *verdict.History) { h.Provisions = h.Provisions[:1] },
			verdict.Verdict{Unprovisioned: []string{"b is ready"}}},
		"for another of that name": {func(h *verdict.History) { h.Provisions[1].UID = "0" },
			verdict.Verdict{Unprovisioned: []string{"b is ready"}}},
		"twice": {func(h *verdict.History) { h.Provisions = append(h.Provisions, h.Provisions[1]) },
			verdict.Verdict{Twice: []string{"b, 2 times"}}},
		"an earlier leader after a later one": {func(h *verdict.History) { h.Provisions[0], h.Provisions[1] = h.Provisions[1], h.Provisions[0] },
			verdict.Verdict{Fallen: []string{"a by token 5, after one by 9"}}},
		"by nobody": {func(h *verdict.History) { h.Provisions[1].Token = 10 },
			verdict.Verdict{Strange: []string{"b by token 10, which nobody had"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := verdict.History{
				Acked: []string{"a", "b"},
				Spaces: map[string]verdict.Kept{
					"a": {Space: space.Space{Phase: space.Ready}, UID: "1"},
					"b": {Space: space.Space{Phase: space.Ready}, UID: "2"},
				},
				Provisions: []verdict.Provision{{Name: "a", UID: "1", Token: 5}, {Name: "b", UID: "2", Token: 9}},
				Terms:      map[uint64]bool{5: true, 9: true},
			}
			test.change(&h)
			require.Equal(t, test.want, h.Judge())
		})
	}
}
