# `make demo` and `make test` do all the set-up themselves; the rest is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo install test unit screens integration lint bench calibration screenshots clean

help:
	@echo "make demo         install, fetch the small models, and watch three of them drift together"
	@echo "make test         install everything, and run all tests"
	@echo "make unit         the tests without models (under two minutes)"
	@echo "make screens      the tests of the explorer, without a terminal"
	@echo "make lint         ruff, mypy, import-linter"
	@echo "make bench        the benchmarks, as ratios measured in one run"
	@echo "make calibration  simulations of every level that the statistics claim"
	@echo "make screenshots  pictures of the screens, from a real stored run"

demo: $(VENV)/installed
	$(BIN)/lwd-tui demo

install: $(VENV)/installed

test: unit screens integration

unit: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto tests/unit

screens: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 4 tests/tui

integration: $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/integration

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks

calibration: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks calibration

screenshots: $(VENV)/installed-dev
	$(BIN)/python -m screenshots

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
