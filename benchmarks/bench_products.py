"""Large float32 products on a CPU beside NumPy's BLAS: speed as a ratio, and the error.

    python benchmarks/bench_products.py [--repeats N] [ROWSxDEPTHxCOLUMNS ...]

Each is computed as the three products of a dense layer: a b, a transposed b, transposed a b. The two are called in
turn, on as many threads each, and the medians compared. Before each turn the other's threads get the time to fall
asleep; the turn's first call, which wakes its own, is not counted.
"""

import argparse
import platform
import statistics
import time
from functools import partial

import numpy as np

from scopeflow import kernels
from scopeflow.kernels.cpu import product, threads

SIZES = (
    "32x92x256",
    "64x256x256",
    "64x1024x1024",
    "512x512x512",
    "64x3136x1024",
    "1000x1000x1000",
    "2048x2048x2048",
    "4096x768x3072",
)
FORMS = ("a b", "a b^T", "a^T b")
REST, COUNTED = (
    0.1,
    3,
)  # seconds: OpenBLAS's threads wait for more work with all their might for a while; calls of a turn
TOLERANCE = 1e-5  # of the greatest value; an error of index is near 1


def operands(form, rows, depth, columns):
    rng = np.random.default_rng(7)
    a = rng.standard_normal((depth, rows) if form == "a^T b" else (rows, depth), np.float32)
    b = rng.standard_normal((columns, depth) if form == "a b^T" else (depth, columns), np.float32)
    return (a.T if form == "a^T b" else a), (b.T if form == "a b^T" else b)


def in_turn(calls, turns):
    """The median seconds of each call."""
    seconds = [[] for _ in calls]
    for _ in range(turns):
        for call, times in zip(calls, seconds, strict=True):
            time.sleep(REST)
            call()
            for _ in range(COUNTED):
                start = time.perf_counter()
                call()
                times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {threads.count()} threads each\n")
    print("| size | | GFLOP/s | NumPy's | times as fast | error |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for size in arguments.sizes:
        for form in FORMS:
            a, b = operands(form, *map(int, size.split("x")))
            ours, theirs = (np.empty((len(a), b.shape[1]), np.float32) for _ in range(2))
            if not product.suits(a, b, ours):
                raise SystemExit(f"{size} is left to NumPy's BLAS: there is nothing to compare")
            calls = [partial(kernels.matmul, a, b, out=ours), partial(np.matmul, a, b, out=theirs)]
            seconds = in_turn(calls, arguments.repeats)
            error = abs(ours - theirs).max() / abs(theirs).max()
            if not error <= TOLERANCE:
                raise AssertionError(f"{size}, {form}: off by {error:.1e} of the greatest value")
            ratios.append(seconds[1] / seconds[0])
            rates = [2e-9 * a.size * b.shape[1] / taken for taken in seconds]
            print(f"| {size} | {form} | {rates[0]:.0f} | {rates[1]:.0f} | {ratios[-1]:.2f} | {error:.0e} |", flush=True)
    print(f"\ngeometric mean {statistics.geometric_mean(ratios):.2f}, the least {min(ratios):.2f}")


if __name__ == "__main__":
    main()
