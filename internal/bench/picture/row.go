package picture

import (
	"fmt"
	"math"
	"strings"
)

// draw puts the row around a height.
func (r Row) draw(b *strings.Builder, a axis, y int, class string, u units) {
	r.drawLabel(b, y)
	if len(r.Sample) == 0 {
		fmt.Fprintf(b, `<text class="figures" x="%d" y="%d">%s</text>`+"\n", figures, y+4, r.describe(u))
		return
	}
	dots := "dots"
	if len(r.Sample) < few {
		dots += " few"
	}
	fmt.Fprintf(b, `<path class="%s %s" d="`, dots, class)
	for i, d := range r.Sample {
		fmt.Fprintf(b, "M%.1f %.1fh0", a.x(d), float64(y)+(band-2)*spread(i))
	}
	b.WriteString(`"/>` + "\n")
	p50, p99 := a.x(r.Sample.Median()), a.x(r.Sample.Quantile(0.99))
	fmt.Fprintf(b, `<path class="p50 %s" d="M%.1f %dV%d"/><path class="p99 %s" d="M%.1f %dV%d"/>`+"\n",
		class, p50, y-band-2, y+band+2, class, p99, y-band-2, y+band+2)
	r.drawFigures(b, y, u)
}

func (r Row) drawLabel(b *strings.Builder, y int) {
	const x = left - 16
	if r.Sub == "" {
		fmt.Fprintf(b, `<text class="label" x="%d" y="%d">%s</text>`+"\n", x, y+4, escape(r.Label))
		return
	}
	fmt.Fprintf(b, `<text class="label" x="%d" y="%d">%s</text><text class="sub" x="%d" y="%d">%s</text>`+"\n",
		x, y-3, escape(r.Label), x, y+12, escape(r.Sub))
}

// drawFigures writes them in a column, beside the dots.
func (r Row) drawFigures(b *strings.Builder, y int, u units) {
	const second = figures + 88
	line := y + 4
	if r.Note != "" {
		line = y - 3
		fmt.Fprintf(b, `<text class="muted" x="%d" y="%d">%s</text>`+"\n", figures, y+13, escape(r.Note))
	}
	fmt.Fprintf(b, `<text class="figures strong" x="%d" y="%d">p50 %s</text><text class="figures" x="%d" y="%d">%s</text>`+"\n",
		figures, line, u.short(r.Sample.Median()), second, line, r.highest(u))
}

// spread is from −1 to 1, and even over any run of indexes, so that dots of
// like times do not cover each other.
func spread(i int) float64 {
	_, part := math.Modf(float64(i) * (math.Sqrt(5) - 1) / 2)
	return 2*part - 1
}

func legend(b *strings.Builder, y int, dot string) {
	const x = left
	fmt.Fprintf(b, `<path class="dots few key" d="M%d %dh0M%d %dh0M%d %dh0"/>`+"\n", x, y-6, x+7, y-2, x+14, y-7)
	text(b, "muted", x+24, float64(y), dot)
	fmt.Fprintf(b, `<path class="p50 key" d="M%d %dV%d"/>`+"\n", x+168, y-12, y+3)
	text(b, "muted", x+178, float64(y), "p50")
	fmt.Fprintf(b, `<path class="p99 key" d="M%d %dV%d"/>`+"\n", x+228, y-12, y+3)
	text(b, "muted", x+238, float64(y), "p99, or max of fewer than 100")
}
