package report

import (
	"os"
	"path/filepath"
)

// Publish writes the tables into performance.md of a directory, and the figures
// and the picture into its sub-directory performance.
func (r Results) Publish(dir string) error {
	marks := Marks{Begin: "<!-- make bench-election writes from here -->\n", End: "<!-- to here -->\n"}
	if err := Publish(dir, marks, r.Markdown(), "election.json", r); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance", "handover.svg"), []byte(r.Picture()), 0o644)
}
