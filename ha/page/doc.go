// Package page lays out the status pages of this module: one HTML document
// with its style and its script inside, which refreshes itself, works without
// JavaScript, and loads nothing. It knows nothing of what it shows.
//
// # Usage
//
// A [Layout] is made of templates of one's own: "title" and "main", executed
// with the value that [Layout.Serve] is given. They may use the templates of
// this package ("badge", "bar", "facts", "tag", "time", "date") with the types
// [Badge], [Bar] and [Fact], and the functions "visible" and "span".
//
// # Guarantees
//
// The Content-Security-Policy names the one style and the one script by their
// hashes and forbids everything else. What is shown is escaped by
// html/template; [Visible] also shows what would reorder or hide the text
// around it. The document is rendered before its first byte is sent.
package page
