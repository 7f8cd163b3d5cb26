// Package browsertest opens the status page of a real ha.Group in a real
// browser: Debian's chromium, or any other that chromedp finds.
//
// Where there is none, its tests skip, unless CI is true. Screenshots go to the
// directory $ARTIFACTS, which is artifacts in the repository's root otherwise.
package browsertest
