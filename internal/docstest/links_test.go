package docstest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for _, l := range d.links() {
			require.NoError(t, check(t, d, l), "%s: [%s](%s)", l.where, l.text, l.target)
		}
	}
}

func TestLinkRuleCanFail(t *testing.T) {
	t.Parallel()
	d := parse("docs/x.md", "# A heading, *of* `sorts`\n")
	for target, ok := range map[string]bool{
		"https://example.com/#x": true, "../README.md": true, "../README.md#no-such-heading": false,
		"#a-heading-of-sorts": true, "#another": false, "no-such-file.md": false, "../go.mod#L1": true, "../go.mod#L9999": false,
	} {
		err := check(t, d, link{"", "text", target})
		require.Equal(t, ok, err == nil, "%s: %v", target, err)
	}
	for _, tc := range []struct {
		text, target string
		ok           bool
	}{
		{"`TestLinks`", "../internal/docstest/links_test.go", true},
		{"`TestLinks/case`", "../internal/docstest/links_test.go", true},
		{"`TestNothing`", "../internal/docstest/links_test.go", false},
		{"`TestLinks`", "../internal/docstest/doc.go", false},
		{"this test", "../internal/docstest/links_test.go", false},
	} {
		err := check(t, d, link{"", tc.text, tc.target})
		require.Equal(t, tc.ok, err == nil, "%s: %v", tc.text, err)
	}
}

// testForm is how a link to a test is written.
var testForm = regexp.MustCompile("^`((?:Test|Fuzz|Benchmark|Example)[A-Za-z0-9_]*)(/[^`]*)?`$")

// check follows a link.
func check(t *testing.T, d document, l link) error {
	t.Helper()
	if strings.Contains(l.target, "://") {
		return nil
	}
	file, anchor, anchored := strings.Cut(l.target, "#")
	to := d
	if file != "" {
		name := path.Join(path.Dir(d.name), file)
		onDisk := filepath.Join(root, filepath.FromSlash(name))
		if _, err := os.Stat(onDisk); err != nil {
			return err
		}
		if err := checkTest(onDisk, l.text); err != nil {
			return err
		}
		if anchored {
			to = read(t, name)
		}
	}
	if !anchored {
		return nil
	}
	if line, ok := strings.CutPrefix(anchor, "L"); ok && path.Ext(file) != ".md" {
		number, err := strconv.Atoi(line)
		if err != nil || number < 1 || len(to.prose) < number {
			return fmt.Errorf("there is no line %s", line)
		}
		return nil
	}
	if !to.anchors()[anchor] {
		return fmt.Errorf("there is no heading #%s", anchor)
	}
	return nil
}

// checkTest: a file with tests is linked by the name of one of them.
func checkTest(file, text string) error {
	m := testForm.FindStringSubmatch(text)
	if m == nil {
		if strings.HasSuffix(file, "_test.go") {
			return fmt.Errorf("the link to a test is not named after it")
		}
		return nil
	}
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range source.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == m[1] {
			return nil
		}
	}
	return fmt.Errorf("%s declares no %s", file, m[1])
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	command := regexp.MustCompile(`(?m)(?:^|` + "`" + `)make ([a-z-]+)`)
	for _, d := range documents(t) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(d.name)))
		require.NoError(t, err)
		for _, m := range command.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, string(makefile), "\n"+m[1]+":", "%s: make %s", d.name, m[1])
		}
	}
}
