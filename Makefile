# What to run, and what each target is for: make help.

GO ?= go
FUZZTIME ?= 30s
SOAK ?= 20
CASES ?=
# The linters, few on purpose. vet: mistakes the compiler lets pass. staticcheck: dead code, misused APIs.
# errcheck: an error that nobody looks at is an event that nobody misses. Which package may import which is a
# test (rules_test/architecture_test.go), so that go test alone tells.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0
ERRCHECK = github.com/kisielk/errcheck@v1.10.0

# The module of the benchmarks has dependencies of its own, and is checked like the rest.
MODULES = . bench

.PHONY: help check test lint wasm golden pages mutate conformance fuzz soak bench bench-diff bench-check cover

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: lint wasm test mutate bench-check ## everything that has to hold before a change lands

test: ## all tests, with the race detector
	$(GO) test -race ./...

lint: ## format, vet, staticcheck, errcheck, tidy go.mod
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt -w these files"; exit 1; }
	@set -e; for module in $(MODULES); do cd $(CURDIR)/$$module; \
		$(GO) vet ./...; \
		$(GO) run $(STATICCHECK) ./...; \
		$(GO) run $(ERRCHECK) -ignoretests -exclude $(CURDIR)/.errcheck ./...; \
		$(GO) mod tidy -diff; \
	done

wasm: ## build the engine for a browser, and say how large it is
	@mkdir -p bin
	GOOS=js GOARCH=wasm $(GO) build -ldflags='-s -w' -o bin/engine.wasm ./engine/testdata/wasm
	@echo "engine.wasm: $$(wc -c < bin/engine.wasm) bytes, $$(gzip -9 -c bin/engine.wasm | wc -c) compressed"

golden: ## rewrite what the golden cases want, and the help; read the diff before you commit it
	$(GO) test ./rules_test -run 'TestGolden' -update
	$(GO) test ./engine -run 'TestDiagnostics|TestExecutions|TestExplanations|TestDescriptions' -update
	DESKRULES_UPDATE=1 $(GO) test ./cmd/deskrules -count=1 -run TestHelp

pages: ## rewrite what deskrules docs has printed in the pages
	DESKRULES_UPDATE=1 $(GO) test ./cmd/deskrules -count=1 -run TestMadeByDocs

mutate: ## change each line of the embedded rules, and see whether a golden case notices; allow.yaml has nothing stale
	$(GO) run ./cmd/deskrules test --coverage-min 100 --mutate --allow rules_test/allow.yaml rules_test

conformance: ## run recorded cases: make conformance CASES=FOLDER
	@test -n "$(CASES)" || { echo "say which: make conformance CASES=FOLDER"; exit 2; }
	CASES="$(abspath $(CASES))" $(GO) test ./rules_test -count=1 -run TestConformance -v

fuzz: ## each fuzz target for FUZZTIME (30s)
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s || exit 1; \
		done; \
	done

soak: ## events through every kind of fault, SOAK (20) rounds of each, and 200 kills
	SOAK=$(SOAK) $(GO) test -race ./rules_test -count=1 -timeout 3h -v -run 'NothingIsLost|EveryCallOfEveryCase|RefusedCredentials'
	SOAK=$(SOAK) $(GO) test -race ./cmd/deskrules -count=1 -timeout 3h -v -run 'KilledRuns'

bench: ## what the engine and the runner cost, beside floors and peers, in some minutes
	cd bench && $(GO) run .

bench-diff: ## two revisions side by side: make bench-diff OLD=REVISION [NEW=REVISION]
	@test -n "$(OLD)" || { echo "say which: make bench-diff OLD=REVISION [NEW=REVISION]"; exit 2; }
	bench/diff "$(OLD)" "$(NEW)"

bench-check: ## each benchmark once, and how much is allocated; never how long it takes
	@mkdir -p bin
	cd bench && $(GO) test -count=1 -bench . -benchtime 1x ./... > ../bin/bench.out || { cat ../bin/bench.out; exit 1; }
	cd bench && $(GO) test -race -count=1 -run Goroutines .

cover: ## coverage of the packages by all tests
	@mkdir -p bin
	$(GO) test -coverpkg=./engine,./runner/...,./cmd/... -coverprofile=bin/cover.out ./... > /dev/null
	$(GO) tool cover -func=bin/cover.out | tail -1
