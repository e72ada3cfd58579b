# Everything a person or a pipeline runs. The first target that needs it makes .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Seconds that one test with a real server may take. The first one on a machine waits for the server to be built.
PATIENCE ?= 2400

.DEFAULT_GOAL := help
.PHONY: help demo test test-servers lint format bench fuzz crds reference picture docs lock clean

help: ## Show what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The program alone, for those who want to see it. All else is for those who change it.
$(BIN)/.installed-program: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gitops-upgrader needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 (found $$($(PYTHON) -V))" >&2; exit 1; }
	@echo "Setting up $(VENV): a minute the first time, and nothing after that."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(BIN)/.installed: $(BIN)/.installed-program
	@echo "Installing what tests and linters need."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(BIN)/.installed-docs: $(BIN)/.installed
	@echo "Installing what builds the documentation."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

demo: $(BIN)/.installed-program ## Run the whole pipeline on a fleet made for the purpose.
	@$(BIN)/gitops-upgrader demo

test: $(BIN)/.installed ## Run the hermetic tests: no network, no Go. ARGS='-k hop' selects some.
	$(BIN)/python tests/run.py $(ARGS)

test-servers: $(BIN)/.installed-docs ## Run the tests that need real servers and oracles, built once per machine.
	$(BIN)/python -m tests.servers
	$(BIN)/python tests/run.py servers -n 2 --timeout $(PATIENCE) $(ARGS)

lint: $(BIN)/.installed ## Check style, types, layers and generated files.
	bash -n .ci/run
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@scratch=$$(mktemp -d) && trap 'rm -r "$$scratch"' EXIT && $(BIN)/gitops-upgrader crds --output "$$scratch" && \
	  diff -r crds "$$scratch" || { echo "crds/ is not what gitops_upgrader/api says: run make crds." >&2; exit 1; }
	$(BIN)/mypy

format: $(BIN)/.installed ## Rewrite the code in the project's style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BIN)/.installed ## Measure speed as ratios against what a user would do instead.
	$(BIN)/python -m tests.bench $(ARGS)

fuzz: $(BIN)/.installed ## Fuzz the manifest editor for five minutes.
	$(BIN)/python -m tests.fuzz --seconds 300

crds: $(BIN)/.installed-program ## Write crds/ anew from gitops_upgrader/api.
	$(BIN)/gitops-upgrader crds --output crds

reference: $(BIN)/.installed ## Write docs/reference anew from the code.
	$(BIN)/python -m tests.docs.reference

picture: $(BIN)/.installed ## Draw the README's picture anew from what the program prints.
	$(BIN)/python -m tests.docs.picture

docs: $(BIN)/.installed-docs ## Build the documentation into site/, and fail on a broken link.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: $(BIN)/.installed ## Pin anew what the action and the image install.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	@head -n 3 requirements.txt >requirements.new
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate pyproject.toml >>requirements.new
	@mv requirements.new requirements.txt

clean: ## Remove what the other targets made.
	rm -rf $(VENV) site .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
