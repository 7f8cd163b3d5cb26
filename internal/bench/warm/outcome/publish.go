package outcome

import "github.com/regent-ha/regent/internal/bench/report"

// Publish writes the table into performance.md of a directory, and the figures
// into its sub-directory performance.
func (r Results) Publish(dir string) error {
	marks := report.Marks{Begin: "<!-- internal/bench/warm writes from here -->\n", End: "<!-- internal/bench/warm: to here -->\n"}
	return report.Publish(dir, marks, r.Markdown()+"\n", "warm.json", r)
}
