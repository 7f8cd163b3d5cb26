package controller_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/regent-ha/regent/controller"
)

func TestBadSettingsAreRefused(t *testing.T) {
	good, j := newCluster(), &journal{}
	for name, c := range map[string]struct {
		cfg       controller.Config
		handler   controller.Handler
		retriever controller.Retriever
		field     string
		message   string
	}{
		"no handler": {
			retriever: good, field: "handler",
			message: "controller: handler = <nil>: is required; mend: pass a Handler, such as HandlerOf(func)",
		},
		"nil HandlerFunc": {
			handler: controller.HandlerFunc(nil), retriever: good, field: "handler",
			message: "controller: handler = HandlerFunc(nil): is required; mend: pass a function",
		},
		"HandlerOf nil": {
			handler: controller.HandlerOf[*corev1.Pod](nil), retriever: good, field: "handler",
			message: "controller: handler = HandlerFunc(nil): is required; mend: pass a function",
		},
		"no HandlerFuncs": {
			handler: controller.HandlerFuncs{}, retriever: good, field: "handler",
			message: "controller: handler = HandlerFuncs{}: has no function; mend: set OnHandle, OnDelete or both",
		},
		"no retriever": {
			handler: j, field: "retriever",
			message: `controller: retriever = <nil>: is required; mend: pass a Retriever, such as Retrieve(client.CoreV1().Pods(""))`,
		},
		"Retrieve nil": {
			handler: j, retriever: controller.Retrieve[*corev1.PodList](nil), field: "retriever",
			message: `controller: retriever = <nil>: is required; mend: pass a Retriever, such as Retrieve(client.CoreV1().Pods(""))`,
		},
		"workers": {
			cfg: controller.Config{ConcurrentWorkers: -1}, handler: j, retriever: good, field: "ConcurrentWorkers",
			message: "controller: ConcurrentWorkers = -1: must not be negative; mend: set at least 1, or 0 for the default of 3",
		},
		"resync": {
			cfg: controller.Config{ResyncInterval: -time.Second}, handler: j, retriever: good, field: "ResyncInterval",
			message: "controller: ResyncInterval = -1s: must not be negative; mend: set a positive interval, or 0 for the default of 3 min",
		},
		"base delay": {
			cfg: controller.Config{RetryBaseDelay: -1}, handler: j, retriever: good, field: "RetryBaseDelay",
			message: "controller: RetryBaseDelay = -1ns: must not be negative; mend: set a positive delay, or 0 for the default of 5 ms",
		},
		"longest delay below the base": {
			cfg: controller.Config{RetryBaseDelay: time.Second, RetryMaxDelay: time.Millisecond}, handler: j, retriever: good, field: "RetryMaxDelay",
			message: "controller: RetryMaxDelay = 1ms: must be at least RetryBaseDelay, which is 1s; mend: raise it, or lower RetryBaseDelay",
		},
		"longest delay below the default base": {
			cfg: controller.Config{RetryMaxDelay: time.Millisecond}, handler: j, retriever: good, field: "RetryMaxDelay",
			message: "controller: RetryMaxDelay = 1ms: must be at least RetryBaseDelay, which is 5ms; mend: raise it, or lower RetryBaseDelay",
		},
		"negative longest delay": {
			cfg: controller.Config{RetryMaxDelay: -time.Second}, handler: j, retriever: good, field: "RetryMaxDelay",
			message: "controller: RetryMaxDelay = -1s: must be at least RetryBaseDelay, which is 5ms; mend: raise it, or lower RetryBaseDelay",
		},
		"relation without a name": {
			cfg: relating(controller.Relation{Retriever: good, Keys: owners}), handler: j, retriever: good, field: "Relations[0].Name",
			message: `controller: Relations[0].Name = "": is required; mend: say what it watches, such as "service accounts"`,
		},
		"relations of one name": {
			cfg: relating(
				controller.Relation{Name: "maps", Retriever: good, Keys: owners}, controller.Relation{Name: "others", Retriever: good, Keys: owners},
				controller.Relation{Name: "maps", Retriever: good, Keys: owners},
			), handler: j, retriever: good, field: "Relations[2].Name",
			message: "controller: Relations[2].Name = maps: is the name of Relations[0] too; mend: give each a name of its own",
		},
		"relation without a retriever": {
			cfg:     relating(controller.Relation{Name: "maps", Retriever: controller.Retrieve[*corev1.PodList](nil), Keys: owners}),
			handler: j, retriever: good, field: "Relations[0].Retriever",
			message: `controller: Relations[0].Retriever = <nil>: is required; mend: pass a Retriever, such as Retrieve(client.CoreV1().ServiceAccounts(""))`,
		},
		"relation without keys": {
			cfg:     relating(controller.Relation{Name: "maps", Retriever: good}),
			handler: j, retriever: good, field: "Relations[0].Keys",
			message: `controller: Relations[0].Keys = <nil>: is required; mend: pass a function, such as OwnedBy(schema.GroupKind{Kind: "ConfigMap"}); the kind needs a name`,
		},
		"owned by no kind": {
			cfg:     relating(controller.Relation{Name: "maps", Retriever: good, Keys: controller.OwnedBy(schema.GroupKind{Group: "apps"})}),
			handler: j, retriever: good, field: "Relations[0].Keys",
			message: `controller: Relations[0].Keys = <nil>: is required; mend: pass a function, such as OwnedBy(schema.GroupKind{Kind: "ConfigMap"}); the kind needs a name`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := controller.New(&c.cfg, c.handler, c.retriever, nil, nil, nil).Run(t.Context())
			require.EqualError(t, err, c.message)
			var f *controller.FieldError
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.field, f.Field)
		})
	}
	lists, _ := good.requests()
	require.Zero(t, lists, "nothing was started")
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	cfg := &controller.Config{ConcurrentWorkers: -1, ResyncInterval: -1, RetryBaseDelay: -1, RetryMaxDelay: -2, Relations: make([]controller.Relation, 2)}
	err := controller.New(cfg, nil, nil, nil, nil, nil).Run(t.Context())
	for _, field := range []string{"handler", "retriever", "ConcurrentWorkers", "ResyncInterval", "RetryBaseDelay", "RetryMaxDelay", "Relations[0].Name", "Relations[0].Retriever", "Relations[1].Keys"} {
		require.ErrorContains(t, err, "controller: "+field+" = ")
	}
}

func TestZeroAndOddSettingsThatAreFine(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, cfg := range map[string]*controller.Config{
		"nil": nil, "zero": {}, "no retries": {ProcessingJobRetries: -1}, "no drain": {DrainTimeout: -1},
		"a base above the longest delay's default": {RetryBaseDelay: time.Hour},
		"equal delays": {RetryBaseDelay: time.Second, RetryMaxDelay: time.Second},
	} {
		require.NoError(t, controller.New(cfg, &journal{}, newCluster(), nil, nil, nil).Run(ended), name)
	}
}

func TestConfigIsCopied(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := relating(controller.Relation{Name: "maps", Retriever: newCluster(), Keys: owners})
	ctrl := controller.New(&cfg, &journal{}, newCluster(), nil, nil, nil)
	cfg.ConcurrentWorkers = -1
	cfg.Relations[0].Keys = nil
	require.NoError(t, ctrl.Run(ended))
}

func TestNewConcurrentNeedsTwoWorkers(t *testing.T) {
	for _, n := range []int{-1, 0, 1} {
		ctrl, err := controller.NewConcurrent(n, time.Minute, &journal{}, newCluster(), nil, nil)
		var f *controller.FieldError
		require.ErrorAs(t, err, &f)
		require.Equal(t, "workers", f.Field)
		require.Equal(t, n, f.Value)
		require.ErrorContains(t, err, "must be at least 2; mend: use NewSequential for one worker")
		require.Nil(t, ctrl)
		require.ErrorIs(t, ctrl.Run(t.Context()), controller.ErrNilController)
	}
	ctrl, err := controller.NewConcurrent(2, time.Minute, &journal{}, newCluster(), nil, nil)
	require.NoError(t, err)
	require.NotNil(t, ctrl)
}

func TestFieldErrorsCanBeTakenApart(t *testing.T) {
	err := controller.New(nil, nil, newCluster(), nil, nil, nil).Run(t.Context())
	f, ok := errors.AsType[*controller.FieldError](err)
	require.True(t, ok)
	require.Equal(t, controller.FieldError{
		Field: "handler", Bound: "is required", Mend: "pass a Handler, such as HandlerOf(func)",
	}, *f)
}
