// Package register is what leaders write to: counters behind HTTP. A client
// increments one by reading it, thinking, and writing what it has read plus
// one, together with its term's token. There is no compare-and-swap: whoever
// writes out of turn takes back what others have counted.
//
// The [Server] keeps two books of the same writes. One takes whatever comes.
// The other, the fenced one, refuses a request with a token lower than the
// highest that the register has seen.
//
// The highest that it has seen in reads, too. If tokens came with writes only,
// a late write of a former leader could still come after its successor has
// read and before that has written, and would be lost under the successor's.
// The fence has to go up when the new leader takes its first look.
package register
