package space

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

const objectMend = `send one JSON object, such as {"name":"team-a","owner":"ann@example.com","ttl":"24h"}`

// Decode reads a request. encoding/json alone would take fields of any case,
// the last of several, and what is no text as text. What is wrong is Faults;
// an *http.MaxBytesError is returned as it is.
func Decode(body io.Reader) (Request, error) {
	var r Request
	text, err := io.ReadAll(body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return r, err
	case err != nil:
		return r, Faults{{"body", nil, "cannot be read: " + err.Error(), objectMend}}
	case !utf8.Valid(text):
		return r, Faults{{"body", nil, "is not UTF-8", objectMend}}
	case !json.Valid(text):
		return r, Faults{{"body", excerpt(text), "is not JSON", objectMend}}
	}
	fields, err := members(text)
	if err != nil {
		return r, err
	}
	return r, r.fill(fields)
}

type member struct {
	name  string
	value any
}

// members are those of a JSON object in their order, also those that come twice.
func members(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, Faults{{"body", excerpt(text), "is no JSON object", objectMend}}
	}
	var all []member
	for d.More() {
		var m member
		name, err := d.Token()
		m.name, _ = name.(string) // it is valid JSON
		if err := errors.Join(err, d.Decode(&m.value)); err != nil {
			return nil, Faults{{"body", excerpt(text), err.Error(), objectMend}}
		}
		all = append(all, m)
	}
	return all, nil
}

func (r *Request) fill(fields []member) error {
	known := map[string]*string{"name": &r.Name, "owner": &r.Owner, "ttl": &r.TTL}
	seen := make(map[string]bool)
	var faults Faults
	for _, f := range fields {
		into, ok := known[f.name]
		text, isText := f.value.(string)
		switch {
		case !ok:
			faults = append(faults, Fault{f.name, f.value, "is an unknown field", "leave it out; there are name, owner and ttl"})
		case seen[f.name]:
			faults = append(faults, Fault{f.name, f.value, "comes twice", "send it once"})
		case !isText:
			faults = append(faults, Fault{f.name, f.value, "is no text", "put it in quotation marks"})
		default:
			*into = text
		}
		seen[f.name] = true
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

func excerpt(text []byte) string {
	const most = 80
	return string([]rune(string(text))[:min(most, utf8.RuneCount(text))])
}
