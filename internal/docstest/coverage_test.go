package docstest_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are those that the README's tables cover, by heading, with what each
// of them names: every option, constructor, system and mode.
var pages = map[string][]string{
	"kooper": {
		"controller.NewSequential", "controller.NewConcurrent", "controller.New", "leaderelection.Runner", "nil Runner",
		"leaderelection.NewDefault", "leaderelection.New", "LockConfig", "LeaseDuration", "RenewDeadline", "RetryPeriod",
		"namespace", "ConfigMap", "get, create, update", "ends its execution", "full example",
		"docker run", "docker network disconnect", "docker network connect",
	},
	"loft": {
		"LEADER_ELECTION_ENABLED", "replicaCount=3", "single replica", "Api Server", "Controller:", "Leader Mode:", "Non-Leader Mode:",
		"another replica takes over", "automatically", "one binary",
	},
	"vCluster Platform": {
		"replicaCount=3", "at least 3 replicas", "single replica", "Api Server", "Controller:", "Leader Mode:", "Non-Leader Mode:",
		"another replica takes over", "automatically", "one binary",
	},
	"loxilb 1: flat L2, active-backup": {
		"kube-loxilb", "--externalCIDR", "--setRoles", "--setLBMode=1", "--egr-hooks", "--blacklist", "endpoints' health", "failover", "spread over instances",
	},
	"loxilb 2: L3, active-backup with BGP": {
		"--externalCIDR", "--setRoles", "--setLBMode=1", "--setBGP", "--extBGPPeers", "--bgp", "--egr-hooks", "--blacklist", "failover",
	},
	"loxilb 3: L3, active-active with BGP ECMP": {
		"--externalCIDR", "--setRoles", "--setLBMode=1", "--setBGP", "--extBGPPeers", "--bgp", "--egr-hooks", "--blacklist", "failover",
	},
	"loxilb 4: active-backup with connection sync": {
		"--externalCIDR", "--setRoles", "--loxiURL", "--setLBMode=2", "--setBGP", "--extBGPPeers", "--cluster", "--self", "`-b`", "DSR", "failover",
	},
	"loxilb 5: active-backup with fast failover detection": {
		"--externalCIDR", "--setRoles", "--loxiURL", "--setLBMode=2", "--cluster", "--self", "--ka", "gARP", "DSR", "DNS", "failover",
	},
	"kube.rs": {
		"single replica", "concurrency", "requeue", "heatmaps", "30 s", "`replicas: 2`", "Leases", "standby", "validity of the lease",
		"rollout surges", "step down", "expiry of the lease", "kube-leader-election", "kube-coordinate", "kubert::lease", "one lease for each shard", "excess replicas",
	},
}

var (
	stateForm = regexp.MustCompile(`^(?:\*works(?: from YAML)?\*: (.+)|\*not yet\*)$`)
	countForm = regexp.MustCompile(`^\| \[([^]]+)\]\(#[^)]+\) \| (\d+) of (\d+) \|$`)
)

// section is a page's table.
type section struct {
	rows, works int
	text        string
}

// coverage reads the tables below the heading Coverage, and the counts above
// them.
func coverage(d document) (sections map[string]*section, counts map[string]string, faults []string) {
	sections, counts = make(map[string]*section), make(map[string]string)
	inside, page := false, ""
	for _, l := range d.prose {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("%s:%d: %s", d.name, l.number, fmt.Sprintf(format, args...)))
		}
		switch {
		case strings.HasPrefix(l.text, "## "):
			inside, page = l.text == "## Coverage", ""
		case !inside:
		case strings.HasPrefix(l.text, "### "):
			page = strings.TrimPrefix(l.text, "### ")
			sections[page] = &section{}
		case page == "":
			if m := countForm.FindStringSubmatch(l.text); m != nil {
				counts[m[1]] = m[2] + " of " + m[3]
			}
		case strings.HasPrefix(l.text, "| ") && l.text != "| what the page says | |":
			what, state, _ := strings.Cut(strings.Trim(l.text, "| "), " | ")
			m := stateForm.FindStringSubmatch(state)
			s := sections[page]
			s.rows++
			s.text += what + "\n"
			switch {
			case m == nil:
				fault("%q is neither *works*: test nor *not yet*", state)
			case m[1] != "":
				s.works++
				for _, part := range strings.Split(m[1], ", ") {
					if k := linkForm.FindStringSubmatch(part); k == nil || k[0] != part || !testForm.MatchString(k[1]) || !strings.Contains(k[2], "_test.go") {
						fault("%q is no link to a test", part)
					}
				}
			}
		}
	}
	return sections, counts, faults
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	sections, counts, faults := coverage(read(t, "README.md"))
	require.Empty(t, faults)
	require.Len(t, sections, len(pages))
	for page, named := range pages {
		s := sections[page]
		require.NotNil(t, s, "no table for %s", page)
		for _, name := range named {
			require.Contains(t, strings.ToLower(s.text), strings.ToLower(name), "%s names %q", page, name)
		}
		require.Equal(t, fmt.Sprintf("%d of %d", s.works, s.rows), counts[page], "the count of %s", page)
	}
}

func TestCoverageRuleCanFail(t *testing.T) {
	t.Parallel()
	const head = "## Coverage\n### page\n| what the page says | |\n|---|---|\n"
	for _, tc := range []struct {
		row    string
		faults int
	}{
		{"| a line | *not yet* |", 0},
		{"| a `x\\|y` line | *works*: [`TestX`](x_test.go) |", 0},
		{"| a line | *works*: [`TestX`](x_test.go), [`TestY/case`](y_test.go) |", 0},
		{"| a line | *works from YAML*: [`TestX`](x_test.go) |", 0},
		{"| a line | *works* |", 1},
		{"| a line | works |", 1},
		{"| a line | *partly* |", 1},
		{"| a line | *works*: [x](x_test.go) |", 1},
		{"| a line | *works*: [`TestX`](x.go) |", 1},
		{"| a line |", 1},
	} {
		_, _, faults := coverage(parse("README.md", head+tc.row))
		require.Len(t, faults, tc.faults, tc.row)
	}
}
