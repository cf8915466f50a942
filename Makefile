# Everything that is typed often. `make demo` and `make test` set up by themselves; PYTHON picks another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help setup demo quick test test-all lint types unit integration slow browser slurm ray database tracking docs oldest build clean

help:
	@echo "make demo      set up, then the whole job on built-in data, on the CPU, in a few minutes"
	@echo "make quick     lint, types, and the tests that start no process and import no PyTorch: under a minute"
	@echo "make test      set up, then lint, types, unit tests and core integration tests"
	@echo "make test-all  the slow ones as well, and those on a real Slurm, Ray and PostgreSQL"
	@echo "make docs      these pages as a site in build/site, and their tests"
	@echo "make oldest    the fast tests and a training with the oldest versions that pyproject.toml allows"
	@echo "make build     a wheel in dist/"
	@echo "make clean     remove the environment and the caches (never outputs/ or multirun/)"

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 14))' \
		|| { echo "yololab needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.12 …"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

demo: setup
	$(BIN)/yololab experiment=demo approval=auto baseline.promote=if_improved

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

# The loop of somebody who writes code: no test in it starts a process, imports PyTorch or takes half a second.
quick: lint types
	$(BIN)/pytest -q --numprocesses 2 --dist worksteal --fast tests/unit tests/test_architecture.py

# Branches count; the floor is in pyproject.toml. What only a training reaches is covered by the integration tests.
unit: setup
	$(BIN)/pytest -q --numprocesses 2 --dist worksteal --cov --cov-report=term:skip-covered tests/unit tests/test_architecture.py

integration: setup
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile tests/integration -m "not slow and not slurm and not ray and not database and not browser and not oldest"

test: lint types unit integration

slow: setup
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,notebook]"
	$(BIN)/pytest -q tests -m "slow and not tracking"

browser: setup
	$(BIN)/pytest -q tests -m browser

# A real Slurm and a real Ray, started and stopped by the tests; where that is impossible they are skipped, and say why.
slurm: setup
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,slurm]"
	timeout --kill-after=30 900 $(BIN)/pytest -q tests/engines -m slurm

ray: setup
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,ray]"
	timeout --kill-after=30 900 $(BIN)/pytest -q tests/engines -m ray

database: setup
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,database]"
	timeout --kill-after=30 900 $(BIN)/pytest -q tests/engines -m database

# Each tracker is an extra of its own, so that one that cannot be installed beside the others costs only its own tests.
tracking: setup
	-for extra in tensorboard mlflow wandb comet clearml dvc trackio; do \
		$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,$$extra]"; done
	timeout --kill-after=30 900 $(BIN)/pytest -q tests/integration/test_tracking.py -m tracking

# The site in build/site, as strict as it can be; examples in docstrings; what the pages say of the code.
docs: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --clean --config-file docs/site/mkdocs.yml
	$(BIN)/pytest -q --doctest-modules --doctest-ignore-import-errors src/yololab
	$(BIN)/pytest -q tests/docs

# The oldest versions that pyproject.toml allows, in an environment of their own: minutes, and 6 GB.
oldest: setup
	$(BIN)/pytest -q tests/integration/test_release.py -m oldest

test-all: slow browser slurm ray database tracking docs

build: setup
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
