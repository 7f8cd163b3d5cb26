package leaderelection_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

type (
	config     = leaderelection.Config
	lockConfig = leaderelection.LockConfig
)

// TestBadInput holds what a program can set wrongly, or meet: each message
// names the thing, its value and how to mend it. What can be known when the
// Elector is made is said then; the rest in Check, Status or the log.
func TestBadInput(t *testing.T) {
	for name, tc := range map[string]struct {
		says    func(t *testing.T) error
		message []string
	}{
		// Timings.
		"negative LeaseDuration":      {refusedConfig(timings(-15, 10, 2)), []string{"LeaseDuration = -15s", "is negative", "mend: 15s, 10s and 2s are safe"}},
		"negative RenewDeadline":      {refusedConfig(timings(15, -10, 2)), []string{"RenewDeadline = -10s", "is negative", "mend:"}},
		"negative RetryPeriod":        {refusedConfig(timings(15, 10, -2)), []string{"RetryPeriod = -2s", "is negative", "mend:"}},
		"LeaseDuration alone":         {refusedConfig(timings(15, 0, 0)), []string{"RenewDeadline = 0s", "RetryPeriod = 0s", "is not set, though others are", "mend:"}},
		"F5: fractional seconds":      {refusedConfig(timings(1.9, 1.8, 0.4)), []string{"LeaseDuration = 1.9s: is stored in whole seconds, and would be cut; mend: 2s", "LeaseDuration = 1.9s: must be at least 3s", "mend: 3s, with RenewDeadline 2s and RetryPeriod 500ms"}},
		"LeaseDuration of 1 s":        {refusedConfig(timings(1, 0.5, 0.1)), []string{"LeaseDuration = 1s: must be at least 3s", "mend: 3s, with RenewDeadline 2s and RetryPeriod 500ms"}},
		"F7: 15/14/4":                 {refusedConfig(timings(15, 14, 4)), []string{"RenewDeadline = 14s: exceeds 0.95·LeaseDuration − 500ms = 13.75s by 250ms", "mend: at most 13.75s, or a longer LeaseDuration"}},
		"no time to return in":        {refusedConfig(timings(5, 4.2, 1)), []string{"RenewDeadline = 4.2s: leaves the work 800ms to return in before LeaseDuration 5s ends; it needs 1s; mend: at most 4s"}},
		"no time for three attempts":  {refusedConfig(timings(15, 10, 4.9)), []string{"RetryPeriod = 4.9s: exceeds (RenewDeadline − 500ms) / 2 = 4.75s by 150ms", "mend: at most 4.75s, or a longer RenewDeadline"}},
		"RetryPeriod beyond them all": {refusedConfig(timings(15, 10, 20)), []string{"RetryPeriod = 20s: exceeds (RenewDeadline − 500ms) / 2 = 4.75s by 15.25s", "mend: at most 4.75s, or a longer RenewDeadline"}},
		"endless LeaseDuration":       {refusedConfig(func(c *config) { c.LeaseDuration, c.RenewDeadline, c.RetryPeriod = math.MaxInt64, 10, 2 }), []string{"LeaseDuration = 2562047h47m16.854775807s: must be at most 596523h14m7s", "mend:"}},
		"endless RetryPeriod":         {refusedConfig(func(c *config) { timings(15, 10, 2)(c); c.RetryPeriod = math.MaxInt64 }), []string{"RetryPeriod = 2562047h47m16.854775807s: exceeds", "mend:"}},
		"negative ForeignGrace":       {refusedConfig(func(c *config) { c.ForeignGrace = -1 }), []string{"ForeignGrace = -1ns: is negative; mend: 0 for the default"}},
		"endless ForeignGrace":        {refusedConfig(func(c *config) { c.ForeignGrace = math.MaxInt64 }), []string{"ForeignGrace = 2562047h47m16.854775807s: must be at most", "mend: 0 for the default, or a shorter time"}},
		"negative DrainTimeout":       {refusedConfig(func(c *config) { c.DrainTimeout = -time.Second }), []string{"DrainTimeout = -1s: is negative; mend: 0 for the default"}},

		// Other settings.
		"no lock":                           {refusedConfig(func(c *config) { c.Lock = nil }), []string{"Lock = nil: there is nothing to compete for; mend: pass a lock"}},
		"lock of an ignored error":          {refusedConfig(func(c *config) { c.Lock = (*lock.Lease)(nil) }), []string{"Lock = nil", "mend: pass a lock, such as lock.NewLease returns, and check its error"}},
		"identity with a newline":           {refusedConfig(func(c *config) { c.Identity = "a\nb" }), []string{`Identity = "a\nb": has characters that cannot be stored or printed; mend: leave it empty`}},
		"identity that is no text":          {refusedConfig(func(c *config) { c.Identity = "a\xff" }), []string{`Identity = "a\xff": has characters that cannot be stored`, "mend:"}},
		"identity with a space":             {refusedConfig(func(c *config) { c.Identity = "a " }), []string{`Identity = "a ": begins or ends with white space; mend:`}},
		"identity that is too long":         {refusedConfig(func(c *config) { c.Identity = strings.Repeat("a", 600) }), []string{`Identity = "aaa`, "has 600 bytes, more than 512", "mend: leave it empty"}},
		"pod with a newline":                {refusedConfig(func(c *config) { c.Pod = "a\n" }), []string{`Pod = "a\n": begins or ends with white space`, "mend:"}},
		"no such foreign policy":            {refusedConfig(func(c *config) { c.Foreign = "Sometimes" }), []string{`Foreign = Sometimes: no such policy; mend: "Refuse" or "Allow"`}},
		"nil observer":                      {refusedConfig(func(c *config) { c.Observers = append(c.Observers, nil) }), []string{"Observers[1] = nil: cannot be called; mend: leave it out"}},
		"events without a client":           {refusedConfig(func(c *config) { c.Events = new(leaderelection.KubernetesEvents) }), []string{"Events = ", "needs a Client, and an Object with namespace and name; mend:"}},
		"all faults at once, by NewElector": {refusedConfig(func(c *config) { timings(15, 14, 4)(c); c.Lock, c.Identity = nil, " " }), []string{"Lock = nil", "RenewDeadline = 14s", `Identity = " "`}},

		// What New is told.
		"empty key":                   {refusedNew("", "default", nil), []string{`Name "", the key, is empty`, `mend: choose one such as "my-controller"`}},
		"key that is no DNS name":     {refusedNew("My Controller", "default", nil), []string{`Name "My Controller" is no object name`, "lower case", "mend:"}},
		"bad namespace":               {refusedNew("key", "kube_system", nil), []string{`Namespace "kube_system" is no namespace`, "mend: name the namespace"}},
		"namespace that nobody knows": {refusedNew("key", "", nil), []string{`namespace = ""`, "mend: name it, or set $POD_NAMESPACE"}},
		"unsafe timings, by New":      {refusedNew("key", "default", &lockConfig{LeaseDuration: 15 * time.Second, RenewDeadline: 14 * time.Second, RetryPeriod: 4 * time.Second}), []string{"RenewDeadline = 14s: exceeds 0.95·LeaseDuration", "mend: at most 13.75s"}},
		"no such kind":                {refusedNew("key", "default", &lockConfig{Kind: "Endpoints"}), []string{`Kind "Endpoints" is none`, `mend: "Lease", "ConfigMap", "Multi", or leave it empty`}},
		"nil client":                  {refusedClient(nil), []string{"client = nil: the lock is kept in Kubernetes; mend: pass what kubernetes.NewForConfig"}},
		"client of an ignored error":  {refusedClient((*kubernetes.Clientset)(nil)), []string{"client = nil", "mend: pass what kubernetes.NewForConfig(lock.RESTConfig(cfg)) returns, and check its error"}},
		"all faults at once, by New":  {refusedNew("", "_", &lockConfig{Kind: "?", LeaseDuration: -1}), []string{`Name ""`, `Namespace "_"`, `Kind "?"`, "LeaseDuration = -1ns"}},

		// Calls.
		"nil lead":                       {called(func(e *leaderelection.Elector) error { return e.Run(context.Background(), nil) }), []string{"lead is nil; mend: pass the function to run while leading"}},
		"nil lead of Plain":              {called(func(*leaderelection.Elector) error { return leaderelection.Plain{}.Run(context.Background(), nil) }), []string{"lead is nil; mend:"}},
		"nil Elector":                    {nilElector, []string{"Run of a nil Elector; mend: check the error of New"}},
		"StepDown of one that never led": {called(func(e *leaderelection.Elector) error { return e.StepDown(context.Background()) }), []string{"not the leader"}},
		"TransferTo nobody":              {leading(func(e *leaderelection.Elector) error { return e.TransferTo(context.Background(), "nobody") }), []string{`no such candidate: "nobody"; the candidates of lock lock are [a]`}},
		"TransferTo \"\"":                {leading(func(e *leaderelection.Elector) error { return e.TransferTo(context.Background(), "") }), []string{`no such candidate: ""`}},
		"TransferTo itself":              {leading(func(e *leaderelection.Elector) error { return e.TransferTo(context.Background(), "pod-a") }), []string{`TransferTo "pod-a": it leads already; mend: name another of [a]`}},

		// What it meets.
		"the API refuses connections":       {standsBy(failing(errors.New("dial tcp 10.0.0.1:443: connection refused")), nil), []string{"lock lock: ", "no answer from the API server for 1m0s", "connection refused"}},
		"the API does not answer":           {standsBy(func(_ *locktest.Store, c *locktest.Client) { c.Cut() }, nil), []string{"lock lock: ", "no answer from the API server for 1m0s", "context deadline exceeded"}},
		"RBAC forbids get":                  {standsBy(forbidding("read", "get"), nil), []string{"lock lock: requests have failed for 1m0s", `give a Role in namespace "default" the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [get, create, update, watch]} (get is what failed)`}},
		"RBAC forbids create":               {standsBy(forbidding("insert", "create"), nil), []string{"requests have failed for 1m0s", "verbs: [get, create, update, watch]} (create is what failed)"}},
		"RBAC forbids update":               {standsBy(forbidding("swap", "update"), nil), []string{"requests have failed for 1m0s", "verbs: [get, create, update, watch]} (update is what failed)"}},
		"a holder that no Regent wrote":     {standsBy(edited(func(r *lock.Record) { r.Holder, r.Duration = "kooper", 15*time.Second }), nil), []string{`foreign record: lock lock: holder "kooper" was not written by Regent; mend: Config.Foreign = ForeignAllow`}},
		"an annotation that cannot be read": {standsBy(unreadable(errors.New("invalid syntax")), nil), []string{`lock: token "seven": invalid syntax; mend: remove the annotation`}},
		"a record of a newer client":        {standsBy(unreadable(lock.ErrNewerRecord), nil), []string{`lock: token "seven": written by a newer client; mend: remove the annotation`}},
		"a record of a newer client, Allow": {standsBy(unreadable(lock.ErrNewerRecord), func(c *config) { c.Foreign = leaderelection.ForeignAllow }), []string{"written by a newer client", "mend:"}},
		"RBAC forbids watch":                {leadsAndLogs(forbidding("watch", "watch")), []string{"the lock cannot be watched: it is polled", "verbs: [get, create, update, watch]} (watch is what failed)"}},
		"requests that fail for a while":    {leadsAndLogs(hiccup), []string{"request failed, trying again", "etcdserver: leader changed", "requests succeed again", "after=4"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.says(t)
			require.Error(t, err)
			for _, m := range tc.message {
				require.ErrorContains(t, err, m)
			}
		})
	}
}

func timings(l, d, p float64) func(*config) {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)).Round(time.Millisecond) }
	return func(c *config) { c.LeaseDuration, c.RenewDeadline, c.RetryPeriod = seconds(l), seconds(d), seconds(p) }
}

// refusedConfig is what NewElector says of a configuration.
func refusedConfig(change func(*config)) func(*testing.T) error {
	return func(t *testing.T) error {
		cfg := config{Lock: locktest.NewStore().Client("lock"), Observers: []leaderelection.Observer{func(leaderelection.Event) {}}}
		change(&cfg)
		e, err := leaderelection.NewElector(cfg)
		require.Nil(t, e)
		return err
	}
}

func refusedNew(key, namespace string, cfg *lockConfig) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Setenv("POD_NAMESPACE", "")
		client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"}) // nothing is sent
		require.NoError(t, err)
		e, err := leaderelection.New(key, namespace, cfg, client, nil)
		require.Nil(t, e)
		return err
	}
}

func refusedClient(client kubernetes.Interface) func(*testing.T) error {
	return func(t *testing.T) error {
		e, err := leaderelection.NewDefault("key", "default", client, nil)
		require.Nil(t, e)
		return err
	}
}

// called is what a call says of an Elector that never ran.
func called(call func(*leaderelection.Elector) error) func(*testing.T) error {
	return func(t *testing.T) error { return call(newReplica(t, locktest.NewStore(), "a", nil).Elector) }
}

func nilElector(t *testing.T) error {
	var e *leaderelection.Elector
	var r leaderelection.Runner = e // as a constructor with an ignored error makes it
	require.False(t, e.IsLeader())
	require.False(t, e.Status().Leader)
	require.ErrorIs(t, e.Check(nil), leaderelection.ErrNilElector)
	require.ErrorIs(t, e.StepDown(t.Context()), leaderelection.ErrNotLeader)
	require.ErrorIs(t, e.TransferTo(t.Context(), "b"), leaderelection.ErrNotLeader)
	return r.Run(t.Context(), func(context.Context) error {
		require.Fail(t, "nobody leads")
		return nil
	})
}

// leading is what a call says while the Elector leads.
func leading(call func(*leaderelection.Elector) error) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		synctest.Test(t, func(t *testing.T) {
			a := newReplica(t, locktest.NewStore(), "a", nil)
			stop := a.start(untilCancelled)
			synctest.Wait()
			err = call(a.Elector)
			require.True(t, a.IsLeader())
			require.NoError(t, stop())
		})
		return err
	}
}

type trouble func(*locktest.Store, *locktest.Client)

// standsBy is the health of a candidate that meets trouble for a minute. It
// neither leads, nor ends, nor asks without pause; when the trouble is over it
// leads.
func standsBy(trouble trouble, change func(*config)) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		synctest.Test(t, func(t *testing.T) {
			store := locktest.NewStore()
			a := newReplica(t, store, "a", change)
			trouble(store, a.client)
			stop := a.start(untilCancelled)
			time.Sleep(time.Minute)
			require.False(t, a.IsLeader())
			require.LessOrEqual(t, a.client.Calls(""), 65, "requests in a minute, one or two every RetryPeriod")
			err = a.Check(nil)
			require.Error(t, err)
			require.Equal(t, err.Error(), a.Status().Err.Error())
			a.client.Heal()
			store.Delete("lock")
			time.Sleep(time.Minute)
			require.True(t, a.IsLeader())
			require.NoError(t, a.Check(nil))
			require.NoError(t, stop())
		})
		return err
	}
}

// leadsAndLogs is the log of a candidate that meets trouble, and leads all the
// same, in good health.
func leadsAndLogs(trouble trouble) func(*testing.T) error {
	return func(t *testing.T) error {
		var log bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			store := locktest.NewStore()
			a := newReplica(t, store, "a", func(c *config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			trouble(store, a.client)
			stop := a.start(untilCancelled)
			time.Sleep(10 * time.Minute)
			require.True(t, a.IsLeader())
			require.NoError(t, a.Check(nil))
			require.NoError(t, stop())
		})
		require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), "said once:\n%s", log.String())
		return errors.New(strings.ReplaceAll(log.String(), `\"`, `"`))
	}
}

func failing(err error) trouble {
	return func(_ *locktest.Store, c *locktest.Client) {
		c.SetFault(func(locktest.Call) locktest.Fault { return locktest.Fault{Err: err} })
	}
}

// forbidding answers one kind of call as a Lease does without the rule.
func forbidding(call, verb string) trouble {
	return func(_ *locktest.Store, c *locktest.Client) {
		c.SetFault(func(k locktest.Call) locktest.Fault {
			if k.Verb != call {
				return locktest.Fault{}
			}
			return locktest.Fault{Err: &lock.ForbiddenError{
				Verb: verb, Group: "coordination.k8s.io", Resource: "leases", Namespace: "default",
				Err: errors.New("leases.coordination.k8s.io is forbidden"),
			}}
		})
	}
}

// hiccup fails renewals for a few seconds, in the first minute.
func hiccup(_ *locktest.Store, c *locktest.Client) {
	began := time.Now()
	c.SetFault(func(k locktest.Call) locktest.Fault {
		if at := time.Since(began); k.Verb == "swap" && at > 20*time.Second && at < 28*time.Second {
			return locktest.Fault{Err: errors.New("etcdserver: leader changed")}
		}
		return locktest.Fault{}
	})
}

func edited(edit func(*lock.Record)) trouble {
	return func(s *locktest.Store, _ *locktest.Client) { s.Edit("lock", edit) }
}

func unreadable(why error) trouble {
	return edited(func(r *lock.Record) {
		r.Holder, r.Duration = "other", 15*time.Second
		r.Problem = &lock.RecordError{Lock: "lock", Field: "token", Value: "seven", Mend: "remove the annotation", Err: why}
	})
}
