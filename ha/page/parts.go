package page

import "fmt"

// Tone is how much attention something asks for. A colour never says it alone:
// a [Badge] also has a sign and a word.
type Tone string

// The tones, from the calmest.
const (
	// Quiet: nothing happens here.
	Quiet Tone = "quiet"
	// Steady: as it should be, and waits.
	Steady Tone = "steady"
	// Active: as it should be, and works.
	Active Tone = "active"
	// Attention: it changes, or somebody should look.
	Attention Tone = "attention"
	// Fault: it does not work.
	Fault Tone = "fault"
)

// Badge is a state: template "badge".
type Badge struct {
	Tone Tone
	// Text is the state, in a word or two.
	Text string
}

// Sign is the tone's, for those who see no colours.
func (b Badge) Sign() string {
	switch b.Tone {
	case Active:
		return "●"
	case Steady:
		return "◐"
	case Attention:
		return "▲"
	case Fault:
		return "✕"
	}
	return "○"
}

// Bar is a part of a whole: template "bar".
type Bar struct {
	Tone Tone
	// Label says what is measured, Text how much it is, for people.
	Label, Text string
	// Part and Whole are the measure. Whole is positive.
	Part, Whole float64
}

// Percent is the bar's length, from 0 to 100.
func (b Bar) Percent() string {
	return fmt.Sprintf("%.1f", 100*min(max(b.Part/b.Whole, 0), 1))
}

// Fact is a line of a list: template "facts".
type Fact struct {
	Name, Value string
	// Note is said beside the value, less loudly.
	Note string
	// Code: the value is a name of a machine's.
	Code bool
}
