package archtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each rule is shown an offender, and a neighbour that is none.

func TestTableRuleCanFail(t *testing.T) {
	t.Parallel()
	require.True(t, cites(tableFaults([]row{{"a", []string{"./b"}}, {"b", nil}}), "a may import b"))
	require.True(t, cites(tableFaults([]row{{"a", []string{"./a"}}}), "a may import a"))
	require.True(t, cites(tableFaults([]row{{"a", nil}, {"a", nil}}), "two rows"))
	require.Empty(t, tableFaults([]row{{"a", nil}, {"b", []string{"./a", clientGo}}}))
}

func TestImportRuleCanFail(t *testing.T) {
	t.Parallel()
	rows := []row{{"lock", []string{clientGo}}, {"bgp", []string{"./lock"}}, {"internal/...", []string{anything}}}
	faults := func(importer string, imports ...string) []string {
		return importFaults(rows, []pkg{{ImportPath: "fmt", Standard: true}, {ImportPath: module + "/" + importer, Imports: imports}})
	}
	require.True(t, cites(faults("util"), "util has no row"))
	require.True(t, cites(faults("lock/sub"), "lock/sub has no row"), "a row is for one package")
	require.True(t, cites(faults("internal"), "internal has no row"))
	require.True(t, cites(faults("lock", "github.com/osrg/gobgp/v3/pkg/server"), "lock imports github.com/osrg"))
	require.True(t, cites(faults("lock", "k8s.io/client-goat"), "client-goat"), "a longer name is another module")
	require.True(t, cites(faults("lock", module+"/bgp"), "lock imports", "/bgp"))
	require.True(t, cites(faults("bgp", module+"/lock/locktest"), "locktest"), "what is below a package of ours is another")
	require.True(t, cites(faults("bgp", module+"/internal/controlplane"), "controlplane"))
	require.True(t, cites(faults("bgp", "golang.org/x/sync/errgroup"), "errgroup"))
	require.Empty(t, faults("lock", "fmt", "k8s.io/client-go/rest"))
	require.Empty(t, faults("bgp", "fmt", module+"/lock"))
	require.Empty(t, faults("internal/x/y", "fmt", module+"/bgp", testify))
}

func TestLinkRuleCanFail(t *testing.T) {
	t.Parallel()
	for _, l := range links {
		for _, n := range l.not {
			dep := n
			if name, ours := strings.CutPrefix(n, "./"); ours {
				dep = module + "/" + name
			}
			require.True(t, cites(linkFaults(pkg{Deps: []string{"fmt", dep + "/x"}}, l.not), dep))
			require.True(t, cites(linkFaults(pkg{Deps: []string{"fmt", dep}}, l.not), dep))
		}
		require.Empty(t, linkFaults(pkg{Deps: []string{"fmt", "testinglib", module + "/internals"}}, l.not))
	}
}

func TestPureRuleCanFail(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"context", "sync", "os", "net", "log/slog", "math/rand/v2"} {
		pkgs := []pkg{{ImportPath: name, Standard: true}, {ImportPath: "core", Imports: []string{name, "time"}}}
		require.True(t, cites(pureFaults(pkgs[1], pkgs), name))
	}
	for what, code := range map[string]string{
		"a goroutine":               "func f() { go f() }",
		"a channel":                 "func f(c chan int) {}",
		"a variable of the package": "var x int",
	} {
		faults, err := goroutineFaults(source{"core.go", []byte("package core\n" + code + "\n")})
		require.NoError(t, err)
		require.True(t, cites(faults, what))
	}
	faults, err := goroutineFaults(source{"core.go", []byte("package core\nconst x = 1\nfunc f() { var y int; _ = y }\n")})
	require.NoError(t, err)
	require.Empty(t, faults)
}

func TestCallRuleCanFail(t *testing.T) {
	t.Parallel()
	check := func(forbidden map[string][]string, imports, code string) []string {
		faults, err := callFaults(source{"x.go", []byte("package x\nimport " + imports + "\nfunc f() { " + code + " }\n")}, forbidden)
		require.NoError(t, err)
		return faults
	}
	require.True(t, cites(check(global, `"os"`, `os.Exit(1)`), "x.go:3", "os.Exit"))
	require.True(t, cites(check(global, `die "os"`, `die.Exit(1)`), "os.Exit"), "by another name")
	require.True(t, cites(check(global, `"os"`, `end := os.Exit; end(1)`), "os.Exit"), "as a value")
	require.True(t, cites(check(global, `. "os"`, `Exit(1)`), `imports os as "."`))
	require.True(t, cites(check(global, `"log"`, `log.Fatalf("x")`), "log.Fatalf"))
	require.True(t, cites(check(global, `"k8s.io/klog/v2"`, `klog.Exit("x")`), "klog/v2.Exit"), "with a version in its path")
	require.True(t, cites(check(global, `"log/slog"`, `slog.SetDefault(nil)`), "SetDefault"))
	require.True(t, cites(check(clocks, `"time"`, `_ = time.Now()`), "time.Now"))
	require.Empty(t, check(global, `"os"`, `_ = os.Getenv("Exit")`))
	require.Empty(t, check(global, `"log/slog"`, `slog.Error("log.Fatal")`))
	require.Empty(t, check(clocks, `"time"`, `_ = time.Second`))
	require.True(t, isMain(source{"m.go", []byte("package main\n")}))
	require.False(t, isMain(source{"m.go", []byte("// package main\npackage mains\n")}))
}

func TestLengthRuleCanFail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("// line\n", maxLines)
	require.True(t, cites(lengthFaults(source{"x.go", []byte(long + "package x\n")}), "x.go", "501"))
	require.Empty(t, lengthFaults(source{"x.go", []byte(long)}))
	require.Empty(t, lengthFaults(source{"x.go", []byte("// Code generated by bpf2go; DO NOT EDIT.\n" + long)}))
}
