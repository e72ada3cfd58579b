# Everything a person or a pipeline runs. The first target that needs it makes .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/gitops-upgrader
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test test-servers lint format bench fuzz crds clean

help: ## Show what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gitops-upgrader needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 (found $$($(PYTHON) -V))" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(BIN)/.installed ## Run the whole pipeline on a fleet made for the purpose.
	$(BIN)/gitops-upgrader demo

test: $(BIN)/.installed ## Run the hermetic tests: no network, no Go.
	$(BIN)/python tests/run.py

test-servers: $(BIN)/.installed ## Run the tests that need real servers and oracles, built once per machine.
	$(BIN)/python -m pytest -m servers -n 2 --timeout 600 tests

lint: $(BIN)/.installed ## Check style, types, layers and generated files.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BIN)/.installed ## Rewrite the code in the project's style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BIN)/.installed ## Measure speed as ratios against what a user would do instead.
	$(BIN)/python -m tests.bench

fuzz: $(BIN)/.installed ## Fuzz the manifest editor for five minutes.
	$(BIN)/python -m tests.fuzz --seconds 300

crds: $(BIN)/.installed ## Write crds/ anew from gitops_upgrader/api.
	$(BIN)/gitops-upgrader crds --output crds

clean: ## Remove what the other targets made.
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
