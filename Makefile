# Everything a person runs. `make up` and `make test` set themselves up.
.PHONY: up down test setup lock lint bench clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
READY  := $(VENV)/.ready

up: $(READY)            ## deploy the platform on this machine, send a signal, show where it landed
	$(BIN)/signals up --stack local --demo

down: $(READY)          ## stop everything that `make up` started
	$(BIN)/signals down

test: $(READY)          ## all tests, end to end included
	$(BIN)/pytest

lint: $(READY)          ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)         ## every published number, measured here
	$(BIN)/python -m signals.bench

setup: $(READY)         ## the environment alone

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) was found: run 'make PYTHON=python3.11 $(MAKECMDGOALS)'"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-uv.lock
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(READY)          ## raise every locked version that pyproject.toml and handlers/ allow
	$(BIN)/python -m signals.lock

clean: down
	rm -rf $(VENV) .local
