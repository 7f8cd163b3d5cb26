package register

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/regent-ha/regent/internal/journal"
)

// path is where a register is, followed by its name.
const path = "/registers/"

// Server holds registers, which are 0 at first. The zero value is ready.
type Server struct {
	mu        sync.Mutex // guards the fields below
	registers map[string]*books
	arrivals  []Arrival
}

// books are the two values of one register.
type books struct {
	taken, fenced int
	highest       uint64 // token that was seen
}

// Handler serves the registers.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path+"{name}", s.read)
	mux.HandleFunc("PUT "+path+"{name}", s.write)
	return mux
}

// Arrivals are the writes that have come so far, in their order.
func (s *Server) Arrivals() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.arrivals)
}

// Taken is how many writes have come so far.
func (s *Server) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.arrivals)
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) {
	token, err := strconv.ParseUint(r.FormValue("token"), 10, 64)
	if err != nil {
		http.Error(w, "token: "+err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, s.look(r.PathValue("name"), token))
}

func (s *Server) look(name string, token uint64) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.open(name)
	state := State{Taken: b.taken}
	if token >= b.highest {
		fenced := b.fenced
		state.Fenced = &fenced
	}
	b.highest = max(b.highest, token)
	return state
}

func (s *Server) write(w http.ResponseWriter, r *http.Request) {
	var in Write
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, s.take(r.PathValue("name"), in))
}

func (s *Server) take(name string, in Write) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.open(name)
	out := Outcome{Taken: true, Fenced: in.Fenced != nil && in.Token >= b.highest}
	b.taken = in.Taken
	if out.Fenced {
		b.fenced = *in.Fenced
	}
	s.arrivals = append(s.arrivals, Arrival{
		At: journal.Now(), Register: name, Op: in.Op, Token: in.Token, Highest: b.highest, Fenced: out.Fenced,
	})
	b.highest = max(b.highest, in.Token)
	return out
}

// open returns a register. s.mu is held.
func (s *Server) open(name string) *books {
	if s.registers == nil {
		s.registers = make(map[string]*books)
	}
	b := s.registers[name]
	if b == nil {
		b = &books{}
		s.registers[name] = b
	}
	return b
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client will see that something is missing
}
