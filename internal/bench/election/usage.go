package election

import (
	"runtime"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/bench/report"
)

// usage is what this process uses.
type usage struct{ heap, stack, goroutines float64 }

// looks is how often it is looked at: requests under way come and go.
const looks = 5

// current is the median of some looks at this process, in as long a time.
func current(within time.Duration) usage {
	var heap, stack, goroutines []float64
	for range looks {
		time.Sleep(within / looks)
		runtime.GC()
		runtime.GC() // finalizers have run, pools are empty
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap, stack = append(heap, float64(m.HeapAlloc)), append(stack, float64(m.StackInuse))
		goroutines = append(goroutines, float64(runtime.NumGoroutine()))
	}
	return usage{middle(heap), middle(stack), middle(goroutines)}
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func (u usage) less(v usage) usage {
	return usage{u.heap - v.heap, u.stack - v.stack, u.goroutines - v.goroutines}
}

// by is the share of one of n.
func (u usage) by(n int) report.Usage {
	return report.Usage{Heap: u.heap / float64(n), Stack: u.stack / float64(n), Goroutines: u.goroutines / float64(n)}
}
