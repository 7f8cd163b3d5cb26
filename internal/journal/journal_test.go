package journal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/journal"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	before := journal.Now()
	var text bytes.Buffer
	j := journal.New("a", &text)
	j.Write(journal.Line{Kind: journal.Leads, Token: 7})
	j.Write(journal.Line{Kind: journal.Begins, Token: 7, Pod: "pod", Change: "1"})
	text.WriteString(`{"at":1,"kind":"ha`) // killed while it wrote

	lines := read(t, text.String())
	require.Len(t, lines, 2)
	require.LessOrEqual(t, before, lines[0].At)
	require.LessOrEqual(t, lines[0].At, lines[1].At)
	require.Equal(t, journal.Line{At: lines[0].At, Kind: journal.Leads, Replica: "a", Token: 7}, lines[0])
	require.Equal(t, journal.Line{At: lines[1].At, Kind: journal.Begins, Replica: "a", Token: 7, Pod: "pod", Change: "1"}, lines[1])
}

func TestNilJournal(t *testing.T) {
	t.Parallel()
	var j *journal.Journal
	require.NotPanics(t, func() { j.Write(journal.Line{Kind: journal.Leads}) })
}

func TestForeignLine(t *testing.T) {
	t.Parallel()
	err := journal.Read(strings.NewReader("hello\n"), func(journal.Line) { t.Fatal("that is no line") })
	require.ErrorContains(t, err, "journal")
}

func read(t *testing.T, text string) (lines []journal.Line) {
	t.Helper()
	require.NoError(t, journal.Read(strings.NewReader(text), func(l journal.Line) { lines = append(lines, l) }))
	return lines
}
