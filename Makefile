# "make" alone says what there is. Everything needs Go, and nothing else but a
# C compiler for the race detector.

GO      ?= go
PKG     ?= ./...
RUN     ?= .
TIMEOUT ?= 20m

# The packages that an election depends on. All of them are tested with the race
# detector, except what is below an internal/ of theirs: the core has no
# goroutines, and its search would take too long. Any other package is neither,
# so that none is left out.
ELECTION = ^github.com/regent-ha/regent/(lock|leaderelection|controller|ha)(/|$$)
all      = $(GO) list ./...
GOTEST = $(GO) run ./internal/gotest -timeout=$(TIMEOUT)
# Tests of the data plane's program that send it packets one by one. The others let
# real programs talk through it for four minutes: make test-traffic.
PROGRAM = ^Test(Differential|Malformed|Tags|NoConnection|Directory|Config|Interfaces)

# Modules of their own, so that nobody who uses Regent gets what they need.
nested = internal/mixed/kooper08 internal/mixed/kooper28 internal/helmtest internal/browsertest

say    = @printf '\n==> %s\n'

.DEFAULT_GOAL := help
.PHONY: help
help: ## what there is (this)
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  PKG=./lock/... RUN=TestX narrow test-short and race; TIMEOUT=%s bounds each run of go test.\n' '$(TIMEOUT)'

.PHONY: demo
demo: ## three controllers on a real API server: hand-over, crash, pause (first run: 5 min)
	@$(GO) run ./examples/leader-election-controller/demo

.PHONY: demo-ha
demo-ha: ## an API in every replica, controllers in the leader: scale to 3, crash, rolling update (90 s)
	@$(GO) run ./examples/ha-server/demo

.PHONY: demo-lb
demo-lb: ## the load balancer in network namespaces, as root: drain, kill, add, reweight, reload under traffic (60 s)
	@$(GO) run ./examples/load-balancer/demo

.PHONY: test
test: controlplane vet ## everything: vet, unit tests, race detector, real API server (first run: 15 min)
	$(say) 'tests with the race detector: lock, leaderelection, controller, ha'
	@$(GOTEST) -count=1 $(call raceflag) $$($(all) | grep -E '$(ELECTION)' | grep -v /internal/)
	$(say) 'exhaustive search of the core'
	@$(GOTEST) -count=1 $$($(all) | grep -E '$(ELECTION)' | grep /internal/)
	$(say) 'all other tests'
	@$(GOTEST) -count=1 $$($(all) | grep -Ev '$(ELECTION)|/dataplane/xdp$$')
	$(say) 'the program in the kernel, held against its model'
	@$(GOTEST) -count=1 -run '$(PROGRAM)' ./dataplane/xdp
	$(say) 'the chart and the overlays of ha-server, by Helm and kustomize'
	@CGO_ENABLED=0 $(GO) -C internal/helmtest test -count=1 -timeout=$(TIMEOUT) ./...
	$(say) 'the status page in a browser'
	@CGO_ENABLED=0 $(GO) -C internal/browsertest test -count=1 -timeout=$(TIMEOUT) ./...
	$(say) 'all passed'

.PHONY: test-traffic
test-traffic: ## real traffic through the load balancer, as root: changes, floods, errors, links (4 min)
	@$(GOTEST) -count=1 ./dataplane/xdp

.PHONY: test-short
test-short: ## without long searches, from the cache where nothing changed
	@$(GOTEST) -short -run '$(RUN)' $(PKG)

STATES ?= 200000
.PHONY: model
model: ## search the core's states, STATES of each setting
	@$(GO) test -v -timeout=0 -run=TestModel$$ ./leaderelection/internal/core -states=$(STATES)

SEEDS ?= 100000
.PHONY: sim
sim: ## play SEEDS schedules of faults; SEEDS=1 SEED=n tells one
	@GOGC=400 $(GO) test -v -timeout=0 -count=1 -run=TestSeeds$$ ./internal/sim -seeds=$(SEEDS) -seed=$(or $(SEED),1)

CHANGES ?= 200
.PHONY: chaos
chaos: ## real processes, CHANGES of the leader by real faults (12 min; SEED=n; TABLE=FILE writes its table)
	@$(GO) run ./internal/chaos -changes=$(CHANGES) -seed=$(or $(SEED),0) -table='$(TABLE)'

PLAYS ?= 2000
.PHONY: control
control: ## play PLAYS schedules with client-go's elector, too; writes the table of docs/guarantees.md
	@GOGC=400 $(GO) test -v -timeout=0 -count=1 -run=TestControl$$ ./internal/sim -control=$(PLAYS) -table='$(CURDIR)/docs/guarantees.md'

ROUNDS  ?= 20
TIMINGS ?= 3s/2s/500ms
.PHONY: chaos-docker
chaos-docker: ## docker network disconnect and connect, ROUNDS for 2 and for 3 replicas (3 min; SEED=n, TIMINGS=15s/10s/2s)
	@$(GO) run ./internal/dockerchaos/cmd/dockerchaos -rounds=$(ROUNDS) -seed=$(or $(SEED),0) -timings=$(TIMINGS)

.PHONY: mutants
mutants: ## put faults into the election, one at a time: a test has to fail for each (15 min; ONLY=^F: the peers')
	@$(GO) run ./internal/mutants -only='$(ONLY)'

.PHONY: bench-election
bench-election: ## hand-over, crash, requests, memory beside client-go; writes docs/performance.md (11 min; QUICK=1: 1 min, prints)
	@$(GO) run ./internal/bench $(if $(QUICK),-quick,-docs '$(CURDIR)/docs')

.PHONY: bench-warm
bench-warm: ## promotion to the first handled object, warm, cold and controller-runtime's; writes docs/performance.md (QUICK=1: prints)
	@$(GO) run ./internal/bench/warm $(if $(QUICK),-quick,-docs '$(CURDIR)/docs')

.PHONY: bench-dataplane
bench-dataplane: ## ns per packet, frames through veth, memory, as root; writes docs/performance.md (QUICK=1: prints)
	@$(GO) run ./internal/bench/dataplane $(if $(QUICK),-quick,-docs '$(CURDIR)/docs')

FUZZTIME ?= 10s
.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME, one after another
	@./.ci/fuzz '$(GO)' '$(FUZZTIME)'

.PHONY: race
race: ## PKG with the race detector
	@$(GOTEST) -race -run '$(RUN)' $(PKG)

TOURS ?= 5
.PHONY: mixed
mixed: ## Regent beside client-go, controller-runtime and kooper, TOURS of each fleet (10 min)
	@$(GO) test -v -timeout=0 -count=1 -run=TestMixed ./internal/mixed -tours=$(TOURS)

.PHONY: vet
vet: ## go vet
	$(say) 'go vet'
	@$(GO) vet ./...

.PHONY: vet-nested
vet-nested: ## go vet of the modules in internal/ (first run: 4 min)
	$(say) 'go vet in the nested modules'
	@for module in $(nested); do CGO_ENABLED=0 $(GO) -C $$module vet ./... || exit; done

.PHONY: controlplane
controlplane: ## provide etcd and kube-apiserver in the cache (once; up to 5 min)
	$(say) 'etcd and kube-apiserver for the tests'
	@$(GO) run ./internal/controlplane/cmd/controlplane assets

.PHONY: cross
cross: ## everything compiles for darwin, tests included, and for windows
	$(say) 'go vet for darwin, go build for windows'
	@GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	@GOOS=windows GOARCH=amd64 $(GO) build ./...

.PHONY: lint
lint: bin/golangci-lint ## golangci-lint (built from source: once, 3 min)
	$(say) 'golangci-lint'
	@bin/golangci-lint run $(PKG)
	@for module in internal/helmtest internal/browsertest; do (cd $$module && '$(CURDIR)/bin/golangci-lint' run -c '$(CURDIR)/.golangci.yml' ./...) || exit; done

.PHONY: fmt
fmt: bin/golangci-lint ## gofmt and goimports
	@bin/golangci-lint fmt

bin/golangci-lint: internal/tools/go.mod
	$(say) 'building golangci-lint from internal/tools (3 min)'
	@$(GO) -C internal/tools build -o '$(CURDIR)/bin/' tool
	@touch $@

.PHONY: generate
generate: ## compile the data plane's program (clang 14 or later, libbpf's headers); its output is committed
	@$(GO) generate ./dataplane/xdp

.PHONY: tidy
tidy: ## the go.mod files are as "go mod tidy" would leave them
	$(say) 'go mod tidy -diff'
	@for module in . internal/tools $(nested); do $(GO) -C $$module mod tidy -diff || exit; done

.PHONY: api-check
api-check: ## the exported API is as api/ says
	$(say) 'the exported API'
	@$(GO) run ./internal/apicheck

.PHONY: api-update
api-update: ## record additions to the API (BREAKING=1: changes and removals, too)
	@$(GO) run ./internal/apicheck -update $(if $(BREAKING),-breaking)

.PHONY: check
check: vet vet-nested cross lint api-check tidy ## all that is checked without running tests

.PHONY: clean
clean: ## bin/ (the cache of controlplane stays: see "go doc ./internal/controlplane")
	rm -rf bin

# -race needs cgo. Where it is missing, tests run without, and CI fails.
raceflag = $$(./.ci/raceflag '$(GO)')
