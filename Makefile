# Needs make and Python 3.11 or newer; everything else is set up inside .venv, from the hashes in requirements.lock.
# Another Python: make test PY=python3.12      More arguments: make test ARGS="tests/core -x"

PY   ?= python3
VENV ?= .venv
ARGS ?=
CORES ?= -n 3  # for two cores: some tests mostly wait. CORES= for one core, and a debugger
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test test-long browser pictures check bench bench-providers bench-desk bench-board bench-pages bench-lint lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.ready ## Run the whole system on this machine with imaginary customers
	@$(BIN)/touchpoint demo $(ARGS)

test: $(VENV)/.ready ## Run the tests; they start the servers they need
	@$(BIN)/python -m pytest $(CORES) $(ARGS)

test-long: $(VENV)/.ready ## The same with all kills and touches of the long stories: some minutes more
	@TOUCHPOINT_LONG_TESTS=1 $(BIN)/python -m pytest $(CORES) $(ARGS)

browser: ## Install Debian's Chromium, which the tests in a browser need; asks for root, does nothing when it is there
	@command -v chromium >/dev/null || { \
	  [ "$$(id -u)" = 0 ] || { echo "This needs root: sudo apt-get install chromium" >&2; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; }

pictures: $(VENV)/.ready ## Take the pictures of the staff's pages anew, into docs/pictures
	@$(BIN)/python -m tests.browser.pictures

check: $(VENV)/.ready ## Look for faults without running anything: style, types, import directions, the playbooks, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/touchpoint check --strict playbooks
	$(BIN)/deptry .

bench: $(VENV)/.ready ## Measure throughput on real servers with their stock settings
	@$(BIN)/python -m tests.bench $(ARGS)

bench-providers: $(VENV)/.ready ## Measure e-mails and texts through the SDKs to a slow stub, and signed callbacks
	@$(BIN)/python -m tests.bench.providers $(ARGS)
	@$(BIN)/python -m tests.bench.hooks

bench-desk: $(VENV)/.ready ## Measure "next call" with 100,000 calls waiting and 200 people asking
	@$(BIN)/python -m tests.bench.desk $(ARGS)

bench-board: $(VENV)/.ready ## Measure one picture of the board with 100,000 calls waiting and 200 people on the desk
	@$(BIN)/python -m tests.bench.board $(ARGS)

bench-pages: $(VENV)/.ready ## Measure every page with 100,000 calls waiting and 200 people on the desk: some minutes
	@$(BIN)/python -m tests.bench.pages $(ARGS)

bench-lint: $(VENV)/.ready ## Measure how long it takes to check one playbook, and two hundred
	@$(BIN)/python -m tests.bench.lint $(ARGS)

lock: $(VENV)/.ready ## Write requirements.lock anew; add ARGS=--upgrade to take newer releases
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q $(ARGS) -o requirements.lock

clean: ## Remove what make made; databases and your own files stay
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find orchestrator workers tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than what it was made from, so the second run starts at once. Plain pip is the way round a machine
# on which uv cannot be installed or cannot reach its index (it does not read pip's configuration); it checks the same hashes.
$(VENV)/.ready: requirements.lock pyproject.toml $(BIN)/python
	@echo "Setting up $(VENV) …" >&2
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	@{ $(PIP) --require-hashes -r $(VENV)/uv.lock \
	  && $(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock \
	  && $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . ; } \
	|| { echo "That did not work with uv: trying plain pip, which takes longer." >&2 \
	  && $(PIP) --require-hashes -r requirements.lock \
	  && $(PIP) --no-deps --no-build-isolation -e . ; }
	@touch $@

$(BIN)/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "Python 3.11 or newer is needed, and '$(PY)' is not one. Name another: make PY=python3.12" >&2; exit 1; }
	@$(PY) -m venv --clear $(VENV) >/dev/null 2>&1 \
	|| { rm -rf $(VENV); echo "'$(PY) -m venv' does not work here. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
