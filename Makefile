# bytom-solo. `make help` lists the targets.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo 0.1.0-dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
HOME_DIR ?= .solonet
TESTS    ?= ./...
# Packages that are others, or have other tests, in programs with a NATS server of their own.
ENGINE   := ./fleet/natsserver ./fleet/natsengine
# Packages that are tested at a time, and tests of one that say that they may be: some wait for clocks.
CORES    := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
AT_ONCE  := -p $(shell expr $(CORES) + 1) -parallel $(shell expr $(CORES) + 2)

# The tests' compiler collects less garbage: of ./mining, built from nothing, 70 and 74 s of processor
# time instead of 88 and 81, with up to 430 MB a process. What is cached is the same.
COMPILE  := -toolexec 'env GOGC=400'

# What is built without cgo, hence on any machine.
STATIC   := linux/amd64 linux/arm64 windows/amd64 darwin/arm64
# Windows with its kernels and graphics cards takes a compiler of its own (on Debian:
# gcc-mingw-w64-x86-64).
MINGW    ?= x86_64-w64-mingw32-gcc
WINDOWS  := CGO_ENABLED=1 GOOS=windows GOARCH=amd64 CC=$(MINGW)

.DEFAULT_GOAL := help
.PHONY: help deps build run test race chaos chaos-long test-long fuzz load test-arm test-bochs test-coopmat shaders shaders-write web screenshots payouts-plot bench lint vuln mutants cross dist test-dist clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'

deps: ## check for Go and a C compiler; install the compiler where that is possible
	@scripts/deps.sh

build: deps ## build bin/bytom-solo
	$(GO) build -o bin/bytom-solo -ldflags '$(LDFLAGS)' ./cmd/bytom-solo

run: build ## run a node that mines on a solonet of its own, in ./.solonet; Ctrl-C stops it
	@bin/bytom-solo init --home $(HOME_DIR) --chain_id solonet
	bin/bytom-solo node --home $(HOME_DIR) --mining --web.closed --stratum.listen 127.0.0.1:9119 \
		--p2p.laddr tcp://127.0.0.1:46658 --p2p.skip_upnp --p2p.lan_discoverable=false

test: deps ## run all tests; installs where it may a driver for the shaders, and programs that check accounts and alarms
	@{ scripts/lavapipe.sh; scripts/accounting.sh; scripts/promtool.sh; } & $(GO) build $(COMPILE) ./node ./testnet && wait
	$(GO) test $(COMPILE) -vet=all $(AT_ONCE) -timeout 12m $(TESTS)
	$(GO) test $(COMPILE) -vet=all -tags engine -timeout 5m $(ENGINE)

race: deps ## run all tests under the race detector
	$(GO) test -race -timeout 40m $(TESTS)
	$(GO) test -race -tags engine -timeout 5m $(ENGINE)

CHAOS ?= 10m

chaos: deps ## four nodes, two of them stock, with fronts and rigs live through faults drawn at random, for CHAOS (10m); disks of their own take root
	BYTOM_SOLO_CHAOS=$(CHAOS) $(GO) test -count 1 -v -timeout 120m -run '^TestChaos$$' ./test/chaos

chaos-long: ## make chaos for an hour
	@$(MAKE) chaos CHAOS=1h

FUZZTIME ?= 10m

test-long: deps cross ## the long forms of the tests, a build for every platform, the C code under its sanitizers, fuzzing for FUZZTIME (10m) a target
	BYTOM_SOLO_LONG=1 $(GO) test -timeout 240m $(TESTS)
	$(GO) test -asan -timeout 60m ./compute ./compute/cpu
	# Drivers keep memory until the end of the process.
	ASAN_OPTIONS=detect_leaks=0 $(GO) test -asan -timeout 60m ./compute/vulkan
	FUZZTIME=$(FUZZTIME) GO=$(GO) scripts/fuzz.sh

fuzz: deps ## fuzz every target for FUZZTIME (10m); TARGETS=REGEXP those whose folder/name matches
	FUZZTIME=$(FUZZTIME) GO=$(GO) scripts/fuzz.sh $(TARGETS)

LOAD ?= 30m

load: deps ## 2,000 rigs, 1,000 longpolls, 200 callers of get-work and 20 event streams at a node that mines, for LOAD (30m)
	BYTOM_SOLO_LOAD=$(LOAD) $(GO) test ./test/load -run '^TestLoad$$' -count 1 -v -timeout 24h

test-arm: deps ## run the kernels for arm64 under QEMU, which this installs where it may
	@for tool in qemu-aarch64:qemu-user aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu; do \
		command -v $${tool%:*} >/dev/null || apt-get install -qy $${tool#*:} || exit 1; \
	done
	BYTOM_SOLO_LONG=1 TENSORITY_REQUIRE=arm64 $(GO) test -v -timeout 60m -run '^TestArm64$$' ./compute/cpu

test-bochs: deps ## run the kernels for AVX-VNNI, AVX512-VNNI and AMX in emulated PCs, for an hour or more; takes root and 3 GB
	@scripts/test-bochs.sh

test-coopmat: deps ## run the shaders on a driver with cooperative matrices, in a root of its own; takes root and 1 GB
	@scripts/test-coopmat.sh

shaders: ## rebuild the shaders and compare them with the SPIR-V in the repository
	@scripts/shaders.sh

shaders-write: ## rebuild the shaders and replace the SPIR-V in the repository
	@scripts/shaders.sh --write

web: ## build the page at /mining/ from web/src; the libraries come from the npm registry, by their hashes
	@scripts/web.sh

screenshots: ## make the pictures of the page in docs/pictures, for a quarter of an hour; takes Chromium
	@mkdir -p docs/pictures
	BYTOM_SOLO_SCREENSHOTS=$(CURDIR)/docs/pictures $(GO) test ./test/browser -run "^TestScreenshots" -count 1 -timeout 40m -v

payouts-plot: ## draw docs/pictures/payouts.svg: an owner's income by each scheme, from a fixed seed
	$(GO) run ./scripts/payouts-plot

bench: build ## measure the hash on this machine, then the node's own paths; OLD=PATH compares with another build
	bin/bytom-solo bench --isa all --compare
	$(if $(OLD),bin/bytom-solo bench --isa all --compare --old $(OLD))
	@command -v wrk >/dev/null || apt-get install -qy wrk || echo 'no wrk: the load of get-work is not measured'
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m $(TESTS)
	$(GO) test -tags engine -run '^$$' -bench '^Benchmark(NewJobFront1000|Growth|Node10000|FrontBlock)$$' -timeout 30m ./stratum ./fleet/outbox ./node

lint: deps ## gofmt, go vet, staticcheck, functions that nothing calls, and the limits of files, functions and names
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags engine $(ENGINE)
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	$(GO) tool -modfile=tools/go.mod staticcheck -tags engine $(ENGINE)
	@scripts/deadcode.sh
	$(GO) test -run '^(TestFilesAndFunctionsAreShort|TestNamesSayWhatIsThere)$$' .

vuln: deps ## what is known of holes in the modules that this program calls, by govulncheck; it asks vuln.go.dev
	$(GO) tool -modfile=tools/go.mod govulncheck ./...
	$(GO) tool -modfile=tools/go.mod govulncheck -tags engine ./...

PACKAGES ?= mining stratum/wire stratum/client stratum ledger gbt rig node

mutants: deps ## change the code in small ways and list what no test notices, by package (PACKAGES); hours, or SAMPLE=100 lines of each, or SINCE=REV
	@scripts/mutants.sh $(PACKAGES)

cross: ## build without cgo for every platform, and with it for Windows if MinGW is there
	@for p in $(STATIC); do \
		echo "build $$p without cgo"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./... || exit 1; \
	done
	@command -v $(MINGW) >/dev/null || { echo 'no $(MINGW): windows/amd64 is not built with cgo'; exit 0; }; \
		echo 'build windows/amd64 with cgo'; \
		$(WINDOWS) $(GO) build ./... && $(WINDOWS) $(GO) vet ./compute/...

dist: deps ## put archives for every platform, Debian packages, SBOMs and checksums into dist/; installs cross compilers where it may
	@VERSION='$(VERSION)' scripts/dist.sh

test-dist: deps ## test what make dist builds, for half an hour: two builds compared, lintian, the package's life in a Debian of its own, QEMU, Wine; STEPS="lint deb" does those alone
	@scripts/test-dist.sh $(STEPS)

clean: ## remove what make built, but not .solonet
	rm -rf bin dist
