"""What both of TensorFlow's checkpoint formats have beside tensors: slices and versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine import errors
from ...engine.wire import Field, Message
from .reader import SliceSpec

VERSION = 1  # of both formats, so far

EXTENT = Message("Extent", Field(1, "start", "int64"), Field(2, "length", "int64", explicit=True))
SLICE = Message("TensorSliceProto", Field(1, "extent", EXTENT, repeated=True))


def decode_slice(values: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """A slice from a TensorSliceProto. ValueError where its numbers tell none."""
    spec = tuple((side["start"], -1 if side["length"] is None else side["length"]) for side in values["extent"])
    if any(start < 0 or length < -1 or (length == -1 and start) for start, length in spec):
        raise ValueError(f"no slice is {list(spec)}")
    return spec


def encode_slice(spec: SliceSpec) -> dict[str, Any]:
    return {"extent": [{} if length == -1 else {"start": start, "length": length} for start, length in spec]}


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
