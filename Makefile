# `make demo`, then `make test`: Python 3.11 or newer is all that is needed.
#
# Each verb brings the environment it needs up to date: with uv, if it's there, or else
# with venv and pip. Another Python goes into a folder of its own:
#
#     make test PYTHON=python3.13 VENV=.venv-3.13
#
# ARGS is for the program: make test ARGS="-k looping"
# WITH is for more groups of pyproject.toml: make test WITH=mysqlclient

VENV ?= .venv

ifeq ($(shell uv --version >/dev/null 2>&1 && echo yes),yes)

python = UV_PROJECT_ENVIRONMENT=$(VENV) uv run $(if $(PYTHON),--python $(PYTHON)) $(addprefix --group ,$1 $(WITH)) python

else

base := $(or $(PYTHON),python3)
version := $(shell $(base) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
python = $(VENV)/bin/python
environment = $(patsubst %,$(VENV)/.has-%-$(version),$1 $(WITH))

endif

# All that needs no database, and the contract on one connection of each database.
QUICK := not contract or Asyncpg-asyncio] or SessionAiosqlite-asyncio]

.DEFAULT_GOAL := help
.NOTPARALLEL:
SOAK ?= 60
SEED ?= $(shell date +%s)

.PHONY: help demo check test test-layers cluster cluster-postgres cluster-patroni cluster-galera cluster-group-replication test-poolers test-servers test-python soak serve test-browser pictures bench lint types docs dist clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile

demo: $(call environment,test) ## 200 invoices at once, on SQLite and PostgreSQL: no number is lost
	$(call python,test) -m examples.invoices.demo $(ARGS)

check: $(call environment,test) ## a telling part of the tests: under a minute
	$(call python,test) -m pytest $(ARGS) tests/core tests/test_drive.py tests/test_errors.py \
	    tests/test_layering.py tests/contract -k "$(QUICK)"

test: $(call environment,test) ## all tests: less than ten minutes (ARGS=--uvloop for that event loop, too)
	$(call python,test) -m pytest $(ARGS)

test-poolers: $(call environment,test) ## behind PgBouncer, the newest PgBouncer and Pgpool-II
	$(call python,test) -m devtools.poolers $(ARGS)

test-servers: $(call environment,test) ## the contract and its faults on MySQL, other MariaDBs and PostgreSQLs (ARGS=mysql)
	$(call python,test) -m devtools.servers $(ARGS)

test-python: $(call environment,test) ## on Debian's newest Python and SQLite (ARGS="tests/core -k looping")
	$(call python,test) -m devtools.python $(ARGS)

soak: $(call environment,test) ## a long search for lost numbers (SOAK=60 seconds on each kind of connection, SEED=...)
	@echo "SEED=$(SEED) SOAK=$(SOAK)"
	ASEQ_SEARCH_SEED=$(SEED) ASEQ_SEARCH_SECONDS=$(SOAK) \
	    $(call python,test) -m pytest tests/faults/search --uvloop $(ARGS)

# Several servers at once, on the loopback interface; what has to be installed, they say.
cluster: cluster-postgres cluster-patroni cluster-galera cluster-group-replication ## several servers: killed, cut off, promoted (some minutes each)

cluster-postgres: $(call environment,test) ## a primary and its synchronous standby (ASEQ_FAILOVERS=20)
	ASEQ_CLUSTERS=postgres $(call python,test) -m pytest -s -n 0 tests/clusters $(ARGS)

cluster-patroni: $(call environment,test) ## PostgreSQL under Patroni and etcd (ASEQ_PATRONI_FAILOVERS=3)
	ASEQ_CLUSTERS=patroni $(call python,test) -m pytest -s -n 0 tests/clusters $(ARGS)

cluster-galera: $(call environment,test) ## MariaDB Galera, three nodes (ASEQ_NUMBERS=5000)
	ASEQ_CLUSTERS=galera $(call python,test) -m pytest -s -n 0 tests/clusters $(ARGS)

cluster-group-replication: $(call environment,test) ## MySQL Group Replication, three nodes (ASEQ_NUMBERS=2000)
	ASEQ_CLUSTERS=group_replication $(call python,test) -m pytest -s -n 0 tests/clusters $(ARGS)

# They want older versions of others than the newest: an environment of their own.
test-layers: ## libraries on SQLAlchemy: ormar, advanced-alchemy, edgy, saffier
	$(or $(PYTHON),python3) -m venv .venv-layers
	.venv-layers/bin/python -m pip install --quiet --upgrade pip
	.venv-layers/bin/python -m pip install --quiet --group test --editable . \
	    --requirement tests/over_sqlalchemy/requirements.txt
	.venv-layers/bin/python -m pytest $(ARGS) tests/over_sqlalchemy

serve: $(call environment,test) ## the example to copy, in a browser: press "Storm" (PORT=8000, DATABASE_URL)
	$(call python,test) -m examples.invoices

test-browser: $(call environment,browser) ## the page of the example, in the Chromium that is installed
	ASEQ_TEST_BROWSER=1 $(call python,browser) -m pytest --numprocesses=0 tests/browser $(ARGS)

pictures: $(call environment,browser) ## the pictures of the page and the demo in docs/img
	$(call python,browser) -m devtools.page
	$(call python,browser) -m examples.invoices.demo --require-postgres --svg docs/img/demo.svg

bench: $(call environment,bench) ## aseq beside its peers: twelve minutes (ARGS=--quick for less)
	$(call python,bench) -m benchmarks $(ARGS)

lint: $(call environment,lint) ## style, spelling and plain English
	$(call python,lint) -m ruff check $(ARGS)
	$(call python,lint) -m ruff format --check $(ARGS)
	$(call python,lint) -m codespell_lib
	$(call python,lint) -m devtools.prose

types: $(call environment,test) $(call environment,lint) ## mypy and pyright
	$(call python,lint) -m mypy $(ARGS)
	$(call python,lint) -m pyright --pythonpath $(VENV)/bin/python $(ARGS)

docs: $(call environment,docs) ## the documentation, in site/
	NO_MKDOCS_2_WARNING=1 $(call python,docs) -m mkdocs build --strict $(ARGS)
	$(call python,docs) -m devtools.llms site

dist: $(call environment,release) ## wheel and sdist, tested, with an SBOM
	rm -rf dist
	$(call python,release) -m build --outdir dist
	$(call python,release) -m devtools.dist

clean: ## remove the environment, and what tools left behind
	@test ! -e $(VENV)/pyvenv.cfg || rm -rf $(VENV)
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* build dist site

# Again whenever pyproject.toml has changed. (`--group` needs pip 25.1.)
$(VENV)/.has-%-$(version): pyproject.toml
	@$(base) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	    "aseq needs Python 3.11 or newer, which $(base) isn't." \
	    "If there is another: make $(MAKECMDGOALS) PYTHON=python3.13"; exit 1; }
	@test -x $(VENV)/bin/pip || \
	    $(base) -m venv $(if $(wildcard $(VENV)/pyvenv.cfg),--clear) $(VENV)
	@$(python) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(version)")' || \
	    { echo "$(VENV) is for another Python: make clean, or say VENV=.venv-$(version)"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(python) -m pip install --quiet --upgrade pip
	$(python) -m pip install --quiet --group $* --editable .
	@touch $@

ifdef PORT
export PORT
endif
