package report

import (
	"fmt"
	"os"
	"strings"
)

// The marks between which a document has the table.
const (
	from = "<!-- make chaos writes from here -->\n"
	to   = "<!-- to here -->"
)

// Rewrite replaces the table of a document.
func Rewrite(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	before, rest, ok := strings.Cut(string(old), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return fmt.Errorf("table: %s: no line %q before %q; mend: add them where the table is to be", file, strings.TrimSpace(from), to)
	}
	if err := os.WriteFile(file, []byte(before+from+text+to+after), 0o644); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}
