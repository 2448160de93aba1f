"""tf.contrib.legacy_seq2seq: sequence to sequence by unrolled networks, and losses of sequences."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ...engine import nest
from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.basic import cast, reshape, shape, stop_gradient, zeros
from ...engine.ops.conditions import cond
from ...engine.ops.joining import concat, stack
from ...engine.ops.math import add_n
from ...engine.ops.reduce import argmax, reduce_sum
from ...nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from ...nn.dense import xw_plus_b
from ...nn.embedding import embedding_lookup
from ...nn.rnn import static_rnn
from ...scopes.scope import get_variable, get_variable_scope, variable_scope
from .cells import attention_features, linear, weighed
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
            _check_projection(output_projection, num_symbols)
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
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list, Any]:
    """`basic_rnn_seq2seq` of ids, each side with an embedding of its own; outputs are projected to the symbols unless
    `output_projection` is given. `feed_previous` may be a boolean tensor.
    """
    with variable_scope(scope or "embedding_rnn_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or opened.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feeds: bool) -> tuple[list, Any]:
            return embedding_rnn_decoder(
                decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection, feeds
            )

        return _decoded(feed_previous, decode)


def _decoded(feed_previous: Any, decode: Callable[[bool], tuple[list, Any]]) -> tuple[list, Any]:
    """What a decoder gives that is told, now or by a tensor in the run, whether to feed back what it decoded."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    decoded: list[tuple[list, Any]] = []

    def branch(feeds: bool) -> list:
        with variable_scope(get_variable_scope(), reuse=True if decoded else None):
            decoded.append(decode(feeds))
        return nest.flatten(decoded[-1])

    results = cond(feed_previous, lambda: branch(True), lambda: branch(False))
    return nest.pack_sequence_as(decoded[0], results)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list, Any]:
    """`tied_rnn_seq2seq` of ids with one embedding, the variable `embedding` [num_symbols, embedding_size].

    Outputs are projected to the symbols (`num_decoder_symbols` of them, where given) unless `output_projection` is
    given. `feed_previous` may be a boolean tensor. Raises ValueError for a projection that does not fit.
    """
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as opened:
        dtype = dtype or opened.dtype
        size = num_decoder_symbols or num_symbols
        if output_projection is not None:
            _check_projection(output_projection, size)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype)
        sources, targets = ([embedding_lookup(embedding, x) for x in ids] for ids in (encoder_inputs, decoder_inputs))
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, size)

        def decode(feeds: bool) -> tuple[list, Any]:
            loop = _embedded_best(embedding, output_projection, True) if feeds else None
            return tied_rnn_seq2seq(sources, targets, cell, loop, dtype)

        return _decoded(feed_previous, decode)


def one2many_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs_dict: Mapping[str, Sequence[Any]],
    enc_cell: Any,
    dec_cells_dict: Mapping[str, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: Mapping[str, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[str, list], dict[str, Any]]:
    """`embedding_rnn_seq2seq` with several decoders of one encoder, each by name in "one2many_decoder_NAME"."""
    outputs: dict[str, list] = {}
    states: dict[str, Any] = {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or opened.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)
                decode = partial(_embedded, inputs, state, cell, symbols, embedding_size)
                outputs[name], states[name] = _decoded(feed_previous, decode)
    return outputs, states


def _embedded(inputs: Any, state: Any, cell: Any, symbols: int, size: int, feeds: bool) -> tuple[list, Any]:
    return embedding_rnn_decoder(inputs, state, cell, symbols, size, feed_previous=feeds)


# -- with attention -------------------------------------------------------------------------------------------------


def attention_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list, Any]:
    """`rnn_decoder` that looks, by its state, at `attention_states` [batch, length, depth] at each step.

    Inputs and what was seen are brought to the inputs' depth, and outputs to `output_size` (by default the cell's).
    Each of `num_heads` looks by itself. What was seen before the first step is zeros, or with
    `initial_state_attention` what the initial state sees. Vinyals et al., Grammar as a Foreign Language (2014). Raises
    ValueError for no inputs, no heads, or unknown depths.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    memory = convert_to_tensor(attention_states)
    depth = memory.shape.as_list()[2]
    if depth is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {memory.shape}")
    with variable_scope(scope or "attention_decoder", dtype=dtype or memory.dtype):
        heads = [attention_features(memory, depth, f"AttnW_{i}", f"AttnV_{i}") for i in range(num_heads)]

        def look(state: Any) -> list[Tensor]:
            query, seen = concat(nest.flatten(state), 1), []
            for i, features in enumerate(heads):
                with variable_scope(f"Attention_{i}"):
                    seen.append(weighed(query, memory, *features))
            return seen

        state = initial_state
        outputs: list = []
        batch_size = shape(convert_to_tensor(decoder_inputs[0]))[0]
        seen = [zeros([batch_size, depth], memory.dtype) for _ in heads]
        if initial_state_attention:
            seen = look(state)
        for i, given in enumerate(decoder_inputs):
            if i > 0:
                get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    given = loop_function(outputs[-1], i)
            given = convert_to_tensor(given)
            size = given.shape.with_rank(2).as_list()[1]
            if size is None:
                raise ValueError(f"Could not infer input size from input: {given.name}")
            output, state = cell(linear([given, *seen], size), state)
            reuse = True if i == 0 and initial_state_attention else None
            with variable_scope(get_variable_scope(), reuse=reuse):
                seen = look(state)
            with variable_scope("AttnOutputProjection"):
                outputs.append(linear([output, *seen], output_size or cell.output_size))
    return outputs, state


def embedding_attention_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list, Any]:
    """`attention_decoder` of ids [batch], as `embedding_rnn_decoder` is of `rnn_decoder`."""
    if output_projection is not None:
        _check_projection(output_projection, num_symbols)
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        best = _embedded_best(embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = [embedding_lookup(embedding, ids) for ids in decoder_inputs]
        return attention_decoder(
            embedded, initial_state, attention_states, cell, output_size, num_heads, best,
            initial_state_attention=initial_state_attention,
        )  # fmt: skip


def embedding_attention_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list, Any]:
    """`embedding_rnn_seq2seq` whose decoder looks at all the encoder's outputs."""
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        encoded, state = static_rnn(encoder, encoder_inputs, dtype=dtype or opened.dtype)
        memory = stack(encoded, 1)
        output_size = None
        if output_projection is None:
            cell, output_size = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols

        def decode(feeds: bool) -> tuple[list, Any]:
            return embedding_attention_decoder(
                decoder_inputs, state, memory, cell, num_decoder_symbols, embedding_size, num_heads, output_size,
                output_projection, feeds, initial_state_attention=initial_state_attention,
            )  # fmt: skip

        return _decoded(feed_previous, decode)


def _check_projection(output_projection: Any, symbols: int) -> None:
    """Raises ValueError for (weights, biases) that do not make `symbols` outputs."""
    weights, biases = (convert_to_tensor(one) for one in output_projection)
    weights.shape.assert_is_compatible_with([None, symbols])
    biases.shape.assert_is_compatible_with([symbols])


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
    "attention_decoder", "basic_rnn_seq2seq", "embedding_attention_decoder", "embedding_attention_seq2seq",
    "embedding_rnn_decoder", "embedding_rnn_seq2seq", "embedding_tied_rnn_seq2seq", "model_with_buckets",
    "one2many_rnn_seq2seq", "rnn_decoder", "sequence_loss", "sequence_loss_by_example", "tied_rnn_seq2seq",
]  # fmt: skip
