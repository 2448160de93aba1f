"""Initializers' fills of float32 against NumPy's generator and, where it can be imported, PyTorch."""

import numpy as np
import pytest

from scopeflow import kernels

SIZE = 1 << 22
# Cut at two standard deviations, a normal keeps this share of its standard deviation.
STDDEV = {"uniform": 1 / np.sqrt(12), "normal": 1.0, "truncated_normal": 0.87962566103423978}
MEAN = {"uniform": 0.5, "normal": 0.0, "truncated_normal": 0.0}


def scopeflow_fill(kind):
    out = np.empty(SIZE, np.float32)
    fill = getattr(kernels, kind)
    return out, lambda: fill(out, seed=7)


def numpy_fill(kind):
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
    return out, fills[kind]


def torch_fill(kind):
    torch = pytest.importorskip("torch", reason="no PyTorch to compare with")
    out = torch.empty(SIZE)
    fills = {
        "uniform": lambda: out.uniform_(),
        "normal": lambda: out.normal_(),
        "truncated_normal": lambda: torch.nn.init.trunc_normal_(out),
    }
    return out.numpy(), fills[kind]


@pytest.mark.parametrize("kind", STDDEV)
@pytest.mark.parametrize("library", [scopeflow_fill, numpy_fill, torch_fill])
def test_fill(benchmark, library, kind):
    out, fill = library(kind)
    fill()
    # Six standard errors; a fill that draws something else is not worth timing.
    assert abs(out.mean(dtype=np.float64) - MEAN[kind]) <= 6 * STDDEV[kind] / np.sqrt(SIZE)
    assert abs(out.std(dtype=np.float64) / STDDEV[kind] - 1) <= 6 / np.sqrt(2 * SIZE)
    benchmark.group = f"{kind}, {SIZE:,} float32"
    benchmark(fill)
    if benchmark.stats:  # None under --benchmark-disable
        benchmark.extra_info["samples_per_second"] = SIZE / benchmark.stats.stats.min
