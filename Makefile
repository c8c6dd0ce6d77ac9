# demo: run the portal          test: check everything      quick: the inner loop, under a minute
# check: lint, types, imports   fix: repair what tools can  bench: measured ratios
# sbom: what it consists of, as CycloneDX
# exact: every insight against its oracle on 2,000 random data sets, minutes long

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS := $(shell $(PYTHON) -c 'import os; print(max(2, min(4, os.cpu_count() or 2)))')
PYTEST_ARGS ?= tests
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

# Each process would compile two thousand files anew, two seconds of it, where this is set to 1.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test quick exact bench check sbom fix clean
.DEFAULT_GOAL := demo

demo: $(RUN)
	@exec $(BIN)/python manage.py up

test: check
	$(BIN)/python -m analytics.insights.passes
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

quick: $(DEV)
	$(BIN)/python -m analytics.insights.passes
	$(BIN)/python -m pytest -q -m "not slow" -n 2 $(PYTEST_ARGS)

exact: $(DEV)
	CASES=2000 $(BIN)/python -m pytest -n $(JOBS) tests/insights/exact tests/insights/test_funnel_pass.py

bench: $(DEV)
	$(BIN)/python -m bench

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	PORTAL_BASE_URL=https://portal.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python deploy/advisories.py

sbom: $(DEV)
	$(BIN)/python deploy/sbom.py sbom.json

fix: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

# uv installs in a third of the time; plain pip does as well.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || $(BIN)/pip install --quiet uv || echo "Going on with pip."

INSTALL = if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python $(1); \
	elif [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BIN)/python $(1); \
	else $(BIN)/pip install --quiet $(1); fi

$(RUN): requirements.txt | $(BIN)/python
	@echo "Installing requirements.txt ..."
	@$(call INSTALL,-r requirements.txt)
	@touch $@

$(DEV): requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing requirements-dev.txt ..."
	@$(call INSTALL,-r requirements.txt -r requirements-dev.txt)
	@touch $(RUN) $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
