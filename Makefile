# On a bare machine with Python 3.11+ and make: "make demo", then "make test".
# Everything goes into .venv, from the locks in requirements/; a second run installs nothing.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint pytest lab lock recordings bench conformance libraries wheel clean

help:
	@echo "make demo        hold a live session that goes wrong, on this machine, and say why"
	@echo "make test        lint, types and tests, as CI runs them"
	@echo "make lab         JupyterLab on notebooks/"
	@echo "make recordings  make recordings/ again from its recipe"
	@echo "make bench       speed, beside other tools"
	@echo "make conformance other people's clients against the emulators (fetches them; npm for those of Node)"
	@echo "make lock        resolve the locks again (UPGRADE=1: to the newest versions)"
	@echo "make wheel       build dist/*.whl"
	@echo "make lint        only ruff and mypy; make pytest PYTEST_ARGS='-k echo' only some tests"
	@echo "make clean       remove .venv, caches and builds"
	@echo "PYTHON=python3.13 chooses the interpreter that .venv is made with."

demo: $(VENV)/.core
	@$(BIN)/voicediag demo

test: lint pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

pytest: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

# Root is who one is in a container, where Jupyter asks to be told that this is meant.
lab: $(VENV)/.core
	$(BIN)/jupyter lab --notebook-dir=notebooks --ip=127.0.0.1 $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

recordings: $(VENV)/.recipe
	$(BIN)/python recordings/make.py

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.speed

conformance: $(VENV)/.dev
	$(BIN)/python tests/conformance/clients/run.py

libraries: $(VENV)/.libraries

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

clean:
	rm -rf $(VENV) .venv-clients dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment -------------------------------------------------------------------------------------------------

# pip carries on where uv cannot be had or cannot reach what it needs: pip knows the mirrors of its own settings.
define install
	{ [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(BIN)/python $(1); } \
	|| $(BIN)/python -m pip install -qq --disable-pip-version-check $(1)
endef

# Old interpreters read the first check too, so it is written for them.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo 'voicediag: expected Python 3.11 or newer, got no "$(PYTHON)"; is it called otherwise here? Try: make PYTHON=python3.12' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("voicediag: expected Python 3.11 or newer, got %d.%d as \"$(PYTHON)\"; is a newer one installed beside it? Try: make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'voicediag: expected the modules venv and ensurepip, got a "$(PYTHON)" without them; on Debian they are in the package python3-venv' >&2; exit 2; }
	@echo "voicediag: making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.uv: requirements/bootstrap.lock | $(BIN)/python
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $< \
	|| echo "voicediag: no uv to be had; pip does it instead, in a minute"
	@touch $@

$(VENV)/.libraries: requirements/core.lock $(VENV)/.uv
	@echo "voicediag: installing what it needs into $(VENV) (seconds from a warm cache, else as fast as the network) ..."
	@$(call install,--require-hashes -r $<)
	@touch $@

$(VENV)/.core: pyproject.toml $(VENV)/.libraries
	@$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.core
	@echo "voicediag: installing what its tests need into $(VENV) ..."
	@$(call install,--require-hashes -r $<)
	@touch $@

$(VENV)/.recipe: requirements/recipe.lock $(VENV)/.core
	@echo "voicediag: installing what makes the recordings into $(VENV) ..."
	@$(call install,--require-hashes -r $<)
	@touch $@

# --- the locks -------------------------------------------------------------------------------------------------------

# One file for all platforms and Pythons from 3.11 on, forked where a library has left a Python behind; versions and
# hashes only, so that whoever installs chooses where from.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy requires-python \
	--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

lock: $(VENV)/.uv
	$(COMPILE) --group bootstrap -o requirements/bootstrap.lock
	$(COMPILE) pyproject.toml --group build -o requirements/core.lock
	$(COMPILE) pyproject.toml --group build --extra dev --extra cancel --extra aecmos --extra vad -c requirements/core.lock -o requirements/dev.lock
	$(COMPILE) pyproject.toml --extra recipe -c requirements/core.lock -o requirements/recipe.lock
