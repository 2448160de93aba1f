"""Decoding: a decoder's steps in a loop, until all its sequences have ended."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from ....engine import nest
from ....engine.build import constant, convert_to_tensor
from ....engine.dtypes import int32
from ....engine.graph import Tensor, op_scope
from ....engine.ops.basic import zeros_like
from ....engine.ops.loops import while_loop
from ....engine.ops.math import logical_not, logical_or, where
from ....engine.ops.reduce import reduce_all
from ....engine.ops.tensor_array import TensorArray
from ....engine.shapes import TensorShape, as_shape
from ....engine.static import constant_value
from ....nn.layer import Layer
from ....nn.rnn import kept_where, swapped
from ....nn.rnn_cell import check_cell, zeros_of
from ....scopes.scope import variable_scope
from .helpers import Helper


class Decoder:
    """What `dynamic_decode` runs. Subclasses override all but `finalize` and `tracks_own_finished`."""

    @property
    def batch_size(self) -> Any:
        """The number of sequences: an int or an int32 scalar."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The shapes of a step's outputs, without the batch: ints, shapes, or a nest of them."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """The dtypes of a step's outputs, in the same nest."""
        raise NotImplementedError

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """(Which sequences have ended before they began, bool [batch]; the first inputs; the first state)."""
        raise NotImplementedError

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """(Outputs, next state, next inputs, which sequences have ended)."""
        raise NotImplementedError

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """The outputs, time-major, and the last state, as they are to be returned; by default as they are."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `step` itself knows of sequences that ended before, as where it changes their order."""
        return False


def dynamic_decode(
    decoder: Decoder,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Tensor]:
    """Run a decoder until all its sequences have ended, or for `maximum_iterations` steps.

    With `impute_finished` the outputs of sequences that have ended are zeros, and their state stays; nothing flows back
    to them. `parallel_iterations` and `swap_memory` change nothing. Variables are in `scope` or "decoder".

    Returns (outputs [batch, time, ...], or [time, batch, ...] where `output_time_major`; the last state; the number of
    steps of each sequence, int32 [batch]). Raises TypeError for what is no decoder, ValueError for a limit that is no
    scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder"):
        limit = maximum_iterations
        if limit is not None:
            limit = convert_to_tensor(limit, int32, name="maximum_iterations")
            if limit.shape.ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize()
        finished = convert_to_tensor(finished)
        batch_size = decoder.batch_size
        blank = nest.map_structure(
            lambda size, dtype: zeros_of(size, batch_size, dtype), decoder.output_size, decoder.output_dtype
        )
        if limit is not None:
            finished = logical_or(finished, constant(0, int32) >= limit)
        arrays = nest.map_structure(
            lambda size, dtype: TensorArray(
                dtype, size=0, dynamic_size=True, element_shape=_with_batch(batch_size, size)
            ),
            decoder.output_size,
            decoder.output_dtype,
        )

        def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> tuple:
            outputs, next_state, next_inputs, ended = decoder.step(time, inputs, state)
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(arrays, outputs)
            nest.assert_same_structure(inputs, next_inputs)
            if not decoder.tracks_own_finished:
                ended = logical_or(ended, finished)
            lengths = where(logical_not(finished), zeros_like(lengths) + (time + 1), lengths)
            if impute_finished:
                outputs = kept_where(finished, blank, outputs)
                next_state = kept_where(finished, state, next_state)
            arrays = nest.map_structure(lambda array, output: array.write(time, output), arrays, outputs)
            return time + 1, arrays, next_state, next_inputs, ended, lengths

        results = while_loop(
            lambda time, arrays, state, inputs, finished, lengths: logical_not(reduce_all(finished)),
            body,
            (constant(0, int32), arrays, state, inputs, finished, zeros_like(finished, int32)),
            maximum_iterations=limit,
        )
        outputs = nest.map_structure(lambda array: array.stack(), results[1])
        last, lengths = results[2], results[5]
        with suppress(NotImplementedError):  # most decoders have nothing to do
            outputs, last = decoder.finalize(outputs, last, lengths)
        if not output_time_major:
            outputs = nest.map_structure(_batch_major, outputs)
    return outputs, last, lengths


def _with_batch(batch_size: Any, size: Any) -> TensorShape:
    known = constant_value(batch_size) if isinstance(batch_size, Tensor) else batch_size
    return TensorShape([None if known is None else int(known)]).concatenate(as_sizes(size))


def as_sizes(size: Any) -> TensorShape:
    """A size, which may be one int, as a shape."""
    return as_shape(size) if isinstance(size, (TensorShape, list, tuple)) else TensorShape([size])


def _batch_major(x: Any) -> Any:
    """x [time, batch, ...] with its first two axes exchanged, where it has as many."""
    return x if x.shape.ndims is not None and x.shape.ndims < 2 else swapped(x)


class BasicDecoderOutput(NamedTuple):
    """What a step of BasicDecoder gives."""

    rnn_output: Any  # of the cell, or of the output layer
    sample_id: Any  # what the helper sampled from it


class BasicDecoder(Decoder):
    """A cell whose inputs a helper chooses: those of a text that is learnt, or what was sampled before.

    `output_layer`, a layer, makes the cell's outputs those that are sampled from and returned. Raises TypeError for
    what is no cell, helper or layer.
    """

    def __init__(self, cell: Any, helper: Helper, initial_state: Any, output_layer: Any = None) -> None:
        check_cell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        check_output_layer(output_layer)
        self._cell, self._helper, self._initial_state, self._output_layer = cell, helper, initial_state, output_layer

    batch_size = property(lambda self: self._helper.batch_size)

    @property
    def output_size(self) -> Any:
        return BasicDecoderOutput(output_size_of(self._cell, self._output_layer), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        dtype = nest.flatten(self._initial_state)[0].dtype
        sizes = output_size_of(self._cell, self._output_layer)
        return BasicDecoderOutput(nest.map_structure(lambda _: dtype, sizes), self._helper.sample_ids_dtype)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        with op_scope(name, "BasicDecoderStep", nest.flatten([time, inputs, state])):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            ids = self._helper.sample(time=time, outputs=outputs, state=state)
            ended, following, state = self._helper.next_inputs(time=time, outputs=outputs, state=state, sample_ids=ids)
        return BasicDecoderOutput(outputs, ids), state, following, ended


def check_output_layer(layer: Any) -> None:
    if layer is not None and not isinstance(layer, Layer):
        raise TypeError(f"output_layer must be a Layer, received: {type(layer)}")


def output_size_of(cell: Any, output_layer: Any) -> Any:
    """The sizes of a cell's outputs, after the output layer where there is one."""
    if output_layer is None:
        return cell.output_size
    return nest.map_structure(
        lambda size: output_layer.compute_output_shape(TensorShape([None]).concatenate(as_sizes(size)))[1:],
        cell.output_size,
    )


__all__ = ["BasicDecoder", "BasicDecoderOutput", "Decoder", "dynamic_decode"]
