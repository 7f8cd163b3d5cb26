package netlab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// directory is where "ip netns" looks for namespaces.
const directory = "/run/netns"

// ErrNotPermitted is returned to those who may not make network namespaces.
var ErrNotPermitted = errors.New("netlab: needs root, for network namespaces")

// Check says why no lab can be built here; nil: it can.
func Check() error {
	if os.Geteuid() != 0 {
		return ErrNotPermitted
	}
	return nil
}

// Lab is a network. It exists until Close, or until the process ends.
type Lab struct {
	prefix     string // of its namespaces' names
	namespaces []*Namespace

	mu        sync.Mutex // guards the field below
	processes []*Process
}

// New returns a lab without hosts, after it has removed those of that name whose
// process is gone. A name has up to 16 letters and digits.
func New(name string) (*Lab, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`).MatchString(name) {
		return nil, fmt.Errorf("netlab: name %q is not of up to 16 lower-case letters and digits, a letter first", name)
	}
	if err := Check(); err != nil {
		return nil, err
	}
	if err := removeStale(name); err != nil {
		return nil, err
	}
	own, err := identify(os.Getpid())
	if err != nil {
		return nil, err
	}
	// One process may have several labs of one name.
	const labs = 36 * 36 * 36
	return &Lab{prefix: fmt.Sprintf("%s-%v-%s-", name, own, strconv.FormatInt(rand.Int64N(labs), 36))}, nil
}

// Namespace adds a host: it has nothing but a loopback interface, which is up.
func (l *Lab) Namespace(name string) (*Namespace, error) {
	n, err := newNamespace(l.prefix + name)
	if err != nil {
		return nil, err
	}
	n.lab, n.Name = l, name
	l.namespaces = append(l.namespaces, n)
	return n, n.prepare()
}

// Close kills what was started in the lab, and removes it.
func (l *Lab) Close() error {
	l.mu.Lock()
	processes := l.processes
	l.mu.Unlock()
	for _, p := range processes {
		p.Kill()
	}
	var faults []error
	for _, n := range l.namespaces {
		faults = append(faults, n.close())
	}
	l.namespaces = nil
	return errors.Join(faults...)
}

// removeStale removes the namespaces of labs of that name whose process is gone.
func removeStale(name string) error {
	paths, err := filepath.Glob(filepath.Join(directory, name+"-*-*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		owner, ok := ownerOf(name, filepath.Base(path))
		if !ok || owner.lives() {
			continue
		}
		if err := removeName(path); err != nil {
			return err
		}
	}
	return nil
}

// removeName removes the name of a namespace, which lives on only as long as a
// process or a file descriptor has it.
func removeName(path string) error {
	// EINVAL: it is no mount, as its maker was killed in between.
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("netlab: unmount %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("netlab: %w", err)
	}
	return nil
}
