package promotion

// Size says how much is measured.
type Size struct {
	// Objects is how many pods there are, Rounds how often each kind of
	// controller is promoted.
	Objects, Rounds int
}

// Full is what figures are published of. It takes about 5 minutes.
func Full() Size { return Size{Objects: 10_000, Rounds: 20} }

// Quick shows that it works, and whether the warm one is the faster, in less
// than a minute.
func Quick() Size { return Size{Objects: 1000, Rounds: 5} }

// Tiny is the least that shows that all of it works.
func Tiny() Size { return Size{Objects: 100, Rounds: 2} }
