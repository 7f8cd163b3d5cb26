// Package history records what happened in a run, one line of JSON for each
// thing, and checks with porcupine whether what clients saw of a register can
// be explained by increments that happened one at a time.
//
// # The model
//
// A register is a fetch-and-increment: each operation hands out the value
// before it. So in any order that explains a history each value is handed out
// once, and an operation can stand only where the register has the value that
// the client read. The state is one number and few branches are ever open,
// which is why histories of tens of thousands of operations are checked in
// seconds.
//
// # Unknown outcomes
//
// An operation whose client was killed, or whose answer did not come, may have
// been done, at any time from its call on, or never. See [Book.Operations] for
// how it is given to porcupine.
package history
