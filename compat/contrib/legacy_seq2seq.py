"""tf.contrib.legacy_seq2seq: sequence to sequence by unrolled networks, and losses of sequences."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.basic import cast, reshape, shape, stop_gradient
from ...engine.ops.math import add_n
from ...engine.ops.reduce import argmax, reduce_sum
from ...nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from ...nn.dense import xw_plus_b
from ...nn.embedding import embedding_lookup
from ...nn.rnn import static_rnn
from ...scopes.scope import get_variable, get_variable_scope, variable_scope
from .rnn import EmbeddingWrapper, OutputProjectionWrapper

LoopFunction = Callable[[Any, int], Any]


def rnn_decoder(
    decoder_inputs: Iterable[Any],
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: str | None = None,
) -> tuple[list, Any]:
    """(Outputs, last state) of a cell along inputs [batch, depth].

    With `loop_function(previous output, i)` its results take the place of the inputs after the first.
    """
    with variable_scope(scope or "rnn_decoder"):
        state = initial_state
        outputs: list = []
        for i, given in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    given = loop_function(outputs[-1], i)
            if i > 0:
                get_variable_scope().reuse_variables()
            output, state = cell(given, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, dtype: Any = float32,
    scope: str | None = None,
) -> tuple[list, Any]:  # fmt: skip
    """An encoder's last state decoded by another cell of the same kind: (outputs, last state)."""
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, loop_function: LoopFunction | None = None,
    dtype: Any = float32, scope: str | None = None,
) -> tuple[list, Any]:  # fmt: skip
    """An encoder and a decoder that share their variables: (outputs, last state)."""
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def _embedded_best(embedding: Any, output_projection: Any, update_embedding: bool) -> LoopFunction:
    """A loop function: the embedding of the symbol that the previous output gives most weight."""

    def loop_function(previous: Any, _: int) -> Tensor:
        if output_projection is not None:
            previous = xw_plus_b(previous, output_projection[0], output_projection[1])
        row = embedding_lookup(embedding, argmax(previous, 1))
        return row if update_embedding else stop_gradient(row)

    return loop_function


def embedding_rnn_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> tuple[list, Any]:
    """`rnn_decoder` of ids [batch], looked up in the variable `embedding` [num_symbols, embedding_size].

    With `feed_previous` the inputs after the first are the symbols decoded before, by `output_projection` (weights
    [units, num_symbols], biases) where it is given. Raises ValueError for a projection that does not fit.
    """
    with variable_scope(scope or "embedding_rnn_decoder"):
        if output_projection is not None:
            weights, biases = (convert_to_tensor(one) for one in output_projection)
            weights.shape.assert_is_compatible_with([None, num_symbols])
            biases.shape.assert_is_compatible_with([num_symbols])
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        best = _embedded_best(embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = (embedding_lookup(embedding, ids) for ids in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, best)


def embedding_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list, Any]:
    """`basic_rnn_seq2seq` of ids, each side with an embedding of its own; outputs are projected to the symbols unless
    `output_projection` is given. Raises NotImplementedError for a tensor `feed_previous`.
    """
    if not isinstance(feed_previous, bool):
        raise NotImplementedError("embedding_rnn_seq2seq: feed_previous must be True or False; build one of each")
    with variable_scope(scope or "embedding_rnn_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or opened.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        return embedding_rnn_decoder(
            decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection, feed_previous
        )


def sequence_loss_by_example(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable | None = None,
    name: str | None = None,
) -> Tensor:
    """[batch] sums over time of weighted cross entropies, by default divided by the sums of the weights.

    Lists over time of logits [batch, symbols], targets [batch] and weights [batch]. The loss is
    `softmax_loss_function(labels=, logits=)` where that is given. Raises ValueError for lists of different lengths.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with op_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                target = reshape(target, [-1])
                crossent = sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                crossent = softmax_loss_function(labels=target, logits=logit)
            losses.append(crossent * weight)
        total = add_n(losses)
        if average_across_timesteps:
            total /= add_n(list(weights)) + 1e-12  # where all weights are zero
        return total


def sequence_loss(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable | None = None,
    name: str | None = None,
) -> Tensor:
    """The sum of `sequence_loss_by_example` over the batch, by default divided by its size."""
    with op_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = reduce_sum(
            sequence_loss_by_example(logits, targets, weights, average_across_timesteps, softmax_loss_function)
        )
        return cost / cast(shape(targets[0])[0], cost.dtype) if average_across_batch else cost


def model_with_buckets(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable,
    softmax_loss_function: Callable | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list, list]:
    """(Outputs, losses) of `seq2seq(encoder inputs, decoder inputs)` for each bucket (lengths of both sides).

    Buckets share their variables. Raises ValueError for lists shorter than the last bucket.
    """
    for what, given, length in (
        ("encoder_inputs", encoder_inputs, buckets[-1][0]),
        ("targets", targets, buckets[-1][1]),
        ("weights", weights, buckets[-1][1]),
    ):
        if len(given) < length:
            raise ValueError(f"Length of {what} ({len(given)}) must be at least that of last bucket ({length}).")
    outputs, losses = [], []
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    with op_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for i, (source, target) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if i > 0 else None):
                decoded, _ = seq2seq(encoder_inputs[:source], decoder_inputs[:target])
                outputs.append(decoded)
                losses.append(
                    loss(decoded, targets[:target], weights[:target], softmax_loss_function=softmax_loss_function)
                )
    return outputs, losses


__all__ = [
    "basic_rnn_seq2seq", "embedding_rnn_decoder", "embedding_rnn_seq2seq", "model_with_buckets", "rnn_decoder",
    "sequence_loss", "sequence_loss_by_example", "tied_rnn_seq2seq",
]  # fmt: skip
