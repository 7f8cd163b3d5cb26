package traffic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// softirqs is the kernel's thread that does what is left over of a processor's
// network work.
type softirqs string

// findSoftirqs finds the one of a processor.
func findSoftirqs(cpu int) (softirqs, error) {
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return "", err
	}
	want := fmt.Sprintf("ksoftirqd/%d", cpu)
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Clean(name)); err == nil && strings.TrimSpace(string(text)) == want {
			return softirqs(filepath.Join(filepath.Dir(name), "schedstat")), nil
		}
	}
	return "", fmt.Errorf("no thread %s", want)
}

// used is the processor time that it has had.
func (s softirqs) used() (used time.Duration, err error) {
	text, err := os.ReadFile(string(s))
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(string(text), &used)
	return used, err
}
