// Command dockerchaos cuts replicas of the example off their network, as
// containers, with docker network disconnect and connect, and checks what comes
// of it: see the package documentation of internal/dockerchaos.
//
//	go run ./internal/dockerchaos/cmd/dockerchaos
//
// It ends with exit code 1 if a promise was broken, and keeps the journals.
//
//	go run ./internal/dockerchaos/cmd/dockerchaos cluster -network ctrl -kubeconfig file
//
// runs nothing but an API server that the containers of a network can reach, for
// those who do the same by hand: see docs/docker.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/regent-ha/regent/internal/dockerchaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	run, args := chaos, os.Args[1:]
	if len(args) > 0 && args[0] == "cluster" {
		run, args = cluster, args[1:]
	}
	switch err := run(ctx, args); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(os.Stderr, "dockerchaos: interrupted; containers, networks and image are removed")
		os.Exit(130)
	default:
		_, _ = fmt.Fprintln(os.Stderr, "dockerchaos:", err)
		os.Exit(1)
	}
}

func chaos(ctx context.Context, args []string) error {
	c := dockerchaos.Config{Out: os.Stdout, Timings: dockerchaos.Short()}
	flags := flag.NewFlagSet("dockerchaos", flag.ContinueOnError)
	flags.IntVar(&c.Rounds, "rounds", 20, "of each trial")
	flags.Uint64Var(&c.Seed, "seed", 0, "what the rounds are drawn from; 0: random")
	replicas := flags.String("replicas", "2,3", "`sizes` of the trials, which run at the same time")
	timings := flags.String("timings", c.Timings.String(), "lease duration, renew deadline and retry period; those of the page are 15s/10s/2s")
	flags.StringVar(&c.Dir, "logs", "", "`directory` for journals and logs; default: a temporary one, kept if something is wrong")
	flags.StringVar(&c.Program, "program", "", "static `program` to run as the replicas; default: the example, built")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", flags.Arg(0))
	}
	var err error
	if c.Timings, err = dockerchaos.ParseTimings(*timings); err != nil {
		return fmt.Errorf("-timings: %w", err)
	}
	for field := range strings.SplitSeq(*replicas, ",") {
		n, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("-replicas=%s: %w", *replicas, err)
		}
		c.Replicas = append(c.Replicas, n)
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64N(1_000_000)
	}
	if missing := dockerchaos.Missing(ctx); missing != nil {
		if os.Getenv("CI") == "true" {
			return fmt.Errorf("%w, which CI=true makes a failure", missing)
		}
		fmt.Println("dockerchaos: skipped:", missing)
		return nil
	}
	return play(ctx, c)
}

func play(ctx context.Context, c dockerchaos.Config) (err error) {
	fmt.Printf("%d rounds, seed %d, lease %s\n", c.Rounds, c.Seed, c.Timings)
	keep := c.Dir != ""
	if !keep {
		if c.Dir, err = os.MkdirTemp("", "dockerchaos-"); err != nil {
			return err
		}
	}
	reports, err := dockerchaos.Run(ctx, c)
	if ctx.Err() != nil {
		if !keep {
			err = errors.Join(err, os.RemoveAll(c.Dir))
		}
		return errors.Join(ctx.Err(), err)
	}
	if len(reports) > 0 {
		fmt.Print("\n", dockerchaos.Table(reports))
	}
	findings := 0
	for _, r := range reports {
		for _, f := range r.Findings {
			findings++
			fmt.Printf("%s: %s\n", r.Name, f)
		}
	}
	switch {
	case findings > 0:
		err = errors.Join(fmt.Errorf("FAIL: %d findings, see above", findings), err)
	case err != nil:
		err = fmt.Errorf("FAIL: %w", err)
	}
	if err != nil {
		return fmt.Errorf("%w; again with -seed=%d; journals and logs are in %s", err, c.Seed, c.Dir)
	}
	fmt.Println("\nPASS")
	if keep {
		return nil
	}
	return os.RemoveAll(c.Dir)
}

func cluster(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("dockerchaos cluster", flag.ContinueOnError)
	network := flags.String("network", "ctrl", "`name` of a docker network")
	file := flags.String("kubeconfig", "", "`file` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *file == "" {
		return errors.New("-kubeconfig is empty; mend: name a file to write")
	}
	if missing := dockerchaos.Missing(ctx); missing != nil {
		return missing
	}
	return dockerchaos.Serve(ctx, *network, *file, os.Stdout)
}
