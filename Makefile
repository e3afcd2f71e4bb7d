# `make demo` and `make test` set up everything they need on a fresh machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --python-version 3.11 --quiet

.PHONY: demo test check bench pictures readme lock clean

demo: $(READY)
	@$(BIN)/fundtui demo

test: check
	$(BIN)/python -m pytest -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 ))

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BENCH_READY)
	$(BIN)/python -m tests.bench

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fundtui needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(BENCH_READY): $(READY) requirements-bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bench.lock
	touch $@

pictures: $(READY)
	$(BIN)/python -m tests.picture

readme: $(READY)
	$(BIN)/python -m tests.readme

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(UV_COMPILE) --extra dev --output-file requirements.lock
	$(UV_COMPILE) --extra dev --extra bench --output-file requirements-bench.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
