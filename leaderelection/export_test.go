package leaderelection

import "github.com/regent-ha/regent/leaderelection/internal/core"

// SetNonce makes a candidate's nonces and jitter reproducible.
func SetNonce(cfg *Config, nonce string) { cfg.nonce = nonce }

// Claim is one line of a state file.
type Claim = core.Claim

// MostClaims bounds a state file's.
const MostClaims = mostClaims

// DecodeClaims reads a state file.
func DecodeClaims(data []byte, place StatePlace) ([]Claim, error) { return decodeClaims(data, place) }

// EncodeClaims writes one.
func EncodeClaims(place StatePlace, claims []Claim) ([]byte, error) {
	return encodeClaims(place, claims)
}
