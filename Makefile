# Two commands: `make up` runs everything on this machine, `make test` tests everything. Needs Python 3.11+ and make.

.DEFAULT_GOAL := help
.PHONY: help up demo test coverage check bench install install-dev lock reset clean

# In another encoding Python cannot read the name of a folder with letters beyond it out of its own environment.
export LC_ALL := C.UTF-8
LAUNCH := .venv/bin/python -I -S src/sojourn/platform/launch.py

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install:
	@tools/bootstrap.sh run

install-dev:
	@tools/bootstrap.sh dev

up: install ## run everything: database, sandbox, API, worker (Ctrl-C stops it)
	@# Through the launcher, so that whoever kills make does not leave the rest behind (15 is SIGTERM).
	@exec $(LAUNCH) $$PPID 15 - .venv/bin/sojourn up

demo: install ## the main job, told step by step against the running system
	@exec .venv/bin/sojourn demo

test: install-dev ## the whole suite
	@exec .venv/bin/python -m pytest --numprocesses=2 --dist=worksteal

coverage: install-dev ## the whole suite with branch coverage: fails below 90 %, and below 100 % of rules and payments
	.venv/bin/python -m pytest --numprocesses=2 --dist=worksteal --cov --cov-report=term
	@exec .venv/bin/python -m coverage report --fail-under=100 --include='*/rules.py,*/sales/payments/*'

check: install-dev ## style, types, imports, sizes, migrations
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python tools/check_sizes.py
	.venv/bin/squawk migrations/sql/*.up.sql

bench: install-dev ## our figures beside the peer's, in one run
	@exec .venv/bin/python -m bench

lock: ## resolve the dependencies anew (needs uv: pip install uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(COMPILE) --group build --output-file requirements.lock
	$(COMPILE) --group build --group dev --constraints requirements.lock --output-file requirements-dev.lock

COMPILE := uv pip compile --quiet pyproject.toml --extra mcp --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock'

reset: install ## forget the development data of this clone
	@exec .venv/bin/sojourn reset

clean: ## remove the environment and the caches (development data: make reset)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
