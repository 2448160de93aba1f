"""Our dense CUDA kernels, each tried once on a device before it is trusted; what fails is left to kernels/plain.py.

A kernel is held against float64 on the host at its first use, which compiles and synchronises, so that must come before
a stream is captured in a CUDA graph. One that is wrong there, or that later does not compile or launch, is not used on
that device again: a warning says so once, or with algo="scopeflow" every call raises.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from .. import plain
from ..arrays import FLOATS
from ..geometry import windows
from . import dense, launching

Array = Any  # cupy.ndarray


class _Key(NamedTuple):
    kernel: str
    dtype: str
    precision: str  # "highest" where there is no other
    device: int

    @classmethod
    def of(cls, kernel: str, dtype: str, precision: str, device: int) -> _Key:
        has_a_choice = dtype == "float32" and not kernel.startswith("depthwise")
        return cls(kernel, dtype, precision if has_a_choice else "highest", device)


_faults: dict[_Key, str | None] = {}  # what is wrong with a kernel, None where it holds
_warned: set[_Key] = set()


def installed() -> bool:
    """Whether there is a device for the kernels: the tests' stand-in for CuPy has none."""
    return True


def ran(kernel: str, arguments: tuple[Any, ...], out: Array, options: Any, **more: Any) -> bool:
    """Whether our kernel has computed `out`; if not, it is as it was, and the caller must compute it.

    Raises RuntimeError where `options` insist on our kernel and it cannot be had, and where a kernel's first use is
    during a capture.
    """
    if out.dtype not in FLOATS or not installed():
        return False
    key = _Key.of(kernel, out.dtype.name, options.precision, out.device.id)
    if key not in _faults:
        _faults[key] = _try(key)
    if _faults[key] is None:
        ours = getattr(dense, kernel)
        if not kernel.startswith("depthwise"):
            more = {**more, "precision": options.precision, "algo": options.algo}
        try:
            ours(*arguments, out, **options.finish, **more)
            return True
        except launching.KernelError as error:
            if options.algo == "scopeflow":
                raise
            _faults[key] = str(error)
    return _step_aside(key, options.algo)


def holds(kernel: str, precision: str) -> bool:
    """Whether a kernel of float32 was tried on the current device, and has held up since."""
    import cupy

    key = _Key.of(kernel, "float32", precision, cupy.cuda.Device().id)
    return key in _faults and _faults[key] is None


def _step_aside(key: _Key, algo: str) -> bool:
    """False, once the warning is given; with algo="scopeflow" an error instead."""
    kind = f"{key.kernel} for {key.dtype} ({key.precision} precision)"
    said = f"the CUDA kernel of {kind} is not used on device {key.device}"
    if algo == "scopeflow":
        raise RuntimeError(f"{said}: {_faults[key]}")
    if key not in _warned:
        _warned.add(key)
        message = f"{said}, and CuPy's own functions compute instead ({_faults[key]}); please report this"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return False


# --- The trial --------------------------------------------------------------------------------------------------------

# Two of each kind: lengths that vectors and tiles divide, and lengths that nothing divides.
_PRODUCTS = (((33, 40), (40, 72)), ((5, 7), (7, 3)))  # shapes of a and b
_CONVOLUTIONS = (  # shapes of x and w, strides, padding, dilations
    ((2, 9, 8, 16), (3, 3, 16, 24), (1, 1), "SAME", (1, 1)),
    ((2, 7, 9, 3), (3, 2, 3, 5), (2, 1), ((1, 0), (0, 2)), (1, 2)),
)
_DEPTHWISE_MULTIPLIERS = (1, 2)

# Of one product, relative: the rounding of a float32 (or float64) sum, and what TF32's ten bits leave of both factors.
_UNIT = {"float32": 2.0**-24, "float64": 2.0**-53, "float16": 2.0**-24, "bfloat16": 2.0**-24}
_TF32 = 2.0**-10
_ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8}  # of the result


def _try(key: _Key) -> str | None:
    """What is wrong with a kernel on small cases, None if nothing."""
    import cupy

    if cupy.cuda.get_current_stream().is_capturing():
        raise RuntimeError(
            f"the first {key.kernel} of {key.dtype} compiles and checks its kernel, which cannot be captured in a CUDA "
            "graph: call it once before the capture"
        )
    try:
        for number in range(2):
            wrong = _wrong(key, number)
            if wrong:
                return wrong
    except Exception as error:  # whatever a driver or compiler raises: a result must still be had
        return f"{type(error).__name__}: {error}"
    return None


class _Case(NamedTuple):
    """The arrays of a trial: two operands, what else the function takes, and the result's shape."""

    a: np.ndarray
    b: np.ndarray
    ours: tuple[Any, ...]  # arguments after the operands for our kernel
    reference: tuple[Any, ...]  # and for the plain one
    shape: tuple[int, ...]
    terms: int  # products in each sum


def _case(kernel: str, number: int, dtype: np.dtype) -> _Case:
    rng = np.random.default_rng(number)

    def drawn(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    if kernel == "matmul":
        a, b = _PRODUCTS[number]
        turns = (bool(number), not number)
        turned = [shape[::-1] if turn else shape for shape, turn in zip((a, b), turns, strict=True)]
        return _Case(drawn(*turned[0]), drawn(*turned[1]), turns, turns, (a[0], b[1]), a[1])
    x, w, *place = _CONVOLUTIONS[number]
    at = windows(x[1:3], w[:2], *place)
    window, depth = at.window[0] * at.window[1], w[2]
    groups: tuple[int, ...] = (1,)
    if kernel.startswith("depthwise"):
        multiplier = _DEPTHWISE_MULTIPLIERS[number]
        w, groups, depth = (*w[:3], multiplier), (), 1
    outputs = w[3] if groups else w[2] * w[3]
    y = (x[0], *at.output, outputs)
    if kernel.endswith("_input_grad"):
        return _Case(drawn(*w), drawn(*y), (at, *groups), (at,), x, window * (outputs if groups else w[3]))
    if kernel.endswith("_filter_grad"):
        return _Case(drawn(*x), drawn(*y), (at, *groups), (at,), w, x[0] * at.output[0] * at.output[1])
    return _Case(drawn(*x), drawn(*w), (at, *groups), (at,), y, window * depth)


def _wrong(key: _Key, number: int) -> str | None:
    """What is wrong with a kernel's result of one case: how far it is from the sum in float64, if that is too far."""
    import cupy

    dtype = next(known for known in FLOATS if known.name == key.dtype)
    case = _case(key.kernel, number, dtype)
    reference = getattr(plain, key.kernel)
    expected, sizes = np.empty(case.shape), np.empty(case.shape)
    wide = [array.astype(np.float64) for array in (case.a, case.b)]
    reference(*wide, *case.reference, expected)
    reference(*map(np.abs, wide), *case.reference, sizes)
    chosen = {} if key.kernel.startswith("depthwise") else {"precision": key.precision, "algo": "scopeflow"}
    with cupy.cuda.Device(key.device):
        out = cupy.full(case.shape, np.nan, dtype)
        getattr(dense, key.kernel)(cupy.asarray(case.a), cupy.asarray(case.b), *case.ours, out, **chosen)
        got = cupy.asnumpy(out).astype(np.float64)
    unit = 4 * _UNIT[key.dtype] * case.terms**0.5
    if key.dtype == "float32" and key.precision == "high":
        unit += _TF32
    allowed = unit * sizes + _ROUNDING.get(key.dtype, 0) * np.abs(expected)
    far = int(np.count_nonzero(~(np.abs(got - expected) <= allowed)))
    return f"{far} of {got.size} elements of a trial are wrong" if far else None
