package config

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/regent-ha/regent/dataplane/probe"
)

// tls reads how a probe of type https secures its connections. Files are as seen
// from the directory of lb.yaml.
func (v value) tls() (t probe.TLS) {
	var cert, key string
	has := v.read(fields{
		"serverName":         func(v value) { t.ServerName = v.text("the name that the endpoint's certificate is for") },
		"caFile":             func(v value) { t.RootCAs = v.authorities() },
		"certFile":           func(v value) { cert = v.relative(v.text("a file with a certificate")) },
		"keyFile":            func(v value) { key = v.relative(v.text("a file with a key")) },
		"insecureSkipVerify": func(v value) { t.InsecureSkipVerify = v.boolean() },
	})
	if ca, both := has["caFile"]; both && t.InsecureSkipVerify {
		ca.fault("contradicts insecureSkipVerify", "leave one of them out")
	}
	if (cert == "") != (key == "") {
		v.add(v.line, v.field, "", "has one of certFile and keyFile", "both, or neither")
		return t
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			has["certFile"].fault("cannot be used: "+err.Error(), "a certificate and its key, as PEM")
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t
}

func (v value) authorities() *x509.CertPool {
	const mend = "a file with certificates, as PEM"
	content, err := os.ReadFile(v.relative(v.text(mend)))
	if err != nil {
		v.fault("cannot be read: "+err.Error(), mend)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		v.fault("holds no certificate", mend)
	}
	return pool
}
