# The only entry points. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check format

CARGO_DENY := target/tools/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run the service documentation's examples against the embedded emulator, or the live service
	@cargo run --quiet --locked --package easemob-presence --example demo

test: ## run every test: unit, documentation, vectors, scenarios, emulator
	cargo test --locked --workspace --all-targets
	cargo test --locked --workspace --doc

check: $(CARGO_DENY) ## formatting, lints, licences and sources, documentation; no warning passes
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO_DENY) --locked --log-level error check bans licenses sources
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

format: ## format the code
	cargo fmt --all

$(CARGO_DENY):
	cargo install --quiet --locked --root target/tools cargo-deny@$(CARGO_DENY_VERSION)
