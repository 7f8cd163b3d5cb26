package picture

import (
	"fmt"
	"html"
	"strings"
)

// Colour is one on a light and on a dark ground.
type Colour struct{ Light, Dark string }

// palette is all that differs between light and dark.
type palette struct {
	back, edge, text, muted, minor, major string
	groups                                []string
}

func (c Chart) style() string {
	light := palette{back: "#ffffff", edge: "#d1d9e0", text: "#1f2328", muted: "#59636e", minor: "#f0f2f4", major: "#d1d9e0"}
	dark := palette{back: "#0d1117", edge: "#3d444d", text: "#f0f6fc", muted: "#9198a1", minor: "#1b2129", major: "#3d444d"}
	for _, g := range c.Groups {
		light.groups, dark.groups = append(light.groups, g.Colour.Light), append(dark.groups, g.Colour.Dark)
	}
	return `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
.title { font-size: 17px; font-weight: 600 }
.label { text-anchor: end }
.tick { text-anchor: middle; font-size: 12px }
.muted { font-size: 12px }
.figures { font-size: 12px }
.strong { font-weight: 600 }
.sub { text-anchor: end; font-size: 11px }
.dots, .p50, .p99, .minor, .major { fill: none }
.dots { stroke-width: 3.4; stroke-linecap: round; stroke-opacity: .5 }
.few { stroke-width: 5 }
.p50 { stroke-width: 3 }
.p99 { stroke-width: 1.5; stroke-dasharray: 3 2 }
` + light.css("") + "@media (prefers-color-scheme: dark) {\n" + dark.css("  ") + "}\n</style>\n"
}

func (p palette) css(indent string) string {
	lines := []string{
		fmt.Sprintf(".back { fill: %s; stroke: %s }", p.back, p.edge),
		fmt.Sprintf(".title, .label, .figures { fill: %s }", p.text),
		fmt.Sprintf(".tick, .muted, .sub { fill: %s }", p.muted),
		fmt.Sprintf(".minor { stroke: %s }", p.minor),
		fmt.Sprintf(".major { stroke: %s }", p.major),
		fmt.Sprintf(".key { stroke: %s }", p.muted),
	}
	for i, g := range p.groups {
		lines = append(lines, fmt.Sprintf(".g%d { stroke: %s }", i, g))
	}
	return indent + strings.Join(lines, "\n"+indent) + "\n"
}

func escape(s string) string { return html.EscapeString(s) }
