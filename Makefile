# Every target sets up what it needs; a repeat costs nothing.  `make` alone lists them.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
READY := .venv/.ready
BIN := .venv/bin
CODE := gateway pseudonymizer workers policies tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint format types contracts bench flames soak fuzz oracles clickstream docs check clean

help: ## List what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything, locked and hashed, into .venv

demo: $(READY) ## A shop's traffic end to end: refused, stored, segmented, erased, proven
	$(BIN)/paravent demo

up: $(READY) ## Start the gateway, the workers and what they need; Ctrl-C stops all
	$(BIN)/paravent up

test: $(READY) ## All tests, against a PostgreSQL that the tests start themselves
	$(BIN)/pytest

lint: $(READY) ## Format check and every ruff rule
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)

format: $(READY) ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(READY) ## mypy --strict
	$(BIN)/mypy

contracts: $(READY) ## Who may import whom
	$(BIN)/lint-imports --no-logo

bench: $(READY) ## Ratios to limits of the same run, in benchmarks/results.md; FULL=1 with ten million events
	@$(UV) sync --frozen --all-extras --group bench --quiet || echo "no compiler: the row tcf is left out"
	$(BIN)/python -m benchmarks $(if $(FULL),--full)

flames: $(READY) ## Draw where each lane spends its time, in docs/flames
	$(BIN)/python -m benchmarks.flames

soak: $(READY) ## A storm of SOAK_MINUTES (10) and SOAK_KILLS; SOAK=steady: a steady load; see docs/faults.md
	$(BIN)/python -m tests.faults
	$(if $(SOAK)$(SOAK_KILLS),,HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/unit tests/integration tests/embedded tests/journeys)

fuzz: $(READY) ## Spoiled payloads and bytes nobody meant, for FUZZ_SECONDS (600), guided by coverage
	$(UV) sync --frozen --all-extras --group fuzz --python $(PYTHON)
	$(BIN)/python -m tests.fuzz

oracles: $(READY) ## Hold our TC string decoder against the IAB's own (npm, node), 10 000 strings each way
	cd tests/oracles/tcf && npm ci --ignore-scripts --no-audit --no-fund --silent
	$(BIN)/pytest -n 0 tests/oracles

clickstream: $(READY) ## Check a real clickstream against pandas: make clickstream FILE=clicks.csv.gz
	CLICKSTREAM_FILE=$(FILE) $(BIN)/pytest -n 0 -s tests/outside

docs: $(READY) ## README, glossary, settings and error codes against the program
	$(BIN)/pytest tests/architecture/docs

check: ## The gate: everything above that can fail, and the tests against real services too
	.ci/run

clean: ## Remove the environment and every cache; installations stay where they are
	rm -rf .venv .uv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --all-extras --python $(PYTHON)
	@touch $@

# Only where no uv is on the PATH: our own copy, in a folder of its own.
.uv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Paravent needs Python 3.11 or later on the PATH." >&2; exit 1; }
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv==0.13.9
