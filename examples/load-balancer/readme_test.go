package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// block is a fenced one of the README that begins with a text.
func block(t *testing.T, language, begins string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "```"+language+"\n"+begins)
	require.True(t, ok, begins)
	text, _, ok := strings.Cut(begins+rest, "```")
	require.True(t, ok)
	return text
}

// The file that has every field is right, and does have every field.
func TestReadmeNamesEveryField(t *testing.T) {
	t.Parallel()
	file := block(t, "yaml", "seed:")
	_, err := config.Parse("README.md", []byte(file))
	require.NoError(t, err)

	// Each mapping says which fields there are if it has one more.
	odd := regexp.MustCompile(`(?m)^(\s*(?:- )?)((?:seed|allow|services|halfLife|address|name|type|serverName): \S)`).ReplaceAllStringFunc(file, func(line string) string {
		indent := regexp.MustCompile(`^\s*(?:- )?`).FindString(line)
		return indent + "zzz: 1\n" + strings.Repeat(" ", len(strings.TrimLeft(indent, "\n"))) + strings.TrimPrefix(line, indent)
	})
	_, err = config.Parse("README.md", []byte(odd))
	require.Error(t, err)
	lists := regexp.MustCompile(`zzz 1 is not known; mend: leave it out; there are \[([^]]+)\]`).FindAllStringSubmatch(err.Error(), -1)
	kinds := make(map[string]bool)
	for _, list := range lists {
		kinds[list[1]] = true
		for name := range strings.FieldsSeq(list[1]) {
			require.Regexp(t, `(?m)(^|[ {])`+name+`:`, file, "the README does not have it")
		}
	}
	require.Len(t, kinds, 9, "root, interfaces, capacity, damping, snat, service, endpoint, probe, tls: %v", kinds)
}

// What is said of capabilities is the same everywhere, and what is tested.
func TestCapabilitiesAgree(t *testing.T) {
	t.Parallel()
	const all = "CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_NET_RAW"
	unit, err := os.ReadFile("load-balancer.service")
	require.NoError(t, err)
	for line := range strings.Lines(block(t, "ini", "DynamicUser")) {
		require.Contains(t, string(unit), "\n"+line)
	}
	require.Contains(t, string(unit), "\nAmbientCapabilities="+all+"\n")
	require.Contains(t, string(unit), "\nCapabilityBoundingSet="+all+"\n")

	var snippet struct {
		SecurityContext map[string]any `yaml:"securityContext"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(block(t, "yaml", "securityContext:")), &snippet))
	text, err := os.ReadFile("kubernetes.yaml")
	require.NoError(t, err)
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						SecurityContext map[string]any `yaml:"securityContext"`
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &deployment))
	inPod := deployment.Spec.Template.Spec.Containers[0].SecurityContext
	for name, value := range snippet.SecurityContext {
		require.Equal(t, value, inPod[name], name)
	}
	capabilities, ok := inPod["capabilities"].(map[string]any)
	require.True(t, ok)
	var added []string
	for _, name := range capabilities["add"].([]any) {
		added = append(added, "CAP_"+name.(string))
	}
	require.Equal(t, all, strings.Join(added, " "))
}

// Links lead to files.
func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(readme), -1) {
		require.FileExists(t, filepath.FromSlash(link[1]))
	}
}
