"""Measures every tile and split of the dense CUDA kernels on this machine's GPU and keeps the fastest. Run: make tune

For each shape of the list, the fastest choice goes into kernels/cuda/tiles.json, for what was measured before on the
same architecture. A choice is taken only where it beats the estimate's by more than the noise; so is cuBLAS.
"""

import json
import statistics
import sys
from contextlib import contextmanager
from typing import NamedTuple

import ml_dtypes
import numpy as np

from scopeflow.kernels.cuda import dense, dispatch
from scopeflow.kernels.geometry import windows

WARM_UP, RUNS = 3, 15
GAIN = 1.02  # how many times faster than the estimate's choice another must be
HOPELESS = 4  # times the least estimated cost
FLUSH_BYTES = 256 << 20  # more than any L2 holds


class Problem(NamedTuple):
    """A product, by the sizes of its operands: (m, k, n), or an image, a filter and a stride."""

    function: str
    sizes: tuple


CUBES = tuple((n, n, n) for n in (256, 512, 1024, 2048, 4096, 8192))
BERT = ((4096, 768, 768), (4096, 768, 2304), (4096, 768, 3072), (4096, 3072, 768))
# (H and W, C, O, window, stride), batch 32: ResNet-50's and VGG's.
RESNET = (
    (56, 64, 64, 3, 1),
    (28, 128, 128, 3, 1),
    (14, 256, 256, 3, 1),
    (7, 512, 512, 3, 1),
    (56, 256, 64, 1, 1),
    (56, 64, 256, 1, 1),
    (224, 3, 64, 7, 2),
    (56, 128, 128, 3, 2),
)
VGG = ((224, 3, 64, 3, 1), (224, 64, 64, 3, 1), (112, 128, 128, 3, 1), (56, 256, 256, 3, 1), (28, 512, 512, 3, 1))
DTYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
KINDS = (("float32", "highest"), ("float32", "high"), ("float16", "highest"), ("bfloat16", "highest"))
PROBLEMS = (
    *(Problem("matmul", sizes) for sizes in (*CUBES, *BERT)),
    *(
        Problem(function, sizes)
        for function in ("conv2d", "conv2d_input_grad", "conv2d_filter_grad")
        for sizes in (*RESNET, *VGG)
    ),
)


def call_of(problem, dtype, precision, launcher, xp, batch=32):
    """A function without arguments that computes the problem, on arrays of its own."""

    def filled(*shape):
        return xp.asarray(np.random.default_rng(0).standard_normal(shape, np.float32).astype(dtype))

    more = {"precision": precision, "launcher": launcher}
    if problem.function == "matmul":
        m, k, n = problem.sizes
        a, b, out = filled(m, k), filled(k, n), xp.empty((m, n), dtype)
        return lambda: dense.matmul(a, b, False, False, out, **more)
    size, channels, filters, window, stride = problem.sizes
    at = windows((size, size), (window, window), (stride, stride), "SAME")
    shapes = (batch, size, size, channels), (window, window, channels, filters), (batch, *at.output, filters)
    computed = {"conv2d": 2, "conv2d_input_grad": 0, "conv2d_filter_grad": 1}[problem.function]
    left, right = (filled(*shape) for i, shape in enumerate(shapes) if i != computed)
    out = xp.empty(shapes[computed], dtype)
    return lambda: getattr(dense, problem.function)(left, right, at, 1, out, **more)


@contextmanager
def choosing(choice, requests=None):
    """The dispatch table's choice replaced by another; what is asked goes into `requests`."""
    table = dispatch.choose

    def choose(request):
        if requests is not None:
            requests.append(request)
        return choice or table(request)

    dispatch.choose = choose
    try:
        yield
    finally:
        dispatch.choose = table


def candidates(request):
    """The choices that there are for a product, without those that the estimate finds hopeless."""
    rule, least = dispatch.rule_for(request), dispatch.cost(request, dispatch.estimated(request))
    for tile in rule.tiles.values():
        for splits in dispatch.possible_splits(request):
            choice = dispatch.Choice("scopeflow", rule.source, rule.arithmetic, tile, splits)
            if dispatch.cost(request, choice) <= HOPELESS * least:
                yield choice
    if request.function == "matmul" and request.precision == "highest":
        yield dispatch.estimated(request)._replace(algorithm="cublas")


def fastest(call, seconds):
    """(request, best choice, its seconds, seconds of the estimate's choice) of a call, by the clock `seconds`."""
    requests = []
    with choosing(None, requests):
        call()
    best = dispatch.estimated(requests[0])
    with choosing(best):
        least = expected = seconds(call)
    for choice in candidates(requests[0]):
        with choosing(choice):
            taken = seconds(call)
        if taken * (GAIN if best == dispatch.estimated(requests[0]) else 1) < least:
            best, least = choice, taken
    return requests[0], best, least, expected


def record_of(request, choice):
    """A record of tiles.json."""
    rule = dispatch.rule_for(request)
    return {
        "function": request.function,
        "dtype": request.dtype,
        "precision": request.precision,
        "architecture": request.architecture,
        "shape": [request.rows, request.columns, request.depth],
        "algorithm": choice.algorithm,
        "tile": next(name for name, tile in rule.tiles.items() if tile == choice.tile),
        "splits": choice.splits,
    }


def gpu_clock(cupy):
    """Seconds of a call on the GPU: the median of some, each with a cold L2."""
    flushed = cupy.empty(FLUSH_BYTES, cupy.uint8)

    def seconds(call):
        for _ in range(WARM_UP):
            call()
        taken = []
        for _ in range(RUNS):
            flushed.fill(0)
            begin, end = cupy.cuda.Event(), cupy.cuda.Event()
            begin.record()
            call()
            end.record()
            end.synchronize()
            taken.append(cupy.cuda.get_elapsed_time(begin, end) / 1e3)
        return statistics.median(taken)

    return seconds


def tune(problems, kinds, launcher, xp, seconds, report=print):
    """The records of the fastest choices."""
    records = []
    for problem in problems:
        for dtype, precision in kinds:
            call = call_of(problem, DTYPES[dtype], precision, launcher, xp)
            request, choice, least, expected = fastest(call, seconds)
            records.append(record_of(request, choice))
            rate = 2e-12 * request.rows * request.columns * request.depth * request.parts / least
            said = f"{choice.algorithm} {records[-1]['tile']} / {choice.splits}"
            report(
                f"{problem} {dtype} {precision}: {said}, {rate:.1f} TFLOP/s, {expected / least:.2f} x the estimate's"
            )
    return records


def main():
    try:
        import cupy

        from scopeflow.kernels.cuda.launching import default_launcher

        launcher = default_launcher()
    except Exception as error:  # whatever CuPy raises without a device
        print(f"tune: no CUDA device answers ({type(error).__name__}: {error}); nothing was measured", file=sys.stderr)
        return 2
    fresh = tune(PROBLEMS, KINDS, launcher, cupy, gpu_clock(cupy))
    kept = [
        record
        for record in json.loads(dispatch.MEASUREMENTS.read_text())["measured"]
        if record["architecture"] != launcher.architecture
    ]
    lines = ",\n    ".join(json.dumps(record) for record in (*kept, *fresh))
    dispatch.MEASUREMENTS.write_text('{\n  "measured": [\n    ' + lines + "\n  ]\n}\n")
    print(f"wrote {len(fresh)} records of sm_{launcher.architecture} into {dispatch.MEASUREMENTS.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
