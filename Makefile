# Everything needs only Python 3.11-3.13 and make; the environment is made in .venv.
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
# Real data sets, if they lie beside the checkout; see README.
export TF1X_DATA ?= $(abspath $(firstword $(wildcard ../shared/data)))
WORKERS ?= 2
# The count of symbols that docs/compatibility.md is made from.
SYMBOLS ?= $(wildcard ../shared/symbols.tsv)

.PHONY: help demo test check format bench bench-gpu docs clean

help:
	@echo "make demo    train a network on handwritten digits: progress, accuracy, a plot"
	@echo "make test    all tests (TensorFlow 2.21 is installed beside, as the oracle)"
	@echo "make check   format, lint, types, architecture"
	@echo "make bench   speed and memory, side by side with TensorFlow 2.21"
	@echo "make bench-gpu  training steps on a GPU, beside the same networks in JAX and PyTorch"
	@echo "make format  format the code"
	@echo "make docs    rewrite the generated parts of docs/ and tests/public_surface.txt"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "tf1x needs Python 3.11, 3.12 or 3.13 on the PATH (or PYTHON=...)."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	$(BIN)/python -m tf1x.native
	@touch $@

.venv/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ .venv/.demo

demo: .venv/.demo
	$(BIN)/tf1x run examples/demo.py

# Tests start many processes: with bytecode at hand, also where PYTHONDONTWRITEBYTECODE is set,
# each is up half a second earlier.
test: .venv/.test
	$(BIN)/python -m compileall -q src tests
	$(BIN)/python -m tf1x.native
	$(BIN)/python -m pytest -n $(WORKERS)

check: .venv/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p tf1x.core -p tf1x.runtime -p data2vis
	$(BIN)/python -m pytest tests/test_architecture.py

format: .venv/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.test
	$(BIN)/python -m tf1x.native
	$(BIN)/python -m benchmarks

# On a machine whose Python has JAX for its GPU (and PyTorch, if it is to be compared):
# make bench-gpu PYTHON=python3
bench-gpu:
	PYTHONPATH=src:. $(PYTHON) -m benchmarks.gpu

docs: .venv/.test
	$(BIN)/python tools/public_surface.py
	$(if $(SYMBOLS),$(BIN)/python tools/compatibility.py $(SYMBOLS))

clean:
	rm -rf .venv build dist outputs
