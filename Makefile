# make run      the portal with demo data on http://127.0.0.1:8000 (PORT=… for another port)
# make test     everything the tests prove, browser tests included
# make reset    throws the demo data away and loads it anew
# make lint     formatter, linters, import rules
.DEFAULT_GOAL := help
.PHONY: help setup run test reset backup restore lint types format lock benchmark screenshots drill

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
STAMP := .venv/installed-from

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) system ## virtual environment and system packages
.PHONY: system
system:
	@sh .ci/system-packages

# Only when the locked versions changed. uv takes seconds, and comes by pip where it isn't there; pip takes
# up to five minutes, where uv can't reach what pip was told of. What isn't for this Python can't be
# compiled.
$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed ($$($(PYTHON) --version)); set PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Run: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the $$(grep -c == requirements-dev.txt) locked packages (once) …"
	@uv=$$(command -v uv) || { uv=$(BIN)/uv; \
	  sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt >.venv/uv.txt; \
	  $(PIP) --require-hashes --no-deps -r .venv/uv.txt; }; \
	"$$uv" pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.txt || \
	  $(PIP) --require-hashes --no-compile -r requirements-dev.txt
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

run: setup ## the portal with demo data (PORT=8000)
	@PORT=$${PORT:-8000} exec $(BIN)/python -m sesam.dev.serve

reset: setup ## demo data anew
	@exec $(BIN)/python -m sesam.dev.serve reset

BACKUPS := .local/backups
backup: setup ## the demo's database and files into a folder below .local/backups
	@DEBUG=1 DEMO=1 exec $(BIN)/python manage.py backup $(BACKUPS)

restore: setup ## the newest of these into a database beside (DB_NAME=restored)
	@set -e; newest=$$(ls -d $(BACKUPS)/portal-* | tail -n 1); \
	  export DEBUG=1 DEMO=1 DB_NAME=$${DB_NAME:-restored}; \
	  MEDIA_ROOT=.local/media-$$DB_NAME exec $(BIN)/python manage.py restore "$$newest"

test: setup ## all tests (ARGS="-k name" for some)
	@exec $(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: setup ## formatter, linters, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports

types: setup ## types of everything but tests and migrations
	$(BIN)/mypy

format: setup ## let the formatter have its way
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
  --python-version 3.11
lock: setup ## resolve pyproject.toml anew into requirements*.txt (UPGRADE=--upgrade)
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra traces --extra s3 -o requirements-more.txt -c requirements.txt
	$(LOCK) $(UPGRADE) pyproject.toml --all-extras --group dev -o requirements-dev.txt \
	  -c requirements-more.txt

benchmark: setup ## how fast the main pages answer
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

drill: setup ## what operators rely on, tried with real processes (ONLY="nodes")
	@exec $(BIN)/python -m tests.drills $(ONLY)

screenshots: setup ## pictures for the README, and of every page into .local/pictures/
	@exec $(BIN)/python -m pytest -q -s tests/screenshots.py $(ARGS)
