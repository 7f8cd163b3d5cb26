package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// listed is what "go list -json" says of a package.
type listed struct {
	ImportPath, Name, Export string
	Module                   *struct{ Path string }
}

// load returns the API of the public packages of the module in dir, by their
// paths below the module's. Linux's is taken: it is the largest.
func load(dir string) (map[string][]string, error) {
	all, err := list(dir, "-json=ImportPath,Name,Module", "./...")
	if err != nil {
		return nil, err
	}
	names := make(map[string]string) // by import path
	args := []string{"-export", "-deps", "-json=ImportPath,Export"}
	for _, p := range all {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
		parts := strings.Split(name, "/")
		if p.Name != "main" && parts[0] != "examples" && !slices.Contains(parts, "internal") {
			names[p.ImportPath] = name
			args = append(args, p.ImportPath)
		}
	}
	compiled, err := list(dir, args...)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	for _, p := range compiled {
		exports[p.ImportPath] = p.Export
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	api := make(map[string][]string)
	for path, name := range names {
		pkg, err := imports.Import(path)
		if err != nil {
			return nil, err
		}
		api[name] = lines(pkg)
	}
	return api, nil
}

func list(dir string, args ...string) (all []listed, err error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// lines says what a user of the package can depend on.
func lines(pkg *types.Package) []string {
	w := &writer{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			w.object(object)
		}
	}
	slices.Sort(w.lines)
	return w.lines
}
