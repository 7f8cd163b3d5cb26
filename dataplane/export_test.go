package dataplane

// OffsetAndSkip are the two numbers that an endpoint's order is made of.
func OffsetAndSkip(seed uint64, e Endpoint, rows int) (offset, skip int) {
	o := orderOf(seed, e, rows)
	return o.at, o.skip
}
