package report

import (
	"fmt"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/picture"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Picture shows all hand-overs.
func (r Results) Picture() string {
	c := picture.Chart{
		Dot:   "one hand-over each",
		Title: "Clean hand-over: from the cancel to the next leader's work",
		Subtitle: fmt.Sprintf("lease %s, kube-apiserver %s, %d CPUs, all measured in one run, in turn; logarithmic axis",
			candidate.Default(), r.Machine.Kubernetes, r.Machine.CPUs),
	}
	for _, g := range []struct {
		kind   candidate.Kind
		colour picture.Colour
	}{
		{"", picture.Colour{Light: "#6e7781", Dark: "#9198a1"}},
		{candidate.Regent, picture.Colour{Light: "#0969da", Dark: "#4493f8"}},
		{candidate.ClientGo, picture.Colour{Light: "#bc4c00", Dark: "#f0883e"}},
	} {
		group := picture.Group{Colour: g.colour}
		for _, h := range r.HandOver {
			if h.Kind == g.kind {
				label, sub := h.labels()
				group.Rows = append(group.Rows, picture.Row{Label: label, Sub: sub, Note: r.note(h), Sample: h.Cancel})
			}
		}
		if len(group.Rows) > 0 {
			c.Groups = append(c.Groups, group)
		}
	}
	return c.SVG()
}

// labels are what was measured, and what is special about it.
func (h HandOver) labels() (label, sub string) {
	if h.Kind == "" {
		return "floor", "a watch and two updates"
	}
	plain := h
	plain.Variant = ""
	return plain.Name(), string(h.Variant)
}

// note compares client-go's elector with Regent's.
func (r Results) note(h HandOver) string {
	ours, ok := r.handOver(candidate.Regent, h.Standbys)
	if h.Kind != candidate.ClientGo || !ok {
		return ""
	}
	return Times(stats.Ratio(h.Cancel.Median(), ours.Cancel.Median())) + " Regent's"
}
