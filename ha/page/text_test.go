package page_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha/page"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour:                            "0 s",
		0:                                     "0 s",
		40 * time.Millisecond:                 "0 s",
		70 * time.Millisecond:                 "0.1 s",
		1800 * time.Millisecond:               "1.8 s",
		7 * time.Second:                       "7 s",
		9949 * time.Millisecond:               "9.9 s",
		9960 * time.Millisecond:               "10 s",
		59999 * time.Millisecond:              "59 s",
		time.Minute:                           "1 min",
		12*time.Minute + 5*time.Second:        "12 min 5 s",
		3*time.Hour + 12*time.Minute:          "3 h 12 min",
		24*time.Hour - time.Second:            "23 h 59 min",
		26*time.Hour + 59*time.Minute:         "1 d 2 h",
		365 * 24 * time.Hour:                  "365 d",
		time.Duration(1<<63 - 1):              "106751 d 23 h",
		10*time.Second + 900*time.Millisecond: "10 s",
		time.Hour + 59*time.Second:            "1 h",
	} {
		require.Equal(t, want, page.Span(d), d)
	}
}

func TestVisibleShowsWhatWouldHideOrReorder(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"pod-a":                  "pod-a",
		"two\nlines":             "two\nlines",
		"\u202eevil\u2066\u200f": `\u202eevil\u2066\u200f`,
		"a\x00\x1b[31m\u200b":    `a\u0000\u001b[31m\u200b`,
		"\u05d0\u05d1 名前 é":      "\u05d0\u05d1 名前 é",
		"\U000e0041":             `\ue0041`,
	} {
		require.Equal(t, want, page.Visible(s))
	}
}

func FuzzBound(f *testing.F) {
	f.Add("pod-a", uint8(3))
	f.Add("ab\xff\u20ac"+strings.Repeat("\U0001f600", 9), uint8(4))
	f.Fuzz(func(t *testing.T, s string, size uint8) {
		limit := int(size) + 1
		got := page.Bound(s, limit)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, utf8.RuneCountInString(got), limit)
		if valid := strings.ToValidUTF8(s, "\uFFFD"); utf8.RuneCountInString(valid) <= limit {
			require.Equal(t, valid, got)
		}
	})
}
