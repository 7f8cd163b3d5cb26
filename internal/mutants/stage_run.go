package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// builder compiles tests, of a mutant or of the tree as it is.
type builder struct {
	root, dir string
	overlay   string // "" = the tree as it is
	built     map[string]string
}

// build returns the test program of a package.
func (b *builder) build(ctx context.Context, pkg string) (string, error) {
	if program, ok := b.built[pkg]; ok {
		return program, nil
	}
	program := filepath.Join(b.dir, strings.ReplaceAll(pkg, "/", "_")+".test")
	args := []string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", program}
	if b.overlay != "" {
		args = append(args, "-overlay="+b.overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+pkg)...)
	cmd.Dir = b.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s does not compile: %w\n%s", pkg, err, out)
	}
	if b.built == nil {
		b.built = make(map[string]string)
	}
	b.built[pkg] = program
	return program, nil
}

// check runs a stage and returns how it failed; "" = it passed. The first test
// that fails ends it.
func (b *builder) check(ctx context.Context, s stage, args []string) (failed string, err error) {
	program, err := b.build(ctx, s.pkg)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// What the tests leave behind dies with the time-out of the test program.
	cmd := exec.CommandContext(ctx, program, append([]string{"-test.v=test2json", "-test.failfast", "-test.timeout=" + s.timeout.String()}, args...)...)
	cmd.Dir = filepath.Join(b.root, filepath.FromSlash(s.pkg))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return "", err
	}
	failed = follow(out, cancel)
	err = cmd.Wait()
	switch {
	case failed != "" || err == nil:
		return failed, nil
	case bytes.Contains(complaint.Bytes(), []byte("panic: test timed out")):
		return "a time-out", nil
	case complaint.Len() > 0:
		line, _, _ := strings.Cut(complaint.String(), "\n")
		return fmt.Sprintf("%.60s", line), nil
	}
	return err.Error(), nil
}

// follow reads what a test program says, and stops it at the first failure.
func follow(out io.Reader, stop func()) (failed string) {
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		if name, ok := strings.CutPrefix(strings.TrimLeft(line, "\x16 "), "--- FAIL: "); ok && failed == "" {
			failed, _, _ = strings.Cut(name, " (")
			stop()
		}
		if strings.HasPrefix(line, "panic: test timed out") && failed == "" {
			failed = "a time-out"
		}
		if err != nil {
			return failed
		}
	}
}
