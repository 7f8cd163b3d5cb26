package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Marks are the lines of a document between which a benchmark writes: the first
// that is Begin, and the next that is End.
type Marks struct{ Begin, End string }

// Publish writes text between the marks in performance.md of a directory, and
// the figures as JSON into a file of its sub-directory performance, which it
// makes. Without the marks it writes nothing.
func Publish(dir string, marks Marks, text, file string, figures any) error {
	document := filepath.Join(dir, "performance.md")
	old, err := os.ReadFile(filepath.Clean(document))
	if err != nil {
		return err
	}
	replaced, err := marks.replace(string(old), text)
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	data, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	beside := filepath.Join(dir, "performance")
	return errors.Join(
		os.MkdirAll(beside, 0o755),
		os.WriteFile(document, []byte(replaced), 0o644),
		os.WriteFile(filepath.Join(beside, file), append(data, '\n'), 0o644),
	)
}

func (m Marks) replace(document, text string) (string, error) {
	head, rest, ok := strings.Cut(document, m.Begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", m.Begin)
	}
	_, tail, ok := strings.Cut(rest, m.End)
	if !ok {
		return "", fmt.Errorf("there is no line %q", m.End)
	}
	return head + m.Begin + "\n" + text + "\n" + m.End + tail, nil
}
