package probe

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
)

// TLS is how [HTTP] secures its connections, with TLS 1.2 or later.
type TLS struct {
	// ServerName is what the endpoint's certificate has to be for, and what it is
	// asked for (SNI). "" = the name in Host, else the destination's address.
	ServerName string
	// RootCAs sign what is trusted. nil = those of the host.
	RootCAs *x509.CertPool
	// Certificates are shown to an endpoint that asks for one. Optional.
	Certificates []tls.Certificate
	// InsecureSkipVerify takes any certificate. Endpoints are often checked by
	// address while their certificates are for a name: set ServerName for that.
	InsecureSkipVerify bool
}

func (t TLS) config(host string, at Destination) *tls.Config {
	name := t.ServerName
	if name == "" {
		name = (&url.URL{Host: host}).Hostname()
	}
	if name == "" {
		name = at.Addr.Addr().String()
	}
	return &tls.Config{
		ServerName: name, RootCAs: t.RootCAs, Certificates: t.Certificates,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // opted in
		MinVersion:         tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}
}
