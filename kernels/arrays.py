"""What the kernels ask of arrays: one library, one device, one dtype. The messages name the argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import ml_dtypes
import numpy as np

Array = Any  # numpy.ndarray or cupy.ndarray

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
HALVES = (np.dtype(np.float16), BFLOAT16)
FLOATS = (np.dtype(np.float32), np.dtype(np.float64), *HALVES)

_HOST_ARRAYS = (np.ndarray, np.generic)
_FLOAT32 = np.dtype(np.float32)
_ON_THE_HOST = nullcontext()


def is_device_array(value: Any) -> bool:
    """Whether a value is an array of CuPy's, without importing it."""
    return type(value).__module__.partition(".")[0] == "cupy"


def wide_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype in which sums of `dtype` are computed: float32 for the floats of 16 bits, else itself."""
    return _FLOAT32 if dtype in HALVES else dtype


def device_of(array: Array) -> AbstractContextManager[Any]:
    """A context in which the array's device is the current one of its library."""
    return _ON_THE_HOST if isinstance(array, np.ndarray) else array.device


def check_operands(kernel: str, arrays: Mapping[str, Array]) -> Any:
    """The library, numpy or cupy, of arrays that lie on one device and have one dtype.

    Raises TypeError for what is no array, for arrays of both libraries and for dtypes that differ; ValueError for
    arrays on two devices.
    """
    xp: Any = np
    dtype = None
    for array in arrays.values():
        if not isinstance(array, _HOST_ARRAYS):
            xp = _device_library(kernel, arrays)
        if dtype is None:
            dtype = array.dtype
        elif array.dtype != dtype:
            given = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
            raise TypeError(f"{kernel}: dtypes differ: {given}")
    return xp


def _device_library(kernel: str, arrays: Mapping[str, Array]) -> Any:
    """CuPy, where all arrays are its own and on one device; raises as `check_operands`."""
    for name, array in arrays.items():
        if not isinstance(array, _HOST_ARRAYS) and not is_device_array(array):
            raise TypeError(f"{kernel}: {name} must be a NumPy or CuPy array, not {type(array).__name__}")
    if not all(map(is_device_array, arrays.values())):
        raise TypeError(f"{kernel}: arrays must all be NumPy's or all be CuPy's, but {_each(arrays, _library)}")
    if len({array.device.id for array in arrays.values()}) > 1:
        places = _each(arrays, lambda array: f"on device {array.device.id}")
        raise ValueError(f"{kernel}: arrays must lie on one device, but {places}")
    import cupy

    return cupy


def _library(array: Array) -> str:
    return "CuPy's" if is_device_array(array) else "NumPy's"


def _each(arrays: Mapping[str, Array], told: Any) -> str:
    return " and ".join(f"{name} is {told(array)}" for name, array in arrays.items())


def check_rank(kernel: str, name: str, array: Array, rank: int) -> None:
    """ValueError where the array has another number of dimensions."""
    if array.ndim != rank:
        raise ValueError(f"{kernel}: {name} must have {rank} dimensions, but its shape is {array.shape}")


def check_shape(kernel: str, name: str, shape: Sequence[int], expected: Sequence[int]) -> None:
    """ValueError where the shape is not the expected one."""
    if tuple(shape) != tuple(expected):
        raise ValueError(f"{kernel}: {name} has shape {tuple(shape)}, expected {tuple(expected)}")


def check_out(kernel: str, out: Array, shape: Sequence[int], inputs: Mapping[str, Array]) -> None:
    """Raises for an `out` that cannot take a result of `shape` computed from `inputs`, which share one dtype.

    TypeError: another dtype or library. ValueError: another shape or device, read-only, memory that it shares with an
    input.
    """
    xp = check_operands(kernel, {**inputs, "out": out})
    check_shape(kernel, "out", out.shape, shape)
    if not getattr(out.flags, "writeable", True):  # CuPy's arrays all are
        raise ValueError(f"{kernel}: out (shape {out.shape}, dtype {out.dtype}) is read-only")
    for name, array in inputs.items():
        if xp.may_share_memory(out, array) and xp.shares_memory(out, array):
            places = f"out (shape {out.shape}) and {name} (shape {array.shape})"
            raise ValueError(f"{kernel}: {places} overlap in memory, and must not")


def elementwise(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """function(*arrays), of NumPy arrays [n], by scalar maths such as philox.py's, which calls NumPy's types.

    Of an array with one element older NumPy's types make a scalar, and warn.
    """
    size = arrays[0].size
    return function(*(np.resize(array, 2) if size == 1 else array for array in arrays))[:size]
