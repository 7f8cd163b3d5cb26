package xdp

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/regent-ha/regent/dataplane"
)

// salt makes the hash of a service's connections one that nobody can foresee
// without the seed, and that all instances have.
func salt(seed uint64, s dataplane.Service) (salt [2]uint32) {
	b := binary.BigEndian.AppendUint64(nil, seed)
	b = append(b, s.VIP.AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, s.Port)
	sum := sha256.Sum256(append(b, byte(s.Protocol)))
	return [2]uint32{binary.BigEndian.Uint32(sum[:]), binary.BigEndian.Uint32(sum[4:])}
}
