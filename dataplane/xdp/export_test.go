package xdp

// Validate is what New does first.
func Validate(c Config) error { return c.withDefaults().validate() }

// Selector says which interfaces are selected.
func Selector(i Interfaces) func(name string) bool { return i.selector() }
