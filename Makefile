# The two commands of the README: make demo, make test. Each does its own set-up.
PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.PHONY: demo
demo: $(VENV)/runtime ## see the whole job once, on a stand-in company
	@$(BIN)/itomm demo --to demo

.PHONY: test
test: system-packages $(VENV)/development ## install what the tests need, then run everything
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/itomm rules lint
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	@echo "Not run here: tests against real Redmine, Request Tracker, Icinga 2 and VictoriaMetrics. They are: make test-real"

.PHONY: test-real
test-real: system-packages $(VENV)/development ## install heavy servers (Redmine, Icinga, ...) and test against them
	@sh tests/real/install_heavy_servers.sh
	@$(BIN)/pytest -m real_server tests/real/heavy

.PHONY: check
check: $(VENV)/development ## lint, types and rule tests only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/itomm rules test

.PHONY: system-packages
system-packages:
	@sh tests/install_system_packages.sh

.PHONY: lock
lock: ## make the lock files anew from pyproject.toml
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group pyproject.toml:build pyproject.toml --output-file requirements/runtime.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group pyproject.toml:build --group pyproject.toml:dev pyproject.toml --output-file requirements/development.lock

$(VENV)/bin/pip:
	@sh tests/make_environment.sh "$(PYTHON)" "$(VENV)"

$(VENV)/runtime: requirements/runtime.lock pyproject.toml | $(VENV)/bin/pip
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/development: requirements/development.lock $(VENV)/runtime | $(VENV)/bin/pip
	@echo "Installing the locked development dependencies into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/development.lock
	@touch $@
