# The only entry points. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo python node test test-rust test-python test-node test-pythons faults models simulate fuzz bench scale bench-guard \
	check format

CARGO_FUZZ := target/tools/bin/cargo-fuzz
CARGO_FUZZ_VERSION := 0.13.2
CARGO_DENY := target/tools/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2
# What the clients written by hand need, which the fault suite compares with.
FAULTS_PYTHON := target/faults/baseline-python
FAULTS_NODE := tests/faults/baseline/node/node_modules
# The HTTP clients of others that the benchmarks compare with.
BENCH_PYTHON := target/bench/python
BENCH_PEERS := tests/performance/peers
BENCH_NODE := $(BENCH_PEERS)/node/node_modules
PYTHON ?= python3
VENV := .venv/bin

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: python node ## run the service documentation's examples in Rust, Python and Node, on the emulator or the live service
	@cargo run --quiet --locked --package easemob-presence --example demo
	@echo
	@$(VENV)/python bindings-python/examples/demo.py
	@echo
	@node bindings-node/examples/demo.mjs

python: .venv/installed ## build the Python package and install it into .venv
	$(VENV)/maturin develop --quiet --release

node: node_modules/.package-lock.json ## build the Node package into dist/
	npm run --silent build

test: test-rust test-python test-node ## run every test: Rust, Python and Node

test-rust: ## unit, documentation, vectors, scenarios, emulator
	cargo test --locked --workspace --all-targets
	cargo test --locked --workspace --doc

test-python: python ## vectors, scenarios, values, types, lifecycle, on this machine's Python
	$(VENV)/pytest

test-node: node ## vectors, scenarios, values, types, packing, lifecycle
	npm test
	npm run test:lifecycle

test-pythons: .venv/installed ## the built wheel in a clean environment of each Python from 3.10 to 3.13 found here
	rm -rf target/wheels
	$(VENV)/maturin build --quiet --release --out target/wheels
	tests/python/pythons.sh target/wheels/*.whl

models: ## threads of the limiter, the token store, the lanes of writes and the mailbox, in thousands of orders
	RUSTFLAGS="--cfg shuttle" cargo test --locked --package easemob-presence --package easemob-presence-bindings \
		--lib --target-dir target/models -- tests::model mailbox::model

SEED ?= 1
simulate: ## watching 100,000 users on a service that fails, with figures; SEED=7 for another run
	SEED=$(SEED) cargo test --locked --package easemob-presence --lib -- --ignored --nocapture watch::

SECONDS_EACH ?= 15
fuzz: $(CARGO_FUZZ) ## every reader of outside bytes, 15 seconds each; SECONDS_EACH=60 for longer
	SECONDS_EACH=$(SECONDS_EACH) tests/fuzz/run.sh

faults: python node $(FAULTS_PYTHON)/installed $(FAULTS_NODE)/.package-lock.json ## every fault in every language, judged by the journal; ARGS="--quick --only A7,E1 --language node --seed 7"
	cargo build --quiet --locked --package easemob-presence-faults --package easemob-presence-faults-rust
	cargo build --quiet --locked --manifest-path tests/faults/baseline/rust/Cargo.toml --target-dir "$${CARGO_TARGET_DIR:-target}"
	cargo run --quiet --locked --package easemob-presence-faults -- $(ARGS)
	$(if $(strip $(foreach part,--quick --only --language,$(findstring $(part),$(ARGS)))),,$(MAKE) fuzz SECONDS_EACH=5)

bench: python node $(BENCH_PYTHON)/installed $(BENCH_NODE)/.package-lock.json ## our clients beside others', in Rust, Python and Node; ARGS="--quick --only python,set --seed 7 --list --page"
	cargo build --quiet --locked --release --package easemob-presence-bench-mock --package easemob-presence-bench-rust
	cargo build --quiet --locked --release --manifest-path $(BENCH_PEERS)/rust/Cargo.toml --target-dir "$${CARGO_TARGET_DIR:-target}"
	PYTHONPATH=tests/performance $(BENCH_PYTHON)/bin/python -m harness $(ARGS)

scale: python node ## 10,000 gets at once, lists, a million users streamed, 100,000 watched; ARGS="--language rust --only gets --users 1000"
	cargo build --quiet --locked --release --package easemob-presence-tests --example scale
	$(VENV)/python tests/performance/scale $(ARGS)

bench-guard: ## instructions of the core's hot paths beside those under version control; ARGS=--update writes them anew
	RUSTFLAGS="--cfg instructions" cargo run --quiet --locked --release --package easemob-presence-bench-guard \
		--target-dir target/guard -- $(ARGS)

check: $(CARGO_DENY) .venv/installed node ## formatting, lints, types, licences, documentation; no warning passes
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO_DENY) --locked --log-level error check bans licenses sources
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	$(VENV)/ruff format --quiet --check
	$(VENV)/ruff check --quiet
	npm run --silent check

format: .venv/installed ## format the code
	cargo fmt --all
	$(VENV)/ruff format --quiet

$(CARGO_FUZZ):
	cargo install --quiet --locked --root target/tools cargo-fuzz@$(CARGO_FUZZ_VERSION)

$(CARGO_DENY):
	cargo install --quiet --locked --root target/tools cargo-deny@$(CARGO_DENY_VERSION)

$(FAULTS_PYTHON)/installed: tests/faults/baseline/python/requirements.txt
	$(PYTHON) -m venv $(FAULTS_PYTHON)
	$(FAULTS_PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(FAULTS_NODE)/.package-lock.json: tests/faults/baseline/node/package-lock.json
	npm ci --silent --prefix tests/faults/baseline/node
	touch $@

$(BENCH_PYTHON)/installed: $(BENCH_PEERS)/python/requirements.txt
	$(PYTHON) -m venv $(BENCH_PYTHON)
	$(BENCH_PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(BENCH_NODE)/.package-lock.json: $(BENCH_PEERS)/node/package-lock.json
	npm ci --silent --prefix $(BENCH_PEERS)/node
	touch $@

.venv/installed: tests/python/requirements.txt
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

node_modules/.package-lock.json: package-lock.json
	npm ci --silent
	touch $@
