"""Initializers' fills against NumPy's generator and, where it can be imported, PyTorch: the table's ratios by group."""

import ml_dtypes
import numpy as np
import pytest

from scopeflow import kernels

SIZE = 1 << 24
DTYPES = {"float32": np.dtype(np.float32), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
# Cut at two standard deviations, a normal keeps this share of its standard deviation.
STDDEV = {"uniform": 1 / np.sqrt(12), "normal": 1.0, "truncated_normal": 0.87962566103423978}
MEAN = {"uniform": 0.5, "normal": 0.0, "truncated_normal": 0.0}


def scopeflow_fill(kind, dtype):
    out = np.empty(SIZE, DTYPES[dtype])
    fill = getattr(kernels, kind)
    return lambda: out, lambda: fill(out, seed=7)


def numpy_fill(kind, dtype):
    if dtype != "float32":
        pytest.skip(f"NumPy draws no {dtype}")
    out = np.empty(SIZE, np.float32)
    rng = np.random.default_rng(7)

    def truncated_normal():
        rng.standard_normal(out=out, dtype=np.float32)
        while len(outside := np.flatnonzero(np.abs(out) >= 2)):
            out[outside] = rng.standard_normal(len(outside), dtype=np.float32)

    fills = {
        "uniform": lambda: rng.random(out=out, dtype=np.float32),
        "normal": lambda: rng.standard_normal(out=out, dtype=np.float32),
        "truncated_normal": truncated_normal,
    }
    return lambda: out, fills[kind]


def torch_fill(kind, dtype):
    torch = pytest.importorskip("torch", reason="no PyTorch to compare with")
    out = torch.empty(SIZE, dtype=getattr(torch, dtype))
    fills = {
        "uniform": lambda: out.uniform_(),
        "normal": lambda: out.normal_(),
        "truncated_normal": lambda: torch.nn.init.trunc_normal_(out),
    }
    return lambda: out.float().numpy(), fills[kind]


@pytest.mark.parametrize("kind", STDDEV)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("library", [scopeflow_fill, numpy_fill, torch_fill])
def test_fill(benchmark, library, kind, dtype):
    values, fill = library(kind, dtype)
    fill()
    # Six standard errors and the dtype's own coarseness; a fill that draws something else is not worth timing.
    drawn, step = values().astype(np.float32), float(ml_dtypes.finfo(DTYPES[dtype]).eps)
    assert abs(drawn.mean(dtype=np.float64) - MEAN[kind]) <= 6 * STDDEV[kind] / np.sqrt(SIZE) + step
    assert abs(drawn.std(dtype=np.float64) / STDDEV[kind] - 1) <= 6 / np.sqrt(2 * SIZE) + step
    benchmark.group = f"{kind}, {SIZE:,} {dtype}"
    benchmark(fill)
    if benchmark.stats:  # None under --benchmark-disable
        benchmark.extra_info["samples_per_second"] = SIZE / benchmark.stats.stats.min
