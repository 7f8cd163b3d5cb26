// Command apicheck compares the exported API of this module's public packages
// with the text files in directory api, one per package and one line per thing
// that a user can depend on, as Go's own api/*.txt do.
//
//	apicheck          fail if the code and the files differ
//	apicheck -update  write what was added
//	apicheck -update -breaking  write what was changed or removed, too
//
// A line that is gone is an incompatible change: something was removed, or has
// another type now. A new line is an addition.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	update := flag.Bool("update", false, "write additions to the files")
	breaking := flag.Bool("breaking", false, "with -update: write incompatible changes, too")
	dir := flag.String("dir", "api", "the `directory` of the files")
	flag.Parse()
	if err := run(*dir, *update, *breaking); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "apicheck:", err)
		os.Exit(1)
	}
}

func run(dir string, update, breaking bool) error {
	now, err := load(".")
	if err != nil {
		return err
	}
	was, err := read(dir)
	if err != nil {
		return err
	}
	d := compare(was, now)
	for _, l := range d.removed {
		fmt.Println("incompatible: gone:", l)
	}
	for _, l := range d.added {
		fmt.Println("added:", l)
	}
	switch {
	case len(d.removed)+len(d.added) == 0:
		fmt.Printf("apicheck: the API of %d packages is as %s says\n", len(now), dir)
		return nil
	case !update && len(d.removed) > 0:
		return fmt.Errorf("%d incompatible changes; keep what users rely on, or record the break with \"make api-update BREAKING=1\" and in CHANGELOG.md", len(d.removed))
	case !update:
		return fmt.Errorf("%d additions; record them with \"make api-update\"", len(d.added))
	case len(d.removed) > 0 && !breaking:
		return fmt.Errorf("%d incompatible changes are not recorded without BREAKING=1", len(d.removed))
	}
	return write(dir, now)
}

// difference is what two versions of the API do not share.
type difference struct{ removed, added []string }

func compare(was, now map[string][]string) (d difference) {
	for name, lines := range was {
		for _, l := range lines {
			if !slices.Contains(now[name], l) {
				d.removed = append(d.removed, name+": "+l)
			}
		}
	}
	for name, lines := range now {
		for _, l := range lines {
			if !slices.Contains(was[name], l) {
				d.added = append(d.added, name+": "+l)
			}
		}
	}
	slices.Sort(d.removed)
	slices.Sort(d.added)
	return d
}

// file is where the API of a package is kept.
func file(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)+".txt") }
