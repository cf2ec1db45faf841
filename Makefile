# make demo  - set up, run the main job on the demo data, say where the report is
# make test  - set up, check style and notebooks, run the tests
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test test-all check fix docs clean honesty bench

demo: $(VENV)/.installed
	$(BIN)/propkit demo data/demo

test: check
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: check
	$(BIN)/python -m pytest -n 2

# Changes nothing and runs everything.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.hygiene
	$(BIN)/python -m docs.generate --check

fix: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.hygiene --fix
	$(BIN)/python -m docs.generate

# Measures coverage, silence, voice, cause, privacy and mutation, and writes docs/honesty.md: a few CPU-minutes.
honesty: $(VENV)/.installed-dev
	$(BIN)/python -m tests.honesty

# Times reports, ingest and tallies against the usual ways and writes docs/benchmarks*.md: over an hour on a quiet machine;
# BENCH=--quick SCALE="--communities 20" takes fifteen minutes.
bench: $(VENV)/.installed-dev
	$(PIP) --editable '.[dev,bench]'
	$(BIN)/python -m bench --write $(BENCH)
	$(BIN)/python -m bench.explorer --write
	$(BIN)/python -m bench.scale --write $(SCALE)

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) data/demo/store data/demo/reports .pytest_cache .ruff_cache .hypothesis
