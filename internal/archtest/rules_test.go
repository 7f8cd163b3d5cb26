package archtest_test

import (
	"fmt"
	"slices"
	"strings"
)

const module = "github.com/regent-ha/regent"

// pkg is what "go list -json" says of a package.
type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	Imports    []string
	Deps       []string
	Standard   bool
	GoFiles    []string
	CgoFiles   []string
	Module     *struct{ Path string }
}

// inModule says whether a package is this module's, and what it is called
// there.
func inModule(path string) (name string, ok bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// covers reports whether an import path is the pattern's, or below it.
func covers(pattern, path string) bool {
	if name, ok := strings.CutPrefix(pattern, "./"); ok {
		pattern = module + "/" + name
	}
	return path == pattern || strings.HasPrefix(path, pattern+"/")
}

// find returns the row of a package of this module.
func find(rows []row, name string) (row, bool) {
	for _, r := range rows {
		if prefix, tree := strings.CutSuffix(r.pkg, "/..."); tree && strings.HasPrefix(name, prefix+"/") || r.pkg == name {
			return r, true
		}
	}
	return row{}, false
}

// tableFaults checks the table itself: it names no package twice, and a row no
// package of this module that comes later.
func tableFaults(rows []row) (faults []string) {
	above := make(map[string]bool)
	for _, r := range rows {
		if above[r.pkg] {
			faults = append(faults, fmt.Sprintf("%s has two rows", r.pkg))
		}
		for _, m := range r.may {
			if name, ok := strings.CutPrefix(m, "./"); ok && !above[name] {
				faults = append(faults, fmt.Sprintf("%s may import %s, which is not above it in the table", r.pkg, name))
			}
		}
		above[r.pkg] = true
	}
	return faults
}

// importFaults lists the packages without a row, and the imports that no row
// allows.
func importFaults(rows []row, pkgs []pkg) (faults []string) {
	standard := make(map[string]bool)
	for _, p := range pkgs {
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range pkgs {
		name, ours := inModule(p.ImportPath)
		if !ours {
			continue
		}
		r, ok := find(rows, name)
		if !ok {
			faults = append(faults, fmt.Sprintf("%s has no row in the table", name))
			continue
		}
		for _, path := range p.Imports {
			if !standard[path] && !allowed(r, path) {
				faults = append(faults, fmt.Sprintf("%s imports %s, which its row does not allow", name, path))
			}
		}
	}
	return faults
}

func allowed(r row, path string) bool {
	return slices.ContainsFunc(r.may, func(m string) bool {
		name, ours := strings.CutPrefix(m, "./")
		return m == anything || ours && path == module+"/"+name || !ours && covers(m, path)
	})
}

// linkFaults lists what a program that imports p would link, and must not.
func linkFaults(p pkg, not []string) (faults []string) {
	for _, path := range p.Deps {
		if slices.ContainsFunc(not, func(n string) bool { return covers(n, path) }) {
			faults = append(faults, fmt.Sprintf("%s links %s", p.ImportPath, path))
		}
	}
	return faults
}

// pureFaults lists the imports of the standard library that pure lacks.
func pureFaults(p pkg, pkgs []pkg) (faults []string) {
	for _, q := range pkgs {
		if q.Standard && slices.Contains(p.Imports, q.ImportPath) && !slices.Contains(pure, q.ImportPath) {
			faults = append(faults, fmt.Sprintf("%s imports %s, which has state or waits", p.ImportPath, q.ImportPath))
		}
	}
	return faults
}
