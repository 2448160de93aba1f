"""Numba functions as machine code that runs without Numba (machine_code.py); importing this module imports Numba."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import llvmlite.binding as llvm
import numba
import numba.extending
from llvmlite import ir
from numba import types

from ..code_on_disk import Code
from .jobs import Floats, Integers

# What machine code may call where there is no Numba: the C library's, which LLVM finds in any process.
CALLED = {"memcpy", "memset", "memmove", "fma", "fmaf", "sqrt", "sqrtf"}
WORDS = types.CPointer(types.int64)
_MEMORY = {Floats: types.float32, Integers: types.int64}
# No use of Numba's runtime: arrays are given by their callers or on the stack.
intrinsic: Any = numba.extending.intrinsic  # its own types do not know that the typing context is no argument of calls
njit: Any = functools.partial(numba.njit, error_model="numpy", _nrt=False)


def kernel_code(kernel: Any, arguments: tuple[type, ...]) -> Code:
    """A kernel of walking.KERNELS as a function of where its arguments lie: words of 64 bits, one after the other.

    So all kernels are called alike, by threads, too, that know nothing of their arguments.
    """
    typed, unpacked = njit(kernel), _unpacked(tuple(map(_type_of, arguments)))

    def entry(words):
        typed(*unpacked(words))

    entry.__name__ = entry.__qualname__ = kernel.__name__
    return machine_code(entry, types.void(WORDS))


def _type_of(argument: Any) -> Any:
    if argument is int:
        return types.int64
    if argument in _MEMORY:
        return types.NamedTuple([types.CPointer(_MEMORY[argument]), types.int64], argument)
    return types.NamedUniTuple(types.int64, len(argument._fields), argument)


def _unpacked(kinds: tuple[Any, ...]) -> Any:
    """The intrinsic that makes values of these types of words."""

    @intrinsic
    def unpacked(typing_context: Any, words: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            places = (builder.gep(arguments[0], [ir.Constant(ir.IntType(64), i)]) for i in itertools.count())

            def value(kind: Any) -> Any:
                if hasattr(kind, "types"):  # a tuple
                    return context.make_tuple(builder, kind, [value(member) for member in kind.types])
                word = builder.load(next(places))
                if isinstance(kind, types.CPointer):
                    return builder.inttoptr(word, context.get_value_type(kind))
                return word

            return value(signature.return_type)

        return types.Tuple(kinds)(words), generate

    return unpacked


def machine_code(kernel: Any, signature: Any) -> Code:
    """A whole kernel, compiled: a function of the signature's types, in Numba's convention of calling."""
    jit = njit(signature, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    result = jit(kernel).overloads[signature.args]
    _, _, (object_file, bitcode) = result.library.serialize_using_object_code()
    called = {f.name for f in llvm.parse_bitcode(bitcode).functions if f.is_declaration}
    portable = all(function in CALLED or function.startswith("llvm.") for function in called)
    return Code(result.fndesc.llvm_func_name, object_file, portable)
