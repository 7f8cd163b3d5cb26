package window

// Retime changes how long things take from now on, also for the windows that are
// open.
func (t *Table) Retime(times Times) { t.times = times }
