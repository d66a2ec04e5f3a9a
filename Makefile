# Langqiao's commands. Needs make, git and Python 3.11 or newer; everything else is set up in .venv.

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready

# The first Python on the path that is new enough; say PYTHON=… to choose another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-live crash lint bench lock clean

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the Python environment in .venv (the other commands do it by themselves)

demo: $(READY) ## Run seven departments, their data office and a gateway, and tell the story; ONCE=1 to end after it, SIZE=0.1, DB=postgresql
	@$(BIN)/langqiao up $(if $(filter-out 0 no false,$(ONCE)),--once) $(if $(SIZE),--size $(SIZE)) $(if $(DB),--db $(DB))

test: $(READY) ## Run the tests, shared out to the cores; ARGS="tests/gateway -x" for some of them, ARGS="-n 0" for one process
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope $(ARGS)
	@echo "Tiers not run here: live (Apache Kafka from its jars, PostgreSQL where SQLite tells the same, drills under load: make test-live), crash (make crash), bench (make bench)."

test-live: $(READY) ## Run the same suites on Apache Kafka from its jars; needs Java 17 and Maven
	@$(BIN)/python -m pytest -m live $(ARGS)

crash: $(READY) ## Kill real processes at every step and prove that nothing was lost; RUNS=20 SEED=1 FIRST=0 ONLY=i JOBS=2 BROKER=apache-kafka
	@$(BIN)/python -m tests.crash --runs $(or $(RUNS),20) --seed $(or $(SEED),1) --broker $(or $(BROKER),embedded) \
		$(if $(FIRST),--first $(FIRST)) $(if $(JOBS),--jobs $(JOBS)) $(if $(ONLY),--only $(ONLY))

lint: $(READY) ## Check style, types and the import law
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict schemas services gateway
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache

bench: $(READY) ## Measure questions and events beside others; ARGS="--only events"; asserts nothing
	@$(BIN)/python -m tests.bench $(ARGS)

lock: $(READY) ## Resolve the dependencies of pyproject.toml anew and write requirements.lock
	@mkdir -p build
	@echo "Resolving the newest releases that pyproject.toml allows ..."
	@$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report build/lock.json '.[dev]'
	@$(BIN)/python -c 'import json; \
		found = [one["metadata"] for one in json.load(open("build/lock.json"))["install"]]; \
		pins = {one["name"]: one["version"] for one in found if one["name"] != "langqiao"}; \
		only = {"gmssl_pyx": "; sys_platform == \x27linux\x27 and platform_machine == \x27x86_64\x27"}; \
		print(*(f"{name}=={pins[name]}{only.get(name, str())}" for name in sorted(pins, key=str.lower)), sep="\n")' > requirements.lock
	@echo "requirements.lock: $$(wc -l < requirements.lock) packages."

clean: ## Remove caches, build results and the demo's data; .venv stays
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .langqiao
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Langqiao needs Python 3.11 or newer. On Debian 12: apt-get install python3"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory $(VENV)
	@echo "Installing $$(wc -l < requirements.lock) packages into $(VENV) (a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "The environment is ready."

# Debian ships Python without ensurepip, and then leaves half an environment behind.
.PHONY: $(VENV)
$(VENV):
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing python3-venv ..."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; \
		else \
			echo "Python's venv is missing. Run this, then the same make again: sudo apt-get install -y python3-venv"; \
			exit 1; \
		fi; \
	fi
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
