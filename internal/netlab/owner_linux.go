package netlab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// owner is a process. Numbers of processes come again, but not with the same
// start time.
type owner struct {
	pid     int
	started uint64 // in ticks since the machine was started
}

func (o owner) String() string {
	return strconv.Itoa(o.pid) + "." + strconv.FormatUint(o.started, 36)
}

// lives says whether the process is there.
func (o owner) lives() bool {
	now, err := identify(o.pid)
	return err == nil && now == o
}

// identify looks a process up.
func identify(pid int) (owner, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return owner{}, fmt.Errorf("netlab: %w", err)
	}
	// The second field is the program's name in parentheses, whatever that is;
	// the start time is the 22nd (proc(5)).
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	const at = 22 - 3
	if len(fields) <= at {
		return owner{}, fmt.Errorf("netlab: /proc/%d/stat %q has no start time", pid, stat)
	}
	started, err := strconv.ParseUint(fields[at], 10, 64)
	if err != nil {
		return owner{}, fmt.Errorf("netlab: /proc/%d/stat: start time: %w", pid, err)
	}
	return owner{pid, started}, nil
}

// ownerOf reads the owner from the name of a namespace of a lab.
func ownerOf(lab, namespace string) (o owner, ok bool) {
	rest, ok := strings.CutPrefix(namespace, lab+"-")
	if !ok {
		return o, false
	}
	id, _, _ := strings.Cut(rest, "-")
	pid, started, _ := strings.Cut(id, ".")
	var err, errStarted error
	o.pid, err = strconv.Atoi(pid)
	o.started, errStarted = strconv.ParseUint(started, 36, 64)
	return o, err == nil && errStarted == nil
}
