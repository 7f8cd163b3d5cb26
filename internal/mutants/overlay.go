package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutate returns the files of the tree below root that m changes, by name.
func (m mutant) mutate(root string) (map[string]string, error) {
	files := make(map[string]string)
	for _, e := range m.edits {
		text, ok := files[e.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.file)))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("%s has %d times, and should have once:\n%s", e.file, n, e.old)
		}
		files[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return files, nil
}

// overlay writes the changed files below dir, and what tells the Go command to
// read them in place of the tree's.
func (m mutant) overlay(root, dir string) (string, error) {
	files, err := m.mutate(root)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string, len(files))
	object, err := m.program(root, dir, files)
	if err != nil {
		return "", err
	}
	if object != "" {
		replace[filepath.Join(root, filepath.FromSlash(programObject))] = object
	}
	for file, text := range files {
		changed := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(changed, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = changed
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, b, 0o644)
}

// touches reports whether m changes a package in dir, or below it.
func (m mutant) touches(dir string) bool {
	for _, e := range m.edits {
		if strings.HasPrefix(e.file, dir+"/") {
			return true
		}
	}
	return false
}
