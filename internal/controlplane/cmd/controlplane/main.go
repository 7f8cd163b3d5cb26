// Command controlplane provides and runs a real etcd and kube-apiserver.
//
//	controlplane assets
//
// prints the directory that holds both executables, having provided them.
//
//	controlplane run -kubeconfig file
//
// runs both on loopback until it is interrupted or terminated, and writes a
// kubeconfig of an administrator to file as soon as they serve.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/regent-ha/regent/internal/controlplane"
)

const usage = `usage:
  controlplane assets                  print the directory of etcd and kube-apiserver
  controlplane run -kubeconfig file    run both until interrupted
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		stop()
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "assets":
		dir, err := controlplane.Assets(ctx, os.Stderr)
		if err != nil {
			return err
		}
		fmt.Println(dir)
		return nil
	case len(args) >= 1 && args[0] == "run":
		return run(ctx, args[1:])
	default:
		_, _ = fmt.Fprint(os.Stderr, usage)
		return flag.ErrHelp
	}
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "`file` to write a kubeconfig of an administrator to")
	verbose := flags.Bool("v", false, "show the output of both servers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *kubeconfig == "" {
		return errors.New("controlplane: -kubeconfig is empty; name a file to write")
	}

	cfg := controlplane.Config{Progress: os.Stderr}
	if *verbose {
		cfg.Log = os.Stderr
	}
	plane, err := controlplane.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	if err := plane.WriteKubeconfig(*kubeconfig); err != nil {
		return err
	}
	defer func() { _ = os.Remove(*kubeconfig) }()
	_, _ = fmt.Fprintf(os.Stderr, "controlplane: serving at %s; export KUBECONFIG=%s; interrupt to stop\n",
		plane.Config().Host, *kubeconfig)
	<-ctx.Done()
	return nil
}
