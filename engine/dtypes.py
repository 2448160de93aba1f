"""The element types of tensors: TensorFlow's names over NumPy's dtypes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np


class DType:
    """One element type. Compares equal to whatever `as_dtype` turns into it (``tf.float32 == np.float32``)."""

    __slots__ = ("_name", "_numpy")

    def __init__(self, name: str, numpy_type: Any) -> None:
        self._name = name
        self._numpy = None if numpy_type is None else np.dtype(numpy_type)

    @property
    def name(self) -> str:
        return self._name

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type (``np.float32``; for bfloat16 that of ml_dtypes; ``object`` for strings)."""
        return np.object_ if self._numpy is None else self._numpy.type

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype object."""
        return np.dtype(object) if self._numpy is None else self._numpy

    @property
    def as_datatype_enum(self) -> int:
        """Its number in TensorFlow's files and protocol buffers (`tensorflow.DataType`)."""
        return _ENUM[self._name]

    @property
    def base_dtype(self) -> DType:
        """Itself: scopeflow has no reference dtypes. Kept because TF1 programs ask for it everywhere."""
        return self

    @property
    def real_dtype(self) -> DType:
        return {complex64: float32, complex128: float64}.get(self, self)

    @property
    def is_floating(self) -> bool:
        return self in _FLOATING

    @property
    def is_integer(self) -> bool:
        return self._numpy is not None and self._numpy.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        return self._numpy is not None and self._numpy.kind == "u"

    @property
    def is_complex(self) -> bool:
        return self in COMPLEX

    @property
    def is_bool(self) -> bool:
        return self is bool_

    @property
    def is_string(self) -> bool:
        return self is string

    @property
    def is_numpy_number(self) -> bool:
        """Whether arrays of it can lie on any device: strings, resources and variants stay on the host."""
        return self._numpy is not None

    @property
    def is_numpy_compatible(self) -> bool:
        return self not in (variant, resource)

    @property
    def size(self) -> int:
        """Bytes of one element; 1 for strings and variants, as in TensorFlow."""
        return 1 if self._numpy is None else self._numpy.itemsize

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self.is_floating:
            return getattr(ml_dtypes.finfo(self.numpy), which)
        if self.is_integer:
            return getattr(np.iinfo(self.numpy), which)
        if self.is_bool:
            return which == "max"
        raise TypeError(f"Cannot find {which}imum value of {self!r}.")

    def is_compatible_with(self, other: Any) -> bool:
        return self == other

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None or isinstance(other, DType):
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"tf.{self._name}"

    def __str__(self) -> str:
        return f"<dtype: {self._name!r}>"

    def __reduce__(self) -> tuple:
        return as_dtype, (self._name,)


def enum_name(dtype: DType) -> str:
    """TensorFlow's word for a dtype in its files and messages: "float", "half", "int32"."""
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def as_scalar(array: np.ndarray) -> Any:
    """An array of one number, without dimensions, as a NumPy scalar: NumPy computes with these five times as fast."""
    return array[()] if array.ndim == 0 and array.dtype.kind in "fiub" else array


def string_as_array(value: Any) -> Any:
    """One string, which NumPy gives as bytes where it takes it out of an array, as an array; other values as given."""
    return np.array(value, object) if value.__class__ is bytes else value


def is_half(dtype: np.dtype) -> bool:
    """Whether a NumPy dtype is float16 or bfloat16, whose arithmetic belongs in float32."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def summing_dtype(dtype: np.dtype) -> np.dtype:
    """The NumPy dtype to add up many values of a dtype in: float32 for the halves (256 + 1 is 256 in bfloat16)."""
    return np.dtype(np.float32) if is_half(dtype) else dtype


float16 = half = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = double = DType("float64", np.float64)
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
bool_ = DType("bool", np.bool_)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
string = DType("string", None)
resource = DType("resource", None)
variant = DType("variant", None)  # a Python object: what a loop remembers for its gradient

FLOATS = (bfloat16, float16, float32, float64)
INTEGERS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
COMPLEX = (complex64, complex128)
NUMBERS = FLOATS + INTEGERS + COMPLEX
_FLOATING = frozenset(FLOATS)
_ALL = (*NUMBERS, bool_, string, resource, variant)
_BY_NAME = {t.name: t for t in _ALL} | {"half": float16, "float": float32, "double": float64}
_BY_NUMPY = {t.numpy: t for t in _ALL if t._numpy is not None}
_BY_PYTHON: dict[Any, DType] = {
    float: float32,
    int: int32,
    bool: bool_,
    str: string,
    bytes: string,
    complex: complex128,
}


_ENUM = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9,
    "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "resource": 20, "variant": 21,
    "uint32": 22, "uint64": 23,
}  # fmt: skip
_BY_ENUM = {number: _BY_NAME[name] for name, number in _ENUM.items()}


def as_dtype(type_value: Any) -> DType:
    """The `DType` of a DType, a name, a number of `as_datatype_enum`, a Python type or anything `np.dtype` takes.

    Raises TypeError for anything else.
    """
    value = type_value
    if isinstance(value, DType):
        return value
    if isinstance(value, int) and value in _BY_ENUM:
        return _BY_ENUM[value]
    if isinstance(value, str) and value in _BY_NAME:
        return _BY_NAME[value]
    if isinstance(value, type) and value in _BY_PYTHON:
        return _BY_PYTHON[value]
    try:
        numpy_type = np.dtype(value)
    except TypeError:
        raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.") from None
    if numpy_type in _BY_NUMPY:
        return _BY_NUMPY[numpy_type]
    if numpy_type.kind in "SUO":
        return string
    raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.")


__all__ = [  # `bool_` is offered as `bool` by those who may shadow Python's own
    "DType", "as_dtype", "bfloat16", "complex128", "complex64", "double", "float16", "float32", "float64", "half",
    "int16", "int32", "int64", "int8", "string", "uint16", "uint32", "uint64", "uint8", "variant",
]  # fmt: skip
