# Every target makes .venv with what it needs; stamps in it make the second run quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CUDA extra that fits the driver, as kernels/diagnose.py has it: nvidia-smi tells the newest CUDA the driver runs.
CUDA_MAJOR := $(shell nvidia-smi 2>/dev/null | sed -nE 's/.*CUDA[A-Za-z ]* Version: *([0-9]+)\..*/\1/p' | head -n 1)
CUDA := $(if $(CUDA_MAJOR),$(shell [ $(CUDA_MAJOR) -ge 13 ] && echo cuda13 || { [ $(CUDA_MAJOR) -eq 12 ] && echo cuda12; }))
comma := ,
CUDA_EXTRA := $(if $(CUDA),$(comma)$(CUDA))

.PHONY: demo test bench battery binaries lint gpu-check tune clean

# One BLAS thread: the demo's products are too small to share out, and waiting threads spin in the way of other programs.
demo: $(VENV)/.demo
	OPENBLAS_NUM_THREADS=$${OPENBLAS_NUM_THREADS:-1} $(BIN)/python examples/digits.py $(ARGS)

# ARGS=-n0 runs all in one process.
test: $(VENV)/.test
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/pytest --confcutdir=benchmarks benchmarks $(ARGS)

# Needs TestU01 (on Debian: apt install libtestu01-0, from non-free); two minutes.
battery: $(VENV)/.bench
	$(BIN)/python benchmarks/battery.py

# Compiles all specialisations of the dense CUDA kernels, for which no GPU is needed, and keeps a record for the tests.
binaries: $(VENV)/.test
	PYTHONPATH=tests $(BIN)/python tests/kernels/binaries.py

# mypy knows a package by its directory's name, and a clone may be called anything: it reads through a link.
lint: $(VENV)/.lint
	$(BIN)/ruff check .
	@mkdir -p .mypy_cache/path && ln -sfn ../.. .mypy_cache/path/scopeflow
	MYPYPATH=.mypy_cache/path $(BIN)/mypy -p scopeflow

gpu-check:
	@nvidia-smi -L >/dev/null 2>&1 || { echo "gpu-check: no NVIDIA GPU answers here (nvidia-smi -L); nothing was run" >&2; exit 2; }
	@test -n "$(CUDA)" || { echo "gpu-check: the driver knows neither CUDA 12 nor 13; nothing was run" >&2; exit 2; }
	@$(MAKE) --no-print-directory $(VENV)/.gpu
	$(BIN)/python benchmarks/gpu_check.py

# Measures the dense CUDA kernels' tiles and writes the fastest into kernels/cuda/tiles.json.
tune:
	@test -n "$(CUDA)" || { echo "tune: no NVIDIA driver for CUDA 12 or 13 answers here (nvidia-smi); nothing was run" >&2; exit 2; }
	@$(MAKE) --no-print-directory $(VENV)/.gpu
	$(BIN)/python benchmarks/tune.py

clean:
	rm -rf $(VENV) build dist *.egg-info demo_output .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: EXTRAS = demo$(CUDA_EXTRA)
# Where a GPU may bring CUDA 12's libraries, 13's must not come before them.
$(VENV)/.test: EXTRAS = test$(if $(CUDA),,$(comma)ptx)
$(VENV)/.bench: EXTRAS = bench
$(VENV)/.lint: EXTRAS = lint
$(VENV)/.gpu: EXTRAS = test,bench$(CUDA_EXTRA)

$(VENV)/.demo $(VENV)/.test $(VENV)/.bench $(VENV)/.lint $(VENV)/.gpu: pyproject.toml $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
	  echo "scopeflow needs Python 3.10 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo 'not there')." >&2; \
	  echo "Name another one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
