"""Connectionist temporal classification: the loss of sequences that nobody aligned, and the likeliest sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import float32, float64
from ..errors import FailedPreconditionError, InvalidArgumentError, OpError
from ..graph import Operation, Tensor
from ..registry import check_equal, define, not_differentiable
from ..shapes import TensorShape
from .basic import reshape
from .common import is_zeros

Array = Any
_FLOATS = {"T": (float32, float64)}


# -- the loss -------------------------------------------------------------------------------------------------------


def _loss_shape(inputs: Tensor, indices: Tensor, values: Tensor, lengths: Tensor, **_: Any) -> list[TensorShape]:
    for t, rank in ((inputs, 3), (indices, 2), (values, 1), (lengths, 1)):
        t.shape.assert_has_rank(rank)
    batches = [t.shape.as_list()[axis] if t.shape.ndims else None for t, axis in ((inputs, 1), (lengths, 0))]
    check_equal(*batches)
    return [TensorShape([batches[0] if batches[0] is not None else batches[1]]), inputs.shape]


def _refused(said: str) -> OpError:
    return InvalidArgumentError(None, None, said)


def _labels(indices: Array, values: Array, batch: int, classes: int, collapses: bool) -> list[list[int]]:
    """The labels of each sequence, up to the first that is no class, of `classes` and the blank after them."""
    rows: list[list[int]] = [[] for _ in range(batch)]
    before = (-1, -1)
    for k, ((row, column), label) in enumerate(zip(indices.tolist(), values.tolist(), strict=True)):
        at = f"label SparseTensor is not valid: indices[{k}] = [{row},{column}] is"
        if not 0 <= row < batch:
            raise _refused(f"{at} out of bounds: need 0 <= index < [{batch},{int(indices[:, 1].max()) + 1}]")
        if (row, column) <= before:
            what = "repeated" if (row, column) == before else "out of order. Many sparse ops require sorted indices"
            raise _refused(f"{at} {what}")
        before = (row, column)
        rows[row].append(label)
    kept = []
    for b, row in enumerate(rows):
        if not row:
            raise _refused(f"Labels length is zero in batch {b}")
        said = f"batch: {b} labels: {','.join(map(str, row))}"
        if collapses:
            row = [label for i, label in enumerate(row) if i == 0 or label != row[i - 1]]
        end = next((i for i, label in enumerate(row) if label >= classes), len(row))
        if any(label < classes for label in row[end:]):
            raise _refused(
                f"Saw a non-null label (index >= num_classes - 1) following a null label, num_classes: {classes + 1} "
                f"{said}"
            )
        if any(label < 0 for label in row):
            raise _refused(f"All labels must be nonnegative integers, {said}")
        kept.append(row[:end])
    return kept


def _checked_lengths(lengths: Array, steps: int, error: type = InvalidArgumentError) -> None:
    for b, length in enumerate(lengths.tolist()):
        if not 0 <= length <= steps:
            raise error(None, None, f"sequence_length({b}) <= {steps}")


def _loss_kernel(
    k: Any, inputs: Array, indices: Array, values: Array, lengths: Array, preprocess_collapse_repeated: bool,
    ctc_merge_repeated: bool, ignore_longer_outputs_than_inputs: bool,
) -> tuple[Array, Array]:  # fmt: skip
    steps, batch, classes = inputs.shape
    _checked_lengths(lengths, steps)
    labels = _labels(indices, values, batch, classes - 1, preprocess_collapse_repeated)
    counts = np.array([len(row) for row in labels], np.int64)
    short = counts > lengths
    if short.any() and not ignore_longer_outputs_than_inputs:
        b = int(np.flatnonzero(short)[0])
        raise _refused(
            f"Not enough time for target transition sequence (required: {counts[b]}, available: {lengths[b]}){b}"
            "You can turn this error into a warning by using the flag ignore_longer_outputs_than_inputs"
        )
    loss, gradient = _forward_backward(inputs.astype(np.float64), labels, np.asarray(lengths), ctc_merge_repeated)
    loss[short], gradient[:, short] = 0, 0
    return loss.astype(inputs.dtype), gradient.astype(inputs.dtype)


def _forward_backward(
    logits: np.ndarray, labels: list[list[int]], lengths: np.ndarray, merges: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(The losses [batch], their gradients by the logits [time, batch, classes]).

    Over the labels with blanks between and around them: by alpha, the log probability of having come to a place by a
    time, and beta, that of getting to the end from there. Graves et al. (2006), sections 4.1 and 4.2. Without `merges`
    a label lasts one step, and equal ones in a row are as many labels.
    """
    steps, batch, classes = logits.shape
    counts = np.array([len(row) for row in labels])
    places = 2 * int(counts.max(initial=0)) + 1
    blank = classes - 1
    path = np.full((batch, places), blank)
    for b, row in enumerate(labels):
        path[b, 1 : 2 * len(row) : 2] = row
    logs = logits - np.logaddexp.reduce(logits, -1, keepdims=True)
    emitted = np.take_along_axis(logs, np.broadcast_to(path, (steps, batch, places)), 2)
    emitted = np.where(np.arange(places) <= 2 * counts[:, None], emitted, -np.inf)  # no places beyond
    stays = np.where((path == blank) | merges, 0, -np.inf)
    skips = np.full((batch, places), -np.inf)  # from two places before, over a blank
    skips[:, 2:] = np.where((path[:, 2:] != blank) & ~((path[:, 2:] == path[:, :-2]) & merges), 0, -np.inf)
    time, last = np.arange(steps)[:, None], (lengths - 1)[:, None]

    def moved(x: np.ndarray, by: int) -> np.ndarray:
        result = np.full_like(x, -np.inf)
        if by > 0:
            result[:, by:] = x[:, : places - by]
        else:
            result[:, :by] = x[:, -by:]
        return result

    alpha, beta = np.full((2, steps, batch, places), -np.inf)
    to_end = 2 * counts[:, None] - np.arange(places)
    ends = np.where((to_end == 0) | (to_end == 1), 0, -np.inf)
    for t in range(steps):
        if t == 0:
            alpha[0, :, :2] = emitted[0, :, :2]
            continue
        a = alpha[t - 1]
        came = np.logaddexp(np.logaddexp(a + stays, moved(a, 1)), moved(a, 2) + skips)
        alpha[t] = came + emitted[t]
    for t in range(steps - 1, -1, -1):
        goes = np.full((batch, places), -np.inf)
        if t + 1 < steps:
            b = beta[t + 1] + emitted[t + 1]
            goes = np.logaddexp(np.logaddexp(b + stays, moved(b, -1)), moved(b + skips, -2))
        beta[t] = np.where(time[t] == last, ends, np.where(time[t] < last, goes, -np.inf))
    at_end = np.take_along_axis(alpha, np.maximum(last, 0)[None].repeat(places, 2), 0)[0] + ends if steps else ends * 0
    total = np.logaddexp.reduce(at_end, -1)
    reached = np.isfinite(total)
    with np.errstate(invalid="ignore"):
        visited = np.where(reached[:, None], np.exp(alpha + beta - total[:, None]), 0)
    gradient = np.exp(logs)
    rows = np.arange(batch)
    for place in range(places):
        gradient[:, rows, path[:, place]] -= visited[:, :, place]
    gradient[np.broadcast_to(time >= lengths, (steps, batch))] = 0
    return -total, gradient


def _loss_gradient(op: Operation, g: Tensor, g_gradient: Tensor) -> list:
    if not is_zeros(g_gradient):
        raise LookupError(
            f"No gradient defined for operation {op.name!r} (op type: CTCLoss): there is no way to take the second "
            "derivative of ctc_loss"
        )
    return [reshape(g, [1, -1, 1]) * op.outputs[1], None, None, None]


CTCLoss = define(
    "CTCLoss",
    "inputs:T, labels_indices:int64, labels_values:int32, sequence_length:int32 -> loss:T, gradient:T",
    types=_FLOATS,
    shape=_loss_shape,
    kernel=_loss_kernel,
    grad=_loss_gradient,
    host=["inputs", "labels_indices", "labels_values", "sequence_length"],
    host_result=True,
)


# -- what was said --------------------------------------------------------------------------------------------------


def _greedy_shape(inputs: Tensor, lengths: Tensor, **_: Any) -> list[TensorShape]:
    inputs.shape.assert_has_rank(3)
    lengths.shape.assert_has_rank(1)
    batches = [t.shape.as_list()[axis] if t.shape.ndims else None for t, axis in ((inputs, 1), (lengths, 0))]
    check_equal(*batches)
    batch = batches[0] if batches[0] is not None else batches[1]
    return [TensorShape([None, 2]), TensorShape([None]), TensorShape([2]), TensorShape([batch, 1])]


def _greedy_kernel(k: Any, inputs: Array, lengths: Array, merge_repeated: bool, blank_index: int) -> tuple:
    steps, batch, classes = inputs.shape
    _checked_lengths(lengths, steps, FailedPreconditionError)
    if not -classes <= blank_index < classes:
        raise _refused(f"blank_index expected to be between {-classes} and {classes - 1} but was {blank_index}")
    best, blank = inputs.argmax(2), blank_index % classes
    inside = np.arange(steps)[:, None] < lengths
    said = inside & (best != blank)
    if merge_repeated:
        said[1:] &= best[1:] != best[:-1]
    places = np.argwhere(said.T)  # [sequence, time]
    columns = (np.cumsum(said, 0) - 1).T[tuple(places.T)]
    indices = np.stack([places[:, 0], columns], 1).astype(np.int64)
    longest = said.sum(0).max(initial=0)
    scores = -np.where(inside, inputs.max(2, initial=-np.inf), 0).sum(0, dtype=inputs.dtype)
    values = best.T[tuple(places.T)].astype(np.int64)
    return indices, values, np.array([batch, longest], np.int64), scores[:, None]


CTCGreedyDecoder = define(
    "CTCGreedyDecoder",
    "inputs:T, sequence_length:int32 -> decoded_indices:int64, decoded_values:int64, decoded_shape:int64, "
    "log_probability:T",
    types=_FLOATS,
    shape=_greedy_shape,
    kernel=_greedy_kernel,
    grad=not_differentiable,
    host=["inputs", "sequence_length"],
    host_result=True,
)

# -- what was probably said -----------------------------------------------------------------------------------------

_Paths = dict[tuple[int, ...], tuple[float, float]]  # log probabilities: of a path that ends in a blank, in its label


def _prefix_beam(logs: np.ndarray, width: int) -> list[tuple[tuple[int, ...], float]]:
    """The paths of a sequence [time, classes] of log probabilities and theirs, the likeliest first.

    All ways to align a path that was kept are summed; after each step `width` paths are kept. Graves, Supervised
    Sequence Labelling (2012), section 7.5.3.
    """
    none = -np.inf
    kept: _Paths = {(): (0.0, none)}
    for step in logs.tolist():
        *labels, blank = step
        after: _Paths = {}
        for path, (silent, spoken) in kept.items():
            again = none
            if path:
                longer = kept.get(path[:-1])  # this path may also be that one, just grown
                grown = none
                if longer is not None:
                    repeats = len(path) > 1 and path[-1] == path[-2]
                    grown = longer[0] if repeats else np.logaddexp(*longer)
                again = np.logaddexp(spoken, grown) + labels[path[-1]]
            after[path] = (np.logaddexp(silent, spoken) + blank, again)
        for path, (silent, spoken) in kept.items():
            for label, log in enumerate(labels):
                if (*path, label) not in kept:
                    before = silent if path and path[-1] == label else np.logaddexp(silent, spoken)
                    if before > none:
                        after[(*path, label)] = (none, before + log)
        best = sorted(after, key=lambda path: -np.logaddexp(*after[path]))[:width]
        kept = {path: after[path] for path in best}
    return [(path, float(np.logaddexp(*ends))) for path, ends in kept.items()]


def _without_repeats(path: tuple[int, ...]) -> list[int]:
    return [label for i, label in enumerate(path) if i == 0 or label != path[i - 1]]


def _beam_kernel(
    k: Any, inputs: Array, lengths: Array, beam_width: int, top_paths: int, merge_repeated: bool
) -> list[Array]:
    steps, batch, _ = inputs.shape
    _checked_lengths(lengths, steps, FailedPreconditionError)
    if top_paths > beam_width:
        raise _refused("requested more paths than the beam width.")
    logits = inputs.astype(np.float64)
    logs = logits - np.logaddexp.reduce(logits, -1, keepdims=True)
    found = [_prefix_beam(logs[: lengths[b], b], beam_width) for b in range(batch)]
    if any(len(paths) < top_paths for paths in found):
        raise _refused(f"Less leaves in the beam search than requested: {min(map(len, found))} < {top_paths}")
    indices, values, shapes = [], [], []
    for nth in range(top_paths):
        rows = [_without_repeats(paths[nth][0]) if merge_repeated else list(paths[nth][0]) for paths in found]
        places = [(b, i) for b, row in enumerate(rows) for i in range(len(row))]
        indices.append(np.array(places, np.int64).reshape(-1, 2))
        values.append(np.array([label for row in rows for label in row], np.int64))
        shapes.append(np.array([batch, max(map(len, rows), default=0)], np.int64))
    scores = np.array([[log for _, log in paths[:top_paths]] for paths in found], inputs.dtype)
    return [*indices, *values, *shapes, scores.reshape(batch, top_paths)]


def _beam_shape(inputs: Tensor, lengths: Tensor, top_paths: int, **_: Any) -> list[TensorShape]:
    *_parts, scores = _greedy_shape(inputs, lengths)
    each = ([None, 2], [None], [2])
    return [*(TensorShape(sizes) for sizes in each for _ in range(top_paths)), TensorShape([scores[0], top_paths])]


CTCBeamSearchDecoder = define(
    "CTCBeamSearchDecoder",
    "inputs:T, sequence_length:int32 -> decoded_indices:int64*top_paths, decoded_values:int64*top_paths, "
    "decoded_shape:int64*top_paths, log_probability:T",
    types=_FLOATS,
    shape=_beam_shape,
    kernel=_beam_kernel,
    grad=not_differentiable,
    host=["inputs", "sequence_length"],
    host_result=True,
)

__all__: list[str] = []  # tf.nn.ctc_loss and the decoders of tf.nn are the way to these
