"""tf.contrib.crf: linear-chain conditional random fields, which score whole sequences of tags."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.build import constant, convert_to_tensor
from ...engine.dtypes import int32
from ...engine.graph import Tensor
from ...engine.ops.basic import cast, expand_dims, fill, reshape, shape, squeeze, zeros_like
from ...engine.ops.indexing import batch_gather, gather, sequence_mask
from ...engine.ops.joining import concat
from ...engine.ops.mapping import foldl, scan
from ...engine.ops.math import where, where_v2
from ...engine.ops.ranges import range as range_of
from ...engine.ops.rearranging import transpose
from ...engine.ops.reduce import argmax, reduce_logsumexp, reduce_max, reduce_sum
from ...scopes.scope import get_variable


def _inside(sequence_lengths: Any, steps: Tensor, dtype: Any) -> Tensor:
    """1 up to each sequence's length, else 0: [batch, time]."""
    return sequence_mask(cast(sequence_lengths, int32), maxlen=steps, dtype=dtype)


def _following(inputs: Tensor, sequence_lengths: Any) -> list[Tensor]:
    """(Scores, whether the sequence has come so far) of each step but the first, time-major."""
    inside = _inside(sequence_lengths, shape(inputs)[1], "bool")
    return [transpose(inputs, [1, 0, 2])[1:], transpose(inside)[1:]]


def crf_sequence_score(inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The unnormalised log score of sequences of tags, [batch].

    `inputs` are the tags' scores [batch, time, tags], `tag_indices` int [batch, time], `sequence_lengths` int [batch],
    `transition_params` [tags, tags] the scores of the second tag after the first. Lafferty et al., Conditional Random
    Fields (2001).
    """
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
    return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_multitag_sequence_score(inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The log of the summed scores of all sequences of the tags that `tag_bitmap` bool [batch, time, tags] allows."""
    inputs, allowed = convert_to_tensor(inputs), cast(tag_bitmap, "bool")
    never = fill(shape(inputs), constant(-np.inf, inputs.dtype))
    return crf_log_norm(where(allowed, inputs, never), sequence_lengths, transition_params)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The log of the summed scores of all sequences of tags, [batch]: by the forward algorithm. 0 for empty ones."""
    inputs, between = convert_to_tensor(inputs), expand_dims(convert_to_tensor(transition_params), 0)

    def step(alphas: Tensor, here: list) -> Tensor:
        scores, going_on = here
        following = scores + reduce_logsumexp(expand_dims(alphas, 2) + between, 1)
        return where_v2(expand_dims(going_on, 1), following, alphas)

    alphas = foldl(step, _following(inputs, sequence_lengths), inputs[:, 0])
    norm = reduce_logsumexp(alphas, 1)
    return where(cast(sequence_lengths, int32) <= 0, zeros_like(norm), norm)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Tensor, Any]:
    """(The log probability of sequences of tags, [batch]; the transitions).

    Arguments are as for `crf_sequence_score`; the transitions are by default the variable `transitions`.
    """
    inputs = convert_to_tensor(inputs)
    if transition_params is None:
        tags = inputs.shape.as_list()[2]
        transition_params = get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Tensor:
    """The sum of the scores of a sequence's tags, [batch]."""
    inputs = convert_to_tensor(inputs)
    scores = squeeze(batch_gather(inputs, expand_dims(cast(tag_indices, int32), 2)), [2])
    return reduce_sum(scores * _inside(sequence_lengths, shape(inputs)[1], inputs.dtype), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The sum of the scores of a sequence's transitions, [batch]."""
    tags, transitions = cast(tag_indices, int32), convert_to_tensor(transition_params)
    pairs = tags[:, :-1] * shape(transitions)[1] + tags[:, 1:]
    scores = gather(reshape(transitions, [-1]), pairs)
    return reduce_sum(scores * _inside(sequence_lengths, shape(tags)[1], transitions.dtype)[:, 1:], 1)


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[int], Any]:
    """(The best sequence of tags, its score) of one sequence of NumPy arrays [time, tags] and [tags, tags]."""
    score, transitions = np.asarray(score), np.asarray(transition_params)
    best, before = score[0], []
    for scores in score[1:]:
        reached = best[:, None] + transitions
        before.append(reached.argmax(0))
        best = scores + reached.max(0)
    tags = [int(best.argmax())]
    for arrived_from in reversed(before):
        tags.append(int(arrived_from[tags[-1]]))
    return tags[::-1], best.max()


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Tensor, Tensor]:
    """(The best sequences of tags, int32 [batch, time], zeros beyond their end; their scores [batch]).

    By Viterbi's algorithm. Arguments are as for `crf_sequence_score`.
    """
    potentials, between = convert_to_tensor(potentials), expand_dims(convert_to_tensor(transition_params), 0)
    sizes = shape(potentials)
    stay = zeros_like(potentials[:, 0], int32) + range_of(sizes[2])  # beyond the end a tag comes from itself

    def forward(state: tuple, here: list) -> tuple:
        (best, _), (scores, going_on) = state, here
        reached, going_on = expand_dims(best, 2) + between, expand_dims(going_on, 1)
        arrived_from = where_v2(going_on, cast(argmax(reached, 1), int32), stay)
        return where_v2(going_on, scores + reduce_max(reached, 1), best), arrived_from

    first = potentials[:, 0]
    bests, arrived_from = scan(forward, _following(potentials, sequence_length), (first, stay))
    best = concat([expand_dims(first, 0), bests], 0)[-1]  # the first where there is no other step
    last = cast(argmax(best, 1), int32)

    def backward(tag: Tensor, before: Tensor) -> Tensor:
        return squeeze(batch_gather(before, expand_dims(tag, 1)), [1])

    tags = transpose(concat([scan(backward, arrived_from, last, reverse=True), expand_dims(last, 0)], 0))
    tags *= _inside(sequence_length, sizes[1], int32)
    tags.set_shape(potentials.shape[:2])
    return tags, reduce_max(best, 1)


__all__ = [
    "crf_binary_score", "crf_decode", "crf_log_likelihood", "crf_log_norm", "crf_multitag_sequence_score",
    "crf_sequence_score", "crf_unary_score", "viterbi_decode",
]  # fmt: skip
