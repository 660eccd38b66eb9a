# One list of commands for people, hooks and CI. `make` alone explains them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
RUN := $(VENV)/bin/python
# The first Python on this machine that is new enough and can make virtual environments.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Two workers suit two cores; `make test WORKERS=0` runs the tests in one process.
WORKERS ?= 2
PIP_INSTALL := $(RUN) -m pip install --disable-pip-version-check -qq --no-deps --require-hashes

.PHONY: help demo test check format docs faults rigour bench sbom audit hooks lock clean
help: ## Explain the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Stamps: each lock is installed once, and again only when it changes.
$(VENV)/.locked: requirements.lock $(VENV)/.python
	@echo "Installing what requirements.lock names into $(VENV), once; this takes a minute or two ..."
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.benchmarks: benchmarks/requirements.lock $(VENV)/.locked
	@$(PIP_INSTALL) -r benchmarks/requirements.lock
	@touch $@

demo: $(VENV)/.locked ## Simulate, train, propose, approve and score, then serve until Ctrl-C (DEMO_ONCE=1: stop after showing)
	@$(RUN) -m riskapi demo $(if $(DEMO_ONCE),--once)

check: $(VENV)/.locked ## Format, lint, types and import contracts
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

test: check ## Everything: check, then all tests and doctests
	@$(RUN) -m pytest $(if $(filter-out 0 1,$(WORKERS)),-n $(WORKERS) --dist loadfile) --ignore=tests/browser $(PYTEST_ARGS)
	@$(RUN) -m pytest tests/browser $(PYTEST_ARGS)  # apart: the browser's driver keeps an event loop in its process

format: $(VENV)/.locked ## Put the code into its usual form
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

docs: $(VENV)/.locked ## Write the pages of docs/ that come from the code
	@$(RUN) docs/generate.py

faults: $(VENV)/.locked ## All faults: kills, power cuts, failing disks, PostgreSQL, repeats, tampering, hostile input (about an hour)
	@RISKAPI_FAULTS=full $(RUN) -m pytest tests/faults tests/hostile $(PYTEST_ARGS)

# `make rigour RIGOUR_SEEDS=40 RIGOUR_CLAIMS="prevalence off_policy"` measures longer, or only some.
RIGOUR_SEEDS ?= 20
RIGOUR_CLAIMS ?=
rigour: $(VENV)/.locked ## The scoreboard: what the training side claims, measured on worlds with known truth, with controls
	@$(RUN) -m training.rigour $(RIGOUR_CLAIMS) --seeds $(RIGOUR_SEEDS)

bench: $(VENV)/.benchmarks ## Measure in process and over HTTP, beside what would be used instead; the store; verification
	@PYTHONPATH=. $(RUN) benchmarks/score_in_process.py
	@PYTHONPATH=. $(RUN) benchmarks/score_http.py
	@PYTHONPATH=. $(RUN) benchmarks/store.py
	@PYTHONPATH=. $(RUN) benchmarks/messages.py
	@PYTHONPATH=. $(RUN) benchmarks/verify.py

TOOLS := var/tools
$(TOOLS)/.installed:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --disable-pip-version-check --quiet "cyclonedx-bom>=7,<8" "pip-audit>=2.10,<3"
	@touch $@

sbom: $(TOOLS)/.installed ## Write what the service is made of as CycloneDX to var/sbom.json
	@$(TOOLS)/bin/cyclonedx-py requirements requirements-service.lock --output-reproducible --of JSON -o var/sbom.json
	@echo "var/sbom.json names $$(grep -c '"purl"' var/sbom.json) components."

audit: $(TOOLS)/.installed ## Look for known weaknesses of the locked dependencies; loud where advisories cannot be had
	@$(PYTHON) riskapi/operations/audit.py $(TOOLS)/bin/pip-audit

hooks: $(VENV)/.locked ## Run `make check` before each commit
	@$(VENV)/bin/pre-commit install

COMPILE := var/uv/bin/uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: ## Resolve the locks again, within the ranges of pyproject.toml
	@test -x var/uv/bin/uv || { $(PYTHON) -m venv var/uv && var/uv/bin/python -m pip install --quiet "uv>=0.9"; }
	@$(COMPILE) --extra postgres --extra telemetry --extra training --extra dev pyproject.toml -o requirements.lock
	@$(COMPILE) --constraint requirements.lock --extra postgres pyproject.toml -o requirements-service.lock
	@$(COMPILE) --constraint requirements.lock --extra training --extra benchmarks pyproject.toml -o benchmarks/requirements.lock

clean: ## Remove caches and what the demo made; decisions and runs in var/ stay
	@rm -rf var/demo var/uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage *.egg-info build dist
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
