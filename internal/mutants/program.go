package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The data plane's program is C. A mutant of it has to be compiled, as the
// package's go:generate line does.
const (
	programSource = "dataplane/xdp/bpf"
	programObject = "dataplane/xdp/balance_bpfel.o"
)

// program compiles the program with the files that m changes, and returns its
// name; "" if m changes none of them.
func (m mutant) program(root, dir string, files map[string]string) (string, error) {
	if !m.touches(programSource) {
		return "", nil
	}
	source := filepath.Join(dir, "bpf")
	if err := os.CopyFS(source, os.DirFS(filepath.Join(root, filepath.FromSlash(programSource)))); err != nil {
		return "", err
	}
	for file, text := range files {
		if name, ok := strings.CutPrefix(file, programSource+"/"); ok {
			if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
				return "", err
			}
		}
	}
	object := filepath.Join(dir, "balance.o")
	cmd := exec.Command("clang", "-O2", "-g", "-Wno-unused", "-target", "bpfel", "-mcpu=v3", "-I/usr/include/"+multiarch(),
		"-c", filepath.Join(source, "balance.c"), "-o", object)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program does not compile: %w; mend: install clang and libbpf's headers\n%s", err, out)
	}
	return object, nil
}

// multiarch is where Debian keeps what <asm/types.h> is of this machine.
func multiarch() string {
	out, err := exec.Command("gcc", "-print-multiarch").Output()
	if err != nil {
		return "x86_64-linux-gnu"
	}
	return strings.TrimSpace(string(out))
}
