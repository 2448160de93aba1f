"""The products and convolutions for which the dense CUDA kernels are tuned and measured, a GPU's clock, and reports."""

import math
import re
import statistics
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from scopeflow.kernels.cuda import dense
from scopeflow.kernels.geometry import Windows, windows

WARM_UP, RUNS = 3, 15
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
VGG = (
    (224, 3, 64, 3, 1),
    (224, 64, 64, 3, 1),
    (112, 64, 128, 3, 1),
    (112, 128, 128, 3, 1),
    (56, 128, 256, 3, 1),
    (56, 256, 256, 3, 1),
    (28, 256, 512, 3, 1),
    (28, 512, 512, 3, 1),
    (14, 512, 512, 3, 1),
)
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


class Case(NamedTuple):
    """A problem's operands, where its result goes, and its windows (None for a product of matrices)."""

    function: str
    left: Any
    right: Any
    out: Any
    at: Windows | None
    products: int  # that are added up: half of what are counted as floating-point operations

    def call(self, launcher, **options):
        """Computes it by our kernel."""
        place = (False, False) if self.at is None else (self.at, 1)
        getattr(dense, self.function)(self.left, self.right, *place, self.out, launcher=launcher, **options)


def case_of(problem, dtype, xp, batch=32):
    """A problem on normal numbers of its own."""

    def filled(*shape):
        return xp.asarray(np.random.default_rng(0).standard_normal(shape, np.float32).astype(dtype))

    if problem.function == "matmul":
        m, k, n = problem.sizes
        return Case("matmul", filled(m, k), filled(k, n), xp.empty((m, n), dtype), None, m * k * n)
    size, channels, filters, window, stride = problem.sizes
    at = windows((size, size), (window, window), (stride, stride), ((window // 2,) * 2,) * 2)  # even, as cuDNN has it
    shapes = (batch, size, size, channels), (window, window, channels, filters), (batch, *at.output, filters)
    computed = {"conv2d": 2, "conv2d_input_grad": 0, "conv2d_filter_grad": 1}[problem.function]
    left, right = (filled(*shape) for i, shape in enumerate(shapes) if i != computed)
    out = xp.empty(shapes[computed], dtype)
    return Case(problem.function, left, right, out, at, math.prod(shapes[2]) * channels * window**2)


def gpu_clock(cupy):
    """clock(calls): the seconds of each on the GPU, called in turn: the medians of some, each with a cold L2."""
    flushed = cupy.empty(FLUSH_BYTES, cupy.uint8)

    def clock(calls):
        for call in calls:
            for _ in range(WARM_UP):
                call()
        taken = [[] for _ in calls]
        for _ in range(RUNS):
            for call, times in zip(calls, taken, strict=True):
                flushed.fill(0)
                begin, end = cupy.cuda.Event(), cupy.cuda.Event()
                begin.record()
                call()
                end.record()
                end.synchronize()
                times.append(cupy.cuda.get_elapsed_time(begin, end) / 1e3)
        return [statistics.median(times) for times in taken]

    return clock


class Report:
    """Lines that are printed as they come, and kept in a file of results that the date and the device name."""

    def __init__(self, title, device, beside=""):
        self._now, self._device = datetime.now(timezone.utc), device
        self._lines = []
        self(f"# {title} on one {device}, {self._now:%Y-%m-%d %H:%M} UTC{beside}")
        self("")

    def __call__(self, line):
        self._lines.append(line)
        print(line, flush=True)

    def write(self, kind):
        folder = Path(__file__).with_name("results")
        folder.mkdir(exist_ok=True)
        device = re.sub(r"[^a-z0-9]+", "-", self._device.lower())
        path = folder / f"{self._now:%Y-%m-%d}-{device}-{kind}.md"
        path.write_text("\n".join(self._lines) + "\n")
        print(f"wrote {path.name}")
