package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The marks between which the tables stand in the document.
const (
	begin = "<!-- make bench-election writes from here -->\n"
	end   = "<!-- to here -->\n"
)

// Publish writes the tables into performance.md of a directory, and the figures
// and the picture into its sub-directory performance.
func (r Results) Publish(dir string) error {
	document := filepath.Join(dir, "performance.md")
	text, err := os.ReadFile(filepath.Clean(document))
	if err != nil {
		return err
	}
	replaced, err := Replace(string(text), r.Markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	figures, err := json.Marshal(r)
	if err != nil {
		return err
	}
	beside := filepath.Join(dir, "performance")
	return errors.Join(
		os.MkdirAll(beside, 0o755),
		os.WriteFile(document, []byte(replaced), 0o644),
		os.WriteFile(filepath.Join(beside, "election.json"), append(figures, '\n'), 0o644),
		os.WriteFile(filepath.Join(beside, "handover.svg"), []byte(r.Picture()), 0o644),
	)
}

// Replace puts the tables between the marks of a document.
func Replace(document, tables string) (string, error) {
	head, rest, ok := strings.Cut(document, begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", begin)
	}
	_, tail, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("there is no line %q", end)
	}
	return head + begin + "\n" + tables + "\n" + end + tail, nil
}
