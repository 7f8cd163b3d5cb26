package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the module's directory, from here.
const root = "../.."

// Everything compiles for these, though the data plane works on Linux only.
var systems = []string{"linux", "darwin", "windows"}

func TestTable(t *testing.T) {
	t.Parallel()
	require.Empty(t, tableFaults(table))
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, importFaults(table, list(t, system, "./...")), "see the table in table_test.go")
		})
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	byName := make(map[string]pkg)
	for _, p := range list(t, "linux", "./...") {
		if name, ours := inModule(p.ImportPath); ours {
			byName[name] = p
		}
	}
	require.Contains(t, byName, "leaderelection")
	for _, l := range links {
		for _, name := range l.pkgs {
			require.Empty(t, linkFaults(byName[name], l.not)) // one that is yet to come links nothing
		}
	}
}

func TestCoreIsPure(t *testing.T) {
	t.Parallel()
	const core = "leaderelection/internal/core"
	pkgs := list(t, "linux", "./"+core)
	last := pkgs[len(pkgs)-1]
	require.Equal(t, module+"/"+core, last.ImportPath)
	require.Empty(t, pureFaults(last, pkgs))
	for _, s := range sources(t) {
		if path.Dir(s.name) != core {
			continue
		}
		faults, err := callFaults(s, clocks)
		require.NoError(t, err)
		require.Empty(t, faults)
		faults, err = goroutineFaults(s)
		require.NoError(t, err)
		require.Empty(t, faults)
	}
}

func TestOnlyMainTouchesTheProcess(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if isMain(s) {
			continue
		}
		faults, err := callFaults(s, global)
		require.NoError(t, err)
		require.Empty(t, faults, "return an error, and let main decide")
	}
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		require.Empty(t, lengthFaults(s))
	}
}

// list is "go list -deps": the packages that match and all that they need,
// each after those that it imports.
func list(t *testing.T, system, pattern string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Dir,Name,Imports,Deps,Standard", pattern)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		pkgs = append(pkgs, p)
	}
	require.NotEmpty(t, pkgs)
	return pkgs
}

// sources are the module's Go files, for all systems, without tests.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || exists(filepath.Join(file, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err = filepath.Rel(root, file)
		all = append(all, source{name: filepath.ToSlash(name), text: text})
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
