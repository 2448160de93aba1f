"""tf.contrib.losses.metric_learning: losses of embeddings, near for what is alike and far for what is not."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.graph import Tensor
from ...engine.ops.basic import cast, expand_dims, reshape, shape, zeros_like
from ...engine.ops.diagonals import eye
from ...engine.ops.linalg import matmul
from ...engine.ops.math import (
    equal,
    exp,
    greater,
    log,
    logical_and,
    logical_not,
    maximum,
    multiply,
    sqrt,
    square,
    squared_difference,
    truediv,
    where,
    where_v2,
)
from ...engine.ops.rearranging import transpose
from ...engine.ops.reduce import reduce_any, reduce_max, reduce_mean, reduce_min, reduce_sum
from ...nn.cross_entropy import softmax_cross_entropy_with_logits


def _squared_distances(x: Tensor) -> Tensor:
    """Between all pairs of rows, [batch, batch]; zero on the diagonal and where rounding makes them negative."""
    norms = reduce_sum(square(x), [1], keepdims=True)
    squares = norms + transpose(norms) - 2.0 * matmul(x, x, transpose_b=True)
    return maximum(squares, 0.0) * _pairs(x)


def _pairs(x: Tensor) -> Tensor:
    """1 for each pair of different rows, [batch, batch]."""
    return 1.0 - eye(shape(x)[0], dtype=x.dtype)


def _alike(labels: Any) -> Tensor:
    """Whether two labels of [batch] are equal, [batch, batch]. Raises ValueError for another rank."""
    labels = convert_to_tensor(labels)
    labels.shape.assert_has_rank(1)
    column = reshape(labels, [-1, 1])
    return equal(column, transpose(column))


def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0) -> Tensor:
    """The mean of d² for pairs of label 1, and of max(margin - d, 0)² for those of label 0, d their distance.

    `labels` [batch], embeddings [batch, depth]. Hadsell et al., Dimensionality Reduction (2006).
    """
    distances = sqrt(reduce_sum(squared_difference(embeddings_anchor, embeddings_positive), 1))
    same = cast(labels, distances.dtype)
    losses = same * square(distances) + (1.0 - same) * square(maximum(margin - distances, 0.0))
    return reduce_mean(losses, name="contrastive_loss")


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """The mean over pairs of one label of max(d(a, p) - d(a, n) + margin, 0), d squared distances.

    n is, of those of another label, the nearest that is farther than p, or the farthest where none is. `labels` int
    [batch], embeddings [batch, depth], which should have length 1. Schroff et al., FaceNet (2015).
    """
    embeddings = convert_to_tensor(embeddings)
    distances, alike = _squared_distances(embeddings), _alike(labels)
    different = logical_not(alike)
    others = expand_dims(distances, 1)  # [anchor, positive, negative]
    farther = logical_and(expand_dims(different, 1), greater(others, expand_dims(distances, 2)))
    most = reduce_max(distances, 1, keepdims=True)
    outside = reduce_min(where_v2(farther, others, expand_dims(most, 2)), 2)
    inside = reduce_max(multiply(distances, cast(different, distances.dtype)), 1, keepdims=True)
    negatives = where(reduce_any(farther, 2), outside, inside + zeros_like(distances))
    positives = cast(alike, distances.dtype) * _pairs(embeddings)
    losses = maximum((distances - negatives + margin) * positives, 0.0)
    return truediv(reduce_sum(losses), reduce_sum(positives), name="triplet_semihard_loss")


def npairs_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002, print_losses: bool = False
) -> Tensor:
    """The cross entropy of anchors' similarities with all positives, and a penalty of their lengths.

    `labels` [batch], embeddings [batch, depth]. Sohn, Improved Deep Metric Learning (2016). Raises NotImplementedError
    for `print_losses`.
    """
    if print_losses:
        raise NotImplementedError("npairs_loss: print_losses is not offered; use tf.Print")
    anchors, positives = convert_to_tensor(embeddings_anchor), convert_to_tensor(embeddings_positive)
    lengths = reduce_mean(reduce_sum(square(anchors), 1)) + reduce_mean(reduce_sum(square(positives), 1))
    alike = cast(_alike(labels), anchors.dtype)
    targets = alike / reduce_sum(alike, 1, keepdims=True)
    similarity = matmul(anchors, positives, transpose_b=True)
    entropy = reduce_mean(softmax_cross_entropy_with_logits(logits=similarity, labels=targets), name="xentropy")
    return multiply(0.25 * reg_lambda, lengths, name="l2loss") + entropy


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """The mean over pairs of one label of max(log(sum(exp(margin - d(i, n))) + ...) + d(i, j), 0)² / 2.

    The sums are over all of other labels than i's and j's. `labels` int [batch], embeddings [batch, depth]. Oh Song et
    al., Deep Metric Learning via Lifted Structured Feature Embedding (2016).
    """
    embeddings = convert_to_tensor(embeddings)
    squares, alike = _squared_distances(embeddings), _alike(labels)
    apart = squares > 0
    distances = where(apart, sqrt(where(apart, squares, zeros_like(squares) + 1)), zeros_like(squares))  # no root of 0
    different = cast(logical_not(alike), squares.dtype)
    near = margin - distances
    least = reduce_min(near, 1, keepdims=True)
    most = reduce_max((near - least) * different, 1, keepdims=True) + least
    most = maximum(most, transpose(most))  # of both ends of a pair
    sums = reduce_sum(exp(expand_dims(near, 1) - expand_dims(most, 2)) * expand_dims(different, 1), 2)
    losses = most + log(sums + transpose(sums)) + distances
    positives = cast(alike, squares.dtype) * _pairs(embeddings)
    total = reduce_sum(square(maximum(losses * positives, 0.0)))
    return truediv(0.25 * total, reduce_sum(positives) / 2.0, name="liftedstruct_loss")


__all__ = ["contrastive_loss", "lifted_struct_loss", "npairs_loss", "triplet_semihard_loss"]
