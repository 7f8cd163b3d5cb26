package archtest_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// maxLines is how long a file may grow that a person wrote.
const maxLines = 500

// source is one file.
type source struct {
	name string // for messages
	text []byte
}

// global are the calls that end the process, or change what belongs to all of
// it.
var global = map[string][]string{
	"os":             {"Exit"},
	"syscall":        {"Exit"},
	"log":            {"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "SetOutput", "SetFlags", "SetPrefix"},
	"log/slog":       {"SetDefault", "SetLogLoggerLevel"},
	"k8s.io/klog/v2": {"Fatal", "Fatalf", "Fatalln", "FatalDepth", "Exit", "Exitf", "Exitln", "SetLogger", "SetSlogLogger", "InitFlags"},
	"net/http":       {"Handle", "HandleFunc"},
	"flag":           {"Parse", "String", "Bool", "Int", "Duration", "Var", "StringVar", "BoolVar", "IntVar", "DurationVar"},
}

// clocks are the calls that read or wait for the time.
var clocks = map[string][]string{
	"time": {"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "NewTimer", "NewTicker", "Tick"},
}

// callFaults lists the uses of the given functions in a file.
func callFaults(s source, forbidden map[string][]string) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, s.name, s.text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string) // in this file → import path
	var faults []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		name := path.Base(versionSuffix.ReplaceAllString(imported, ""))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			faults = append(faults, fmt.Sprintf("%s: imports %s as \".\"", set.Position(spec.Pos()), imported))
		}
		names[name] = imported
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, f := range forbidden[names[x.Name]] {
			if f == selector.Sel.Name {
				faults = append(faults, fmt.Sprintf("%s: uses %s.%s", set.Position(n.Pos()), names[x.Name], f))
			}
		}
		return true
	})
	return faults, nil
}

var versionSuffix = regexp.MustCompile(`/v\d+$`)

// goroutineFaults lists what a pure package has not: goroutines, channels,
// variables of the package.
func goroutineFaults(s source) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, s.name, s.text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var faults []string
	fault := func(n ast.Node, what string) {
		faults = append(faults, fmt.Sprintf("%s: has %s", set.Position(n.Pos()), what))
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			fault(g, "a variable of the package")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt:
			fault(n, "a goroutine")
		case *ast.ChanType:
			fault(n, "a channel")
		}
		return true
	})
	return faults, nil
}

// lengthFaults says that a file is too long, unless a program wrote it.
func lengthFaults(s source) []string {
	lines := bytes.Count(s.text, []byte("\n"))
	if lines <= maxLines || generated.Match(s.text) {
		return nil
	}
	return []string{fmt.Sprintf("%s has %d lines, more than %d: split it by concept", s.name, lines, maxLines)}
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// cites reports whether a message names all of words: for the tests of the
// rules.
func cites(faults []string, words ...string) bool {
	all := strings.Join(faults, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return len(faults) > 0
}

// isMain reports whether a file is a program's.
func isMain(s source) bool {
	file, err := parser.ParseFile(token.NewFileSet(), s.name, s.text, parser.PackageClauseOnly)
	return err == nil && file.Name.Name == "main"
}
