// Package server reads what a control plane has done: which requests the API
// server has answered, and how much of the processors it and etcd have used.
package server
