// Package config reads the load balancer's file: lb.yaml.
//
//	cfg, err := config.Load("lb.yaml")
//
// It is strict: a field that is not known, is missing, contradicts another one or
// is given twice is a [Fault], which names the file, the line, the field and its
// value, and says how to mend it. All faults of a file are told at once. A file
// with a fault is not used at all.
//
// What the fields mean is in the README of examples/load-balancer.
package config
