"""The messages that both of TensorFlow's checkpoint formats have: shapes, slices, data types, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from ...engine import errors
from ...engine.dtypes import DType, as_dtype
from .reader import SliceSpec
from .wire import Field, Message

VERSION = 1  # of both formats, so far

SHAPE = Message(
    "TensorShapeProto",
    Field(2, "dim", Message("Dim", Field(1, "size", "int64"), Field(2, "name", "string")), repeated=True),
    Field(3, "unknown_rank", "bool"),
)
EXTENT = Message("Extent", Field(1, "start", "int64"), Field(2, "length", "int64", explicit=True))
SLICE = Message("TensorSliceProto", Field(1, "extent", EXTENT, repeated=True))
VERSIONS = Message(
    "VersionDef",
    Field(1, "producer", "int32"),
    Field(2, "min_consumer", "int32"),
    Field(3, "bad_consumers", "int32", repeated=True),
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


def decode_slice(values: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """A slice from a TensorSliceProto. ValueError where its numbers tell none."""
    spec = tuple((side["start"], -1 if side["length"] is None else side["length"]) for side in values["extent"])
    if any(start < 0 or length < -1 or (length == -1 and start) for start, length in spec):
        raise ValueError(f"no slice is {list(spec)}")
    return spec


def encode_slice(spec: SliceSpec) -> dict[str, Any]:
    return {"extent": [{} if length == -1 else {"start": start, "length": length} for start, length in spec]}


def decode_dtype(number: int) -> DType:
    """A data type from its number. ValueError for one that scopeflow has not."""
    try:
        return as_dtype(number)
    except TypeError:
        raise ValueError(f"its data type is TensorFlow's number {number}, which scopeflow has not") from None


def check_versions(versions: Mapping[str, Any] | None, path: str) -> None:
    """InvalidArgumentError where the file says that readers of this version do not understand it."""
    if versions is None:
        return
    if versions["min_consumer"] > VERSION or VERSION in versions["bad_consumers"]:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"{path} is of version {versions['producer']} of its format and for readers of version"
            f" {versions['min_consumer']} or newer, but not {versions['bad_consumers'].tolist()};"
            f" this one is of version {VERSION}",
        )
