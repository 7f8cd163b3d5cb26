// Package picture draws measured times as SVG, for a document: 800 pixels wide,
// readable in light and in dark.
package picture

import (
	"fmt"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/bench/stats"
)

// Chart shows samples below each other, on one logarithmic axis of time: each
// time as a dot, with marks at the median and at the 99th percentile.
type Chart struct {
	Title, Subtitle string
	Groups          []Group
	// Dot is what a dot is, for the legend.
	Dot string
	// Million: the samples are of a million each. The figures are of one.
	Million bool
}

// units are the names of a microsecond, a millisecond and a second.
type units struct{ micro, milli, whole string }

func (c Chart) units() units {
	if c.Million {
		return units{"ps", "ns", "µs"}
	}
	return units{"µs", "ms", "s"}
}

// Group is rows that belong together, and have one colour.
type Group struct {
	// Colour is the group's in light and in dark.
	Colour Colour
	Rows   []Row
}

// Row is one sample.
type Row struct {
	Label string
	// Sub is a second line of it. Optional.
	Sub string
	// Note is added to the figures. Optional.
	Note   string
	Sample stats.Sample
}

// Measures of the picture, in pixels.
const (
	width    = 800
	left     = 184 // of the axis
	right    = 584
	figures  = right + 20 // where they stand
	top      = 84
	rowStep  = 40
	groupGap = 14
	band     = 12 // half the height that dots take
	bottom   = 64
)

// SVG draws the chart.
func (c Chart) SVG() string {
	height := c.height()
	a := c.axis()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", escape(c.Title), escape(c.describe()))
	b.WriteString(c.style())
	fmt.Fprintf(&b, `<rect class="back" x=".5" y=".5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	text(&b, "title", 24, 34, c.Title)
	text(&b, "muted", 24, 56, c.Subtitle)
	a.draw(&b, top-8, height-bottom, c.units())
	y := top + rowStep/2
	for i, g := range c.Groups {
		for _, r := range g.Rows {
			r.draw(&b, a, y, fmt.Sprintf("g%d", i), c.units())
			y += rowStep
		}
		y += groupGap
	}
	legend(&b, height-18, c.Dot)
	b.WriteString("</svg>\n")
	return b.String()
}

func (c Chart) height() int {
	h := top + bottom - groupGap
	for _, g := range c.Groups {
		h += len(g.Rows)*rowStep + groupGap
	}
	return h
}

// describe is the picture for those who cannot see it.
func (c Chart) describe() string {
	var rows []string
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			rows = append(rows, strings.TrimSpace(r.Label+" "+r.Sub)+": "+r.describe(c.units()))
		}
	}
	return c.Subtitle + ". " + strings.Join(rows, "; ") + "."
}

func text(b *strings.Builder, class string, x, y float64, s string) {
	fmt.Fprintf(b, `<text class="%s" x="%g" y="%g">%s</text>`+"\n", class, x, y, escape(s))
}

// describe says in words what the row shows.
func (r Row) describe(u units) string {
	if len(r.Sample) == 0 {
		return "not measured"
	}
	words := []string{"p50 " + u.short(r.Sample.Median()), r.highest(u)}
	if r.Note != "" {
		words = append(words, r.Note)
	}
	return strings.Join(words, ", ")
}

// few is how many times have no 99th percentile but their greatest.
const few = 100

func (r Row) highest(u units) string {
	name := "p99 "
	if len(r.Sample) < few {
		name = "max "
	}
	return name + u.short(r.Sample.Quantile(0.99))
}

// short is a time with two or three digits.
func (u units) short(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms >= 9_950:
		return fmt.Sprintf("%.0f %s", ms/1000, u.whole)
	case ms >= 999.5:
		return fmt.Sprintf("%.1f %s", ms/1000, u.whole)
	case ms >= 9.95:
		return fmt.Sprintf("%.0f %s", ms, u.milli)
	default:
		return fmt.Sprintf("%.1f %s", ms, u.milli)
	}
}
