# The commands set up what they need: a virtual environment in .venv with the versions of
# constraints.txt. Run again, they find it there.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Tests start hundreds of commands, which begin sooner where Python keeps what it compiled.
unexport PYTHONDONTWRITEBYTECODE
# Processes that run tests.
JOBS ?= 2
# An environment of its own, as Brian2CUDA wants another Python than 3.11.
CUDA_PYTHON ?= python3.12
CUDA_VENV := .venv-cuda
# All extras, which `make test-all` installs into one environment: a new one goes here as well.
EXTRAS := test,neo,nwb,pynapple,parallel,patterns,nest,nir,bmtk,pynn,cuda,docs,benchmark

.PHONY: demo check test test-all test-cuda coverage docs benchmark clean FORCE

demo: $(VENV)/installed
	$(BIN)/wmdelays compare --report demo

check: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

test: check
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile

# The same with every extra that is for this Python; that of CUDA is for 3.12, see test-cuda.
test-all: check $(VENV)/installed-all
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile

# What is generated for a GPU, compiled as well: minutes on first use, kept in $(CUDA_VENV)/compiled. Where there is
# a GPU, its spikes are compared.
test-cuda: $(CUDA_VENV)/installed
	WMDELAYS_COMPILE_CUDA=$(CURDIR)/$(CUDA_VENV)/compiled \
		$(CUDA_VENV)/bin/python -m pytest tests/brian_models

coverage: $(VENV)/installed-test
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --cov --cov-report=term

# The site, as docs/_build/html/index.html; the examples are run for its gallery.
docs: $(VENV)/installed-docs
	@# Pages of names that are gone would be left.
	rm -rf docs/reference/generated
	$(BIN)/python -m sphinx -W --keep-going --quiet --fresh-env --builder html docs docs/_build/html

benchmark: $(VENV)/installed-benchmark
	$(BIN)/python benchmarks/main_path.py --json benchmarks/main_path.json
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/groups.py --json benchmarks/groups.json

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# The checkout is installed as a tree of links, one for each file; it is made anew when a file has
# come or gone. This list is written when it is not what is there.
$(VENV)/files: $(VENV)/created FORCE
	@find wmdelays training brian_models nest_models genn_models validation -type f ! -path '*/__pycache__/*' | sort > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The extras are installed on top of each other, so each waits for the one before.
$(VENV)/installed: $(VENV)/created $(VENV)/files pyproject.toml constraints.txt build_tools/strict_editable.py
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

$(VENV)/installed-benchmark: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[benchmark]'
	touch $@

$(VENV)/installed-all: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

$(CUDA_VENV)/installed: pyproject.toml constraints.txt constraints-cuda.txt
	@$(CUDA_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || \
		{ echo "Python 3.12 is needed; name one with: make CUDA_PYTHON=/path/to/python3.12 test-cuda"; exit 2; }
	$(CUDA_PYTHON) -m venv $(CUDA_VENV)
	$(CUDA_VENV)/bin/python -m pip install --quiet --constraint constraints-cuda.txt --editable '.[cuda,test]'
	touch $@

clean:
	rm -rf $(VENV) $(CUDA_VENV) build demo wmdelays.egg-info
	rm -rf $(VENV) demo docs/_build docs/gallery docs/reference/generated
