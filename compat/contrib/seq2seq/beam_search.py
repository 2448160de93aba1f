"""Beam search: the likeliest sequences, several of each batch entry followed at once."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ....engine import nest
from ....engine.build import constant, convert_to_tensor
from ....engine.dtypes import bool_, float32, int32, int64
from ....engine.graph import Tensor, control_dependencies, op_scope
from ....engine.ops.basic import cast, expand_dims, ones_like, reshape, shape, size, zeros, zeros_like
from ....engine.ops.beams import gather_tree
from ....engine.ops.checks import assert_equal
from ....engine.ops.conditions import cond
from ....engine.ops.indexing import batch_gather, one_hot, sequence_mask, top_k
from ....engine.ops.joining import concat, stack
from ....engine.ops.math import equal, log, logical_not, logical_or, minimum, where, where_v2
from ....engine.ops.ranges import range as range_of
from ....engine.ops.rearranging import tile, transpose
from ....engine.ops.reduce import reduce_all, reduce_max, reduce_mean, reduce_sum
from ....engine.ops.tensor_array import TensorArray
from ....engine.shapes import TensorShape
from ....engine.static import constant_value
from ....nn.activations import log_softmax
from ....nn.rnn_cell import check_cell
from .attention import AttentionWrapperState
from .decoding import Decoder, check_output_layer
from .helpers import embedding_of, start_and_end


class BeamSearchDecoderState(NamedTuple):
    """Where a search stands: everything [batch, beams, ...], `lengths` int64."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a step gives, each [batch, beams]: the ids chosen, their scores, and the beams of before they go on with."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What a search gives: `predicted_ids` [batch, time, beams], the best beam first, and what its steps gave."""

    predicted_ids: Any
    beam_search_decoder_output: BeamSearchDecoderOutput


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each entry of a batch `multiplier` times in a row: [batch, ...] as [batch * multiplier, ...], or a nest of these.

    Raises ValueError for a scalar.
    """
    with op_scope(name, "tile_batch", nest.flatten([t, multiplier])):
        return nest.map_structure(lambda x: _tiled(x, multiplier), t)


def _tiled(t: Any, multiplier: int) -> Tensor:
    t = convert_to_tensor(t, name="t")
    if t.shape.ndims is None or t.shape.ndims < 1:
        raise ValueError("t must have statically known rank")
    sizes = shape(t)
    rows = tile(expand_dims(t, 1), [1, multiplier, *[1] * (t.shape.ndims - 1)])
    flat = reshape(rows, concat([[sizes[0] * multiplier], sizes[1:]], 0))
    known = t.shape.as_list()[0]
    flat.set_shape(TensorShape([None if known is None else known * multiplier]).concatenate(t.shape[1:]))
    return flat


def gather_tree_from_array(t: Any, parent_ids: Any, sequence_length: Any) -> Tensor:
    """What each final beam came by: t [time, batch, beams, ...] with its beams sorted along `parent_ids`.

    t may also be [time, batch * beams, ...]. `parent_ids` is [time, batch, beams], `sequence_length` [batch, beams];
    beyond a sequence's end everything stays where it is.
    """
    t, parent_ids = convert_to_tensor(t), convert_to_tensor(parent_ids, int32)
    sizes = shape(parent_ids)
    steps, batch, beams = sizes[0], sizes[1], sizes[2]
    own = tile(reshape(range_of(beams), [1, 1, -1]), stack([steps, batch, 1]))
    longest = cast(reduce_max(sequence_length, 1), int32)
    sorted_ids = gather_tree(own, parent_ids, longest, beams + 1)
    inside = transpose(sequence_mask(sequence_length, maxlen=steps), [2, 0, 1])
    sorted_ids = where(inside, sorted_ids, own)
    beamwise = reshape(t, concat([sizes, [-1]], 0))
    return reshape(batch_gather(beamwise, sorted_ids), shape(t))


class BeamSearchDecoder(Decoder):
    """Follows the `beam_width` likeliest sequences of each batch entry at once.

    Args:
        cell: the cell that is run. Its memory, if it attends to one, must be tiled by `tile_batch`.
        embedding: a table or a function of ids.
        start_tokens, end_token: int32 [batch], and a scalar.
        initial_state: of [batch * beam_width, ...], made of the batch's by `tile_batch`.
        output_layer: a layer that makes logits of the cell's outputs.
        length_penalty_weight: log probabilities are divided by ((5 + length) / 6) ** weight, which favours long ones.
        coverage_penalty_weight: how much it costs a sequence to have attended too little to a part of the memory. Both
            of Wu et al., Google's Neural Machine Translation System (2016).
        reorder_tensor_arrays: whether TensorArrays in the state are returned as tensors, sorted along the beams.

    `dynamic_decode` gives a FinalBeamSearchDecoderOutput. Raises ValueError for tokens of another rank.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: float = 0.0,
        coverage_penalty_weight: float = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        check_cell("cell", cell)
        check_output_layer(output_layer)
        self._cell, self._output_layer, self._beam_width = cell, output_layer, beam_width
        self._length_weight, self._coverage_weight = length_penalty_weight, coverage_penalty_weight
        self._reorders = reorder_tensor_arrays
        self._embedding = embedding_of(embedding)
        tokens, self._end_token = start_and_end(start_tokens, end_token)
        self._batch_size = size(tokens)
        self._known_batch = constant_value(self._batch_size)
        self._start_inputs = self._embedding(tile(expand_dims(tokens, 1), [1, beam_width]))
        self._initial_cell_state = nest.map_structure(self._split, initial_state)

    batch_size = property(lambda self: self._batch_size)
    tracks_own_finished = property(lambda self: True)  # the beams change places

    @property
    def output_size(self) -> Any:
        beams = TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(beams, beams, beams)

    @property
    def output_dtype(self) -> Any:
        return BeamSearchDecoderOutput(nest.flatten(self._initial_cell_state)[0].dtype, int32, int32)

    # -- [batch * beams, ...] and [batch, beams, ...] -----------------------------------------------------------------

    def _split(self, t: Any) -> Any:
        """[batch * beams, ...] as [batch, beams, ...]; scalars and arrays stay. Raises ValueError for another batch."""
        if isinstance(t, TensorArray):
            return t
        t = convert_to_tensor(t)
        _check_rank(t)
        if t.shape.ndims == 0:
            return t
        known = None if self._known_batch is None else int(self._known_batch)
        wanted = TensorShape([known, self._beam_width]).concatenate(t.shape[1:])
        rows = t.shape.as_list()[0]
        if None not in (known, rows) and rows != (known or 0) * self._beam_width:
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The tensor to be reshaped has "
                f"shape: {t.shape}.  We expected its new shape to be (batch_size, beam_width, depth) == {wanted}.  "
                "Perhaps you forgot to create a zero_state with batch_size=encoder_batch_size * beam_width?"
            )
        result = reshape(t, concat([[self._batch_size, self._beam_width], shape(t)[1:]], 0))
        result.set_shape(wanted)
        return result

    def _merge(self, t: Any) -> Any:
        """[batch, beams, ...] as [batch * beams, ...]; scalars and arrays stay."""
        if isinstance(t, TensorArray) or t.shape.ndims == 0:
            return t
        result = reshape(t, concat([[self._batch_size * self._beam_width], shape(t)[2:]], 0))
        known = None if self._known_batch is None else int(self._known_batch) * self._beam_width
        result.set_shape(TensorShape([known]).concatenate(t.shape[2:]))
        return result

    def _following(self, t: Any, parents: Tensor) -> Any:
        """t [batch, beams, ...] as the beams that go on with these parents have it; scalars and arrays stay."""
        if isinstance(t, TensorArray) or t.shape.ndims == 0:
            return t
        result = batch_gather(t, parents)
        result.set_shape(t.shape)
        return result

    # -- the search ---------------------------------------------------------------------------------------------------

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """At first there is one beam only: the others have a probability of zero, and count as finished."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        first = one_hot(zeros([self._batch_size], int32), self._beam_width, True, False, dtype=bool_)
        first.set_shape([None if self._known_batch is None else int(self._known_batch), self._beam_width])
        seen = self._attention(self._initial_cell_state)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=where_v2(first, constant(0.0, dtype), constant(-math.inf, dtype)),
            finished=logical_not(first),
            lengths=zeros_like(first, int64),
            accumulated_attention_probs=() if seen is None else seen,
        )
        return logical_not(first), self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        with op_scope(name, "BeamSearchDecoderStep", nest.flatten([time, inputs, state])):
            outputs, cell_state = self._cell(
                nest.map_structure(self._merge, inputs), nest.map_structure(self._merge, state.cell_state)
            )
            outputs = nest.map_structure(self._split, outputs)
            cell_state = nest.map_structure(self._split, cell_state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            output, state = self._next(outputs, cell_state, state)
            following = cond(
                reduce_all(state.finished),
                lambda: self._start_inputs,
                lambda: self._embedding(output.predicted_ids),
            )
        return output, state, following, state.finished

    def _next(self, logits: Tensor, cell_state: Any, state: Any) -> tuple[Any, Any]:
        """The best continuations of all beams together, by logits [batch, beams, symbols]."""
        symbols = logits.shape.as_list()[-1] or shape(logits)[-1]
        log_probs = expand_dims(state.log_probs, 2) + self._of_ended(log_softmax(logits), state.finished, symbols)
        seen = self._attention(cell_state)
        if seen is not None:
            going_on = expand_dims(cast(logical_not(state.finished), seen.dtype), 2)
            seen = state.accumulated_attention_probs + seen * going_on
        scores = self._scores(log_probs, state, symbols, seen)
        best, places = top_k(reshape(scores, [self._batch_size, -1]), self._beam_width)
        for t in (best, places):
            t.set_shape(state.log_probs.shape)
        ids, parents = places % symbols, places // symbols

        def following(t: Any) -> Any:
            return self._following(t, parents)

        ended = following(state.finished)
        finished = logical_or(ended, equal(ids, self._end_token))
        chosen = batch_gather(reshape(log_probs, [self._batch_size, -1]), places)
        chosen.set_shape(state.log_probs.shape)
        after = BeamSearchDecoderState(
            cell_state=nest.map_structure(following, cell_state),
            log_probs=chosen,
            finished=finished,
            lengths=following(state.lengths) + cast(logical_not(ended), int64),
            accumulated_attention_probs=() if seen is None else following(seen),
        )
        return BeamSearchDecoderOutput(best, ids, parents), after

    def _of_ended(self, log_probs: Tensor, finished: Tensor, symbols: Any) -> Tensor:
        """A beam that has ended goes on with the end token, and nothing else."""
        dtype = log_probs.dtype
        row = one_hot(self._end_token, symbols, constant(0.0, dtype), constant(dtype.min, dtype), dtype=dtype)
        return where_v2(expand_dims(finished, 2), row, log_probs)

    def _scores(self, log_probs: Tensor, state: Any, symbols: Any, seen: Tensor | None) -> Tensor:
        """The log probabilities of all continuations with both penalties, [batch, beams, symbols]."""
        scores = log_probs
        if constant_value(convert_to_tensor(self._length_weight, float32)) != 0:
            longer = one_hot(self._end_token, symbols, 0, 1, dtype=int64)  # the end token is not counted
            added = longer * expand_dims(cast(logical_not(state.finished), int64), 2)
            lengths = cast(expand_dims(state.lengths, 2) + added, float32)
            penalty = (5.0 + lengths) ** self._length_weight / 6.0**self._length_weight
            scores = scores / cast(penalty, scores.dtype)
        if seen is None:
            return scores
        # what was never attended to lies beyond the memory's end
        covered = where(equal(seen, 0.0), ones_like(seen), seen)
        cost = reduce_sum(log(minimum(covered, 1.0)), 2) * cast(state.finished, seen.dtype)
        return scores + expand_dims(cost * self._coverage_weight, 2)

    def _attention(self, cell_state: Any) -> Tensor | None:
        """The mean attention of all cells that attend, [batch, beams, time]; None where coverage costs nothing."""
        if constant_value(convert_to_tensor(self._coverage_weight, float32)) == 0:
            return None
        many = isinstance(cell_state, tuple) and not isinstance(cell_state, AttentionWrapperState)
        states = cell_state if many else (cell_state,)
        found = [_mean(s.alignments) for s in states if isinstance(s, AttentionWrapperState)]
        if not found:
            raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
        return _mean(tuple(found)) if len(found) > 1 else found[0]

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        longest = cast(reduce_max(final_state.lengths, 1), int32)
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorders:

            def ordered(t: Any) -> Any:
                return self._ordered(t, outputs.parent_ids, final_state.lengths)

            final_state = final_state._replace(cell_state=nest.map_structure(ordered, final_state.cell_state))
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state

    def _ordered(self, t: Any, parent_ids: Tensor, lengths: Tensor) -> Any:
        """An array of [batch * beams, ...] as a tensor [time, ...], sorted along the beams; all else as it is.

        As in TensorFlow, what a cell wrote at a step is taken for what the beams chosen by that step wrote.
        """
        if not isinstance(t, TensorArray) or not t.element_shape.ndims:
            return t
        rows = t.element_shape.as_list()[0]
        known = self._known_batch
        if None not in (rows, known) and rows not in (int(known) * self._beam_width, int(known)):  # type: ignore[arg-type]
            return t
        stacked = t.stack()
        said = "TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, -1]"
        merged = self._batch_size * self._beam_width
        rows_of = reduce_all(equal(shape(stacked)[1], merged))
        if t.element_shape.ndims > 1:
            apart = reduce_all(equal(shape(stacked)[1:3], [self._batch_size, self._beam_width]))
            rows_of = logical_or(rows_of, apart)
        with control_dependencies([assert_equal(rows_of, True, message=said)]):
            return gather_tree_from_array(stacked, parent_ids, lengths)


def _mean(items: Any) -> Tensor:
    """The mean of a tuple of tensors; a tensor itself."""
    return reduce_mean(stack(list(items), -1), -1) if isinstance(items, tuple) else items


def _check_rank(t: Tensor) -> None:
    if t.shape.ndims is None:
        raise ValueError(f"Expected tensor ({t}) to have known rank, but ndims == None.")


__all__ = [
    "BeamSearchDecoder", "BeamSearchDecoderOutput", "BeamSearchDecoderState", "FinalBeamSearchDecoderOutput",
    "gather_tree", "gather_tree_from_array", "tile_batch",
]  # fmt: skip
