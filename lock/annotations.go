package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Annotations that Regent keeps on the object of a lock.
const (
	// TokenAnnotation is the fencing token of the last term, in decimal.
	TokenAnnotation = "regent-ha.github.io/token"
	// WriteAnnotation describes Regent's last write, in JSON.
	WriteAnnotation = "regent-ha.github.io/write"
	// CandidatesAnnotation lists the candidates, in JSON.
	CandidatesAnnotation = "regent-ha.github.io/candidates"
	// TouchedAnnotation is changed to give the object a new resourceVersion.
	TouchedAnnotation = "regent-ha.github.io/touched"
)

// recordFormat is the version of WriteAnnotation that this package writes, and
// the highest that it understands.
const recordFormat = 1

// MaxCandidates is how many candidates a record keeps; older ones give way.
const MaxCandidates = 64

// write is the content of WriteAnnotation.
type write struct {
	Format      int    `json:"format"`
	Nonce       string `json:"nonce"`
	Transitions int32  `json:"transitions"`
	Successor   string `json:"successor,omitempty"`
	Joint       bool   `json:"joint,omitempty"`
	Seal        string `json:"seal"`
}

// encodeAnnotations puts what r holds beyond a Lease's spec into annotations
// and leaves all others there alone. r's times must be as they will be stored.
func encodeAnnotations(annotations map[string]string, r Record) map[string]string {
	annotations = encodeList(annotations, r)
	annotations[TokenAnnotation] = strconv.FormatUint(r.Token, 10)
	w := write{Format: recordFormat, Nonce: r.Nonce, Transitions: r.Transitions, Successor: r.Successor, Joint: r.Joint, Seal: r.seal()}
	annotations[WriteAnnotation] = mustJSON(w)
	return annotations
}

// encodeList puts what is not the holder's into annotations.
func encodeList(annotations map[string]string, r Record) map[string]string {
	if annotations == nil {
		annotations = make(map[string]string, 4)
	}
	if r.Touched == "" {
		delete(annotations, TouchedAnnotation)
	} else {
		annotations[TouchedAnnotation] = r.Touched
	}
	candidates := r.Candidates
	if len(candidates) == 0 {
		delete(annotations, CandidatesAnnotation)
		return annotations
	}
	if n := len(candidates) - MaxCandidates; n > 0 {
		candidates = candidates[n:]
	}
	annotations[CandidatesAnnotation] = mustJSON(candidates)
	return annotations
}

// decodeAnnotations adds what the annotations say to r, whose other fields
// must be set already. What it cannot read it leaves out, and says so in
// r.Problem.
func decodeAnnotations(annotations map[string]string, r *Record, lock string) {
	problem := func(annotation, mend string, err error) {
		if r.Problem == nil {
			r.Problem = &RecordError{Lock: lock, Field: annotation, Value: annotations[annotation], Mend: mend, Err: err}
		}
	}
	if s, ok := annotations[TokenAnnotation]; ok {
		token, err := strconv.ParseUint(s, 10, 64)
		if err == nil && token > math.MaxUint64-1<<32 { // so that what can be read can be gone on from
			err = errors.New("no higher token is left")
		}
		if err != nil {
			token = 0 // ParseUint returns the highest number for what is beyond it
			problem(TokenAnnotation, "remove the annotation: the next term numbers on from the resourceVersion", err)
		}
		r.Token = token
	}
	// Candidates are a convenience: one that cannot be read is written anew.
	_ = json.Unmarshal([]byte(annotations[CandidatesAnnotation]), &r.Candidates)
	r.Touched = annotations[TouchedAnnotation]
	s, ok := annotations[WriteAnnotation]
	if !ok {
		return
	}
	var w write
	if err := json.Unmarshal([]byte(s), &w); err != nil {
		problem(WriteAnnotation, "remove the annotation", err)
		return
	}
	if w.Format > recordFormat {
		problem(WriteAnnotation, "upgrade this program", fmt.Errorf("%w: format %d, this one knows %d", ErrNewerRecord, w.Format, recordFormat))
		return
	}
	r.Nonce, r.SealedTransitions, r.Successor, r.Joint = w.Nonce, w.Transitions, w.Successor, w.Joint
	r.Sealed = r.Problem == nil && w.Seal == r.seal()
	if !r.Sealed {
		r.Successor, r.Joint = "", false
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and times within RFC 3339 only
	}
	return string(b)
}
