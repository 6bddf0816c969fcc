# Two commands are enough: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
BUILD := build
.DEFAULT_GOAL := build
.PHONY: build demo run test unit e2e check format asan tsan fuzz clean help

build: ## build build/e2ee-proxy (installs what is missing)
	@scripts/deps build
	@scripts/build default

demo: build ## start proxy and simulated relay, send one request through each API, show what crossed the wire
	@$(BUILD)/e2ee-proxy demo

run: build ## start the proxy against the real service
	@$(BUILD)/e2ee-proxy serve

test: ## install what is missing, build, run every test
	@scripts/test

check: ## format, tidy, layers
	@scripts/check

asan: ## build and run the tests with AddressSanitizer and UBSan
	@scripts/test asan

tsan: ## build and run the tests with ThreadSanitizer
	@scripts/test tsan

fuzz: ## build the fuzz targets and run each for FUZZ_SECONDS (60)
	@scripts/deps build
	@scripts/fuzz

clean: ## remove what was built (not .deps)
	@rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16
