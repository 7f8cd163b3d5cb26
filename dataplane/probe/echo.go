package probe

import (
	"bytes"
	"encoding/binary"
)

// Types of ICMP messages (RFC 792; RFC 4443 section 4).
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

const (
	echoHeader = 8 // type, code, checksum, identifier, sequence number
	ipv4Header = 20
)

// echoRequest is the message. The kernel fills in the checksum for IPv6, which
// covers addresses, too.
func echoRequest(six bool, id uint16, data []byte) []byte {
	message := make([]byte, echoHeader, echoHeader+len(data))
	message[0] = echoRequest4
	if six {
		message[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(message[4:], id)
	binary.BigEndian.PutUint16(message[6:], 1)
	message = append(message, data...)
	if !six {
		binary.BigEndian.PutUint16(message[2:], ^onesSum(message))
	}
	return message
}

// isEchoReply: packet is a whole reply that brings data back. Raw sockets, and
// macOS's ping sockets, give IPv4 packets with their header.
func isEchoReply(six bool, packet, data []byte) bool {
	kind := byte(echoReply6)
	if !six {
		kind = echoReply4
		packet = withoutIPv4Header(packet)
	}
	return len(packet) == echoHeader+len(data) && packet[0] == kind && packet[1] == 0 &&
		bytes.Equal(packet[echoHeader:], data) &&
		(six || onesSum(packet) == 0xffff)
}

// withoutIPv4Header leaves alone what starts with no such header. No ICMP
// message that matters here has a type from 0x40 to 0x4f.
func withoutIPv4Header(packet []byte) []byte {
	if len(packet) < ipv4Header || packet[0]>>4 != 4 {
		return packet
	}
	length := int(packet[0]&0xf) * 4
	if length < ipv4Header || length > len(packet) {
		return nil
	}
	return packet[length:]
}

// onesSum is the sum in ones' complement of RFC 1071.
func onesSum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
