package sim

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// directory is a state directory as one kernel knows it: its lock, and the file
// that may be on a volume that others have mounted, too.
type directory struct {
	play  *play
	place leaderelection.StatePlace
	file  *file

	mu       sync.Mutex // guards the fields below
	holder   *process   // of the lock; nil: nobody
	obtained time.Duration
}

// file is what is written in a directory.
type file struct {
	mu     sync.Mutex // guards the fields below
	data   []byte
	shared bool // by two kernels, neither of which knows of the other's lock
}

func (p *play) newDirectory(boot string, f *file) *directory {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inodes++
	return &directory{play: p, file: f, place: leaderelection.StatePlace{Boot: boot, Device: 1, Inode: p.inodes}}
}

// copied is the directory after cp -a, or on a clone of its volume.
func (d *directory) copied(clone bool) *directory {
	d.file.mu.Lock()
	f := &file{data: bytes.Clone(d.file.data)}
	d.file.mu.Unlock()
	c := d.play.newDirectory(d.place.Boot, f)
	if clone {
		c.place.Device, c.place.Inode = c.place.Inode, d.place.Inode
	}
	return c
}

// elsewhere is the same directory on another host: it has the same numbers.
func (d *directory) elsewhere() *directory {
	d.file.mu.Lock()
	d.file.shared = true
	d.file.mu.Unlock()
	e := d.play.newDirectory("", d.file)
	e.place.Boot, e.place.Inode = fmt.Sprint("boot-", e.place.Inode), d.place.Inode
	return e
}

// free gives up the lock in the name of p.
func (d *directory) free(p *process) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holder == p {
		d.holder = nil
	}
}

// heldBy reports whether p holds the lock, and since when.
func (d *directory) heldBy(p *process) (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.obtained, d.holder == p
}

// mount is a process's view of its directory. What a dead process does there
// does not happen.
type mount struct {
	*process
	writes int // counted for dice; used by one at a time
}

// Lock implements leaderelection.StateFiles.
func (m *mount) Lock(string) (leaderelection.StateLock, error) {
	m.clock.hold()
	d := m.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holder != nil || m.isDead() {
		return nil, leaderelection.ErrStateDirInUse
	}
	d.holder, d.obtained = m.process, m.play.now()
	m.note("holds its state directory")
	return m, nil
}

func (m *mount) Place() leaderelection.StatePlace { return m.directory.place }

func (m *mount) Read() ([]byte, error) {
	f := m.directory.file
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.data), nil
}

func (m *mount) Write(data []byte) error {
	m.writes++
	time.Sleep(m.play.moment(m.dice.upTo("disk", m.writes, usual)))
	m.clock.hold()
	if !m.isDead() {
		m.set(data)
	}
	return nil
}

func (m *mount) Remove() error {
	if !m.isDead() {
		m.set(nil)
	}
	return nil
}

func (m *mount) set(data []byte) {
	f := m.directory.file
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = bytes.Clone(data)
}

func (m *mount) Close() error {
	m.clock.hold()
	m.directory.free(m.process)
	return nil
}

// mayTake reports whether the process that wrote the record is gone, as the
// lock of its directory has proved to p, which may be dead by now. t.mu is held.
func (t *truth) mayTake(p *process, nonce string, sealed bool) bool {
	w := t.writer
	if w == nil || w == p || p.directory == nil || w.directory != p.directory || !sealed || !t.of(w).nonces[nonce] {
		return false
	}
	_, holds := w.directory.heldBy(w)
	return !holds && len(w.working()) == 0
}

// InPlace is a plan with state directories added, and with what may happen to
// them. What else happens stays as it is.
func InPlace(p Plan) Plan {
	r := dice(p.Seed).roll("in place", 0)
	p.Candidates = slices.Clone(p.Candidates)
	p.Faults = slices.Clone(p.Faults)
	for i := range p.Candidates {
		p.Candidates[i].State = i == 0 || r.one(2)
	}
	for range 1 + r.IntN(6) {
		kinds := ofScope(ofDirectory)
		f := Fault{
			At: r.between(0, p.Calm*9/10), For: r.between(10*time.Millisecond, 2*p.lease()),
			Kind: kinds[r.IntN(len(kinds))], Who: r.IntN(len(p.Candidates)),
		}
		if r.one(3) {
			f.Kind = Restarted // the usual case
		}
		if p.Candidates[f.Who].State {
			p.Faults = append(p.Faults, f)
		}
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return p
}

// startPeriod is within what time a process starts that has crashed.
const startPeriod = 200 * time.Millisecond

// upset lets something happen to a process that has a state directory, or to
// the directory.
func (p *play) upset(proc *process, k Kind, long time.Duration) {
	soon := func() { time.Sleep(p.moment(proc.dice.upTo("start", int(proc.play.now()), startPeriod))) }
	d := proc.directory
	switch k {
	case Restarted:
		proc.kill()
		soon()
		p.again(proc)
	case Inherited:
		proc.die()
		soon()
		p.again(proc)
		time.Sleep(p.moment(long))
		d.free(proc)
	case Doubled:
		p.another(proc, d)
	case Copied:
		p.another(proc, d.copied(proc.dice.roll("clone", int(p.now())).one(2)))
	case Moved:
		p.another(proc, d.elsewhere())
	}
}

// another starts a process of the same candidate beside the present one.
func (p *play) another(proc *process, d *directory) {
	p.mu.Lock()
	p.directories[proc.index] = d
	p.mu.Unlock()
	p.again(proc)
}

// promised is within what time a process leads that has restarted in place:
// the kernel's lock, a read and a write, and some conflicts with writes of the
// dead process that arrive late.
const promised = time.Second

// expect watches a process that starts. If nothing is in the way of it, and
// what is in the lock is left by a dead one on its directory, it is to lead.
func (p *play) expect(proc *process) {
	p.server.mu.Lock()
	faults := p.server.begun
	p.server.mu.Unlock()
	w, ok := p.truth.leftTo(proc)
	if !ok || !p.server.well() {
		return
	}
	began := p.now()
	p.count("starts in place, of a process that held the lock")
	go func() {
		time.Sleep(p.moment(promised))
		p.rest()
		well, sound := proc.wellSince()
		p.truth.mu.Lock()
		writer, restoring := p.truth.writer, p.truth.restoring()
		p.truth.mu.Unlock()
		switch {
		case writer == proc:
			p.count("of which it led within a second")
		case writer == w && !restoring && sound && well <= began+promised/2 && p.server.wellFor(faults) && !proc.ending():
			p.broken(proc, SlowRestart, "has the directory of %s, which is dead and holds the lock, and waits", w.name)
		}
	}()
}

// leftTo returns the dead process whose record is in the lock, if p is started
// on its directory and nobody else has that.
func (t *truth) leftTo(p *process) (*process, bool) {
	s, exists := t.play.server.store.Get(lockName)
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.writer
	if p.directory == nil || !exists || w == nil || !w.isDead() || w.directory != p.directory || s.Holder != w.identity || !s.Sealed || !t.of(w).nonces[s.Nonce] {
		return nil, false
	}
	p.directory.file.mu.Lock()
	shared := p.directory.file.shared
	p.directory.file.mu.Unlock()
	_, free := p.directory.heldBy(nil)
	return w, free && !shared && !t.restoring()
}
