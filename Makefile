# Flight Data Pipeline. The two commands: `make run` and `make test`. Both set up what they need by themselves from
# Python 3.11+, Node 20+ and make, say what they do, and are quick the second time.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
UV_VERSION := 0.13.9
UV := .tools/bin/uv
VENV := backend/.venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.installed
MAP := dashboard/dist/index.html
MAP_PACKAGES := dashboard/node_modules/.installed
FUNCTIONS := $(wildcard backend/functions/*/*.py)

# What the tools cache goes where `make clean` finds it.
export MYPY_CACHE_DIR := $(CURDIR)/.cache/mypy
export RUFF_CACHE_DIR := $(CURDIR)/.cache/ruff

.DEFAULT_GOAL := help
.PHONY: help setup run live test test-map check check-python check-map format bench lock clean

help:  ## Show this help
	@echo "make run     the whole pipeline with its map, on data that ships; ARGS=\"--help\" shows what it can do"
	@echo "make test    all tests"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(PACKAGES) $(MAP)  ## Install everything, start nothing

run: $(PACKAGES) $(MAP)  ## Run the whole pipeline: make run ARGS="--source simulation:12000"
	@$(BIN)/flightdata up --data data $(ARGS)

live: $(PACKAGES) $(MAP)  ## Run it on live data of OpenSky: make live ARGS="--source opensky:47,49,1,4"
	@$(BIN)/flightdata up --live --data data-live $(ARGS)

test: $(PACKAGES) test-map  ## Run all tests; ARGS go to pytest
	@echo "→ tests of the backend"
	@cd backend && .venv/bin/pytest -n 2 --dist worksteal $(ARGS)

test-map: $(MAP_PACKAGES)
	@echo "→ tests of the map"
	@cd dashboard && npm test --silent

check: check-python check-map  ## Format, lint, types, architecture

check-python: $(PACKAGES)
	@echo "→ black, isort, ruff, mypy, import-linter"
	@cd backend && .venv/bin/black --check . 2> ../.cache/black.txt || { cat ../.cache/black.txt; exit 1; }
	@cd backend && .venv/bin/isort --check .
	@cd backend && .venv/bin/ruff check --quiet .
	@cd backend && .venv/bin/mypy
	@cd backend && for door in $(FUNCTIONS:backend/%=%); do .venv/bin/mypy --no-error-summary $$door || exit 1; done
	@cd backend && .venv/bin/lint-imports --no-logo --cache-dir ../.cache/import-linter > ../.cache/import-linter.txt || { cat ../.cache/import-linter.txt; exit 1; }

check-map: $(MAP_PACKAGES)
	@echo "→ types, eslint and prettier of the map"
	@cd dashboard && npm run check --silent

format: $(PACKAGES) $(MAP_PACKAGES)  ## Format everything
	@cd backend && .venv/bin/ruff check --quiet --fix-only . ; .venv/bin/isort --quiet . ; .venv/bin/black --quiet .
	@cd dashboard && npm run format --silent

bench: $(PACKAGES)  ## Measure, as ratios to baselines in the same run; JSON in backend/bench/results
	@cd backend && .venv/bin/python -m bench $(ARGS)

lock: $(UV)  ## Bring uv.lock up to date with pyproject.toml
	@$(UV) lock --project backend

clean:  ## Remove what was installed and built (not the data)
	rm -rf .cache .tools $(VENV) dashboard/node_modules dashboard/dist

$(UV):
	@command -v "$(PYTHON)" > /dev/null || { echo "Python 3.11 or newer is needed; name it with PYTHON=…"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; name another one with PYTHON=…"; exit 1; }
	@echo "→ uv $(UV_VERSION) into .tools"
	@"$(PYTHON)" -m venv .tools
	@.tools/bin/pip install --quiet uv==$(UV_VERSION)

$(PACKAGES): backend/pyproject.toml backend/uv.lock | $(UV)
	@echo "→ Python packages into $(VENV)"
	@mkdir -p .cache
	@UV_PYTHON="$(PYTHON)" $(UV) sync --project backend --frozen --quiet
	@touch $@

$(MAP_PACKAGES): dashboard/package.json dashboard/package-lock.json
	@command -v npm > /dev/null || { echo "Node 20 or newer with npm is needed for the map"; exit 1; }
	@echo "→ packages of the map into dashboard/node_modules"
	@cd dashboard && npm ci --silent --no-audit --no-fund
	@touch $@

$(MAP): $(MAP_PACKAGES) dashboard/index.html dashboard/vite.config.ts $(wildcard dashboard/src/* dashboard/public/*)
	@echo "→ the map into dashboard/dist"
	@cd dashboard && npm run build --silent > ../.cache/map-build.txt 2>&1 || { cat ../.cache/map-build.txt; exit 1; }
	@touch $@
