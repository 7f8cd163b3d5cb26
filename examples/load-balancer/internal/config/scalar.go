package config

import (
	"encoding/base64"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// scalar: the value is one, not a list or a mapping.
func (v value) scalar(mend string) bool {
	if v.node.Kind != yaml.ScalarNode {
		v.fault("is no single value", mend)
		return false
	}
	return true
}

// text is any text.
func (v value) text(mend string) string {
	if !v.scalar(mend) {
		return ""
	}
	if v.node.Value == "" {
		v.fault("is empty", mend)
	}
	return v.node.Value
}

// bytes are those of a text, or what base64 stands for (!!binary).
func (v value) bytes() []byte {
	if !v.scalar("a text, or !!binary and base64") {
		return nil
	}
	if v.node.ShortTag() != "!!binary" {
		return []byte(v.node.Value)
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v.node.Value), ""))
	if err != nil {
		v.fault("is no base64: "+err.Error(), "a text, or !!binary and base64")
	}
	return data
}

// boolean is true or false.
func (v value) boolean() bool {
	if v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!bool" {
		switch v.node.Value {
		case "true":
			return true
		case "false":
			return false
		}
	}
	v.fault("is neither true nor false", "true or false, without quotes")
	return false
}

// quoted: a number is meant, and a text is given.
func (v value) quoted() bool {
	return v.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// integer is a number in decimal, in bounds.
func (v value) integer(low, high int) int {
	mend := fmt.Sprintf("from %d to %d", low, high)
	if !v.scalar(mend) {
		return low
	}
	n, err := decimal(v.node.Value)
	switch {
	case err != nil:
		v.fault("is no whole number in decimal", mend)
	case v.quoted():
		v.fault("is a text, as it has quotes", "the number without quotes")
	case n < low || n > high:
		v.fault(fmt.Sprintf("is not from %d to %d", low, high), mend)
	default:
		return n
	}
	return low
}

// decimal reads what strconv.Atoi does, but for what other readers of YAML take
// for octal.
func decimal(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && strconv.Itoa(n) != s {
		return 0, strconv.ErrSyntax
	}
	return n, err
}

// number is one with digits behind the point, in bounds.
func (v value) number(low, high float64) float64 {
	mend := fmt.Sprintf("from %v to %v", low, high)
	if !v.scalar(mend) {
		return low
	}
	n, err := strconv.ParseFloat(v.node.Value, 64)
	if err != nil || v.quoted() || math.IsNaN(n) || n < low || n > high {
		v.fault("is no number "+mend, mend)
		return low
	}
	return n
}

// duration is a positive time with its unit.
func (v value) duration() time.Duration {
	const mend = "a positive time with its unit, such as 350s, 2m or 500ms"
	if !v.scalar(mend) {
		return 0
	}
	d, err := time.ParseDuration(v.node.Value)
	_, bare := strconv.ParseFloat(v.node.Value, 64)
	switch {
	case err != nil && bare == nil:
		v.fault("has no unit", fmt.Sprintf("such as %ss or %sms", v.node.Value, v.node.Value))
	case err != nil:
		v.fault("is no time", mend)
	case d <= 0:
		v.fault("is not positive", mend+"; leave it out for the default")
	default:
		return d
	}
	return 0
}

// address is an IP address alone.
func (v value) address(mend string) netip.Addr {
	if !v.scalar(mend) {
		return netip.Addr{}
	}
	text := v.node.Value
	a, err := netip.ParseAddr(text)
	if err == nil {
		return a
	}
	if p, fault := netip.ParsePrefix(text); fault == nil {
		v.fault("is a prefix, not an address", "the address alone: "+p.Addr().String())
	} else if p, fault := netip.ParseAddrPort(text); fault == nil {
		v.fault("has a port", fmt.Sprintf("the address alone: %v; ports have fields of their own", p.Addr()))
	} else if host, _, fault := net.SplitHostPort(text); fault == nil && host != "" {
		v.fault("is no IP address", mend)
	} else {
		v.fault("is no IP address", mend+"; names are not looked up")
	}
	return netip.Addr{}
}

// port is one from 1 to 65535.
func (v value) port() uint16 { return uint16(v.integer(1, math.MaxUint16)) } //nolint:gosec // in bounds

// ports are a port, or two and all between them.
func (v value) ports(low int) (first, last uint16, ok bool) {
	mend := fmt.Sprintf("a port, or the first and the last, such as %d-%d, from %d to 65535", max(low, 8000), 8010, low)
	if low >= 1024 {
		mend = fmt.Sprintf("the first and the last port, such as %d-65535", low)
	}
	if !v.scalar(mend) {
		return 0, 0, false
	}
	from, to, isRange := strings.Cut(v.node.Value, "-")
	if !isRange {
		to = from
	}
	a, errA := decimal(strings.TrimSpace(from))
	b, errB := decimal(strings.TrimSpace(to))
	switch {
	case errA != nil || errB != nil:
		v.fault("is no range of ports", mend)
	case a > b:
		v.fault("ends before it begins", mend)
	case a < low || b > math.MaxUint16:
		v.fault(fmt.Sprintf("is not from %d to 65535", low), mend)
	default:
		return uint16(a), uint16(b), true //nolint:gosec // in bounds
	}
	return 0, 0, false
}

// oneOf is one of the words.
func (v value) oneOf(words ...string) string {
	mend := "one of " + strings.Join(words, ", ")
	if !v.scalar(mend) {
		return ""
	}
	if !slices.Contains(words, v.node.Value) {
		v.fault("is not known", mend)
		return ""
	}
	return v.node.Value
}
