package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
)

// refused notes what other packages refuse, unless the reason is known already.
// place finds the field in the file.
func (v value) refused(err error, place func(field string) value) {
	for _, fault := range unwrap(err) {
		var field, bound, mend string
		var set any
		var d *dataplane.FieldError
		var p *probe.FieldError
		switch {
		case errors.As(fault, &d):
			field, set, bound, mend = d.Field, d.Value, d.Bound, d.Mend
		case errors.As(fault, &p):
			field, set, bound, mend = p.Field, p.Value, p.Bound, p.Mend
		default:
			v.fault(fault.Error(), "another value")
			continue
		}
		at := place(field)
		if v.told(at.field) {
			continue
		}
		indexed := regexp.MustCompile(`(Services|Endpoints|SNAT)\[\d+\]`)
		bound = indexed.ReplaceAllStringFunc(bound, func(other string) string {
			if strings.HasPrefix(other, "Endpoints") { // of the same service
				other = field[:strings.LastIndex(field, "Endpoints[")] + other
			}
			o := place(other)
			return fmt.Sprintf("%s (line %d)", o.field, o.line)
		})
		value := at.shown()
		if at.absent {
			value = fmt.Sprint(set) // the default
		}
		v.add(at.line, at.field, value, inFile(bound), inFile(mend))
	}
}

// unwrap is what an error joins.
func unwrap(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	}
	return []error{err}
}

// inFile lets a text of another package speak of fields as the file has them.
func inFile(text string) string {
	return strings.NewReplacer(
		"NoticeWithin", "noticeWithin", "Interval", "interval", "Timeout", "timeout", "Fall", "fall", "Rise", "rise",
		"HalfLife", "halfLife", "MaxHold", "maxHold", "Suppress", "suppress", "Reuse", "reuse", "or Off", "or off: true",
		"First and Last", "ports", "address in SNAT", "address in snat", "contradicts Expect", "contradicts expect",
		" of Body", " of body", "0 for ", "leave it out for ",
	).Replace(text)
}

// locate finds a field of dataplane.Config in the file. What is not there, as it
// has a default, is where it would be.
func locate(root value, origins []service, field string) value {
	v, steps := root, regexp.MustCompile(`([A-Za-z]+)(?:\[(\d+)\])?`)
	for i, step := range steps.FindAllStringSubmatch(field, -1) {
		n, _ := strconv.Atoi(step[2]) // none: 0, and not asked for
		if i == 0 && step[1] == "Services" && n < len(origins) {
			v = origins[n].value
			continue
		}
		v = v.step(inYAML(step[1]), step[2] != "", n)
	}
	return v
}

// step goes on to a field, or to an item of it.
func (v value) step(name string, indexed bool, i int) value {
	next, ok := v.child(name)
	if ok && indexed {
		next, ok = next.item(i)
	}
	if !ok {
		v.field, v.absent = join(v.field, name), true
		return v
	}
	return next
}

// inYAML is what the file calls a field.
func inYAML(name string) string {
	switch name {
	case "VIP", "SNAT", "TLS":
		return strings.ToLower(name)
	case "Addr":
		return "address"
	case "Header":
		return "headers"
	}
	return strings.ToLower(name[:1]) + name[1:]
}
