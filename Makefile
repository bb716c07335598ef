# One environment in .venv, made when missing or when pyproject.toml changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo install test test-registries clients check format bench clean

run: $(VENV)/.runtime
	$(BIN)/decapolis serve

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/.runtime

demo: $(VENV)/.dev
	$(BIN)/decapolis demo

install: $(VENV)/.dev

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --cov --cov-report=term --cov-fail-under=90

# Every real server and emulator that can be had; needs maven, a JDK, npm and curl. DECAPOLIS_REQUIRE_SERVERS=1: all must start.
test-registries: $(VENV)/.dev
	$(BIN)/python -m tests.registries_run

# The clients of other languages; needs node, go, maven and a JDK, and fetches the clients' own packages.
clients: $(VENV)/.dev
	DECAPOLIS_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -m clients tests/clients

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
