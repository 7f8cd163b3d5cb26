package xdp_test

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/regent-ha/regent/dataplane"
)

// fate is what becomes of a frame: sent, left or why it is dropped.
type fate string

const (
	sent   fate = "sent"
	left   fate = "left"
	handed fate = "handed" // to the host, as if from the VIP: it fragments, or finds the way
)

// header is where a frame's parts are, however odd it is.
type header struct {
	l3, l4   int
	six      bool
	group    bool // in a frame to many
	from, to netip.Addr
	protocol byte
	ttl      byte
	length   int  // of the IP packet, as it says itself
	fate     fate // of one that cannot be read further; "": it can
	ours     fate // likewise, if it is to an address of ours
}

// oracle says what may become of a frame.
type oracle struct {
	*universe
	guarded bool // the program reads no options
}

// read reads a frame by the rules of docs/dataplane.md, apart from the program.
func (o oracle) read(frame []byte) (h header) {
	h.l3 = etherLen
	kind := binary.BigEndian.Uint16(frame[12:])
	if kind == 0x8100 || kind == 0x88a8 {
		if len(frame) < etherLen+4 {
			return header{fate: left}
		}
		h.l3, kind = h.l3+4, binary.BigEndian.Uint16(frame[16:])
	}
	b := frame[h.l3:]
	h.group = frame[0]&1 == 1
	switch {
	case kind == 0x0800 && len(b) >= ip4Len && b[0]>>4 == 4 && b[0]&15 >= 5 && !h.group:
		h.read4(b)
	case kind == 0x86dd && len(b) >= ip6Len && b[0]>>4 == 6:
		h.read6(b)
	default:
		return header{fate: left}
	}
	if o.guarded {
		h.ignoreOptions(b)
	}
	return h
}

func (h *header) ignoreOptions(b []byte) {
	switch {
	case !h.six && b[0]&15 != 5, h.six && !slices.Contains([]byte{byte(dataplane.TCP), byte(dataplane.UDP), protoICMPv6, 44}, b[6]):
		h.fate, h.ours = left, "options"
	case h.six && b[6] == 44:
		h.fate, h.ours = left, "fragment"
	}
}

func (h *header) read4(b []byte) {
	h.from, h.to = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	h.protocol, h.ttl, h.length = b[9], b[8], int(binary.BigEndian.Uint16(b[2:]))
	h.l4 = h.l3 + 4*int(b[0]&15)
	if binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		h.fate, h.ours = left, "fragment"
		return
	}
	h.fit(len(b) + h.l3)
}

func (h *header) read6(b []byte) {
	h.six = true
	h.from, h.to = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	h.protocol, h.ttl, h.length = b[6], b[7], ip6Len+int(binary.BigEndian.Uint16(b[4:]))
	at, end := ip6Len, ip6Len+256
	for range 6 {
		if h.protocol == 44 {
			h.fate, h.ours = left, "fragment"
			return
		}
		if !slices.Contains([]byte{0, 43, 60}, h.protocol) || at > end-8 {
			break
		}
		if len(b) < at+2 {
			h.fate, h.ours = left, "malformed"
			return
		}
		h.protocol, at = b[at], at+8*(1+int(b[at+1]))
	}
	h.l4 = h.l3 + at
	if at > end {
		h.fate, h.ours = left, "no-service"
		return
	}
	h.fit(len(b) + h.l3)
}

// fit sees whether the transport's header is there.
func (h *header) fit(frame int) {
	need, known := map[byte]int{byte(dataplane.TCP): tcpLen, byte(dataplane.UDP): udpLen, h.icmp(): icmpLen}[h.protocol]
	switch {
	case !known:
		h.fate, h.ours = left, "no-service"
	case h.group: // to ask for a neighbour, which the caller knows
		h.fate, h.ours = left, left
	case frame < h.l4+need && h.protocol == protoICMPv6:
		h.fate, h.ours = left, left
	case frame < h.l4+need:
		h.fate, h.ours = left, "malformed"
	}
}

func (h *header) icmp() byte {
	if h.six {
		return protoICMPv6
	}
	return protoICMP
}

func (o oracle) isVIP(a netip.Addr) bool {
	return slices.ContainsFunc(o.services, func(s dataplane.Service) bool { return s.VIP == a })
}

func (o oracle) isSNAT(a netip.Addr) bool {
	return slices.ContainsFunc(o.snats, func(s dataplane.SNAT) bool { return s.Addr == a })
}

// may is what fates a frame may have.
func (o oracle) may(frame []byte, h header) []fate {
	ours := h.to.IsValid() && (o.isVIP(h.to) || o.isSNAT(h.to))
	switch {
	case h.fate != "" && ours:
		return []fate{h.ours}
	case h.fate != "":
		return []fate{h.fate}
	case h.protocol == h.icmp():
		return o.control(frame[h.l4:], h, ours)
	}
	at := func(a netip.Addr, offset int) netip.AddrPort {
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(frame[h.l4+offset:]))
	}
	forwarded := []fate{sent}
	switch {
	case h.ttl <= 1:
		forwarded = []fate{"ttl"}
	case h.length > jumbo:
		forwarded = []fate{"mtu"}
	}
	to, from := at(h.to, 2), at(h.from, 0)
	for _, s := range o.services {
		if netip.AddrPortFrom(s.VIP, s.Port) != to || byte(s.Protocol) != h.protocol {
			continue
		}
		if s.Mode == dataplane.DNAT && s.Endpoints[0].Port == 8081 { // no neighbours, and none is remembered
			return forwarded
		}
		return append(forwarded, "no-flow", "no-port", "hairpin", "collision")
	}
	switch {
	case o.isSNAT(h.to):
		return append(forwarded, "no-flow")
	case ours:
		return []fate{"no-service"}
	case slices.Contains(o.places, from):
		return append(forwarded, left, handed)
	}
	return []fate{left}
}

// control is about ICMP.
func (o oracle) control(b []byte, h header, ours bool) []fate {
	echo, errors := byte(8), []byte{3, 11, 12}
	if h.six {
		echo, errors = 128, []byte{1, 2, 3, 4}
	}
	switch {
	case b[0] == echo && ours:
		return []fate{sent}
	case slices.Contains(errors, b[0]):
		return []fate{sent, left, "no-service", "no-flow", "ttl", "no-next-hop"}
	case h.six && b[0] == 135:
		return []fate{sent, left, "headroom"}
	case ours:
		return []fate{"no-service"}
	}
	return []fate{left}
}
