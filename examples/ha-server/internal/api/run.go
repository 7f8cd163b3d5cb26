package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// errNotListening is what Check says before Run and after it.
var errNotListening = errors.New("api: it does not listen")

// Check says whether it listens. It does not ask whether Kubernetes answers:
// all replicas would be taken out of service at once, which mends nothing, and
// a client would learn less than by a 503.
func (a *API) Check(*http.Request) error {
	if !a.listens.Load() {
		return errNotListening
	}
	return nil
}

// Address waits until it listens, and says where.
func (a *API) Address(ctx context.Context) (string, error) {
	select {
	case address := <-a.address:
		a.address <- address
		return address, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Run serves until ctx ends; then it accepts nothing more, lets requests in
// flight finish, which takes a few seconds at most, and ends watches. It can be
// called once.
func (a *API) Run(ctx context.Context) error {
	listener, err := net.Listen("tcp", a.cfg.Address)
	if err != nil {
		return fmt.Errorf("api: -api=%s: %w; mend: a free address of this host, such as :8080", a.cfg.Address, err)
	}
	server := &http.Server{
		Handler:           a,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       a.cfg.RequestTimeout,
		WriteTimeout:      2*a.cfg.RequestTimeout + a.cfg.Stall,
		IdleTimeout:       time.Minute,
	}
	server.RegisterOnShutdown(func() { close(a.ending) })
	a.log.Info("serving the API", "address", listener.Addr().String())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.listens.Store(true)
	defer a.listens.Store(false)
	a.address <- listener.Addr().String()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("api: %w", err), server.Close())
	case <-ctx.Done():
	}
	err = server.Shutdown(context.WithoutCancel(ctx)) // the timeouts above bound it
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}
