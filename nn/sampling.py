"""Losses over many classes, of which only the true ones and a few that are drawn are looked at."""

from __future__ import annotations

from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import int32, int64
from ..engine.graph import Tensor, op_scope
from ..engine.ops.array import concat, stack
from ..engine.ops.basic import cast, expand_dims, ones, ones_like, reshape, shape, stop_gradient, zeros_like
from ..engine.ops.linalg import matmul
from ..engine.ops.math import log, multiply
from ..engine.ops.sampling import compute_accidental_hits, log_uniform_candidate_sampler
from ..engine.ops.slicing import slice as slice_of
from ..engine.ops.sparse import sparse_to_dense
from .cross_entropy import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits_v2
from .embedding import as_tables, embedding_lookup


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """[batch]: noise-contrastive estimation, the cross-entropy of telling the true classes from drawn ones.

    Args:
        weights: [num_classes, dim], or tables that together are that, cut by `partition_strategy` (`embedding_lookup`).
        biases: [num_classes], or tables of it.
        labels: integers [batch, num_true].
        inputs: [batch, dim].
        num_sampled: how many classes are drawn, the same ones for all rows of a batch.
        sampled_values: what a candidate sampler gave; by default that of `log_uniform_candidate_sampler`.
        remove_accidental_hits: whether a drawn class that is a row's true class is left out for that row.

    Gutmann and Hyvärinen, Noise-contrastive estimation (2010).
    """
    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits,
        partition_strategy, name,
    )  # fmt: skip
    return _sums_of_rows(sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="sampled_losses"))


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """[batch]: the cross-entropy of a softmax over the true and some drawn classes, for training only.

    Arguments as for `nce_loss`; `seed` is the sampler's. Jean et al., On using very large target vocabulary for neural
    machine translation (arXiv:1412.2007).
    """
    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits,
        partition_strategy, name, seed,
    )  # fmt: skip
    return softmax_cross_entropy_with_logits_v2(
        labels=stop_gradient(labels, name="labels_stop_gradient"), logits=logits
    )


def _sums_of_rows(x: Tensor) -> Tensor:
    """[rows]: a product with a column of ones, which is quicker than a sum where there are many short rows."""
    column = ones(stack([shape(x)[1], 1]), x.dtype)
    return reshape(matmul(x, column), [-1])


def _sampled_logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
    sampled_values: Any, remove_accidental_hits: bool, partition_strategy: str, name: str, seed: int | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Logits and labels [batch, num_true + num_sampled]: those of the true classes come first.

    Each logit is less by the logarithm of how often its class was to be expected. A row's labels sum to 1.
    """
    weights, biases = as_tables(weights), as_tables(biases)
    with op_scope(name, "compute_sampled_logits", [*weights, *biases, inputs, labels]):
        labels, inputs = convert_to_tensor(labels), convert_to_tensor(inputs)
        if labels.dtype is not int64:
            labels = cast(labels, int64)
        flat = reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(labels, num_true, num_sampled, True, num_classes, seed)
        sampled, true_expected, sampled_expected = (stop_gradient(value) for value in sampled_values)
        sampled = cast(sampled, int64)
        ids = concat([flat, sampled], 0)
        rows = embedding_lookup(weights, ids, partition_strategy)
        if rows.dtype is not inputs.dtype:
            rows = cast(rows, inputs.dtype)
        true_rows = slice_of(rows, [0, 0], stack([shape(flat)[0], -1]))
        sampled_rows = slice_of(rows, stack([shape(flat)[0], 0]), [-1, -1])
        sampled_logits = matmul(inputs, sampled_rows, transpose_b=True)
        offsets = embedding_lookup(biases, ids, partition_strategy)
        if offsets.dtype is not inputs.dtype:
            offsets = cast(offsets, inputs.dtype)
        true_offsets = slice_of(offsets, [0], shape(flat))
        sampled_offsets = slice_of(offsets, shape(flat), [-1])
        width = shape(true_rows)[1:2]
        sizes = concat([[-1, num_true], width], 0)
        products = multiply(expand_dims(inputs, 1), reshape(true_rows, sizes))
        true_logits = reshape(_sums_of_rows(reshape(products, concat([[-1], width], 0))), [-1, num_true])
        true_offsets = reshape(true_offsets, [-1, num_true])
        true_logits, sampled_logits = true_logits + true_offsets, sampled_logits + sampled_offsets
        if remove_accidental_hits:
            sampled_logits += _lowered(labels, sampled, num_true, num_sampled, sampled_logits)
        true_logits -= log(true_expected)
        sampled_logits -= log(sampled_expected)
        logits = concat([true_logits, sampled_logits], 1)
        return logits, concat([ones_like(true_logits) / num_true, zeros_like(sampled_logits)], 1)


def _lowered(labels: Tensor, sampled: Tensor, num_true: int, num_sampled: int, logits: Tensor) -> Tensor:
    """[batch, num_sampled]: the lowest number where a drawn class is one of the row's own, else zero."""
    rows, places, lowest = compute_accidental_hits(labels, sampled, num_true)
    indices = concat([reshape(rows, [-1, 1]), reshape(cast(places, int32), [-1, 1])], 1, "sparse_indices")
    sizes = concat([shape(labels)[:1], expand_dims(num_sampled, 0)], 0)
    if lowest.dtype is not logits.dtype:
        lowest = cast(lowest, logits.dtype)
    return sparse_to_dense(indices, sizes, lowest, default_value=0.0, validate_indices=False)


__all__ = ["nce_loss", "sampled_softmax_loss"]
