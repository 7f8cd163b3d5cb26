package xdp

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go@v0.22.0 -go-package xdp -target bpfel -no-global-types -type bucket4 -type bucket6 -type globals -type service -type endpoint -type counters -type port -type speaker -type mac -type flow -type key4 -type key6 -type snat4 -type snat6 balance bpf/balance.c -- -O2 -Wall -Wno-unused-function -mcpu=v3 -I/usr/include/x86_64-linux-gnu
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go@v0.22.0 -go-package xdp -target bpfel -no-global-types guarded bpf/balance.c -- -O2 -Wall -Wno-unused-function -mcpu=v2 -DGUARDED -I/usr/include/x86_64-linux-gnu
