"""Numba functions as machine code that runs without Numba (machine_code.py); importing this module imports Numba."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import types

from ..code_on_disk import Code
from .walking import Floats, Integers

# What machine code may call where there is no Numba: the C library's, which LLVM finds in any process.
CALLED = {"memcpy", "memset", "memmove", "fma", "fmaf", "sqrt", "sqrtf"}
_MEMORY = {Floats: types.float32, Integers: types.int64}
# No use of Numba's runtime: arrays are given by their callers or on the stack.
njit: Any = functools.partial(numba.njit, error_model="numpy", _nrt=False)


def signature(arguments: tuple[type, ...]) -> Any:
    """The types of a kernel of walking.KERNELS."""
    return types.void(*map(_type_of, arguments))


def _type_of(argument: Any) -> Any:
    if argument is int:
        return types.int64
    if argument in _MEMORY:
        return types.NamedTuple([types.CPointer(_MEMORY[argument]), types.int64], argument)
    return types.NamedUniTuple(types.int64, len(argument._fields), argument)


def machine_code(kernel: Any, signature: Any) -> Code:
    """A whole kernel, compiled: a function of the signature's types, in Numba's convention of calling."""
    jit = njit(signature, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    result = jit(kernel).overloads[signature.args]
    _, _, (object_file, bitcode) = result.library.serialize_using_object_code()
    called = {f.name for f in llvm.parse_bitcode(bitcode).functions if f.is_declaration}
    portable = all(function in CALLED or function.startswith("llvm.") for function in called)
    return Code(result.fndesc.llvm_func_name, object_file, portable)
