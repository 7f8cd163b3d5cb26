package dockerchaos

import (
	"context"
	_ "embed" // for the Dockerfile
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	example = "github.com/regent-ha/regent/examples/leader-election-controller"
	// program is the example's file in the image.
	program = "leader-election-controller"
)

//go:embed Dockerfile
var dockerfile []byte

// buildImage makes an image of the example, or of another program if that is
// not "". dir is for the build alone.
func buildImage(ctx context.Context, tag, dir, other string) error {
	binary := filepath.Join(dir, program)
	if other == "" {
		build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s", "-o", binary, example)
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // there is no C library in the image
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w; mend: see that go is in $PATH, and run this in the repository\n%s", err, out)
		}
	} else if err := copyFile(binary, other); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), dockerfile, 0o600); err != nil {
		return err
	}
	_, err := docker(ctx, "build", "--quiet", "--label", label+"="+tag, "--tag", tag, dir)
	return err
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}
