package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one fault.
type mutant struct {
	id    string
	what  string // is wrong
	first string // the kind of stage, or the package, that is tried first; "" = in order
	edits []edit
}

// edit replaces what occurs exactly once in a file.
type edit struct {
	file     string // from the module's root, with slashes
	old, new string
}

// load reads all files of a catalogue.
func load(dir string) (all []mutant, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, m := range some {
			if seen[m.id] {
				return nil, fmt.Errorf("%s: there are two mutants %s", file, m.id)
			}
			seen[m.id] = true
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there are no mutants in %s", dir)
	}
	return all, nil
}

// parse reads the format that catalogue/README.md describes.
func parse(text []byte) (all []mutant, err error) {
	file, added := "", true // added: the next "-" begins an edit
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; scanner.Scan(); n++ {
		line := scanner.Text()
		kind, rest, _ := strings.Cut(line, " ")
		if line != "" && strings.ContainsAny(line[:1], "+-") {
			kind, rest = line[:1], line[1:]
		}
		if kind != "" && kind != "#" && kind != "mutant" && len(all) == 0 {
			return nil, fmt.Errorf("line %d: %q comes before the first mutant", n, line)
		}
		switch kind {
		case "", "#":
		case "mutant":
			id, what, _ := strings.Cut(rest, ": ")
			all, file, added = append(all, mutant{id: id, what: what}), "", true
		case "first":
			all[len(all)-1].first = rest
		case "file":
			file, added = rest, true
		case "-":
			m := &all[len(all)-1]
			if added {
				m.edits = append(m.edits, edit{file: file, old: rest})
			} else {
				m.edits[len(m.edits)-1].old += "\n" + rest
			}
			added = false
		case "+":
			m := &all[len(all)-1]
			if len(m.edits) == 0 {
				return nil, fmt.Errorf("line %d: there is nothing to put this in place of", n)
			}
			e := &m.edits[len(m.edits)-1]
			if added {
				e.new += "\n"
			}
			e.new, added = e.new+rest, true
		default:
			return nil, fmt.Errorf("line %d: %q is no line of a mutant", n, line)
		}
	}
	for _, m := range all {
		if fault := m.fault(); fault != "" {
			return nil, fmt.Errorf("mutant %q: %s", m.id, fault)
		}
	}
	return all, scanner.Err()
}

// fault is what a mutant lacks; "" = nothing.
func (m mutant) fault() string {
	switch {
	case m.id == "" || m.what == "":
		return "has no ID, or does not say what is wrong"
	case len(m.edits) == 0:
		return "changes nothing"
	}
	for _, e := range m.edits {
		switch {
		case e.file == "":
			return "names no file"
		case e.old == e.new:
			return "replaces something by itself"
		}
	}
	return ""
}
