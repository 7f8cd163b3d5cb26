package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrWrongByte is a byte that nobody sent.
var ErrWrongByte = errors.New("traffic: wrong byte")

// service is what a client asks a server for.
type service byte

const (
	// echo sends back what it gets, until that ends.
	echo service = 'e'
	// stream sends chunks, each after a pause, for as long as the client is there.
	stream service = 's'
)

// hello is how a client begins.
type hello struct {
	service service
	id      uint64
	chunk   uint32        // bytes of a stream at once
	pause   time.Duration // between chunks, in milliseconds
}

const helloSize = 1 + 8 + 4 + 4

func (h hello) bytes() []byte {
	b := make([]byte, 0, helloSize)
	b = append(b, byte(h.service))
	b = binary.BigEndian.AppendUint64(b, h.id)
	b = binary.BigEndian.AppendUint32(b, h.chunk)
	return binary.BigEndian.AppendUint32(b, uint32(h.pause.Milliseconds()))
}

func readHello(r io.Reader) (hello, error) {
	var b [helloSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return hello{}, fmt.Errorf("traffic: hello: %w", err)
	}
	return hello{
		service: service(b[0]), id: binary.BigEndian.Uint64(b[1:]), chunk: binary.BigEndian.Uint32(b[9:]),
		pause: time.Duration(binary.BigEndian.Uint32(b[13:])) * time.Millisecond,
	}, nil
}

// A server answers with its name, after one byte of length.
func writeName(w io.Writer, name string) error {
	_, err := w.Write(append([]byte{byte(len(name))}, name...))
	return err
}

func readName(r io.Reader) (string, error) {
	var b [256]byte
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		return "", err
	}
	name := b[1 : 1+int(b[0])]
	_, err := io.ReadFull(r, name)
	return string(name), err
}

// A datagram is a flow's number and a request's, then in a reply the length of the
// server's name and the name, and then bytes of the flow at the request's offset.
const datagramHead = 8 + 8

// padding is the least length of what follows the head.
const padding = 256 + 1
