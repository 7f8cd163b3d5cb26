package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// Files that are not what they are taken for.
func TestFilesWithoutServices(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":               "lb.yaml:1: the file is empty; mend: give services, and what they need",
		"# nothing\n":    "lb.yaml:1: the file is empty; mend: give services, and what they need",
		"[]":             "lb.yaml:1: (a list of 0) is no mapping; mend: fields and values, of [capacity",
		"seed: 1":        "lb.yaml:1: services is missing; mend: a list of services; [] for none",
		"services: []":   "lb.yaml:1: seed is missing; mend: a number, the same for all instances and kept secret",
		"\n\nservices: ": "lb.yaml:3: services \"\" has no value; mend: give it one, or leave the field out",
		"{a: 1":          "this is no YAML",
		"seed: x":        "lb.yaml:1: seed is no number of 64 bits; mend:", // without its value, which is secret
		"? [a]\n: b":     "lb.yaml:1: has a field without a name",
	} {
		_, err := config.Parse("lb.yaml", []byte(text))
		require.ErrorContains(t, err, says, "%q", text)
	}
}

// What is told has an end.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("lb.yaml", []byte("seed: 1\nservices:\n"+strings.Repeat("- 0\n", 1000)))
	require.ErrorContains(t, err, "lb.yaml:3: services[0] 0 is no mapping")
	require.ErrorContains(t, err, "more faults")
	require.Len(t, strings.Split(err.Error(), "\n"), 101)
}

// 10 000 services with 10 endpoints each are what the capacity has room for.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("seed: 1\nservices:\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "- {vip: 198.18.%d.%d, port: 80, protocol: tcp, endpoints: [", i/250, i%250+1)
		for e := range 10 {
			fmt.Fprintf(&b, "{address: 10.0.0.%d, port: 8080}, ", e+1)
		}
		b.WriteString("]}\n")
	}
	c, err := config.Parse("lb.yaml", []byte(b.String()))
	require.NoError(t, err)
	require.Len(t, c.DataPlane.Services, 10_000)
	require.Len(t, c.Targets, 100_000)
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:8080", "[2001:db8::1]:80", "192.0.2.77:443"}
	require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:8080"}, config.Nearest("10.0.0.9:80", names))
	require.Empty(t, config.Nearest("web", names))
	require.Equal(t, 0, config.Distance("", ""))
	require.Equal(t, 3, config.Distance("kitten", "sitting"))
}

// The example that the README explains.
func TestExample(t *testing.T) {
	t.Parallel()
	c, err := config.Load("../../lb.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, c.DataPlane.Services)
}

// No content makes the parser fail otherwise than with faults, and none that it
// takes is refused later.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(whole))
	f.Add([]byte("seed: 1\nservices: &a [*a]\n"))
	f.Add([]byte("a: &a {b: *a}\nservices:\n- *a\n"))
	f.Add([]byte("services:\n- {<<: {vip: 1}, ? [x] : y}\n"))
	f.Add([]byte(small + "  probe: {type: http, status: [200-204], headers: {a: [b]}}\n"))
	example, err := os.ReadFile("../../lb.yaml")
	require.NoError(f, err)
	f.Add(example)
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := config.Parse("lb.yaml", content)
		if err != nil {
			require.ErrorContains(t, err, "lb.yaml:")
			require.ErrorContains(t, err, "; mend: ")
			return
		}
		require.NoError(t, c.DataPlane.Validate())
		prober, err := probe.New(probe.Config{NoticeWithin: config.MaxNotice, Damping: c.Damping})
		require.NoError(t, err)
		require.NoError(t, prober.Set(c.Targets))
		require.NoError(t, c.Unchanged(c.Static))
	})
}
