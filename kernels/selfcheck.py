"""Each kernel of a device, once, on a small case against the naive one: what `doctor` shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dense, naive
from .backend import Backend

Check = tuple[str, str, bool, str]  # kernel, implementation in use, whether it holds, detail
Case = Callable[[Backend], tuple[Any, np.ndarray, float]]  # gives a result, the expected one and the error allowed

# Known answers of Philox 4x32-10 from the Random123 distribution: counter, key, words.
KNOWN_ANSWERS = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)

SEED = (87654321, 7)
COUNT = 67  # some whole blocks and a part of one
X_SHAPE, WINDOW, DY_SHAPE = (2, 5, 6, 2), (3, 2), (2, 3, 6, 3)
PLACE = ((2, 1), ((1, 1), (0, 1)), (1, 1))  # strides, padding, dilations
POOL = ((3, 2), (2, 1))  # window, strides; padding and output as above
WEIGHTS = (3, 2, 5, 4)  # fans of 30 and 24
INITIALIZERS = {  # name: variance, whether uniform
    "variance_scaling": (1 / 30, False),
    "glorot_normal": (1 / 27, False),
    "glorot_uniform": (1 / 27, True),
    "he_normal": (2 / 30, False),
    "he_uniform": (2 / 30, True),
    "lecun_normal": (1 / 30, False),
    "lecun_uniform": (1 / 30, True),
}
FLOAT32_SUM = 2e-6  # of the greatest value: some thirty roundings of 2**-24 each, the longest sum in here


def run_self_checks(backend: Backend) -> list[Check]:
    """(kernel, implementation in use, whether it holds, detail) for each kernel of the device; raises nothing."""
    return [_philox(), *(_check(backend, name, case) for name, case in _cases().items())]


def _philox() -> Check:
    from . import philox

    wrong = []
    for counter, key, expected in KNOWN_ANSWERS:
        block = philox.philox_block(*(np.uint64(word) for word in (*counter, *key)))
        if tuple(int(word) for word in block) != expected or tuple(naive.philox(counter, key)) != expected:
            wrong.append(f"counter {counter}")
    detail = "wrong for " + ", ".join(wrong) if wrong else f"{len(KNOWN_ANSWERS)} known answers of Random123"
    return "philox", "philox", not wrong, detail


def _check(backend: Backend, name: str, case: Case) -> Check:
    kernel = getattr(backend, name)
    try:
        with backend.activate():
            got, expected, tolerance = case(backend)
            got = backend.to_host(got).astype(np.float64)
    except Exception as error:  # a kernel that cannot run is a finding, not the end of the checks
        return name, _implementation(backend, kernel), False, f"{type(error).__name__}: {error}"
    implementation = _implementation(backend, kernel)
    if got.shape != expected.shape:
        return name, implementation, False, f"shape {got.shape}, expected {expected.shape}"
    off = float(np.max(np.abs(got - expected), initial=0))
    return name, implementation, bool(off <= tolerance), f"greatest error {off:.1e}, allowed {tolerance:.1e}"


def _implementation(backend: Backend, kernel: Callable[..., Any]) -> str:
    """The module that computes float32 with a kernel on the device, once it has run there."""
    in_front = kernel.__module__ == dense.__name__  # of others, which do the work
    module = dense.computed_by(kernel.__name__, backend.xp) if in_front else kernel.__module__
    return f"{module.rpartition('kernels.')[2]} on {backend.xp.__name__}"


def _cases() -> dict[str, Case]:
    rng = np.random.default_rng(0)
    x, w, depthwise_w, dy, depthwise_dy, pool_dy, a, b = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in (X_SHAPE, (*WINDOW, 2, 3), (*WINDOW, 2, 2), DY_SHAPE, (2, 3, 6, 4), (2, 3, 6, 2), (5, 7), (7, 4))
    )
    tied = np.round(x)  # many equal values, so that who is first shows

    def filled(name: str, expected: np.ndarray, tolerance: float, *bounds: Any, dtype: Any = np.float32) -> Case:
        def case(backend: Backend) -> tuple[Any, np.ndarray, float]:
            out = backend.xp.empty(expected.shape, dtype)
            getattr(backend, name)(out, SEED, *bounds)
            return out, expected, tolerance

        return case

    def initializer(name: str, variance: float, uniform: bool) -> Case:
        size = math.prod(WEIGHTS)
        if uniform:
            expected = (2 * naive.uniform(size, SEED) - 1) * math.sqrt(3 * variance)
        else:  # 0.8796... is the deviation that is left of a normal's when it is cut at two
            expected = naive.truncated_normal(size, SEED) * math.sqrt(variance) / 0.87962566103423978
        return filled(name, expected.reshape(WEIGHTS), 1e-6)

    def drawn_classes(backend: Backend) -> tuple[Any, np.ndarray, float]:
        return backend.multinomial(backend.asarray(a), COUNT, SEED), naive.multinomial(a, COUNT, SEED), 0

    def array_kernel(name: str, operands: tuple[Any, ...], arguments: tuple[Any, ...], expected: np.ndarray) -> Case:
        def case(backend: Backend) -> tuple[Any, np.ndarray, float]:
            arrays = (backend.asarray(part) if isinstance(part, np.ndarray) else part for part in operands)
            return getattr(backend, name)(*arrays, *arguments), expected, FLOAT32_SUM * float(abs(expected).max())

        return case

    def convolution(name: str, *operands: Any) -> Case:
        return array_kernel(name, operands, PLACE, getattr(naive, name)(*operands, *PLACE))

    def pool(name: str, operands: tuple[Any, ...], expected: np.ndarray) -> Case:
        return array_kernel(name, operands, place, expected)

    place = (*POOL, PLACE[1])
    greatest = naive.max_pool(tied, *place).astype(np.float32)
    return {
        "uniform": filled("uniform", naive.uniform(COUNT, SEED), 0),
        "normal": filled("normal", naive.normal(COUNT, SEED), 1e-6),
        "truncated_normal": filled("truncated_normal", naive.truncated_normal(COUNT, SEED), 1e-6),
        "uniform_int": filled("uniform_int", naive.uniform_int(COUNT, SEED, -5, 99), 0, -5, 99, dtype=np.int32),
        "bernoulli": filled("bernoulli", np.where(naive.uniform(COUNT, SEED) >= 0.75, 2.0, 0.0), 0, 0.25, 2.0),
        **{name: initializer(name, *rule) for name, rule in INITIALIZERS.items()},
        "permutation": filled("permutation", naive.permutation(COUNT, SEED), 0, dtype=np.int64),
        "multinomial": drawn_classes,
        "orthogonal": filled("orthogonal", naive.orthogonal(6, 5, SEED), FLOAT32_SUM),
        "matmul": array_kernel("matmul", (a, b), (), naive.matmul(a, b)),
        "conv2d": convolution("conv2d", x, w),
        "conv2d_input_grad": convolution("conv2d_input_grad", X_SHAPE, w, dy),
        "conv2d_filter_grad": convolution("conv2d_filter_grad", x, w.shape, dy),
        "depthwise_conv2d": convolution("depthwise_conv2d", x, depthwise_w),
        "depthwise_conv2d_input_grad": convolution("depthwise_conv2d_input_grad", X_SHAPE, depthwise_w, depthwise_dy),
        "depthwise_conv2d_filter_grad": convolution("depthwise_conv2d_filter_grad", x, depthwise_w.shape, depthwise_dy),
        "max_pool": pool("max_pool", (tied,), greatest),
        "max_pool_grad": pool("max_pool_grad", (tied, greatest, pool_dy), naive.max_pool_grad(tied, pool_dy, *place)),
        "max_pool_grad_grad": pool(
            "max_pool_grad_grad", (tied, greatest, x), naive.max_pool_grad_grad(tied, x, *place)
        ),
        "avg_pool": pool("avg_pool", (x,), naive.avg_pool(x, *place)),
        "avg_pool_grad": pool("avg_pool_grad", (X_SHAPE, pool_dy), naive.avg_pool_grad(x, pool_dy, *place)),
    }
