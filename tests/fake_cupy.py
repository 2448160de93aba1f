"""A stand-in for CuPy over NumPy, as strict as CuPy: host arrays and device arrays never mix by accident.

It lets the real GpuBackend, kernels.cuda and the whole engine run where no GPU is. Its arrays refuse what CuPy's
refuse: NumPy's functions, implicit conversion to NumPy, NumPy arrays as operands or indices. Functions return arrays,
never scalars. It remembers which names were used, so that a test can look for them in the real CuPy.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import operator
import sys
import types
from typing import NamedTuple

import numpy as np
import pytest

USED: dict[str, set[str]] = {}  # the functions called -> the keyword arguments given to them


class ndarray:  # CuPy's own name
    """A device array: NumPy's behind a wall."""

    __slots__ = ("_host",)
    __array_ufunc__ = None  # NumPy's functions and operators refuse it
    __hash__ = None

    def __init__(self, host):
        self._host = host if isinstance(host, np.ndarray) else np.asarray(host)

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    @property
    def __cuda_array_interface__(self):
        host = self._host.__array_interface__
        return {"shape": self.shape, "typestr": host["typestr"], "data": host["data"], "version": 3}

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.ctypes.data))
    device = property(lambda self: _DEVICE)
    T = property(lambda self: ndarray(self._host.T))
    real = property(lambda self: ndarray(self._host.real))
    imag = property(lambda self: ndarray(self._host.imag))

    def get(self, stream=None, order="C", out=None, blocking=True):
        if out is None:
            return self._host.copy()
        assert out.shape == self.shape and out.dtype == self.dtype and out.flags.c_contiguous
        assert not blocking, "a copy into pinned memory that is waited for overlaps nothing"
        out.view(np.uint8)[...] = 0xA5  # not there before its event
        stream.given.append(lambda: np.copyto(out, self._host))
        return out

    def item(self):
        return self._host.item()

    def __len__(self):
        return len(self._host)

    def __bool__(self):
        return bool(self._host)

    def __int__(self):
        return int(self._host)

    def __float__(self):
        return float(self._host)

    def __index__(self):
        return operator.index(self._host)

    def __iter__(self):
        return (ndarray(np.asarray(item)) for item in self._host)

    def __getitem__(self, key):
        return ndarray(np.asarray(self._host[_unwrapped(key)]))

    def __setitem__(self, key, value):
        self._host[_unwrapped(key)] = _unwrapped(value)

    def __str__(self):
        return str(self._host)

    def __repr__(self):
        return f"fake_cupy.ndarray({self._host!r})"


ndarray.__module__ = "cupy"


def _unwrapped(value):
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: a NumPy array where CuPy wants its own")
    if isinstance(value, (list, tuple)):
        return type(value)(_unwrapped(item) for item in value)
    return value


def _wrapped(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        return (
            type(value)(_wrapped(item) for item in value)
            if not hasattr(value, "_fields")
            else tuple(map(_wrapped, value))
        )
    return value


def _strict(function, name=None):
    def call(*args, **kwargs):
        if name is not None:
            USED.setdefault(name, set()).update(kwargs)
        return _wrapped(function(*map(_unwrapped, args), **{name: _unwrapped(value) for name, value in kwargs.items()}))

    call.__name__ = getattr(function, "__name__", "function")
    return call


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    for _prefix in ("", "r", "i"):
        _full = f"__{_prefix}{_name}__"
        if hasattr(np.ndarray, _full):
            setattr(ndarray, _full, _strict(getattr(np.ndarray, _full)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _strict(getattr(np.ndarray, f"__{_name}__")))
for _name in (
    "reshape", "astype", "copy", "transpose", "sum", "mean", "max", "min", "prod", "any", "all", "argmax", "argmin",
    "ravel", "swapaxes", "squeeze", "view", "fill", "take", "cumsum", "cumprod", "dot", "conj", "clip", "round",
    "argsort", "nonzero", "diagonal", "trace", "flatten", "repeat", "tolist", "sort",
):  # fmt: skip
    setattr(ndarray, _name, _strict(getattr(np.ndarray, _name)))


class _Library(types.ModuleType):
    """A module whose functions are another's, behind the wall."""

    def __init__(self, name, real):
        super().__init__(name)
        self._real = real
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self._real, name)
        full_name = f"{self.__name__}.{name}"
        if isinstance(value, types.ModuleType):
            return _Library(full_name, value)
        USED.setdefault(full_name, set())
        if isinstance(value, np.ufunc):
            return _UFunc(value, full_name)
        return _strict(value, full_name) if callable(value) and not isinstance(value, type) else value


class _UFunc:
    def __init__(self, ufunc, name):
        self._ufunc = ufunc
        self._call = _strict(ufunc, name)

    def __call__(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def at(self, array, index, values):
        self._ufunc.at(array._host, _unwrapped(index), _unwrapped(values))


class _Device:
    def __init__(self, index=0):
        self.id = index

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __eq__(self, other):
        return isinstance(other, _Device) and self.id == other.id

    __hash__ = None

    def synchronize(self):
        return None


_DEVICE = _Device()


class _Stream:
    """Does what it was given when an event behind it is waited for, and no sooner."""

    def __init__(self, non_blocking=False):
        self.given = []
        self.waited_for = 0  # how many of them

    def is_capturing(self):
        return False

    def record(self):
        return _Event(self, len(self.given))

    def wait_event(self, event):
        self.given.append(event.synchronize)

    def synchronize(self):
        self.record().synchronize()


class _Event:
    def __init__(self, stream, count):
        self._stream, self._count = stream, count

    def synchronize(self):
        for i in range(self._count):
            work, self._stream.given[i] = self._stream.given[i], lambda: None
            work()
        self._stream.waited_for = max(self._stream.waited_for, self._count)


_CURRENT = _Stream()


def _asarray(value, dtype=None, order=None):
    if isinstance(value, ndarray):
        return value if dtype is None or value.dtype == dtype else value.astype(dtype)
    return ndarray(np.array(value, dtype=dtype, order=order))  # a device array never shares memory with the host's


def _asnumpy(array):
    return array.get() if isinstance(array, ndarray) else np.asarray(array)


def install(monkeypatch):
    """Put the stand-in in CuPy's place for one test, and make the devices be looked for anew."""
    import scipy.special

    from scopeflow.kernels import backend
    from scopeflow.kernels.cuda import drawing, trials

    cupy = _Library("cupy", np)
    cupy.ndarray = ndarray
    cupy.asarray = _asarray
    cupy.array = lambda value, dtype=None, copy=True, order="K": _asarray(value, dtype).copy(order)
    cupy.asnumpy = _asnumpy
    cupy.cuda = types.SimpleNamespace(
        Device=_Device,
        Stream=_Stream,
        alloc_pinned_memory=bytearray,
        get_current_stream=lambda: _CURRENT,
        runtime=types.SimpleNamespace(getDeviceCount=lambda: 1, getDevice=lambda: 0),
    )
    special = _Library("cupyx.scipy.special", scipy.special)
    cupyx = types.ModuleType("cupyx")
    cupyx_scipy = types.ModuleType("cupyx.scipy")
    cupyx.scipy, cupyx_scipy.special = cupyx_scipy, special
    for name, module in {
        "cupy": cupy, "cupyx": cupyx, "cupyx.scipy": cupyx_scipy, "cupyx.scipy.special": special,
    }.items():  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    for cached in (backend._gpu_count, backend._backend):
        cached.cache_clear()
    for ours in (drawing, trials):
        monkeypatch.setattr(ours, "installed", lambda: False)  # no kernel can write into the host's memory
    return cupy


@pytest.fixture
def stand_in_cupy(monkeypatch):
    """A GPU made of this stand-in, for one test: sessions run on "/device:GPU:0" by default."""
    yield install(monkeypatch)
    monkeypatch.undo()
    uninstall()


class Launched(NamedTuple):
    kind: str
    dtype: str
    blocks: int
    aligned: bool


@pytest.fixture
def launches(stand_in_cupy, monkeypatch):
    """The stand-in with kernels of random fills, which draw by the CPU's into the addresses that they are given.

    Gives a list to which each launch is appended.
    """
    from scopeflow.kernels import philox
    from scopeflow.kernels.cuda import drawing

    launched = []

    def kernel(kind, dtype, device):
        recipe = philox.recipe(kind, dtype)
        types_of_arguments = [np.uint64, np.int64, np.int64, np.uint64, np.int64, np.int64]
        types_of_arguments += [np.uint32] * 4 + [recipe.sample] * 2

        def launch(grid, block, arguments):
            assert [type(argument) for argument in arguments] == types_of_arguments
            memory, size, start, counter, counters, aligned, *words, scale, shift = arguments
            first = int(start) + sum(_memory(counter, int(counters), np.dtype(np.int64)).tolist())
            drawing.host.draw(kind, _memory(memory, int(size), np.dtype(dtype)), first, words, scale, shift)
            launched.append(Launched(kind, dtype, grid[0], bool(aligned)))

        return launch

    monkeypatch.setattr(drawing, "_kernel", kernel)
    monkeypatch.setattr(drawing, "_multiprocessors", lambda device: 4)
    monkeypatch.setattr(drawing, "installed", lambda: True)
    drawing.usable.cache_clear()
    return launched


def _memory(address, size, dtype):
    """The array of `size` elements at an address of the host."""
    if not size:
        return np.empty(0, dtype)
    return np.frombuffer((ctypes.c_byte * (size * dtype.itemsize)).from_address(int(address)), np.uint8).view(dtype)


def uninstall():
    """Forget the devices that were found while the stand-in was there."""
    from scopeflow.kernels import backend
    from scopeflow.kernels.cuda import drawing

    for cached in (backend._gpu_count, backend._backend, drawing.usable):
        cached.cache_clear()
