"""Ops that move blocks of images into their depth or into the batch, and that cut images into patches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.geometry import Windows, conv_output_size, windows
from .. import dtypes
from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Tensor, op_scope
from ..registry import OpDef, define
from ..shapes import TensorShape, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .basic import identity, zeros
from .basic import shape as shape_of
from .joining import at_least_rank, stack, times, with_known_rank

# -- depth and space ------------------------------------------------------------------------------------------------


def _to_depth_kernel(k: Any, x: Any, block_size: int, data_format: str) -> Any:
    b = block_size
    if data_format == "NCHW":
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
        return blocks.reshape(n, b * b * c, h // b, w // b)
    n, h, w, c = x.shape
    return x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, h // b, w // b, b * b * c)


def _to_space_kernel(k: Any, x: Any, block_size: int, data_format: str) -> Any:
    b = block_size
    if data_format == "NCHW":
        n, c, h, w = x.shape
        blocks = x.reshape(n, b, b, c // (b * b), h, w).transpose(0, 3, 4, 1, 5, 2)
        return blocks.reshape(n, c // (b * b), h * b, w * b)
    n, h, w, c = x.shape
    return x.reshape(n, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5).reshape(n, h * b, w * b, c // (b * b))


def _divided(length: int | None, by: int) -> int | None:
    if length is not None and length % by:
        raise ValueError(f"Dimension size must be evenly divisible by {by} but is {length}")
    return None if length is None else length // by


def _blocks_shape(to_depth: bool) -> Any:
    def rule(x: Tensor, block_size: int, data_format: str) -> TensorShape:
        if block_size < 2:
            op = "SpaceToDepth" if to_depth else "DepthToSpace"
            raise ValueError(f"Attr 'block_size' of '{op}' Op passed {block_size} less than minimum 2.")
        sizes = with_known_rank(x.shape, 4).as_list()
        deep, wide = (times, _divided) if to_depth else (_divided, times)
        depth = data_format.index("C")
        return TensorShape(
            [
                d if axis == 0 else deep(d, block_size**2) if axis == depth else wide(d, block_size)
                for axis, d in enumerate(sizes)
            ]
        )

    return rule


SpaceToDepth: OpDef = define(
    "SpaceToDepth",
    "input:T -> output:T",
    shape=_blocks_shape(to_depth=True),
    kernel=_to_depth_kernel,
    grad=lambda op, g: DepthToSpace(g, **op.attrs),
    view=True,
)
DepthToSpace: OpDef = define(
    "DepthToSpace",
    "input:T -> output:T",
    shape=_blocks_shape(to_depth=False),
    kernel=_to_space_kernel,
    grad=lambda op, g: SpaceToDepth(g, **op.attrs),
    view=True,
)


def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Each block_size x block_size square of an image as one pixel with all its channels. The image divides evenly."""
    return SpaceToDepth(input, block_size=int(block_size), data_format=data_format, name=name)


def depth_to_space(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """The inverse of `space_to_depth`."""
    return DepthToSpace(input, block_size=int(block_size), data_format=data_format, name=name)


def _space_to_batch(k: Any, x: Any, block_shape: Any, paddings: Any) -> Any:
    blocks = [int(b) for b in block_shape]
    pads = [(int(a), int(b)) for a, b in paddings]
    count, rest = len(blocks), x.shape[1 + len(blocks) :]
    padded = k.xp.pad(x, [(0, 0), *pads, *((0, 0) for _ in rest)])
    sizes = []
    for length, block in zip(padded.shape[1:], blocks, strict=False):
        if length % block:
            raise InvalidArgumentError(None, None, f"padded_shape={length} is not divisible by block_shape={block}")
        sizes += [length // block, block]
    split = padded.reshape(x.shape[0], *sizes, *rest)
    within, over = range(2, 2 * count + 1, 2), range(1, 2 * count, 2)
    ordered = split.transpose(*within, 0, *over, *range(1 + 2 * count, split.ndim))
    return ordered.reshape(-1 if x.size else x.shape[0] * math.prod(blocks), *sizes[::2], *rest)


def _batch_to_space(k: Any, x: Any, block_shape: Any, crops: Any) -> Any:
    blocks = [int(b) for b in block_shape]
    count, sizes, rest = len(blocks), x.shape[1 : 1 + len(blocks)], x.shape[1 + len(blocks) :]
    if x.shape[0] % math.prod(blocks):
        raise InvalidArgumentError(
            None,
            None,
            f"Input batch dimension ({x.shape[0]}) is not divisible by product of block sizes ({math.prod(blocks)})",
        )
    batch = x.shape[0] // math.prod(blocks)
    split = x.reshape(*blocks, batch, *sizes, *rest)
    pairs = [axis for i in range(count) for axis in (count + 1 + i, i)]
    joined = split.transpose(count, *pairs, *range(2 * count + 1, split.ndim))
    whole = joined.reshape(batch, *(s * b for s, b in zip(sizes, blocks, strict=True)), *rest)
    return whole[(slice(None), *(slice(int(a), n - int(b)) for (a, b), n in zip(crops, whole.shape[1:], strict=False)))]


def _block_batch_shape(to_batch: bool) -> Any:
    def rule(x: Tensor, block_shape: Tensor, margins: Tensor) -> TensorShape:
        count = with_known_rank(block_shape.shape, 1).as_list()[0]
        if count is not None:
            at_least_rank(x.shape, count + 1)
        blocks, edges, sizes = constant_value(block_shape), constant_value(margins), x.shape.sizes
        if blocks is None or sizes is None:
            return unknown_shape(x.shape.ndims)
        result = list(sizes)
        many = math.prod(int(b) for b in blocks)
        result[0] = times(sizes[0], many) if to_batch else _divided(sizes[0], many)
        for i, block in enumerate(blocks):
            length = sizes[i + 1]
            if length is None or edges is None:
                result[i + 1] = None
            elif to_batch:
                result[i + 1] = _divided(length + int(edges[i].sum()), int(block))
            else:
                result[i + 1] = length * int(block) - int(edges[i].sum())
        return TensorShape(result)

    return rule


SpaceToBatchND: OpDef = define(
    "SpaceToBatchND",
    "input:T, block_shape:Tblock_shape, paddings:I -> output:T",
    shape=_block_batch_shape(to_batch=True),
    kernel=_space_to_batch,
    grad=lambda op, g: [BatchToSpaceND(g, *op.inputs[1:]), None, None],
    types={"Tblock_shape": (dtypes.int32, dtypes.int64)},
    host=["block_shape", "paddings"],
    view=True,
)
BatchToSpaceND: OpDef = define(
    "BatchToSpaceND",
    "input:T, block_shape:Tblock_shape, crops:I -> output:T",
    shape=_block_batch_shape(to_batch=False),
    kernel=_batch_to_space,
    grad=lambda op, g: [SpaceToBatchND(g, *op.inputs[1:]), None, None],
    types={"Tblock_shape": (dtypes.int32, dtypes.int64)},
    host=["block_shape", "crops"],
    view=True,
)


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Each place within blocks of `block_shape` [M] is an image of its own in the batch, after `paddings` [M, 2]."""
    return SpaceToBatchND(input, block_shape, paddings, name=name)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The inverse of `space_to_batch_nd`: puts the images together and cuts `crops` [M, 2] off."""
    return BatchToSpaceND(input, block_shape, crops, name=name)


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`space_to_batch_nd` with square blocks."""
    blocks = block_shape if block_shape is not None else np.array([block_size, block_size], np.int64)
    return space_to_batch_nd(input, blocks, paddings, name)


def batch_to_space(
    input: Any, crops: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`batch_to_space_nd` with square blocks."""
    blocks = block_shape if block_shape is not None else np.array([block_size, block_size], np.int64)
    return batch_to_space_nd(input, blocks, crops, name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(paddings [M, 2] that make an image's shape [M] divide by `block_shape` [M], crops [M, 2] that undo the excess).

    `base_paddings` [M, 2] are wanted anyway; what is missing to a multiple is added at the end.
    """
    with op_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        sizes = convert_to_tensor(input_shape, dtypes.int32, name="input_shape")
        blocks = convert_to_tensor(block_shape, dtypes.int32, name="block_shape")
        count = blocks.shape.with_rank(1).as_list()[0]
        if count is None:
            raise ValueError("block_shape must be a vector of known length")
        base = zeros([count, 2], dtypes.int32)
        if base_paddings is not None:
            base = convert_to_tensor(base_paddings, dtypes.int32, name="base_paddings")
        before, after = base[:, 0], base[:, 1]
        missing = -(sizes + before + after) % blocks
        paddings = stack([before, after + missing], axis=1)
        crops = stack([zeros([count], dtypes.int32), missing], axis=1)
        return _settled(paddings, "paddings"), _settled(crops, "crops")


def _settled(tensor: Tensor, name: str) -> Tensor:
    """The tensor under a name, as a constant where the graph alone fixes its value."""
    value = constant_value(tensor)
    return identity(tensor, name=name) if value is None else convert_to_tensor(value, name=name)


# -- patches --------------------------------------------------------------------------------------------------------


def _patches_shape(images: Tensor, ksizes: Any, strides: Any, rates: Any, padding: str) -> TensorShape:
    batch, height, width, channels = with_known_rank(images.shape, 4).as_list()
    rows = conv_output_size(height, ksizes[1], strides[1], rates[1], padding)
    columns = conv_output_size(width, ksizes[2], strides[2], rates[2], padding)
    return TensorShape([batch, rows, columns, times(channels, ksizes[1] * ksizes[2])])


def _image_windows(shape: Sequence[int], ksizes: Any, strides: Any, rates: Any, padding: str) -> Windows:
    return windows((shape[1], shape[2]), ksizes[1:3], strides[1:3], padding, rates[1:3])


def _margins_of(at: Windows) -> list[tuple[int, int]]:
    return [(0, 0), *at.padding, (0, 0)]


def _patches_kernel(k: Any, images: Any, **geometry: Any) -> Any:
    at = _image_windows(images.shape, **geometry)
    padded = k.xp.pad(images, _margins_of(at))
    return k.xp.concatenate([padded[seen] for _, _, seen in at.cells()], axis=-1)


def _patches_back(k: Any, shape: Any, dy: Any, **geometry: Any) -> Any:
    """Add each patch onto the place it was cut from."""
    sizes = tuple(shape.tolist())
    at = _image_windows(sizes, **geometry)
    dx = k.xp.zeros((sizes[0], *at.padded, sizes[3]), dy.dtype)
    for n, (_, _, seen) in enumerate(at.cells()):
        dx[seen] += dy[..., n * sizes[3] : (n + 1) * sizes[3]]
    (top, _), (left, _) = at.padding
    return dx[:, top : top + sizes[1], left : left + sizes[2]]


ExtractImagePatches: OpDef = define(
    "ExtractImagePatches",
    "images:T -> patches:T",
    shape=_patches_shape,
    kernel=_patches_kernel,
    grad=lambda op, g: ExtractImagePatchesGrad(shape_of(op.inputs[0]), g, **op.attrs),
)
ExtractImagePatchesGrad: OpDef = define(  # no op of TensorFlow's, which multiplies by a sparse matrix
    "ExtractImagePatchesGrad",
    "shape:I, dy:T -> output:T",
    shape=lambda shape, dy, **_: constant_value_as_shape(shape),
    kernel=_patches_back,
    grad=lambda op, g: [None, ExtractImagePatches(g, **op.attrs)],
    host=["shape"],
)


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: str | None = None,
    name: str | None = None,
    sizes: Any = None,
) -> Tensor:
    """The patches of `images` [N, H, W, C] that windows of [1, KH, KW, 1] see, each as KH * KW * C channels.

    `strides` and `rates` (the distance of a window's cells) are [1, h, w, 1] too; `padding` is "SAME" or "VALID".
    Raises ValueError for other forms.
    """
    lists = {"ksizes": sizes if ksizes is None else ksizes, "strides": strides, "rates": rates}
    for argument, value in lists.items():
        if value is None or len(value) != 4 or value[0] != 1 or value[3] != 1:
            raise ValueError(f"{argument} must be [1, rows, columns, 1], got {value}")
    geometry = {argument: tuple(int(v) for v in value) for argument, value in lists.items()}
    return ExtractImagePatches(images, **geometry, padding=padding, name=name)


__all__ = [
    "batch_to_space", "batch_to_space_nd", "depth_to_space", "extract_image_patches",
    "required_space_to_batch_paddings", "space_to_batch", "space_to_batch_nd", "space_to_depth",
]  # fmt: skip
