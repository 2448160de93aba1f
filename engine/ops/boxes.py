"""Boxes in images: what they hold cut out, the best of those that overlap, drawn, and drawn at random."""

from __future__ import annotations

import heapq
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.philox import seed_words, stream_block, uniform_float32
from ..build import convert_to_tensor
from ..dtypes import FLOATS, float16, float32, int8, int16, int32, int64, uint8
from ..errors import InvalidArgumentError, OpError, OutOfRangeError
from ..graph import Operation, Tensor, op_scope
from ..registry import check_equal, define, no_gradient, not_differentiable
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .arithmetic import REALS
from .basic import shape as shape_of
from .common import Array, of_rank
from .random import stream_of


def _refused(said: str) -> OpError:
    return InvalidArgumentError(None, None, said)


def _boxes_shape(boxes: Tensor) -> list[int | None]:
    """The sizes of boxes [n, 4]. Raises ValueError for another shape."""
    sizes = of_rank(boxes, 2).as_list()
    if sizes[1] not in (4, None):
        raise ValueError(f"Dimension must be 4 but is {sizes[1]}")
    return sizes


# -- cut out --------------------------------------------------------------------------------------------------------


class _Side(NamedTuple):
    """Where crops read one axis of the images, each [boxes, crop]."""

    low: np.ndarray  # int64, the pixel before
    high: np.ndarray  # int64, the pixel after
    part: np.ndarray  # float32, how far from the one to the other
    inside: np.ndarray  # bool

    def nearest(self) -> _Side:
        """The nearer of both pixels, halves upwards."""
        pixel = np.where(self.part < np.float32(0.5), self.low, self.high)
        return self._replace(low=pixel, high=pixel, part=np.zeros_like(self.part))


def _side(first: np.ndarray, last: np.ndarray, size: int, new: int) -> _Side:
    """`new` places from `first` to `last` (float32 [boxes]; 1 is the last of `size` pixels); their middle for one."""
    end = np.float32(size - 1)
    if new > 1:
        step = (last - first) * end / np.float32(new - 1)
        at = first[:, None] * end + np.arange(new, dtype=np.float32) * step[:, None]
    else:
        at = (0.5 * (first + last).astype(np.float64) * float(end)).astype(np.float32)[:, None]
    inside = (at >= 0) & (at <= end)  # false for NaN
    at = np.where(inside, at, np.float32(0))
    low = np.floor(at)
    return _Side(low.astype(np.int64), np.ceil(at).astype(np.int64), at - low, inside)


class _Crops:
    """How crops [boxes, h, w, channels] come out of images [N, H, W, channels]."""

    def __init__(self, k: Any, images: Sequence[int], boxes: np.ndarray, owners: np.ndarray, new: Sequence[int]):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise _refused("boxes must be 2-D [num_boxes, 4]")
        if owners.shape != boxes.shape[:1]:
            raise _refused("box_index has incompatible shape")
        if len(images) != 4 or images[1] < 1 or images[2] < 1:
            raise _refused("image dimensions must be positive")
        if ((owners < 0) | (owners >= images[0])).any():
            raise OutOfRangeError(None, None, "box_index has values outside [0, batch_size)")
        y1, x1, y2, x2 = boxes.T
        self._k, self._owners, self._images, self._boxes = k, owners, tuple(images), len(boxes)
        self._rows, self._columns = _side(y1, y2, images[1], new[0]), _side(x1, x2, images[2], new[1])

    def nearest(self) -> _Crops:
        self._rows, self._columns = self._rows.nearest(), self._columns.nearest()
        return self

    @property
    def inside(self) -> np.ndarray:
        """bool [boxes, h, w]."""
        return self._rows.inside[:, :, None] & self._columns.inside[:, None, :]

    def corners(self) -> Iterator[tuple[Array, np.ndarray]]:
        """For the four pixels around each place, row by row: which they are of all images' [boxes, h, w], and by how
        much they count [boxes, h, w]."""
        for rows, down in ((self._rows.low, 1 - self._rows.part), (self._rows.high, self._rows.part)):
            for columns, across in (
                (self._columns.low, 1 - self._columns.part),
                (self._columns.high, self._columns.part),
            ):
                place = (self._owners[:, None, None] * self._images[1] + rows[:, :, None]) * self._images[2]
                yield self._k.asarray(place + columns[:, None, :]), down[:, :, None] * across[:, None, :]

    def pixels(self, images: Array, dtype: Any) -> list[Array]:
        """The four pixels around each place: upper left, upper right, lower left, lower right."""
        flat = images.reshape(-1, images.shape[3])
        return [self._k.cast(flat[place], dtype) for place, _ in self.corners()]

    def parts(self, dtype: Any) -> tuple[Array, Array]:
        """How far a place lies from its upper and from its left pixels, to broadcast with crops."""
        down, across = self._rows.part[:, :, None, None], self._columns.part[:, None, :, None]
        return self._k.asarray(down.astype(dtype)), self._k.asarray(across.astype(dtype))


def _between(low: Array, high: Array, part: Array) -> Array:
    return low + (high - low) * part


def _new_size(size: np.ndarray) -> tuple[int, int]:
    if size.shape != (2,):
        raise _refused(f"crop_size must have two elements[{','.join(map(str, size.shape))}]")
    height, width = size.tolist()
    if height <= 0 or width <= 0:
        raise _refused("crop dimensions must be positive")
    return height, width


def _crop_kernel(
    k: Any, image: Array, boxes: np.ndarray, box_ind: np.ndarray, crop_size: np.ndarray, out: Any, method: str,
    extrapolation_value: float,
) -> Array:  # fmt: skip
    crops = _Crops(k, image.shape, boxes, box_ind, _new_size(crop_size))
    if method == "nearest":
        crops.nearest()
    upper_left, upper_right, lower_left, lower_right = crops.pixels(image, out.numpy)
    down, across = crops.parts(out.numpy)
    values = _between(_between(upper_left, upper_right, across), _between(lower_left, lower_right, across), down)
    return k.xp.where(k.asarray(crops.inside[..., None]), values, values.dtype.type(extrapolation_value))


def _image_gradient_kernel(
    k: Any, grads: Array, boxes: np.ndarray, box_ind: np.ndarray, image_size: np.ndarray, T: Any, method: str
) -> Array:
    sizes = image_size.tolist()
    crops = _Crops(k, sizes, boxes, box_ind, grads.shape[1:3])
    if method == "nearest":
        crops.nearest()
    wide = np.dtype(np.float32) if T.numpy.itemsize == 2 else T.numpy
    total = k.xp.zeros((sizes[0] * sizes[1] * sizes[2], sizes[3]), wide)
    places, shares = [], []
    for place, weights in crops.corners():
        used = k.asarray(crops.inside & (weights != 0))  # a gradient that is not finite stays where it belongs
        places.append(place[used])
        shares.append(grads[used].astype(wide) * k.asarray(weights.astype(wide))[used][:, None])
    k.scatter_add(total, k.xp.concatenate(places), k.xp.concatenate(shares))
    return k.cast(total.reshape(sizes), T.numpy)


def _boxes_gradient_kernel(k: Any, grads: Array, image: Array, boxes: np.ndarray, box_ind: np.ndarray) -> Array:
    """By (y1, x1, y2, x2): how pixels change down and across, times how much the places follow the box's ends."""
    height, width = grads.shape[1:3]
    crops = _Crops(k, image.shape, boxes, box_ind, (height, width))
    upper_left, upper_right, lower_left, lower_right = crops.pixels(image, grads.dtype)
    down, across = crops.parts(grads.dtype)
    kept = k.xp.where(k.asarray(crops.inside[..., None]), grads, grads.dtype.type(0))
    by_row = (kept * _between(lower_left - upper_left, lower_right - upper_right, across)).sum((2, 3))
    by_column = (kept * _between(upper_right - upper_left, lower_right - lower_left, down)).sum((1, 3))

    def ends(slopes: Array, size: int) -> tuple[Array, Array]:
        new = slopes.shape[1]
        last = np.arange(new) / (new - 1) if new > 1 else np.full(1, 0.5)
        return tuple((slopes * k.asarray((part * (size - 1)).astype(slopes.dtype))).sum(1) for part in (1 - last, last))

    (y1, y2), (x1, x2) = ends(by_row, image.shape[1]), ends(by_column, image.shape[2])
    return k.xp.stack([y1, x1, y2, x2], axis=1)


def _crops_shape(image: Tensor, boxes: Tensor, owners: Tensor, size: Tensor, **_: Any) -> TensorShape:
    channels, count = of_rank(image, 4).as_list()[3], _boxes_shape(boxes)[0]
    of_owners = of_rank(owners, 1).as_list()[0]
    check_equal(count, of_owners)
    length = of_rank(size, 1).as_list()[0]
    if length not in (2, None):
        raise ValueError(f"Dimension must be 2 but is {length}")
    new = constant_value_as_shape(size)
    sides = new.as_list() if new.ndims == 2 else [None, None]
    return TensorShape(
        [of_owners if count is None else count, *(None if side == 0 else side for side in sides), channels]
    )


def _crop_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    image, boxes, owners, _ = op.inputs
    by_image = None
    if image.dtype.is_floating:
        by_image = CropAndResizeGradImage(g, boxes, owners, shape_of(image), T=image.dtype, method=op.attrs["method"])
    return [by_image, CropAndResizeGradBoxes(g, image, boxes, owners), None, None]


def _image_gradient_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    grads, boxes, owners, _ = op.inputs
    size, attrs = shape_of(grads)[1:3], op.attrs
    crops = CropAndResize(g, boxes, owners, size, out=grads.dtype, method=attrs["method"], extrapolation_value=0.0)
    return [crops, None, None, None]


CropAndResize = define(
    "CropAndResize",
    "image:T, boxes:float32, box_ind:int32, crop_size:int32 -> crops:out",
    types={"T": REALS},
    shape=_crops_shape,
    kernel=_crop_kernel,
    grad=_crop_gradient,
    host=["boxes", "box_ind", "crop_size"],
)

CropAndResizeGradImage = define(
    "CropAndResizeGradImage",
    "grads:G, boxes:float32, box_ind:int32, image_size:int32 -> output:T",
    types={"G": FLOATS},
    shape=lambda grads, boxes, owners, size, **_: constant_value_as_shape(size).with_rank(4),
    kernel=_image_gradient_kernel,
    grad=_image_gradient_gradient,
    host=["boxes", "box_ind", "image_size"],
)

CropAndResizeGradBoxes = define(
    "CropAndResizeGradBoxes",
    "grads:G, image:T, boxes:float32, box_ind:int32 -> output:G",
    types={"G": FLOATS, "T": REALS},
    shape=lambda grads, image, boxes, owners: boxes.shape,
    kernel=_boxes_gradient_kernel,
    grad=no_gradient("TensorFlow has none either."),
    host=["boxes", "box_ind"],
)


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """What lies in boxes of images, each in the size `crop_size`, float32 [boxes, height, width, channels].

    Args:
        image: images [N, H, W, channels] of any real dtype.
        boxes: float32 [boxes, 4], each (y1, x1, y2, x2), where 1 is the center of the last row or column. With y1 > y2
            a crop is upside down; what is outside of the image is `extrapolation_value`.
        box_ind (or `box_indices`): int32 [boxes], which image a box is of; a run raises OutOfRangeError for none.
        crop_size: int32 (height, width). The corners of box and crop coincide.
        method: "bilinear" or "nearest"; ValueError for another.
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(
            f"Attr 'method' of 'CropAndResize' Op passed string '{method}' not in: \"bilinear\", \"nearest\"."
        )
    owners = box_ind if box_indices is None else box_indices
    attrs = {"out": float32, "method": method, "extrapolation_value": float(extrapolation_value)}
    return CropAndResize(image, boxes, owners, crop_size, **attrs, name=name)


# -- the best of those that overlap ---------------------------------------------------------------------------------


def _corners_in_order(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The (least, greatest) corners of boxes given by any two opposite ones, each [n, 2]."""
    return np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])


def _overlap(boxes: np.ndarray) -> Callable[[int, int], np.floating]:
    """The function that gives two boxes' intersection over their union; 0 where one has no area."""
    low, high = _corners_in_order(boxes)
    area = (high - low).prod(1)

    def of(i: int, j: int) -> np.floating:
        if area[i] <= 0 or area[j] <= 0:
            return boxes.dtype.type(0)
        sides = np.maximum(np.minimum(high[i], high[j]) - np.maximum(low[i], low[j]), 0)
        both = sides[0] * sides[1]
        return both / (area[i] + area[j] - both)

    return of


def _selected(
    alike: Callable[[int, int], np.floating], scores: np.ndarray, most: int, threshold: Any, least: Any, sigma: Any = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(Which are kept, int32; their scores): the best first, none that is too much alike one kept before.

    With `sigma` a score is lessened by exp(-alike² / (2 sigma)) instead, once for each that was kept. Bodla et al.,
    Soft-NMS (2017). Of equal scores the first box is the better.
    """
    scale = scores.dtype.type(-0.5 / sigma) if sigma > 0 else scores.dtype.type(0)
    line = [(-score, i, 0) for i, score in enumerate(scores) if score > least]
    heapq.heapify(line)
    kept: list[int] = []
    values: list[Any] = []
    while line and len(kept) < most:
        negative, i, seen = heapq.heappop(line)
        before = score = -negative
        refused = False
        for j in reversed(kept[seen:]):
            similarity = alike(i, j)
            if sigma <= 0 and similarity > threshold:
                refused = True
                break
            score = score * np.exp(scale * similarity * similarity)
            if score <= least:
                break
        if refused:
            continue
        if score == before:
            kept.append(i)
            values.append(score)
        elif score > least:
            heapq.heappush(line, (-score, i, len(kept)))
    return np.array(kept, np.int32), np.array(values, scores.dtype)


def _check_selection(boxes: np.ndarray, scores: np.ndarray, most: np.ndarray, threshold: Any) -> int:
    if not 0 <= threshold <= 1:
        raise _refused("iou_threshold must be in [0, 1]")
    if boxes.ndim != 2:
        raise _refused(f"boxes must be 2-D[{','.join(map(str, boxes.shape))}]")
    if boxes.shape[1] != 4:
        raise _refused("boxes must have 4 columns")
    if scores.ndim != 1:
        raise _refused(f"scores must be 1-D[{','.join(map(str, scores.shape))}]")
    if len(scores) != len(boxes):
        raise _refused("scores has incompatible shape")
    if most < 0:
        raise _refused("output size must be non-negative")
    return int(most)


def _suppression_kernel(k: Any, boxes: np.ndarray, scores: np.ndarray, most: Any, threshold: Any, least: Any) -> Array:
    count = _check_selection(boxes, scores, most, threshold)
    return _selected(_overlap(boxes), scores, count, threshold, least)[0]


def _soft_suppression_kernel(
    k: Any, boxes: np.ndarray, scores: np.ndarray, most: Any, threshold: Any, least: Any, sigma: Any
) -> tuple[Array, Array]:
    count = _check_selection(boxes, scores, most, threshold)
    if sigma < 0:
        raise _refused("soft_nms_sigma must be non-negative")
    return _selected(_overlap(boxes), scores, count, threshold, least, sigma)


def _overlaps_kernel(k: Any, overlaps: np.ndarray, scores: np.ndarray, most: Any, threshold: Any, least: Any) -> Array:
    if overlaps.ndim != 2 or overlaps.shape[0] != overlaps.shape[1]:
        raise _refused(f"overlaps must be square[{','.join(map(str, overlaps.shape))}]")
    if scores.shape != overlaps.shape[:1]:
        raise _refused("scores has incompatible shape")
    return _selected(lambda i, j: overlaps[i, j], scores, int(most), threshold, least)[0]


def _selection_shape(boxes: Tensor, scores: Tensor, *others: Tensor) -> TensorShape:
    check_equal(_boxes_shape(boxes)[0], of_rank(scores, 1).as_list()[0])
    return _of_scalars(*others)


def _overlaps_shape(overlaps: Tensor, scores: Tensor, *others: Tensor) -> TensorShape:
    sizes = of_rank(overlaps, 2).as_list()
    check_equal(*sizes)
    check_equal(sizes[0], of_rank(scores, 1).as_list()[0])
    return _of_scalars(*others)


def _of_scalars(*tensors: Tensor) -> TensorShape:
    for t in tensors:
        of_rank(t, 0)
    return TensorShape([None])


_SELECTION: dict[str, Any] = {"grad": not_differentiable, "host_result": True}
_LIMITS = "max_output_size:int32, {}_threshold:H, score_threshold:H"

NonMaxSuppressionV3 = define(
    "NonMaxSuppressionV3",
    f"boxes:T, scores:T, {_LIMITS.format('iou')} -> selected_indices:int32",
    types={"T": (float16, float32), "H": (float16, float32)},
    shape=_selection_shape,
    kernel=_suppression_kernel,
    host=["boxes", "scores", "max_output_size", "iou_threshold", "score_threshold"],
    **_SELECTION,
)

NonMaxSuppressionV5 = define(
    "NonMaxSuppressionV5",
    "boxes:T, scores:T, max_output_size:int32, iou_threshold:T, score_threshold:T, soft_nms_sigma:T "
    "-> selected_indices:int32, selected_scores:T",
    types={"T": (float16, float32)},
    shape=lambda *inputs: [_selection_shape(*inputs)] * 2,
    kernel=_soft_suppression_kernel,
    host=["boxes", "scores", "max_output_size", "iou_threshold", "score_threshold", "soft_nms_sigma"],
    **_SELECTION,
)

NonMaxSuppressionWithOverlaps = define(
    "NonMaxSuppressionWithOverlaps",
    "overlaps:float32, scores:float32, max_output_size:int32, overlap_threshold:float32, score_threshold:float32 "
    "-> selected_indices:int32",
    shape=_overlaps_shape,
    kernel=_overlaps_kernel,
    host=["overlaps", "scores", "max_output_size", "overlap_threshold", "score_threshold"],
    **_SELECTION,
)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """The best boxes, int32 [up to max_output_size], best first: none overlaps a better one too much.

    `boxes` [n, 4] are (y1, x1, y2, x2) of any two opposite corners, `scores` [n]. Two boxes overlap too much where
    their intersection is more than `iou_threshold` of their union; scores must exceed `score_threshold`.
    """
    with op_scope(name, "non_max_suppression"):
        thresholds = _thresholds(iou_threshold, score_threshold)
        return NonMaxSuppressionV3(boxes, scores, max_output_size, *thresholds)


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """As `non_max_suppression`, and the boxes' scores.

    With `soft_nms_sigma` none is left out for overlapping: its score is lessened. Bodla et al., Soft-NMS (2017).
    """
    with op_scope(name, "non_max_suppression_with_scores"):
        thresholds = _thresholds(iou_threshold, score_threshold)
        sigma = convert_to_tensor(soft_nms_sigma, float32, name="soft_nms_sigma")
        indices, values = NonMaxSuppressionV5(boxes, scores, max_output_size, *thresholds, sigma)
        return indices, values


def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """As `non_max_suppression` of things whose overlaps [n, n] are given."""
    with op_scope(name, "non_max_suppression_overlaps"):
        threshold = convert_to_tensor(overlap_threshold, float32, name="overlap_threshold")
        return NonMaxSuppressionWithOverlaps(overlaps, scores, max_output_size, threshold, score_threshold)


def _thresholds(iou_threshold: Any, score_threshold: Any) -> list[Tensor]:
    named = {"iou_threshold": iou_threshold, "score_threshold": score_threshold}
    return [convert_to_tensor(value, float32, name=name) for name, value in named.items()]


# -- drawn ----------------------------------------------------------------------------------------------------------

# yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia: box i of an image gets color i, and so on anew
_COLORS = np.array(
    [
        (1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1), (0.5, 0.5, 0, 1), (0.5, 0, 0, 1),
        (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1),
    ],
    np.float32,
)  # fmt: skip


def _lines(box: np.ndarray, height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """The rows and columns of the lines around a box that lie in the image."""
    ends = (box * np.array([height - 1, width - 1] * 2, np.float32)).astype(np.int64)
    top, left, bottom, right = ends.tolist()
    if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
        return
    rows = slice(max(top, 0), min(bottom, height - 1) + 1)
    columns = slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            yield slice(row, row + 1), columns
    for column in (left, right):
        if 0 <= column < width:
            yield rows, slice(column, column + 1)


def _drawing_kernel(k: Any, images: Array, boxes: np.ndarray, colors: np.ndarray | None = None) -> Array:
    batch, height, width, depth = images.shape
    if depth not in (1, 3, 4):
        raise _refused("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    if len(boxes) != batch:
        raise _refused(f"The batch sizes should be the same: {batch} vs. {len(boxes)}")
    table = _COLORS[:, :depth] if colors is None or not colors.size else colors
    if depth == 1 and table is not colors:
        table = np.ones_like(table)
    if table.shape[1] < depth:
        raise _refused(f"Number of channels of colors must be at least {depth}: {table.shape[1]}")
    paints = k.asarray(table[:, :depth].astype(images.dtype))
    drawn = images.copy()
    for b, of_image in enumerate(boxes):
        for i, box in enumerate(of_image):
            for rows, columns in _lines(box, height, width):
                drawn[b, rows, columns] = paints[i % len(table)]
    return drawn


def _drawn_shape(images: Tensor, boxes: Tensor, colors: Tensor | None = None) -> TensorShape:
    shape, sizes = of_rank(images, 4), of_rank(boxes, 3).as_list()
    if sizes[2] not in (4, None):
        raise ValueError(f"Dimension must be 4 but is {sizes[2]}")
    if shape.as_list()[3] not in (1, 3, 4, None):
        raise ValueError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    if colors is not None:
        of_rank(colors, 2)
    return shape


_DRAWING: dict[str, Any] = {
    "types": {"T": (float16, float32)},
    "shape": _drawn_shape,
    "kernel": _drawing_kernel,
    "grad": no_gradient("TensorFlow has none either."),
}
DrawBoundingBoxes = define("DrawBoundingBoxes", "images:T, boxes:float32 -> output:T", host=["boxes"], **_DRAWING)
DrawBoundingBoxesV2 = define(
    "DrawBoundingBoxesV2", "images:T, boxes:float32, colors:float32 -> output:T", host=["boxes", "colors"], **_DRAWING
)


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Tensor:
    """`images` [N, H, W, 1, 3 or 4] with the outlines of `boxes` float32 [N, boxes, 4], (y1, x1, y2, x2) in [0, 1].

    A line is one pixel wide. `colors` float32 [n, channels] are taken in turns; by default there are ten, white for
    images of one channel. What is outside of an image is not drawn.
    """
    if colors is None:
        return DrawBoundingBoxes(images, boxes, name=name)
    return DrawBoundingBoxesV2(images, boxes, colors, name=name)


# -- drawn at random ------------------------------------------------------------------------------------------------


class _Words:
    """The words of a random stream from a block on, one by one."""

    def __init__(self, seed: tuple[int, int], block: int, blocks: int) -> None:
        numbers = np.arange(block, block + blocks, dtype=np.uint64)
        self._words = iter(np.stack(stream_block(numbers, *seed_words(seed)), axis=1).ravel())

    def fraction(self) -> np.float32:
        """Uniform on [0, 1)."""
        return np.float32(uniform_float32(next(self._words)))

    def below(self, limit: int) -> int:
        return int(next(self._words)) % limit


class _Rectangle(NamedTuple):
    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def shared(self, other: _Rectangle) -> int:
        """The area that both have."""
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        width = min(self.right, other.right) - max(self.left, other.left)
        return max(height, 0) * max(width, 0)


def _rounded(x: Any) -> int:
    return int(np.rint(np.float32(x)))


def _drawn_rectangle(
    words: _Words, height: int, width: int, area_range: Sequence[float], ratio: np.float32
) -> _Rectangle | None:
    """A rectangle of about that ratio, width to height, and of an area in the range; None where none was found."""
    if area_range[1] <= 0 or ratio <= 0:
        return None
    least, most = (np.float32(area) * np.float32(width) * np.float32(height) for area in area_range)
    tall, tallest = _rounded(np.sqrt(least / ratio)), _rounded(np.sqrt(most / ratio))
    if _rounded(tallest * ratio) > width:  # the greatest height whose width still fits
        tallest = int((np.float32(width) + np.float32(0.5) - np.float32(1e-7)) / ratio)
        if _rounded(tallest * ratio) > width:
            tallest -= 1
    tallest = min(tallest, height)
    tall = min(tall, tallest)
    if tall < tallest:
        tall += words.below(tallest - tall + 1)
    wide = _rounded(tall * ratio)
    if tall * wide < least:  # by rounding: one pixel more, and then less, may do
        tall += 1
        wide = _rounded(tall * ratio)
    if tall * wide > most:
        tall -= 1
        wide = _rounded(tall * ratio)
    if not (least <= tall * wide <= most and 0 < wide <= width and 0 < tall <= height):
        return None
    top = words.below(height - tall) if tall < height else 0
    left = words.below(width - wide) if wide < width else 0
    return _Rectangle(top, left, top + tall, left + wide)


def _bind_sample(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., Any]:
    attrs, seed = op.attrs, stream_of(op, session)
    low, high = (np.float32(ratio) for ratio in attrs["aspect_ratio_range"])

    def run(image_size: np.ndarray, boxes: np.ndarray, min_object_covered: np.ndarray) -> list[np.ndarray]:
        if image_size.shape != (3,):
            raise _refused(f"image_size must contain 3 elements, but got {image_size.size}")
        height, width, _ = image_size.tolist()
        if not (height > 0 and width > 0):
            raise _refused(f"image height and width must be positive: {height}, {width}")
        whole = _Rectangle(0, 0, height, width)
        objects = _objects(boxes, whole, attrs["use_image_if_no_bounding_boxes"])
        if min_object_covered < 0:
            raise _refused(f"min_object_covered must be non-negative: {min_object_covered}")
        attempts = attrs["max_attempts"]
        words = _Words(seed, session.next_in_stream(op, attempts), attempts)
        found = whole
        for _ in range(attempts):
            ratio = words.fraction() * (high - low) + low
            drawn = _drawn_rectangle(words, height, width, attrs["area_range"], ratio)
            if drawn is not None and any(
                np.float32(drawn.shared(o)) / np.float32(o.area) >= min_object_covered for o in objects
            ):
                found = drawn
                break
        begin = np.array([found.top, found.left, 0], image_size.dtype)
        size = np.array([found.bottom - found.top, found.right - found.left, -1], image_size.dtype)
        box = np.array(found, np.float32) / np.array([height, width] * 2, np.float32)
        return [begin, size, box.reshape(1, 1, 4)]

    return run


def _objects(boxes: np.ndarray, whole: _Rectangle, or_whole: bool) -> list[_Rectangle]:
    """The boxes in pixels, those that hold any. Raises InvalidArgumentError for ones outside of the image, or none."""
    corners = boxes.reshape(-1, 4)
    if not len(corners):
        if not or_whole:
            raise _refused(
                "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if you wish to "
                "not provide any bounding boxes."
            )
        return [whole]
    if not ((corners >= 0) & (corners <= 1)).all():
        raise _refused(f"All bounding box coordinates must be in [0.0, 1.0]: {corners[0]}")
    pixels = (corners * np.array([whole.bottom, whole.right] * 2, np.float32)).astype(np.int64)
    return [r for r in (_Rectangle(*row) for row in pixels.tolist()) if r.area >= 1]


def _sample_shape(image_size: Tensor, boxes: Tensor, covered: Tensor, **_: Any) -> list[TensorShape]:
    length = of_rank(image_size, 1).as_list()[0]
    if length not in (3, None):
        raise ValueError(f"Dimension must be 3 but is {length}")
    if of_rank(boxes, 3).as_list()[2] not in (4, None):
        raise ValueError(f"Dimension must be 4 but is {boxes.shape.as_list()[2]}")
    of_rank(covered, 0)
    return [TensorShape([3]), TensorShape([3]), TensorShape([1, 1, 4])]


SampleDistortedBoundingBoxV2 = define(
    "SampleDistortedBoundingBoxV2",
    "image_size:T, bounding_boxes:float32, min_object_covered:float32 -> begin:T, size:T, bboxes:float32",
    types={"T": (uint8, int8, int16, int32, int64)},
    shape=_sample_shape,
    bind=_bind_sample,
    grad=not_differentiable,
    host=["image_size", "bounding_boxes", "min_object_covered"],
    host_result=True,
)

SampleDistortedBoundingBox = namedtuple("SampleDistortedBoundingBox", ["begin", "size", "bboxes"])


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Sequence[float] | None = None,
    area_range: Sequence[float] | None = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """A part of an image drawn at random, (begin, size, bboxes): for `tf.slice`, and float32 [1, 1, 4] to be drawn.

    Args:
        image_size: integers (height, width, channels).
        bounding_boxes: float32 [batch, boxes, 4], (y1, x1, y2, x2) in [0, 1].
        seed, seed2: both as the kernel takes them, without the graph's seed; chance decides where both are 0 or None.
        min_object_covered: how much of at least one box is in the part.
        aspect_ratio_range: of width to height, by default (0.75, 1.33).
        area_range: how much of the image, by default (0.05, 1).
        max_attempts: after so many (100) without success, the part is the whole.
        use_image_if_no_bounding_boxes: whether no boxes stand for one around the whole; else a run raises
            InvalidArgumentError.
    """
    with op_scope(name, "sample_distorted_bounding_box"):
        return SampleDistortedBoundingBox(
            *SampleDistortedBoundingBoxV2(
                image_size,
                bounding_boxes,
                min_object_covered,
                seed=seed or 0,
                seed2=seed2 or 0,
                aspect_ratio_range=tuple(aspect_ratio_range or (0.75, 1.33)),
                area_range=tuple(area_range or (0.05, 1.0)),
                max_attempts=100 if max_attempts is None else max_attempts,
                use_image_if_no_bounding_boxes=bool(use_image_if_no_bounding_boxes),
            )
        )


__all__ = [
    "crop_and_resize", "draw_bounding_boxes", "non_max_suppression", "non_max_suppression_overlaps",
    "non_max_suppression_with_scores", "sample_distorted_bounding_box",
]  # fmt: skip
