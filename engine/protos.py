"""TensorFlow's messages of shapes, tensors, attributes and graphs.

Their fields are those of its tensor_shape.proto, tensor.proto, attr_value.proto, node_def.proto and graph.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from .build import to_array
from .dtypes import DType, as_dtype
from .wire import Field, Message, map_field

SHAPE = Message(
    "TensorShapeProto",
    Field(2, "dim", Message("Dim", Field(1, "size", "int64"), Field(2, "name", "string")), repeated=True),
    Field(3, "unknown_rank", "bool"),
)
VERSIONS = Message(
    "VersionDef",
    Field(1, "producer", "int32"),
    Field(2, "min_consumer", "int32"),
    Field(3, "bad_consumers", "int32", repeated=True),
)

# The fields of a TensorProto, and for each the dtypes whose numbers it has; complex ones are pairs, halves are bits.
_FIELDS = (
    (Field(5, "float_val", "float", repeated=True), ("float32",)),
    (Field(6, "double_val", "double", repeated=True), ("float64",)),
    (Field(7, "int_val", "int32", repeated=True), ("int32", "int16", "int8", "uint16", "uint8")),
    (Field(8, "string_val", "bytes", repeated=True), ("string",)),
    (Field(9, "scomplex_val", "float", repeated=True), ("complex64",)),
    (Field(10, "int64_val", "int64", repeated=True), ("int64",)),
    (Field(11, "bool_val", "bool", repeated=True), ("bool",)),
    (Field(12, "dcomplex_val", "double", repeated=True), ("complex128",)),
    (Field(13, "half_val", "int32", repeated=True), ("float16", "bfloat16")),
    (Field(16, "uint32_val", "uint32", repeated=True), ("uint32",)),
    (Field(17, "uint64_val", "uint64", repeated=True), ("uint64",)),
)
_FIELD_OF = {dtype: field.name for field, dtypes in _FIELDS for dtype in dtypes}

TENSOR = Message(
    "TensorProto",
    Field(1, "dtype", "enum"),
    Field(2, "tensor_shape", SHAPE),
    Field(3, "version_number", "int32"),
    Field(4, "tensor_content", "bytes"),
    *(field for field, _ in _FIELDS),
)

_SHAPE_LIST = Field(7, "shape", SHAPE, repeated=True)
_LISTS = (
    Field(2, "s", "bytes", repeated=True),
    Field(3, "i", "int64", repeated=True),
    Field(4, "f", "float", repeated=True),
    Field(5, "b", "bool", repeated=True),
    Field(6, "type", "enum", repeated=True),
    _SHAPE_LIST,
)
ATTRIBUTE = Message(
    "AttrValue",
    Field(1, "list", Message("ListValue", *_LISTS)),
    *(field._replace(repeated=False, explicit=True) for field in _LISTS),
    Field(8, "tensor", TENSOR),
)
NODE = Message(
    "NodeDef",
    Field(1, "name", "string"),
    Field(2, "op", "string"),
    Field(3, "input", "string", repeated=True),
    Field(4, "device", "string"),
    map_field(5, "attr", ATTRIBUTE),
)
GRAPH = Message(
    "GraphDef",
    Field(1, "node", NODE, repeated=True),
    Field(3, "version", "int32"),  # what came before `versions`
    Field(4, "versions", VERSIONS),
)

_MAX_RANK = 64  # of NumPy's arrays
_MAX_BYTES = 1 << 62  # even an empty array has strides, which must not overflow


def decode_shape(values: Mapping[str, Any] | None) -> tuple[int, ...]:
    """A shape from a TensorShapeProto. ValueError where no array can have it."""
    if values is None:
        return ()
    if values["unknown_rank"]:
        raise ValueError("its rank is unknown")
    shape = tuple(dim["size"] for dim in values["dim"])
    largest = 16 * prod(size for size in shape if size)
    if len(shape) > _MAX_RANK or any(size < 0 for size in shape) or largest > _MAX_BYTES:
        raise ValueError(f"no array has the shape {list(shape)}")
    return shape


def encode_shape(shape: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": size} for size in shape]}


def decode_dtype(number: int) -> DType:
    """A data type from its number. ValueError for one that scopeflow has not."""
    try:
        return as_dtype(number)
    except TypeError:
        raise ValueError(f"its data type is TensorFlow's number {number}, which scopeflow has not") from None


def tensor_array(values: Mapping[str, Any], dtype: DType, shape: Sequence[int], padded: bool = False) -> np.ndarray:
    """The array of a TensorProto. ValueError where it has another number of elements; if `padded`, the last one of
    too few stands for those that follow."""
    if dtype.name not in _FIELD_OF:
        raise ValueError(f"it is of type {dtype.name}, which cannot be read")
    field = _FIELD_OF[dtype.name]
    if dtype.is_string:
        flat = np.empty(len(values[field]), object)
        flat[:] = values[field]
    elif values["tensor_content"]:
        flat = np.frombuffer(values["tensor_content"], dtype.numpy).copy()
    elif field == "half_val":
        flat = values[field].astype(np.uint16).view(dtype.numpy)
    elif dtype.is_complex:
        flat = values[field].view(dtype.numpy)
    else:
        flat = values[field].astype(dtype.numpy, copy=False)
    if padded and 0 < flat.size < prod(shape):
        flat = np.concatenate([flat, np.repeat(flat[-1:], prod(shape) - flat.size)])
    if flat.size != prod(shape):
        raise ValueError(f"it has {flat.size} elements for a shape of {list(shape)}")
    return flat.reshape(shape)


def tensor_values(array: Any) -> dict[str, Any]:
    """A NumPy array (strings: objects of bytes) as the fields of a TensorProto."""
    array = np.asarray(array)
    dtype = as_dtype(bytes) if array.dtype.kind in "OSU" else as_dtype(array.dtype)
    values: dict[str, Any] = {"dtype": dtype.as_datatype_enum, "tensor_shape": encode_shape(array.shape)}
    if dtype.is_string:
        values["string_val"] = to_array(array, dtype).ravel().tolist()
    else:
        values["tensor_content"] = np.ascontiguousarray(array).tobytes()
    return values
