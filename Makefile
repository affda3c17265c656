# Two commands are always true: `make run` starts a server to play with, `make test` proves the tree.
# Variables: CARGO_TARGET_DIR as Cargo knows it; ARGS is handed to the server or the benchmark.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check tidy bench docs prepare

CARGO ?= cargo
ARGS ?=
LINT := --workspace --all-targets -- -D warnings

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: prepare ## Build and start the server with demo data in ./parlance-data-demo
	$(CARGO) run --release --locked -p parlance -- serve --demo --data-dir parlance-data-demo $(ARGS)

test: prepare ## Everything that must hold: formatting, lints as errors, every test, the tidy rules
	scripts/prepare.sh nextest
	scripts/prepare.sh clients
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked $(LINT)
	$(CARGO) test --quiet --locked --workspace --doc
	$(CARGO) nextest run --locked --workspace

check: prepare ## The quick loop: formatting, lints, unit tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(LINT)
	$(CARGO) test --quiet --workspace --lib --bins

tidy: prepare ## Only the rules of this repository that neither Cargo nor clippy knows
	$(CARGO) test --quiet -p xtask

bench: prepare ## Build server and benchmark for release, then measure (ARGS="send --help" shows what)
	$(CARGO) build --release --locked -p parlance -p parlance-bench
	$(CARGO) run --release --locked -p parlance-bench -- $(ARGS)

docs: prepare ## Build the API documentation, broken links as errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

prepare:
	@scripts/prepare.sh build
