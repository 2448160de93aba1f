"""The random fills on this machine's GPU beside its copies, cuRAND and PyTorch. Run: python benchmarks/bench_fills.py

Rates are bytes written in a second; the share is of what a copy of as many bytes reads and writes. A fill is called in
turn with its peers, each with a cold L2, and the medians are compared.
"""

import sys

import numpy as np
from dense_problems import DTYPES, Report, gpu_clock

from scopeflow import kernels

SIZES = {"1 GiB": 1 << 30, "16 MiB": 1 << 24}  # beyond every L2, and in one
FILLS = ("uniform", "normal", "truncated_normal")
# Cut at two standard deviations, a normal keeps this share of its standard deviation.
STDDEV = {"uniform": 12**-0.5, "normal": 1.0, "truncated_normal": 0.87962566103423978}
MEAN = {"uniform": 0.5, "normal": 0.0, "truncated_normal": 0.0}
SIDES = (1024, 4096)  # of the square matrices made orthogonal

HEADER = (
    "| fill | dtype | size | GB/s | of a copy's | times cuRAND | times PyTorch |",
    "|---|---|---|---|---|---|---|",
)


def curand(cupy):
    """{kind: what fills a float32 array by cuRAND}."""
    generator = cupy.random.Generator(cupy.random.Philox4x3210(7))
    return {
        "uniform": lambda out: generator.random(out=out, dtype=np.float32),
        "normal": lambda out: generator.standard_normal(out=out, dtype=np.float32),
    }


def torchs():
    """{kind: what fills a tensor by PyTorch}; empty where there is none on the GPU."""
    try:
        import torch
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        return {}
    return {
        "uniform": lambda out: torch.from_dlpack(out).uniform_(),
        "normal": lambda out: torch.from_dlpack(out).normal_(),
        "truncated_normal": lambda out: torch.nn.init.trunc_normal_(torch.from_dlpack(out)),
        "orthogonal": lambda out: torch.nn.init.orthogonal_(torch.from_dlpack(out)),
    }


def check(kind, out):
    """Raises AssertionError where the mean or the standard deviation of a fill is not its distribution's."""
    values = out.reshape(-1)[: 1 << 22].astype(np.float64)  # six standard errors, and bfloat16's coarseness
    margin = 6 * STDDEV[kind] / np.sqrt(values.size) + 2**-8
    mean, stddev = float(values.mean()), float(values.std())
    assert abs(mean - MEAN[kind]) <= margin, f"{kind}: the mean is {mean}"
    assert abs(stddev - STDDEV[kind]) <= margin, f"{kind}: the standard deviation is {stddev}"


def times(peer, ours):
    return "" if peer is None else f"{peer / ours:.2f}"


def fill_line(kind, dtype, size, xp, clock, peers):
    """A line of the table; `peers` are cuRAND's fills and PyTorch's."""
    out = xp.empty(SIZES[size] // np.dtype(DTYPES[dtype]).itemsize, DTYPES[dtype])
    other = xp.empty_like(out)
    known = [fills.get(kind) if dtype == "float32" else None for fills in peers]
    calls = [lambda: getattr(kernels, kind)(out, seed=7), lambda: xp.copyto(other, out)]
    calls += [lambda fill=fill: fill(other) for fill in known if fill]
    ours, copy, *theirs = clock(calls)
    getattr(kernels, kind)(out, seed=7)
    check(kind, out)
    left = iter(theirs)
    ratios = [times(next(left) if fill else None, ours) for fill in known]
    rate, ceiling = out.nbytes / ours / 1e9, 2 * out.nbytes / copy / 1e9
    return f"| {kind} | {dtype} | {size} | {rate:.0f} | {rate / ceiling:.0%} | {' | '.join(ratios)} |"


def orthogonal_line(side, xp, clock, peers):
    out, other = xp.empty((side, side), np.float32), xp.empty((side, side), np.float32)
    peer = peers[1].get("orthogonal")
    ours, *theirs = clock([lambda: kernels.orthogonal(out, seed=7), *([lambda: peer(other)] if peer else [])])
    error = float(abs(out @ out.T - xp.eye(side, dtype=np.float32)).max())
    assert error <= 1e-4, f"orthogonal {side}: off by {error}"  # of which the product itself is a part
    ratio = times(theirs[0] if theirs else None, ours)
    return f"| orthogonal | float32 | {side} × {side} | {out.nbytes / ours / 1e9:.2f} |  |  | {ratio} |"


def measure(xp, clock, peers, report=print):
    for size in SIZES:
        for kind in FILLS:
            for dtype in DTYPES:
                report(fill_line(kind, dtype, size, xp, clock, peers))
    for side in SIDES:
        report(orthogonal_line(side, xp, clock, peers))


def main():
    try:
        import cupy

        device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Exception as error:  # whatever CuPy raises without a device
        print(f"bench_fills: no CUDA device answers ({type(error).__name__}: {error})", file=sys.stderr)
        return 2
    report = Report("Random fills", device)
    for line in HEADER:
        report(line)
    measure(cupy, gpu_clock(cupy), (curand(cupy), torchs()), report)
    report.write("fills")
    return 0


if __name__ == "__main__":
    sys.exit(main())
