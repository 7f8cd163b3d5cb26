package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/register"
)

// step is an increment, as a table of tests has it.
type step struct {
	call, back int // 0: its outcome is unknown
	read       int
	how        string // "" is taken
}

// entries are what clients write for steps.
func entries(steps []step) []history.Entry {
	var all []history.Entry
	for i, s := range steps {
		op, value := fmt.Sprint("op", i), s.read
		add := func(at int, e history.Entry) {
			e.At, e.Op, e.Register, e.Replica, e.Token = time.Duration(at), op, "r", fmt.Sprint("replica", i%3), uint64(i)
			all = append(all, e)
		}
		add(s.call, history.Entry{Kind: history.Calls})
		if s.how == "not read" {
			continue
		}
		read := &register.State{Taken: value, Fenced: &value}
		if s.how == "read refused" {
			read.Fenced = nil
		}
		add(s.call, history.Entry{Kind: history.Enters, Read: read})
		switch {
		case s.back == 0:
		case s.how == "gate":
			add(s.back, history.Entry{Kind: history.Returns, Refused: true})
		case s.how == "lost":
			add(s.back, history.Entry{Kind: history.Returns, Error: "EOF"})
		default:
			fenced := s.how == ""
			add(s.back, history.Entry{Kind: history.Returns, Outcome: &register.Outcome{Taken: true, Fenced: fenced}})
		}
	}
	return all
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		steps         []step
		taken, fenced porcupine.CheckResult
	}{
		{"nothing", nil, porcupine.Ok, porcupine.Ok},
		{"one after another", []step{{1, 2, 0, ""}, {3, 4, 1, ""}, {5, 6, 2, ""}}, porcupine.Ok, porcupine.Ok},
		{"at once, in the other order", []step{{1, 9, 1, ""}, {2, 8, 0, ""}}, porcupine.Ok, porcupine.Ok},
		{"one value handed out twice", []step{{1, 2, 0, ""}, {3, 6, 1, ""}, {4, 7, 1, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"a value that was taken back", []step{{1, 2, 0, ""}, {3, 4, 1, ""}, {5, 6, 2, ""}, {7, 8, 1, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"a later call reads what was before", []step{{1, 2, 1, ""}, {3, 4, 0, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"a value that nobody has handed out", []step{{1, 2, 0, ""}, {3, 4, 2, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"killed, and it was done", []step{{1, 2, 0, ""}, {3, 0, 1, ""}, {5, 6, 2, ""}}, porcupine.Ok, porcupine.Ok},
		{"killed, and it was not done", []step{{1, 2, 0, ""}, {3, 0, 1, ""}, {5, 6, 1, ""}}, porcupine.Ok, porcupine.Ok},
		{"no answer, and it was done late", []step{{1, 2, 0, ""}, {3, 4, 1, "lost"}, {5, 6, 2, ""}}, porcupine.Ok, porcupine.Ok},
		{"killed before the value that it read", []step{{5, 6, 0, ""}, {7, 8, 2, ""}, {9, 0, 1, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"two were killed, one was done", []step{{1, 0, 0, ""}, {2, 0, 0, ""}, {3, 4, 1, ""}}, porcupine.Ok, porcupine.Ok},
		{"two were killed, both would have to be done", []step{{1, 0, 0, ""}, {2, 0, 0, ""}, {3, 4, 2, ""}}, porcupine.Illegal, porcupine.Illegal},
		{"killed before it read", []step{{1, 0, 7, "not read"}, {2, 3, 0, ""}}, porcupine.Ok, porcupine.Ok},
		{"refused by the gate", []step{{1, 2, 0, ""}, {3, 4, 0, "gate"}, {5, 6, 1, ""}}, porcupine.Ok, porcupine.Ok},
		{"stale, refused by its token", []step{{1, 2, 0, ""}, {3, 4, 0, "token"}, {5, 6, 1, ""}}, porcupine.Illegal, porcupine.Ok},
		{"stale, its read was refused already", []step{{1, 2, 0, ""}, {3, 4, 0, "read refused"}, {5, 6, 1, ""}}, porcupine.Illegal, porcupine.Ok},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			taken := history.Taken().Check(entries(tc.steps), time.Minute)
			require.Equal(t, tc.taken, taken.Result)
			require.Equal(t, tc.taken == porcupine.Illegal, len(taken.Illegal) > 0)
			require.Equal(t, tc.fenced, history.Guarded().Check(entries(tc.steps), time.Minute).Result)
		})
	}
}

// many is a long history with killed clients: every fifth operation has no
// outcome, half of those were done.
func many(n int) []step {
	var steps []step
	value := 0
	for i := range n {
		s := step{call: 10*i + 1, back: 10*i + 12, read: value} // it overlaps the next one
		switch i % 10 {
		case 3: // killed, and done
			s.back, s.call = 0, 10*i+3
			value++
		case 8: // killed, and not done
			s.back, s.call = 0, 10*i+3
		default:
			value++
		}
		steps = append(steps, s)
	}
	return steps
}

func TestLongHistoriesAreDecided(t *testing.T) {
	t.Parallel()
	steps := many(5000)
	v := history.Guarded().Check(entries(steps), time.Minute)
	require.Equal(t, porcupine.Ok, v.Result)
	require.Equal(t, 4500, v.Operations)
	require.Equal(t, 500, v.Unknown, "those that were not done are known not to have been")

	steps[4001].read-- // one takes back what the one before has counted
	v = history.Guarded().Check(entries(steps), time.Minute)
	require.Equal(t, porcupine.Illegal, v.Result)
	require.Equal(t, []string{"r"}, v.Illegal)
}

func TestTooLittleTimeIsUnknown(t *testing.T) {
	t.Parallel()
	require.Equal(t, porcupine.Unknown, history.Guarded().Check(entries(many(20000)), time.Nanosecond).Result)
}

func TestDraw(t *testing.T) {
	t.Parallel()
	steps := many(1000)
	steps[701].read--
	file := filepath.Join(t.TempDir(), "taken.html")
	require.NoError(t, history.Taken().Draw(entries(steps), "r", file, time.Minute))
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(page), "token 701", "the operation that contradicts is on the page")
	require.NotContains(t, string(page), "token 101:", "and what is far from it is not")
	require.Error(t, history.Taken().Draw(entries(steps), "another", file, time.Minute))
}

func TestFilesOutliveTheirWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := history.Create(dir, "a")
	require.NoError(t, err)
	b, err := history.Create(dir, "b")
	require.NoError(t, err)
	require.NoError(t, b.Write(history.Entry{At: 2, Kind: history.Leads, Token: 7}))
	require.NoError(t, a.Write(history.Entry{At: 3, Kind: history.Drained}))
	require.NoError(t, a.Write(history.Entry{At: 1, Kind: history.Killed, Replica: "c"}))
	require.NoError(t, b.Close())
	torn, err := os.OpenFile(filepath.Join(dir, "b"+history.Ext), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = torn.WriteString(`{"at":9,"ki`)
	require.NoError(t, err)
	require.NoError(t, torn.Close())
	all, err := history.Load(dir)
	require.NoError(t, err)
	require.Equal(t, []history.Entry{
		{At: 1, Kind: history.Killed, Replica: "c"}, {At: 2, Kind: history.Leads, Replica: "b", Token: 7}, {At: 3, Kind: history.Drained, Replica: "a"},
	}, all)
	_, err = history.Create(dir, "a")
	require.Error(t, err, "two processes of one name")
}
