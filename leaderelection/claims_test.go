package leaderelection_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

// FuzzClaims: whatever a state file says, it is believed only if it was written
// here, names what it is about, and is bounded; and what is believed is what is
// written again.
func FuzzClaims(f *testing.F) {
	here := leaderelection.StatePlace{Boot: "b", Device: 1, Inode: 2}
	for _, text := range []string{
		``, `{}`, `null`, `[]`, `{"format":1}`, `{"format":2,"more":true}`, `{"format":"1"}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":2},"claims":[]}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":2},"claims":[{"identity":"a","nonce":"n","uid":"u","after":7}]}`,
		`{"format":1,"place":{"boot":"","device":1,"inode":2},"claims":[{"identity":"a","nonce":"n","uid":"u"}]}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":3},"claims":[{"identity":"a","nonce":"n","uid":"u"}]}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":2},"claims":[{"identity":"","nonce":"n","uid":"u"}]}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":2},"claims":[{"identity":"a\n","nonce":"n","uid":"u"}]}`,
		`{"format":1,"place":{"boot":"b","device":1,"inode":2},"claims":[{"identity":"a","nonce":"n","uid":"u","after":-1}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := leaderelection.DecodeClaims(data, here)
		if err != nil {
			require.Empty(t, claims)
			return
		}
		require.LessOrEqual(t, len(claims), leaderelection.MostClaims)
		for _, k := range claims {
			require.NotEmpty(t, k.Identity)
			require.NotEmpty(t, k.Nonce)
			require.NotEmpty(t, k.UID)
		}
		again, err := leaderelection.EncodeClaims(here, claims)
		require.NoError(t, err)
		same, err := leaderelection.DecodeClaims(again, here)
		require.NoError(t, err)
		require.Equal(t, claims, same)
		for _, elsewhere := range []leaderelection.StatePlace{
			{Boot: "c", Device: 1, Inode: 2}, {Boot: "b", Device: 2, Inode: 2}, {Boot: "b", Device: 1, Inode: 3}, {},
		} {
			_, err := leaderelection.DecodeClaims(data, elsewhere)
			require.Error(t, err)
		}
	})
}

func TestClaimsAreBounded(t *testing.T) {
	here := leaderelection.StatePlace{Boot: "b"}
	var claims []leaderelection.Claim
	for i := range 40 {
		claims = append(claims, leaderelection.Claim{Identity: strings.Repeat("\"", 512), Nonce: fmt.Sprint("n", i), UID: "u"})
	}
	data, err := leaderelection.EncodeClaims(here, claims)
	require.NoError(t, err)
	kept, err := leaderelection.DecodeClaims(data, here)
	require.NoError(t, err)
	require.Equal(t, claims[40-leaderelection.MostClaims:], kept, "the newest")

	data, err = leaderelection.EncodeClaims(leaderelection.StatePlace{}, claims)
	require.NoError(t, err)
	_, err = leaderelection.DecodeClaims(data, leaderelection.StatePlace{})
	require.ErrorContains(t, err, "on another host", "a kernel without a name is no proof")

	line := []byte(`{"identity":"a","nonce":"n","uid":"u"}`)
	many := fmt.Appendf(nil, `{"format":1,"place":{"boot":"b","device":0,"inode":0},"claims":[%s]}`, bytes.Join(slicesOf(line, 17), []byte(",")))
	_, err = leaderelection.DecodeClaims(many, here)
	require.ErrorContains(t, err, "17 claims, more than 16")
	nobody := fmt.Appendf(nil, `{"format":1,"place":{"boot":"b","device":0,"inode":0},"claims":[%s,{"identity":"a","nonce":"n"}]}`, line)
	_, err = leaderelection.DecodeClaims(nobody, here)
	require.ErrorContains(t, err, "claim 1 of the file names no process or no lock")
}

func slicesOf(b []byte, n int) (all [][]byte) {
	for range n {
		all = append(all, b)
	}
	return all
}
