package xdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// Forwarder is a [dataplane.Forwarder]: a program in the kernel, and what it is
// told.
type Forwarder struct {
	cfg     Config
	log     *slog.Logger
	objects balanceObjects
	clock   func() time.Time // since the machine started, as the program's

	globals   []balanceGlobals
	services  []balanceService
	rows      []uint32
	endpoints []balanceEndpoint
	addresses [2]directory // of IPv4, and IPv6
	origins   [2]directory

	mu       sync.Mutex // guards the fields below, and writing to those above
	applied  dataplane.Config
	numbers  *room // of services
	rowRoom  *room
	slotRoom *room // of endpoints
	known    map[serviceKey]*service
	users    map[key][]*service    // of endpoints: the services whose replies they send
	tables   map[*table]struct{}   // in use
	made     map[uint64]*table     // those that are as they were made, by their stamps
	order    []*service            // as applied
	retired  []*service            // no longer served, with numbers that are in use still
	spoken   map[netip.Addr]uint32 // addresses that are spoken for, and what for
	snats    [2][]dataplane.SNAT   // by their slots
	hops     map[netip.Addr]hop
	wanted   map[netip.Addr]bool // endpoints that an Apply is about to name
	speaking map[balanceSpeaker]balanceMac
	links    map[int]*attachment
	slots    uint32       // how many of the endpoints' numbers were ever in use
	orphans  map[any]bool // return entries without a connection, in the last sweep
	running  *running     // nil before Run, and after it
}

// serviceKey is what a service is known by.
type serviceKey struct {
	vip      netip.Addr
	port     uint16
	protocol dataplane.Protocol
}

func keyOf(s dataplane.Service) serviceKey { return serviceKey{s.VIP, s.Port, s.Protocol} }

func (k serviceKey) String() string {
	return fmt.Sprintf("%v/%v", netip.AddrPortFrom(k.vip, k.port), k.protocol)
}

// New loads the program and its maps into the kernel. It attaches nothing.
func New(cfg Config) (*Forwarder, error) {
	return open(cfg, func(*ebpf.CollectionSpec) error { return nil })
}

// open is New of a program that was changed first.
func open(cfg Config, change func(*ebpf.CollectionSpec) error) (*Forwarder, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	guarded, err := checkKernel(cfg.Logger)
	if err != nil {
		return nil, err
	}
	f := &Forwarder{
		cfg: cfg, log: cfg.Logger, clock: monotonic,
		known: make(map[serviceKey]*service), users: make(map[key][]*service), tables: make(map[*table]struct{}), made: make(map[uint64]*table), spoken: make(map[netip.Addr]uint32),
		hops: make(map[netip.Addr]hop), speaking: make(map[balanceSpeaker]balanceMac), links: make(map[int]*attachment),
		numbers: newRoom(0, uint32(cfg.Capacity.Services)), rowRoom: newRoom(0, uint32(cfg.Capacity.Rows)),
		slotRoom: newRoom(0, uint32(cfg.Capacity.Endpoints)),
	}
	load := loadBalance
	if guarded {
		load = loadGuarded
	}
	spec, err := load()
	if err != nil {
		return nil, fmt.Errorf("xdp: %w", err)
	}
	if err := errors.Join(f.size(spec), change(spec)); err != nil {
		return nil, fmt.Errorf("xdp: %w", err)
	}
	if err := spec.LoadAndAssign(&f.objects, nil); err != nil {
		return nil, loadError(err)
	}
	if err := f.mapMemory(); err != nil {
		return nil, errors.Join(fmt.Errorf("xdp: %w", err), f.Close())
	}
	return f, nil
}

// size gives the maps of a specification the room that the Config asks for, and
// the program its constants.
func (f *Forwarder) size(spec *ebpf.CollectionSpec) error {
	c := f.cfg.Capacity
	addresses, origins := powerOfTwo(2*c.Services), powerOfTwo(c.Endpoints)
	for name, n := range map[string]int{
		"services": c.Services, "rows": (c.Rows + 1) / 2, "endpoints": c.Endpoints, "traffic": c.Endpoints,
		"addresses4": addresses, "addresses6": addresses, "origins4": origins, "origins6": origins,
		"exceptions4": c.Exceptions, "exceptions6": c.Exceptions, "exceptions_new4": c.Embryonic, "exceptions_new6": c.Embryonic,
		"flows4": c.Flows, "flows6": c.Flows, "flows_new4": c.Embryonic, "flows_new6": c.Embryonic,
		"returns4": c.Flows, "returns6": c.Flows, "returns_new4": c.Embryonic, "returns_new6": c.Embryonic,
		"direct4": c.Embryonic, "direct6": c.Embryonic, "snats4": maxSNAT, "snats6": maxSNAT,
	} {
		spec.Maps[name].MaxEntries = uint32(n)
	}
	return errors.Join(
		spec.Variables["address_mask"].Set(uint32(addresses-1)),
		spec.Variables["origin_mask"].Set(uint32(origins-1)),
		spec.Variables["embryonic_ms"].Set(uint32(f.cfg.Embryonic.Milliseconds())),
		spec.Variables["closing_ms"].Set(uint32(f.cfg.Closing.Milliseconds())),
	)
}

// maxSNAT is how many SNAT addresses there can be of a family.
const maxSNAT = 1024

func powerOfTwo(atLeast int) int {
	n := 1
	for n < atLeast {
		n *= 2
	}
	return n
}

func (f *Forwarder) mapMemory() (err error) {
	var a4, o4 []balanceBucket4
	var a6, o6 []balanceBucket6
	var rows []uint32
	m := &f.objects
	for _, see := range []func() error{
		func() error { f.globals, err = memory[balanceGlobals](m.Settings); return err },
		func() error { f.services, err = memory[balanceService](m.Services); return err },
		func() error { rows, err = memory[uint32](m.Rows); return err },
		func() error { f.endpoints, err = memory[balanceEndpoint](m.Endpoints); return err },
		func() error { a4, err = memory[balanceBucket4](m.Addresses4); return err },
		func() error { a6, err = memory[balanceBucket6](m.Addresses6); return err },
		func() error { o4, err = memory[balanceBucket4](m.Origins4); return err },
		func() error { o6, err = memory[balanceBucket6](m.Origins6); return err },
	} {
		if err := see(); err != nil {
			return err
		}
	}
	f.rows = rows
	f.addresses = [2]directory{&directory4{buckets: a4}, &directory6{buckets: a6}}
	f.origins = [2]directory{&directory4{buckets: o4}, &directory6{buckets: o6}}
	return nil
}

// Program is what runs in the kernel, for those who test or measure it.
func (f *Forwarder) Program() *ebpf.Program { return f.objects.Balance }

// Close gives the program's memory back. It is for after Run.
func (f *Forwarder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := []error{release(f.globals), release(f.services), release(f.rows), release(f.endpoints)}
	for _, d := range slices.Concat(f.addresses[:], f.origins[:]) {
		if d != nil {
			errs = append(errs, d.release())
		}
	}
	f.globals, f.services, f.rows, f.endpoints = nil, nil, nil, nil
	f.addresses, f.origins = [2]directory{}, [2]directory{}
	return errors.Join(append(errs, f.objects.Close())...)
}

// monotonic is the clock that the program has: bpf_ktime_get_coarse_ns.
func monotonic() time.Time {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC_COARSE, &t); err != nil {
		panic(fmt.Sprintf("xdp: the kernel has no CLOCK_MONOTONIC_COARSE: %v", err))
	}
	return time.Unix(t.Unix())
}

// times are how long the rows of a service's table change.
func (f *Forwarder) times(s dataplane.Service) window.Times {
	return window.Times{Idle: s.Idle(), Prepare: f.cfg.Prepare}
}

// family is 0 for IPv4 and 1 for IPv6.
func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// Apply implements [dataplane.Forwarder]. It waits until what it has changed is
// prepared; if ctx ends before, the change goes on.
func (f *Forwarder) Apply(ctx context.Context, cfg dataplane.Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	f.mu.Lock()
	running := f.running
	f.mu.Unlock()
	if running != nil {
		if err := f.reach(ctx, running, cfg); err != nil {
			return err
		}
	}
	f.mu.Lock()
	err := f.apply(cfg)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if running != nil {
		if err := running.look(ctx); err != nil { // for new addresses
			return err
		}
	}
	return f.awaitPrepared(ctx)
}

// reachWithin is for how long Apply waits until the way to a new endpoint is
// known. Whoever does not answer until then is sent packets all the same.
const reachWithin = time.Second

// reach finds the way to endpoints that are new, before any packet is sent there.
func (f *Forwarder) reach(ctx context.Context, running *running, cfg dataplane.Config) error {
	f.mu.Lock()
	f.wanted = make(map[netip.Addr]bool)
	for _, s := range cfg.Services {
		for _, e := range s.Endpoints {
			if _, known := f.hops[e.Addr]; !known {
				f.wanted[e.Addr] = true
			}
		}
	}
	f.mu.Unlock()
	for until := time.Now().Add(reachWithin); time.Now().Before(until); {
		f.mu.Lock()
		missing := false
		for a := range f.wanted {
			missing = missing || f.hops[a].ifindex == 0
		}
		f.mu.Unlock()
		if !missing {
			return nil
		}
		if err := running.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("xdp: find the way to endpoints: %w", context.Cause(ctx))
		case <-time.After(2 * settleAfter):
		}
	}
	return nil
}

func (f *Forwarder) awaitPrepared(ctx context.Context) error {
	for {
		f.mu.Lock()
		f.advance()
		next, pending := f.nextCommit()
		now := f.clock()
		f.mu.Unlock()
		if !pending {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("xdp: wait until the change is prepared: %w", context.Cause(ctx))
		case <-time.After(max(next.Sub(now), time.Millisecond)):
		}
	}
}
