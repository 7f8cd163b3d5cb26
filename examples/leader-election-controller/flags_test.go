package main_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each fault is told with the flag, its value, and what to do.
func TestFaultyFlags(t *testing.T) {
	t.Parallel()
	cluster := "-kubeconfig=" + write(t, []byte(nobody))
	for name, test := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"unknown flag":           {[]string{"-bogus"}, 2, []string{"-bogus", "Usage"}},
		"an argument":            {[]string{"-namespace=x", "extra"}, 2, []string{`"extra"`, "mend"}},
		"no duration":            {[]string{"-lease-duration=abc"}, 2, []string{`"abc"`, "-lease-duration"}},
		"no namespace":           {[]string{cluster}, 2, []string{"-namespace", "mend"}},
		"no namespace's name":    {[]string{cluster, "-namespace=Not_One"}, 1, []string{`"Not_One"`, "mend"}},
		"several at once":        {[]string{"-namespace=x", "-workers=0", "-drain-timeout=-5s", "-handling=-1s", "-lock="}, 2, []string{"-workers is 0", "-drain-timeout is -5s", "-handling is -1s", "-lock is empty"}},
		"unsafe timings":         {[]string{cluster, "-namespace=x", "-lease-duration=5s"}, 1, []string{"RenewDeadline = 10s", "LeaseDuration", "mend: at most 4s"}},
		"no such kubeconfig":     {[]string{"-namespace=x", "-kubeconfig=/no/such/file"}, 1, []string{"-kubeconfig=/no/such/file", "mend"}},
		"a kubeconfig of no use": {[]string{"-namespace=x", "-kubeconfig=" + write(t, []byte("junk: ["))}, 1, []string{"-kubeconfig=", "yaml", "mend"}},
		"no kubeconfig":          {[]string{"-namespace=x"}, 1, []string{"$KUBECONFIG", "mend: give -kubeconfig"}},
		"no address":             {[]string{cluster, "-namespace=x", "-listen=nonsense"}, 1, []string{"-listen=nonsense", "mend"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := start(t, test.args...)
			require.Equal(t, test.code, code, said)
			for _, s := range test.says {
				require.Contains(t, said, s)
			}
		})
	}
}

// start runs the example until it ends by itself, outside any cluster.
func start(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
