# make lab: the course in JupyterLab.   make test: everything that proves it.   README.md says more.

# Any of these that is 3.11 or newer.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: lab test refresh bench up down clean

lab: .venv/.course
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_OPTIONS)

test: .venv/.tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup -rs $(PYTEST_OPTIONS)

refresh: .venv/.course
	$(BIN)/python tests/refresh.py $(NOTEBOOKS)

bench: .venv/.tests
	$(BIN)/python tests/bench.py

# A Redis of a current version in docker, for REDIS_URL=redis://localhost:6379/0.
up:
	docker compose up --detach --wait

down:
	docker compose down

.venv/.course: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "The course needs Python 3.11 or newer with venv (Debian: apt install python3-venv)."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/.tests: .venv/.course tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

clean:
	rm -rf .venv *.egg-info
