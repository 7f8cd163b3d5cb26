package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// read returns the lines of each package that dir has a file of.
func read(dir string) (map[string][]string, error) {
	api := make(map[string][]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = strings.TrimSuffix(filepath.ToSlash(name), ".txt")
		api[name] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		return nil
	})
	return api, err
}

// write makes dir say what api says.
func write(dir string, api map[string][]string) error {
	old, err := read(dir)
	if err != nil {
		return err
	}
	for name := range old {
		if _, ok := api[name]; !ok {
			if err := os.Remove(file(dir, name)); err != nil {
				return err
			}
		}
	}
	for name, lines := range api {
		path := file(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
