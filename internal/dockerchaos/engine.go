package dockerchaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// label is on all that a run makes in the engine; its value is the run's name.
const label = "regent-dockerchaos"

// docker runs the docker command and returns what it prints. A command that has
// begun is not interrupted: the engine would go on with it, and something would
// be made after all had been removed.
func docker(ctx context.Context, args ...string) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return dockerAfter(ctx, args...)
}

// dockerAfter is docker for what has to be removed though ctx may have ended.
func dockerAfter(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.SysProcAttr = apart()
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(faults.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// remove is for what may not be there.
func remove(ctx context.Context, args ...string) error {
	_, err := dockerAfter(ctx, args...)
	return err
}

// Missing says what this machine lacks to run containers; nil: nothing.
func Missing(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("this is %s: needs Linux, where containers share the clock and the bridges of the host", runtime.GOOS)
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New("docker is not in $PATH")
	}
	if _, err := docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("the docker engine does not answer: %w", err)
	}
	return nil
}
