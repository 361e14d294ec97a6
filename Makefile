# `make demo` and `make test` do all the set-up themselves; the rest is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo install test unit screens journeys integration servers lint bench calibration coverage mutants torture browser screenshots figures clean

help:
	@echo "make demo         install, fetch the small models, and watch them drift together"
	@echo "make test         install everything, and run all tests"
	@echo "make unit         the tests without models (under two minutes)"
	@echo "make screens      the tests of the explorer, without a terminal"
	@echo "make journeys     random journeys through the explorer, for an hour or two"
	@echo "make servers      the client against real servers, those that are installed"
	@echo "make browser      hostile text in a real Chromium, where there is one"
	@echo "make lint         ruff, mypy, import-linter"
	@echo "make bench        the benchmarks, as ratios measured in one run"
	@echo "make calibration  simulations of every level that the statistics claim"
	@echo "make coverage     branches that the tests reach, by folder; half an hour"
	@echo "make mutants      faults put into the code, to see which the tests miss; hours"
	@echo "make torture      runs killed, disks filled, power cut, servers that fail: two hours"
	@echo "make screenshots  pictures of the screens, from the recorded runs"
	@echo "make figures      the paper's figures and the study's, from the recorded runs"

demo: $(VENV)/installed
	$(BIN)/lwd-tui demo

install: $(VENV)/installed

test: unit screens integration

unit: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 3 tests/unit

screens: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 4 tests/tui

journeys: $(VENV)/installed-dev
	JOURNEYS=100 $(BIN)/python -m pytest -n 2 tests/tui/test_journeys.py

integration: $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/integration

servers: $(VENV)/installed-dev
	$(BIN)/python -m pytest -v tests/servers

browser: $(VENV)/installed-dev
	$(BIN)/python -m pytest -v tests/browser

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks

calibration: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks calibration

# The tracer doesn't see what is compiled: it is run as plain Python first, where that is quick,
# and then compiled anew, for what Python does meanwhile.
COVER := $(BIN)/python -m coverage
PLAIN := --ignore tests/unit/gmm/test_theory.py -k "not order_of and not probability"

coverage: $(VENV)/installed-dev
	rm -rf build/coverage
	mkdir -p build/coverage
	NUMBA_DISABLE_JIT=1 $(COVER) run -m pytest $(PLAIN) tests/unit/gmm
	NUMBA_CACHE_DIR=$(CURDIR)/build/coverage/numba $(COVER) run -m pytest tests/unit
	$(COVER) run -m pytest tests/integration/test_llamacpp.py \
		tests/integration/test_llamacpp_embedder.py tests/integration/test_sentence_transformers.py \
		tests/integration/test_embedder_process.py
	$(COVER) combine --quiet
	$(BIN)/python tests/branches.py --missing

mutants: $(VENV)/installed-dev
	$(BIN)/python -m mutants

torture: $(VENV)/installed-dev
	$(BIN)/python -m torture --minutes 120

screenshots: $(VENV)/installed-dev
	$(BIN)/python -m screenshots

figures: $(VENV)/installed-dev
	$(BIN)/python -m screenshots.figures

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit("lwd-tui needs Python 3.11 or newer; say which with: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	$(PIP) -e ".[embedded]"
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) -e ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) dist build *.egg-info
