# Halfway. `make run` and `make test` do everything on a machine with git, make, Rust, Node and Python 3.
#
# What the tools say goes to standard error: the first line of standard output of `make run` is the address.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STATE ?= .halfway
LISTEN ?= 127.0.0.1:8420
TARGET := $(abspath target)
AGENT := $(TARGET)/agent/release/halfway-agent
export HALFWAY_AGENT_BINARY := $(AGENT)

# need PROGRAM, COMMAND THAT INSTALLS IT
need = command -v $(1) > /dev/null || { echo "$(1) is missing: $(2)" >&2; exit 1; }

.PHONY: help run test build check dev bench tools front agent debug unit browser prove shots clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 18

tools:
	@$(call need,cargo,install Rust 1.95 or later with rustup: https://rustup.rs)
	@$(call need,cc,apt-get install gcc libc6-dev)
	@$(call need,node,apt-get install nodejs npm (version 20 or later))
	@$(call need,npm,apt-get install npm)
	@$(call need,python3,apt-get install python3)

static/node_modules/.package-lock.json: static/package.json static/package-lock.json
	@cd static && npm ci --no-audit --no-fund >&2
	@touch $@

front: tools static/node_modules/.package-lock.json
	@node static/build.mjs >&2

# Linked statically, so that it runs in any Linux image. A directory of its own keeps its flags from rebuilding the rest.
agent: tools
	@env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo build --quiet --release -p halfway-agent --target host-tuple --target-dir $(TARGET)/agent-build \
	  --config 'target."cfg(all())".rustflags=["-Ctarget-feature=+crt-static"]' >&2
	@mkdir -p $(dir $(AGENT))
	@built=$$(ls -t $(TARGET)/agent-build/*/release/halfway-agent | head -n 1); \
	  cmp -s "$$built" $(AGENT) || cp "$$built" $(AGENT)

build: front agent ## the release binary, with front end and agent in it: target/release/halfway
	@cargo build --release -p halfway >&2
	@ls -l $(TARGET)/release/halfway >&2

run: build ## builds, prepares the first labs, serves on 127.0.0.1 and prints the address
	@$(TARGET)/release/halfway --state $(STATE) lab prepare >&2
	@exec $(TARGET)/release/halfway --state $(STATE) serve --listen $(LISTEN)

debug: front agent
	@cargo build --workspace >&2

dev: debug ## serves content, templates and assets from disk: they reload without compiling
	@trap 'kill %1 2> /dev/null || true' EXIT; node static/build.mjs --watch >&2 & \
	  HALFWAY_DEV=1 $(TARGET)/debug/halfway --state $(STATE) serve --listen $(LISTEN)

check: tools ## formatting, lints, licences, dead dependencies
	@$(call need,cargo-deny,cargo install --locked cargo-deny@0.20.2)
	@$(call need,cargo-machete,cargo install --locked cargo-machete@0.9.2)
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo deny --log-level error check bans licenses sources
	cargo machete
	@$(call need,npx,apt-get install npm)
	node --check static/build.mjs

test: export HALFWAY_SKIPPED := $(TARGET)/skipped.txt
test: debug ## every test; what the machine lacks is skipped, said and counted
	@rm -f $(HALFWAY_SKIPPED)
	cargo test --workspace --quiet
	node --test static/test/
	tests/browser/run
	tests/labs
	@if [ -s $(HALFWAY_SKIPPED) ]; then \
	  echo; sort $(HALFWAY_SKIPPED) | uniq; echo "$$(sort $(HALFWAY_SKIPPED) | uniq | wc -l) skipped"; \
	else echo; echo "nothing skipped"; fi

prove: debug ## proves every lab: untouched, solution, undo, wrong solutions, again with another seed
	$(TARGET)/debug/halfway lab test

bench: build ## measures; ONLY=name measures one; writes target/bench/results.json
	@cargo bench --quiet --bench halfway -- $(if $(ONLY),--only $(ONLY))

shots: debug ## pictures of the pages for README and docs
	@tests/browser/run shots

clean: ## removes what was built, not the state
	rm -rf target static/dist static/node_modules tests/browser/node_modules
