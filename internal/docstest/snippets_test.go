package docstest_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// imports is what a snippet may name without saying where it comes from.
var imports = map[string]string{
	"context": "context", "errors": "errors", "slog": "log/slog", "http": "net/http", "os": "os",
	"signal": "os/signal", "syscall": "syscall", "time": "time",
	"corev1": "k8s.io/api/core/v1", "kubernetes": "k8s.io/client-go/kubernetes", "rest": "k8s.io/client-go/rest",
	"controller": "github.com/regent-ha/regent/controller",
	"ha":         "github.com/regent-ha/regent/ha",
	"hametrics":  "github.com/regent-ha/regent/ha/metrics", "electionmetrics": "github.com/regent-ha/regent/leaderelection/metrics",
	"prometheus": "github.com/prometheus/client_golang/prometheus", "promhttp": "github.com/prometheus/client_golang/prometheus/promhttp",
	"leaderelection": "github.com/regent-ha/regent/leaderelection",
	"lock":           "github.com/regent-ha/regent/lock",
}

// given is what a snippet may use without declaring it.
var given = map[string]string{
	"ctx": "context.Context", "logger": "*slog.Logger", "mux": "*http.ServeMux",
	"client": "kubernetes.Interface", "cfg": "*rest.Config", "k8scli": "kubernetes.Interface",
	"ctrl": "*controller.Controller", "elector": "*leaderelection.Elector", "lease": "*lock.Lease",
	"hand": "controller.Handler", "retr": "controller.Retriever",
	"handle": "func(ctx context.Context, pod *corev1.Pod) error", "work": "func(ctx context.Context) error",
}

// TestSnippetsCompile builds each block of Go: a file, declarations, or
// statements.
func TestSnippetsCompile(t *testing.T) {
	t.Parallel()
	module, err := filepath.Abs(root)
	require.NoError(t, err)
	dir, overlay := t.TempDir(), make(map[string]string)
	var packages, names []string
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.language != "go" {
				continue
			}
			text, err := program(b)
			require.NoError(t, err, b.name)
			name := fmt.Sprintf("snippet%d", len(packages))
			file := filepath.Join(dir, name+".go")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			overlay[filepath.Join(module, "internal", "docstest", name, "snippet.go")] = file
			packages = append(packages, "./internal/docstest/"+name)
			names = append(names, fmt.Sprintf("%s is %s", name, b.name))
		}
	}
	require.NotEmpty(t, packages)
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, replace, 0o600))
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"build", "-overlay", file, "-o", os.DevNull}, packages...)...)
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, strings.Join(names, "\n"))
}

// program makes a package of a snippet.
func program(b block) (string, error) {
	if strings.Contains("\n"+b.text, "\npackage ") {
		return b.text, nil
	}
	position := fmt.Sprintf("\n//line %s\n", b.name)
	forms := []string{
		"package snippet\n%s" + position + b.text,
		"package snippet\n%s\nfunc _() error {" + position + b.text + "\nreturn nil\n}\n",
	}
	var fault error
	for _, form := range forms {
		file, err := parser.ParseFile(token.NewFileSet(), b.name, fmt.Sprintf(form, ""), 0)
		if err == nil {
			return fmt.Sprintf(form, prelude(file)), nil
		}
		fault = err
	}
	return "", fault
}

// prelude imports and declares what file uses and does not declare.
func prelude(file *ast.File) string {
	var declarations []string
	needed := make(map[string]bool)
	need := func(name string) {
		if imports[name] != "" {
			needed[name] = true
		}
	}
	for _, id := range file.Unresolved {
		need(id.Name)
		kind := given[id.Name]
		if kind == "" {
			continue
		}
		declarations = append(declarations, fmt.Sprintf("var %s %s", id.Name, kind))
		for name := range imports {
			if strings.Contains(kind, name+".") {
				need(name)
			}
		}
	}
	slices.Sort(declarations)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		fmt.Fprintf(&text, "import %s %q\n", name, imports[name])
	}
	for _, d := range slices.Compact(declarations) {
		fmt.Fprintln(&text, d)
	}
	return text.String()
}

func TestProgramCanFail(t *testing.T) {
	t.Parallel()
	_, err := program(block{name: "x.md:1", text: "if {"})
	require.Error(t, err)
	text, err := program(block{name: "x.md:1", text: "return work(ctx)\n"})
	require.NoError(t, err)
	require.Contains(t, text, "import context \"context\"\nvar ctx context.Context\nvar work func(ctx context.Context) error\n")
}

// Blocks of YAML are rules of RBAC here.
func TestRulesAreRules(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.language != "yaml" {
				continue
			}
			var role struct{ Rules []rbacv1.PolicyRule }
			require.NoError(t, yaml.UnmarshalStrict([]byte(b.text), &role), b.name)
			require.NotEmpty(t, role.Rules, b.name)
		}
	}
}
