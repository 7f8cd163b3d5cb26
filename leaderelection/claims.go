package leaderelection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// StatePlace is what a copy of a state directory does not share with it.
type StatePlace struct {
	// Boot is the running kernel's boot id.
	Boot string `json:"boot"`
	// Device and Inode are those of the file that is locked.
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

// stateFile is what a process leaves in its state directory.
type stateFile struct {
	Format int         `json:"format"`
	Place  StatePlace  `json:"place"`
	Claims []claimLine `json:"claims"` // the writer's own comes last
}

type claimLine struct {
	Identity string `json:"identity"`
	Nonce    string `json:"nonce"`
	UID      string `json:"uid"`
	After    uint64 `json:"after,omitempty"`
}

const (
	stateFormat = 1
	// mostClaims bounds the list: a process that dies before it could take the
	// lock leaves the claims before it in place, and adds its own.
	mostClaims = 16
	// mostState bounds the file: identities have 512 bytes at most.
	mostState = 64 << 10
)

func encodeClaims(place StatePlace, claims []core.Claim) ([]byte, error) {
	if n := len(claims) - mostClaims; n > 0 {
		claims = claims[n:]
	}
	file := stateFile{Format: stateFormat, Place: place, Claims: make([]claimLine, 0, len(claims))}
	for _, k := range claims {
		file.Claims = append(file.Claims, claimLine(k))
	}
	return json.Marshal(file)
}

// decodeClaims returns the claims in data if they were written at place. An
// error says why they are not believed.
func decodeClaims(data []byte, place StatePlace) ([]core.Claim, error) {
	if len(data) > mostState {
		return nil, fmt.Errorf("the file has %d bytes, more than %d", len(data), mostState)
	}
	var file stateFile
	if err := json.Unmarshal(data, &struct {
		Format *int `json:"format"`
	}{&file.Format}); err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	if file.Format != stateFormat {
		return nil, fmt.Errorf("the file has format %d, not %d: another version of Regent wrote it", file.Format, stateFormat)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file goes on after its end")
	}
	if err := place.same(file.Place); err != nil {
		return nil, err
	}
	if len(file.Claims) > mostClaims {
		return nil, fmt.Errorf("the file has %d claims, more than %d", len(file.Claims), mostClaims)
	}
	claims := make([]core.Claim, 0, len(file.Claims))
	for i, k := range file.Claims {
		if k.Identity == "" || k.Nonce == "" || k.UID == "" || nameFault(k.Identity) != "" {
			return nil, fmt.Errorf("claim %d of the file names no process or no lock", i)
		}
		claims = append(claims, core.Claim(k))
	}
	return claims, nil
}

// same says how what was written elsewhere differs from here.
func (p StatePlace) same(o StatePlace) error {
	switch {
	case p.Boot == "" || p.Boot != o.Boot:
		return errors.New("it was written under another boot of the system, or on another host")
	case p.Device != o.Device || p.Inode != o.Inode:
		return errors.New("the directory was copied, or its lock file made anew: who wrote it may be alive")
	}
	return nil
}
