package picture

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// axis is logarithmic, from one power of ten milliseconds to another.
type axis struct{ from, to int }

// axis has room for all samples.
func (c Chart) axis() axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			for _, d := range r.Sample {
				lo, hi = min(lo, log(d)), max(hi, log(d))
			}
		}
	}
	if lo > hi { // there are none
		return axis{0, 1}
	}
	a := axis{int(math.Floor(lo)), int(math.Ceil(hi))}
	if a.from == a.to {
		a.to++
	}
	return a
}

// log is the power of ten milliseconds. What is not positive counts as a
// microsecond.
func log(d time.Duration) float64 {
	return math.Log10(float64(max(d, time.Microsecond)) / float64(time.Millisecond))
}

// x is where a time is.
func (a axis) x(d time.Duration) float64 {
	return left + (right-left)*(log(d)-float64(a.from))/float64(a.to-a.from)
}

func (a axis) draw(b *strings.Builder, top, bottom int, u units) {
	var minor, major strings.Builder
	for power := a.from; power <= a.to; power++ {
		decade := time.Duration(math.Pow10(power) * float64(time.Millisecond))
		x := a.x(decade)
		fmt.Fprintf(&major, "M%.1f %dV%d", x, top, bottom)
		fmt.Fprintf(b, `<text class="tick" x="%.1f" y="%d">%s</text>`+"\n", x, bottom+18, u.tick(decade))
		for n := time.Duration(2); n < 10 && power < a.to; n++ {
			fmt.Fprintf(&minor, "M%.1f %dV%d", a.x(n*decade), top, bottom)
		}
	}
	fmt.Fprintf(b, `<path class="minor" d="%s"/>`+"\n"+`<path class="major" d="%s"/>`+"\n", minor.String(), major.String())
}

func (u units) tick(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%g %s", d.Seconds(), u.whole)
	case d >= time.Millisecond:
		return fmt.Sprintf("%d %s", d.Milliseconds(), u.milli)
	}
	return fmt.Sprintf("%d %s", d.Microseconds(), u.micro)
}
