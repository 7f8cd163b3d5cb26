package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLines(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		"const C untyped int = 1",
		"field S embeds T",
		"field S.A int \"json:\\\"a\\\"\"",
		"field S.F func(string) error",
		"func G[T any](...T) (int, error)",
		"method (*S) P()",
		"method (S) M(...int) bool",
		"method (T) V()",
		"type A = []int",
		"type I interface { Read(); unexported methods }",
		"type S struct",
		"type T int",
		"var V map[string]T",
	}, without(api(t, `
		const C = 1
		var V map[string]T
		func G[T any](x ...T) (n int, err error) { return 0, nil }
		type A = []int
		type T int
		func (T) V() {}
		type S struct {
			A int `+"`json:\"a\"`"+`
			F func(name string) error
			b []int
			T
		}
		func (s *S) P() {}
		func (s S) M(x ...int) bool { return true }
		func (s S) hidden() {}
		type I interface { Read(); hidden() }
		type hidden struct{ X int }
		func unexported() {}`), "method (S) V()"))
}

// Each change of what users can depend on is found, and is of the right kind.
func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, was, now string
		breaks, adds   bool
	}{
		{"nothing", "func F(a int) {}", "func F(b int) {}", false, false},
		{"a function more", "", "func F() {}", false, true},
		{"a function less", "func F() {}", "", true, false},
		{"a parameter more", "func F() {}", "func F(int) {}", true, true},
		{"a variadic parameter", "func F() {}", "func F(...int) {}", true, true},
		{"another result", "func F() (x int) { return }", "func F() (x int64) { return }", true, true},
		{"a field more", "type S struct{ A int }", "type S struct{ A, B int }", false, true},
		{"a field less", "type S struct{ A, B int }", "type S struct{ A int }", true, false},
		{"a field of another type", "type S struct{ A int }", "type S struct{ A uint }", true, true},
		{"comparable no more", "type S struct{ a int }", "type S struct{ a []int }", true, true},
		{"another tag", "type S struct{ A int `x:\"1\"` }", "type S struct{ A int `x:\"2\"` }", true, true},
		{"a method more", "type S struct{}", "type S struct{}; func (S) M() {}", false, true},
		{"a method for pointers only", "type S struct{}; func (S) M() {}", "type S struct{}; func (*S) M() {}", true, true},
		{"an interface's method more", "type I interface{ A() }", "type I interface{ A(); B() }", true, true},
		{"an interface's hidden method", "type I interface{ A() }", "type I interface{ A(); b() }", true, true},
		{"a constant's value", "const C = 1", "const C = 2", true, true},
		{"a variable's type", "var V int", "var V string", true, true},
		{"a constraint", "func F[T any](T) {}", "func F[T comparable](T) {}", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := compare(map[string][]string{"p": api(t, c.was)}, map[string][]string{"p": api(t, c.now)})
			require.Equal(t, c.breaks, len(d.removed) > 0, d)
			require.Equal(t, c.adds, len(d.added) > 0, d)
		})
	}
	d := compare(map[string][]string{"p": {"func F()"}}, nil)
	require.Equal(t, []string{"p: func F()"}, d.removed, "a whole package less")
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, write(dir, map[string][]string{"gone": {"func A()"}, "a/b": {"func B()", "func C()"}}))
	want := map[string][]string{"a/b": {"func B()"}, "new": {"func D()"}}
	require.NoError(t, write(dir, want))
	got, err := read(dir)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func api(t *testing.T, code string) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", "package p\n"+code, 0)
	require.NoError(t, err)
	conf := types.Config{Importer: importer.Default()}
	pkg, err := conf.Check("p", set, []*ast.File{file}, nil)
	require.NoError(t, err)
	return lines(pkg)
}

func without(all []string, line string) (rest []string) {
	for _, l := range all {
		if l != line {
			rest = append(rest, l)
		}
	}
	return rest
}
