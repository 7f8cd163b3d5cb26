// Package bpf holds the programs that the benchmark of the data plane brings
// along: a generator of flows, the floor, a reference with a connection table,
// and a sink. They are written in C and compiled ahead; "go generate" needs
// clang, the kernel's headers and those of libbpf.
package bpf

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go@v0.22.0 -go-package bpf -target bpfel,bpfeb -cflags "-O2 -g -Wall -Werror -I/usr/include/x86_64-linux-gnu" Generator generator.c
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go@v0.22.0 -go-package bpf -target bpfel,bpfeb -cflags "-O2 -g -Wall -Werror -I/usr/include/x86_64-linux-gnu" Peers peers.c
