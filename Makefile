# Both commands set up what they need: a virtual environment in .venv with the versions of
# constraints.txt. Run again, they find it there.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test benchmark clean

demo: $(VENV)/installed
	$(BIN)/wmdelays compare --report demo

test: $(VENV)/installed-test
	$(BIN)/python -m pytest

benchmark: $(VENV)/installed-benchmark
	$(BIN)/python benchmarks/main_path.py --json benchmarks/main_path.json
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/groups.py --json benchmarks/groups.json

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# The extras are installed on top of each other, so each waits for the one before.
$(VENV)/installed: $(VENV)/created pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(VENV)/installed-benchmark: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[benchmark]'
	touch $@

clean:
	rm -rf $(VENV) demo
