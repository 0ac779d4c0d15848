# Everything goes through .venv, which `make setup` makes; needed beforehand: Python 3.11 or newer.

SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/bin:$(PATH)

PYTHON_HERE := .venv/bin/python
# Two test files at a time: most tests wait for a browser, and none shares anything with another file.
PARALLEL ?= -n 2 --dist loadfile

.PHONY: help run setup setup-test test test-firefox lint format faults bench bench-drift grid docs docs-serve clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

setup:  ## makes .venv and sees that there is a browser
	@scripts/setup.sh run

run: setup  ## the main job; on the practice site, or with ARGS="me --dry-run" as `optout run` has it
	@$(PYTHON_HERE) -m optout run $(if $(strip $(ARGS)),$(ARGS),--practice)

setup-test:
	@scripts/setup.sh test

test: setup-test  ## all tests; a part of them with ARGS="tests/unit -k rights"
	@$(PYTHON_HERE) -m pytest $(PARALLEL) $(ARGS)

test-firefox: setup-test  ## the browser tests once more, in Firefox; a part of them with ARGS
	@OPTOUT_TEST_BROWSER=firefox $(PYTHON_HERE) -m pytest -m "browser and not chromium_only" $(PARALLEL) $(ARGS)

lint:  ## ruff and mypy
	@scripts/setup.sh python
	@$(PYTHON_HERE) -m ruff check .
	@$(PYTHON_HERE) -m ruff format --check .
	@$(PYTHON_HERE) -m mypy

format:  ## puts the source into ruff's shape
	@scripts/setup.sh python
	@$(PYTHON_HERE) -m ruff check --fix .
	@$(PYTHON_HERE) -m ruff format .

faults: setup-test  ## counts false claims, wrong clicks, leaks and lost records over all fault scenarios
	@$(PYTHON_HERE) -m benchmarks.faults $(ARGS)

bench:  ## the speed figures of docs/performance.md
	@scripts/setup.sh bench
	@$(PYTHON_HERE) -m benchmarks.speed $(ARGS)

bench-drift: setup-test  ## how many controls are found again after a redesign
	@$(PYTHON_HERE) -m benchmarks.drift $(ARGS)

grid: setup-test  ## a Selenium Grid hub and two nodes on loopback (Java 17)
	@$(PYTHON_HERE) -m benchmarks.grid $(ARGS)

docs:  ## builds the site of docs/ into site/, strictly
	@scripts/setup.sh docs
	@NO_MKDOCS_2_WARNING=1 $(PYTHON_HERE) -m mkdocs build --strict

docs-serve:  ## shows the documents while they are written
	@scripts/setup.sh docs
	@NO_MKDOCS_2_WARNING=1 $(PYTHON_HERE) -m mkdocs serve

clean:  ## removes all that make made, .venv included
	rm -rf .venv .tools build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find optout tests -name __pycache__ -type d -prune -exec rm -rf {} +
