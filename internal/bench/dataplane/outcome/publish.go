package outcome

import (
	"os"
	"path/filepath"

	"github.com/regent-ha/regent/internal/bench/report"
)

// Publish writes the tables into performance.md of a directory, and the figures
// and the picture into its sub-directory performance.
func (r Results) Publish(dir string) error {
	marks := report.Marks{Begin: "<!-- make bench-dataplane writes from here -->\n", End: "<!-- make bench-dataplane: to here -->\n"}
	picture := "![A packet's time: the floor, Regent, a plain LRU table](performance/packets.svg)\n\n"
	if err := report.Publish(dir, marks, picture+r.Markdown()+"\n", "dataplane.json", r); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance", "packets.svg"), []byte(r.Picture()), 0o644)
}
