# `make` alone lists the targets.
SHELL := bash
CARGO ?= cargo
# Always the whole workspace: cargo picks the features of what is shared by what is built, and builds wasmtime again
# where they differ.
TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET)/debug/ml-intern
PLUGINS := plugins/dist
DEMO := $(TARGET)/demo

.DEFAULT_GOAL := help
.PHONY: help tmux demo test test-local-model setup plugins lint bench install fuzz deps

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

deps: ## install the system packages that building plugins needs, where they are missing
	@plugins/build --toolchain

plugins: ## build the plugins as WebAssembly components, into plugins/dist
	@plugins/build

setup: plugins ## build the binary, install the plugins and the Python image
	@$(CARGO) build --quiet --workspace --all-targets
	@$(BIN) setup --plugins $(PLUGINS)

demo: setup ## train a real model in the sandbox, under the ci policy, without a key or a question
	@rm -rf $(DEMO)
	@$(BIN) "Do what task.md asks for." --model scripted/demo --policy ci --workspace examples/demo \
		--plugins $(PLUGINS) --session-dir $(DEMO)
	@$(BIN) journal verify $(DEMO)/journal.jsonl

tmux: # what the terminal's tests draw on
	@command -v tmux >/dev/null || apt-get install --yes --quiet=2 --no-install-recommends tmux >/dev/null 2>&1 || \
		{ apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends tmux >/dev/null; } || \
		{ echo "tmux is needed to test the terminal; on Debian, as root: apt-get install tmux"; exit 1; }

test: setup tmux ## run every test, those of the samples in Python and JavaScript too
	@plugins/build --samples
	@$(CARGO) test --workspace --quiet
	@cd plugins && cargo test --quiet

test-local-model: setup ## ask a real model on this machine (llama.cpp, built from PyPI at the first time)
	@tests/local-model

lint: ## formats, lints, dependency rules and docs
	@$(CARGO) fmt --check
	@cd plugins && cargo fmt --check
	@$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	@cd plugins && cargo clippy --all-targets --quiet -- -D warnings
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

bench: setup ## measure; the results go into bench/README.md by hand
	@$(CARGO) build --quiet --release --workspace
	@$(CARGO) bench --workspace

install: setup ## install the release binary into cargo's bin directory
	@$(CARGO) install --locked --path host/cli
