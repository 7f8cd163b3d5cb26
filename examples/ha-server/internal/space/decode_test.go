package space_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	r, err := space.Decode(strings.NewReader(`{"name":"team-a","owner":"Ann ✿","ttl":"24h"}`))
	require.NoError(t, err)
	require.Equal(t, space.Request{Name: "team-a", Owner: "Ann ✿", TTL: "24h"}, r)
	require.NoError(t, r.Check())
	require.NoError(t, space.Request{Name: "a", Owner: "b"}.Check(), "without an end")
}

// Whatever is wrong is told by field, with the value and what to send instead.
func TestFaultsOfRequests(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", space.MaxName+1)
	for name, test := range map[string]struct {
		body, field string
		value       any
		problem     string
	}{
		"nothing":            {``, "body", "", "is not JSON"},
		"no JSON":            {`{"name":`, "body", `{"name":`, "is not JSON"},
		"two":                {`{} {}`, "body", "{} {}", "is not JSON"},
		"a list":             {`[]`, "body", "[]", "is no JSON object"},
		"null":               {`null`, "body", "null", "is no JSON object"},
		"not UTF-8":          {"{\"name\":\"\xff\"}", "body", nil, "is not UTF-8"},
		"unknown field":      {`{"name":"a","owner":"b","size":3}`, "size", 3.0, "is an unknown field"},
		"other case":         {`{"Name":"a","owner":"b"}`, "Name", "a", "is an unknown field"},
		"twice":              {`{"name":"a","name":"b","owner":"b"}`, "name", "b", "comes twice"},
		"a number":           {`{"name":7,"owner":"b"}`, "name", 7.0, "is no text"},
		"ttl null":           {`{"name":"a","owner":"b","ttl":null}`, "ttl", nil, "is no text"},
		"no name":            {`{"owner":"b"}`, "name", nil, "is missing"},
		"upper case":         {`{"name":"Team","owner":"b"}`, "name", "Team", "is no name"},
		"a path":             {`{"name":"../x","owner":"b"}`, "name", "../x", "is no name"},
		"a dot":              {`{"name":"a.b","owner":"b"}`, "name", "a.b", "is no name"},
		"long name":          {`{"name":"` + long + `","owner":"b"}`, "name", long, "is too long"},
		"no owner":           {`{"name":"a","owner":" "}`, "owner", " ", "is missing"},
		"control characters": {`{"name":"a","owner":"b\n"}`, "owner", "b\n", "cannot be printed"},
		"long owner":         {`{"name":"a","owner":"` + strings.Repeat("é", 101) + `"}`, "owner", strings.Repeat("é", 101), "is too long"},
		"no duration":        {`{"name":"a","owner":"b","ttl":"soon"}`, "ttl", "soon", "is no duration"},
		"no unit":            {`{"name":"a","owner":"b","ttl":"60"}`, "ttl", "60", "is no duration"},
		"negative":           {`{"name":"a","owner":"b","ttl":"-1h"}`, "ttl", "-1h", "is too short"},
		"zero":               {`{"name":"a","owner":"b","ttl":"0s"}`, "ttl", "0s", "is too short"},
		"parts of seconds":   {`{"name":"a","owner":"b","ttl":"1500ms"}`, "ttl", "1500ms", "has parts of seconds"},
		"endless":            {`{"name":"a","owner":"b","ttl":"8761h"}`, "ttl", "8761h", "is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := space.Decode(strings.NewReader(test.body))
			if err == nil {
				err = r.Check()
			}
			var faults space.Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1)
			require.Equal(t, test.field, faults[0].Field)
			require.Equal(t, test.value, faults[0].Value)
			require.Equal(t, test.problem, faults[0].Problem)
			require.NotEmpty(t, faults[0].Mend)
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	err := space.Request{Name: "A", TTL: "x"}.Check()
	require.EqualError(t, err, `name "A" is no name; mend: lower-case letters, digits and "-" between them, such as team-a
owner "" is missing; mend: 1 to 100 printable characters, such as ann@example.com
ttl "x" is no duration; mend: whole seconds from 1s to 8760h, such as 90s, 15m or 24h; leave it out for a space without end`)
}

// What is accepted makes names that Kubernetes accepts; what is refused is
// refused with words.
func FuzzDecode(f *testing.F) {
	f.Add(`{"name":"team-a","owner":"ann","ttl":"24h"}`)
	f.Add(`{"name":"a","name":"b"}`)
	f.Add(`{"a":{"b":[1,2,{}]},"ttl":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := space.Decode(strings.NewReader(body))
		if err == nil {
			err = r.Check()
		}
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		s, ok := space.Of(r.Object())
		require.True(t, ok)
		require.Equal(t, space.Request{Name: s.Name, Owner: s.Owner, TTL: s.TTL}, r)
		require.Empty(t, s.Problem)
	})
}
