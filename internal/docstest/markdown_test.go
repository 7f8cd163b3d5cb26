package docstest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// document is a file of Markdown.
type document struct {
	name   string // its path below the root, with slashes
	prose  []textLine
	blocks []block
}

type textLine struct {
	number int
	text   string
}

// block is a fenced one.
type block struct {
	name, language, text string
}

// documents are what users read.
func documents(t *testing.T) []document {
	t.Helper()
	files := []string{"README.md", "CHANGELOG.md"}
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, docs)
	for _, file := range docs {
		files = append(files, "docs/"+filepath.Base(file))
	}
	var all []document
	for _, file := range files {
		all = append(all, read(t, file))
	}
	return all
}

func read(t *testing.T, file string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	require.NoError(t, err)
	return parse(file, string(text))
}

func parse(name, text string) document {
	d := document{name: name}
	var fenced *block
	for i, line := range strings.Split(text, "\n") {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && fenced == nil:
			fenced = &block{name: fmt.Sprintf("%s:%d", name, i+1), language: language}
		case fence:
			d.blocks = append(d.blocks, *fenced)
			fenced = nil
		case fenced != nil:
			fenced.text += line + "\n"
		default:
			d.prose = append(d.prose, textLine{i + 1, line})
		}
	}
	return d
}

// link is a link of a document, or something that is wrong with it.
type link struct {
	where, text, target string
}

var linkForm = regexp.MustCompile(`\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)`)

func (d document) links() []link {
	var all []link
	for _, l := range d.prose {
		for _, m := range linkForm.FindAllStringSubmatch(l.text, -1) {
			all = append(all, link{fmt.Sprintf("%s:%d", d.name, l.number), m[1], m[2]})
		}
	}
	return all
}

// anchors are what GitHub makes of the headings.
func (d document) anchors() map[string]bool {
	all := make(map[string]bool)
	for _, l := range d.prose {
		heading := strings.TrimLeft(l.text, "#")
		if heading == l.text || !strings.HasPrefix(heading, " ") {
			continue
		}
		anchor := slug(linkForm.ReplaceAllString(heading, "$1"))
		for i, base := 1, anchor; all[anchor]; i++ {
			anchor = fmt.Sprintf("%s-%d", base, i)
		}
		all[anchor] = true
	}
	return all
}

func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}
