# Everything that one does with the product. `make help` lists it.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app wsgi

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test lint format bench chaos soak demo docs pins picture clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed  ## Create .venv with what the product needs

install-dev: $(VENV)/.installed-dev  ## The same with what tests and lint need

run: install  ## Migrate the database and serve the chat at http://127.0.0.1:8000
	@if $(BIN)/python migrations/needed.py; then $(FLASK) db upgrade; fi
	@exec $(BIN)/gunicorn -c gunicorn.conf.py wsgi:app

test: install-dev  ## Run all tests; one process a core, at least three; WORKERS=n for n
	@$(BIN)/pytest -n $${WORKERS:-$$(( $$(nproc) > 3 ? $$(nproc) : 3 ))} --dist loadfile --no-loadscope-reorder

lint: install-dev  ## Style, types, layers, templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint --check --lint --quiet chatapp/templates

format: install-dev  ## Rewrite code and templates in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/djlint --reformat --quiet chatapp/templates || true

bench: install-dev  ## Measure everything promised about speed; ONLY="name name" for parts of it
	@$(BIN)/python -m bench.suite $(if $(ONLY),--only $(ONLY))

chaos: install-dev  ## Break a running site in every way of docs/faults.md and judge what became of it; ten minutes
	@$(BIN)/python -m bench.chaos

soak: install-dev  ## Talk to a site for half an hour and look at its memory
	@$(BIN)/python -m bench.soak

demo: install  ## People and conversations to look at
	@$(FLASK) db upgrade
	@$(FLASK) demo

docs: install  ## Write docs/settings.md from the list of settings
	@$(BIN)/python -c "from chatapp.config import as_markdown; print(as_markdown(), end=\"\")" > docs/settings.md

# For every platform and every Python from 3.11 on; what is pinned already stays.
PINS := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-config \
	--custom-compile-command "make pins"

pins: install-dev  ## Write requirements*.txt with hashes; UPGRADE=name raises one that others bring along
	@$(PINS) $(UPGRADE:%=--upgrade-package %) requirements.in -o requirements.txt
	@$(PINS) $(UPGRADE:%=--upgrade-package %) -c requirements.txt requirements.in requirements-dev.in -o requirements-dev.txt
	@$(PINS) $(UPGRADE:%=--upgrade-package %) -c requirements.txt requirements.in requirements-otel.in -o requirements-otel.txt

picture: install-dev  ## Take the picture of the README again
	@$(BIN)/python -m tests.browser.picture

clean:  ## Remove what the commands above have made, but not the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis artifacts
