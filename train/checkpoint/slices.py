"""Slices of tensors, the pieces that partitioned variables are stored in: (start, length) along each axis.

A length of -1 stands for all of an axis; the start is then 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...engine import errors
from .reader import SliceSpec

Box = tuple[slice, ...]  # a slice whose bounds are numbers

_MAX_CELLS = 1 << 22  # of the grid in which pieces are looked at: far more than any partitioner makes


def spelled(spec: SliceSpec) -> str:
    """A slice as TensorFlow writes it: "0,3:-"."""
    return ":".join("-" if length == -1 else f"{start},{length}" for start, length in spec)


def resolve(spec: SliceSpec, shape: Sequence[int]) -> Box:
    """A slice of an array of that shape. InvalidArgumentError where it does not lie inside."""
    if len(spec) == len(shape):
        stops = [size if length == -1 else start + length for (start, length), size in zip(spec, shape, strict=True)]
        if all(0 <= start <= stop <= size for (start, _), stop, size in zip(spec, stops, shape, strict=True)):
            return tuple(slice(start, stop) for (start, _), stop in zip(spec, stops, strict=True))
    raise errors.InvalidArgumentError(
        None, None, f"The slice {spelled(spec)!r} does not lie in a tensor of shape {list(shape)}"
    )


def extent(box: Box) -> tuple[int, ...]:
    """The shape of what a box cuts out."""
    return tuple(side.stop - side.start for side in box)


def fit(boxes: Sequence[Box], wanted: Box) -> list[tuple[int, Box, Box]]:
    """How pieces of a tensor make up a part of it: (number of the piece, where in the part, where in the piece).

    ValueError where they leave out some of it or overlap. They are looked at in a grid between all their edges, which
    has as many cells as there are pieces where these came from a partitioner.
    """
    common = [
        tuple(slice(max(b.start, w.start), min(b.stop, w.stop)) for b, w in zip(box, wanted, strict=True))
        for box in boxes
    ]
    met = [number for number, box in enumerate(common) if all(side.start < side.stop for side in box)]
    edges = []  # for each axis, {bound: its number}
    for axis, side in enumerate(wanted):
        bounds = {side.start, side.stop}.union(*({common[n][axis].start, common[n][axis].stop} for n in met))
        edges.append({bound: number for number, bound in enumerate(sorted(bounds))})
    cells = [len(bounds) - 1 for bounds in edges]
    if prod(cells) > _MAX_CELLS:
        raise ValueError("they are too many")
    covered = np.zeros(cells, bool)
    found = []
    for number in met:
        box = common[number]
        cut = tuple(slice(at[side.start], at[side.stop]) for at, side in zip(edges, box, strict=True))
        if covered[cut].any():
            raise ValueError("they overlap")
        covered[cut] = True
        found.append((number, _moved(box, wanted), _moved(box, boxes[number])))
    if not covered.all():
        raise ValueError("they leave out some of it")
    return found


def sufficient(boxes: Sequence[Box], wanted: Box, name: str) -> list[tuple[int, Box, Box]]:
    """`fit` for a tensor of a checkpoint. InvalidArgumentError where its slices do not make up what is wanted."""
    try:
        return fit(boxes, wanted)
    except ValueError as error:
        cut = spelled([(side.start, side.stop - side.start) for side in wanted])
        raise errors.InvalidArgumentError(
            None, None, f"Does not have sufficient slices for partitioned tensor {name} to restore {cut}: {error}"
        ) from None


def _moved(box: Box, into: Box) -> Box:
    """A box in the coordinates of one that it lies in."""
    return tuple(slice(b.start - i.start, b.stop - i.start) for b, i in zip(box, into, strict=True))


def slice_key(name: str, spec: SliceSpec) -> bytes:
    """The key of a slice in a table: the tensor's name and the slice in bytes that sort as these do."""
    escaped = name.encode().replace(b"\0", b"\0\xff")  # UTF-8 has no 255, which would be escaped too
    rank = bytes([1, len(spec)]) if spec else b"\0"
    return b"\0" + escaped + b"\0\1" + rank + b"".join(_ordered(number) for pair in spec for number in pair)


def _ordered(number: int) -> bytes:
    """A number in bytes that sort as numbers do: n ones tell that it has n bytes, with 7n - 1 bits and the sign."""
    size = (number if number >= 0 else ~number).bit_length() // 7 + 1
    ones = ((1 << size) - 1) << 7 * size
    return (number % (1 << 8 * size) ^ ones).to_bytes(size, "big")
