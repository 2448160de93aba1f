"""Recurrent networks: a cell run along the time of its inputs, forward, backward or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..engine import nest
from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import int32
from ..engine.graph import Tensor, control_dependencies
from ..engine.ops.basic import cast, identity, reshape, shape, zeros
from ..engine.ops.effects import Assert
from ..engine.ops.joining import concat, stack, unstack
from ..engine.ops.loops import loop_results, while_loop
from ..engine.ops.mapping import loop_over_elements
from ..engine.ops.math import equal, logical_not, logical_or, maximum, minimum, where_v2
from ..engine.ops.ranges import range as range_of
from ..engine.ops.rearranging import reverse, reverse_sequence, transpose
from ..engine.ops.reduce import reduce_all, reduce_max
from ..engine.ops.tensor_array import TensorArray
from ..engine.shapes import TensorShape
from ..scopes.scope import variable_scope
from .rnn_cell import check_cell, zeros_of

__all__ = [
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]


def swapped(x: Tensor) -> Tensor:
    """x [time, batch, ...] as [batch, time, ...], or the other way."""
    if x.shape.ndims is None:
        raise ValueError(f"Expected input tensor {x.name} to have rank at least 2, but its rank is unknown")
    if x.shape.ndims < 2:
        raise ValueError(f"Expected input tensor {x.name} to have rank at least 2, but saw shape: {x.shape}")
    return transpose(x, [1, 0, *range(2, x.shape.ndims)])


_transpose_batch_time = swapped  # so programs know it


def lengths_of(sequence_length: Any) -> Tensor | None:
    """The length of each sequence, int32 [batch]. Raises ValueError for another rank."""
    if sequence_length is None:
        return None
    lengths = cast(convert_to_tensor(sequence_length, name="sequence_length"), int32)
    if lengths.shape.ndims not in (None, 1):
        raise ValueError(f"sequence_length must be a vector of length batch_size, but saw shape: {lengths.shape}")
    return identity(lengths, name="sequence_length")


def _checked_lengths(lengths: Tensor | None, batch_size: Any) -> Tensor | None:
    """The lengths, of which there must be one for each sequence of the batch: a run with others ends with an error."""
    if lengths is None or (lengths.shape.ndims == 1 and lengths.shape.as_list()[0] == batch_size):
        return lengths
    found, wanted = shape(lengths), stack([batch_size])
    same = reduce_all(equal(found, wanted))
    said = [f"Expected shape for Tensor {lengths.name} is ", wanted, " but saw shape: ", found]
    with control_dependencies([Assert(same, said)]):
        return identity(lengths, name="CheckSeqLen")


def _initial_state(cell: Any, given: Any, dtype: Any, batch_size: Any) -> Any:
    if given is not None:
        return nest.map_structure(convert_to_tensor, given)
    if dtype is None:
        raise ValueError("If there is no initial_state, you must give a dtype.")
    if hasattr(cell, "zero_state"):
        return cell.zero_state(batch_size, dtype)
    return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)


def _batch_size(inputs: Sequence[Tensor], axis: int) -> Any:
    """The known length of the batch, or a scalar tensor."""
    known = next((n for x in inputs if (n := x.shape.as_list()[axis]) is not None), None)
    return shape(inputs[0])[axis] if known is None else known


def kept_where(ended: Any, old: Any, new: Any) -> Any:
    """A nest of `old` rows where a sequence has ended and `new` ones elsewhere; arrays and scalars are always new."""

    def chosen(before: Any, after: Any) -> Any:
        if isinstance(after, TensorArray) or convert_to_tensor(after).shape.ndims == 0:
            return after
        after = convert_to_tensor(after)
        column = reshape(ended, [-1, *[1] * ((after.shape.ndims or 1) - 1)])
        result = where_v2(column, before, after)
        result.set_shape(after.shape)
        return result

    return nest.map_structure(chosen, old, new)


def _zeros_after_end(ended: Any, output: Any) -> Any:
    blank = nest.map_structure(lambda t: zeros(shape(t), convert_to_tensor(t).dtype), output)
    return kept_where(ended, blank, output)


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """A cell run along the time of its inputs: all its outputs, and its last state.

    Args:
        cell: an RNNCell.
        inputs: [batch, time, ...], with `time_major` [time, batch, ...], or a nest of these.
        sequence_length: int [batch]. Beyond its end a sequence's outputs are zeros and its state stays.
        initial_state: the state to begin with, a nest like cell.state_size; by default zeros of `dtype`.
        scope: of the variables, by default "rnn".
        parallel_iterations, swap_memory: accepted, without effect.

    Returns:
        outputs: like cell.output_size, each [batch, time, size] ([time, batch, size] with `time_major`).
        state: like cell.state_size.

    Raises ValueError for inputs of unknown depth, or with neither dtype nor initial_state; TypeError for what is no
    cell.
    """
    check_cell("cell", cell)
    with variable_scope(scope or "rnn"):
        flat = [convert_to_tensor(x) for x in nest.flatten(inputs)]
        if not time_major:
            flat = [swapped(x) for x in flat]
        for x in flat:
            if x.shape.ndims is None or x.shape.ndims < 2:
                raise ValueError(f"Expected input tensor {x.name} to have rank at least 2, but saw shape: {x.shape}")
            if x.shape.ndims > 2 and None in x.shape.as_list()[2:]:
                raise ValueError(
                    "Input size (depth of inputs) must be accessible via shape inference, but saw value None."
                )
        lengths, batch_size = lengths_of(sequence_length), _batch_size(flat, 1)
        state = _initial_state(cell, initial_state, dtype, batch_size)
        lengths = _checked_lengths(lengths, batch_size)
        outputs, state = along_time(cell, nest.pack_sequence_as(inputs, flat), state, lengths)
        if not time_major:
            outputs = nest.map_structure(swapped, outputs)
    return outputs, state


def along_time(cell: Any, inputs: Any, state: Any, lengths: Tensor | None) -> tuple[Any, Any]:
    """The outputs, time-major, and the last state of a cell run over time-major inputs."""
    flat = nest.flatten(inputs)
    time_steps = flat[0].shape.as_list()[0]
    steps: Any = shape(flat[0])[0] if time_steps is None else time_steps
    elements: list[Any] = flat
    if lengths is not None:  # no step beyond the end of the longest
        bound = minimum(steps, maximum(1, reduce_max(lengths)))
        elements = [*(x[:bound] for x in flat), range_of(bound)]
    starts = [convert_to_tensor(t) for t in nest.flatten(state)]
    form: list[Any] = []  # of the outputs, which the first call tells

    def step(carries: list, element: list) -> tuple:
        before = nest.pack_sequence_as(state, carries)
        output, after = cell(nest.pack_sequence_as(inputs, element[: len(flat)]), before)
        nest.assert_same_structure(state, after)
        if lengths is not None:
            ended = element[-1] >= lengths
            output, after = _zeros_after_end(ended, output), kept_where(ended, before, after)
        form.append(output)
        return loop_results(nest.flatten(after), starts, carries, starts), nest.flatten(output)

    last, outputs = loop_over_elements(step, elements, starts, "while")
    if lengths is not None:
        outputs = [_lengthened(x, steps) for x in outputs]
    return nest.pack_sequence_as(form[0], outputs), nest.pack_sequence_as(state, last)


def _lengthened(x: Tensor, steps: Any) -> Tensor:
    """x [time, ...] followed by zeros up to `steps`."""
    sizes = shape(x)
    missing = concat([reshape(steps - sizes[0], [1]), sizes[1:]], 0)
    result = concat([x, zeros(missing, x.dtype)], 0)
    result.set_shape(TensorShape([steps if isinstance(steps, int) else None]).concatenate(x.shape[1:]))
    return result


def static_rnn(
    cell: Any,
    inputs: Sequence[Any],
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list, Any]:
    """A cell run over a list of inputs, one for each step, unrolled in the graph: its outputs, and its last state.

    Arguments as for `dynamic_rnn`. Raises ValueError for no inputs at all, TypeError for what is no list or no cell.
    """
    check_cell("cell", cell)
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    outputs = []
    with variable_scope(scope or "rnn") as opened:
        steps = [nest.map_structure(convert_to_tensor, x) for x in inputs]
        first = nest.flatten(steps[0])
        for x in first:
            if x.shape.ndims is not None and None in x.shape.as_list()[1:]:
                raise ValueError(f"Input size (dimension 1 of input {x.name}) must be accessible via shape inference")
        lengths, batch_size = lengths_of(sequence_length), _batch_size(first, 0)
        state = _initial_state(cell, initial_state, dtype, batch_size)
        lengths = _checked_lengths(lengths, batch_size)
        for time, x in enumerate(steps):
            if time > 0:
                opened.reuse_variables()
            output, after = cell(x, state)
            if lengths is not None:
                ended = time >= lengths
                output, after = _zeros_after_end(ended, output), kept_where(ended, state, after)
            state = after
            outputs.append(output)
    return outputs, state


def _reversed(x: Tensor, lengths: Any, time_axis: int, batch_axis: int) -> Tensor:
    if lengths is None:
        return reverse(x, axis=[time_axis])
    return reverse_sequence(x, lengths, seq_axis=time_axis, batch_axis=batch_axis)


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[tuple, tuple]:
    """Two cells, one run along the time of the inputs and one against it: (outputs, outputs), (state, state).

    The backward outputs stand where their inputs do. Arguments are as for `dynamic_rnn`; the variables are under
    `scope`/fw and `scope`/bw, by default bidirectional_rnn.
    """
    check_cell("cell_fw", cell_fw)
    check_cell("cell_bw", cell_bw)
    axes = (0, 1) if time_major else (1, 0)
    shared = {"sequence_length": sequence_length, "dtype": dtype, "time_major": time_major}
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            output_fw, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw, scope=forward, **shared)
        with variable_scope("bw") as backward:
            turned = nest.map_structure(lambda x: _reversed(convert_to_tensor(x), sequence_length, *axes), inputs)
            output_bw, state_bw = dynamic_rnn(cell_bw, turned, initial_state=initial_state_bw, scope=backward, **shared)
    output_bw = nest.map_structure(lambda x: _reversed(x, sequence_length, *axes), output_bw)
    return (output_fw, output_bw), (state_fw, state_bw)


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Sequence[Any],
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list, Any, Any]:
    """As `bidirectional_dynamic_rnn`, over a list of inputs: the outputs side by side, and both last states."""
    check_cell("cell_fw", cell_fw)
    check_cell("cell_bw", cell_bw)
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, forward)
        with variable_scope("bw") as backward:
            turned = _list_reversed(inputs, sequence_length)
            bw, state_bw = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, backward)
    pairs = zip(fw, _list_reversed(bw, sequence_length), strict=True)
    outputs = [nest.map_structure(lambda f, b: concat([f, b], 1), f, b) for f, b in pairs]
    return outputs, state_fw, state_bw


def _list_reversed(items: Sequence[Any], lengths: Any) -> list:
    """The steps in reverse; with lengths, each sequence's own steps, while what follows its end stays."""
    if lengths is None:
        return list(reversed(items))
    flat_steps = [nest.flatten(item) for item in items]
    columns = [stack([convert_to_tensor(x) for x in column]) for column in zip(*flat_steps, strict=True)]
    turned = [unstack(_reversed(column, lengths, 0, 1), len(items)) for column in columns]
    return [nest.pack_sequence_as(items[0], step) for step in zip(*turned, strict=True)]


def raw_rnn(
    cell: Any,
    loop_fn: Callable,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """A loop around a cell, of which `loop_fn` decides everything: when it ends, and what goes in.

    `loop_fn(time, cell_output, cell_state, loop_state)` returns (finished [batch], next input, next cell state, what
    to emit, next loop state). Its first call, at time 0 with None for all else, gives the first input and state, and
    in place of what to emit an example of it without the batch (None: like cell.output_size). For sequences that have
    finished zeros are emitted, and the state stays.

    Returns (TensorArrays of what was emitted, the last state, the last loop state).
    """
    check_cell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with variable_scope(scope or "rnn"):
        time = constant(0, int32)
        finished, first_input, first_state, example, loop_state = loop_fn(time, None, None, None)
        keeps_state = loop_state is not None
        first_input = nest.map_structure(convert_to_tensor, first_input)
        first_state = nest.map_structure(
            lambda t: t if isinstance(t, TensorArray) else convert_to_tensor(t), first_state
        )
        batch_size = _batch_size(nest.flatten(first_input), 0)
        if example is None:
            blank = zeros_of(cell.output_size, batch_size, nest.flatten(first_state)[0].dtype)
        else:
            example = nest.map_structure(convert_to_tensor, example)
            sizes = nest.map_structure(lambda t: t.shape, example)
            blank = zeros_of(sizes, batch_size, nest.map_structure(lambda t: t.dtype, example))
        arrays = nest.map_structure(
            lambda b: TensorArray(b.dtype, size=0, dynamic_size=True, element_shape=b.shape), blank
        )

        def body(time: Any, finished: Any, now: Any, arrays: Any, state: Any, kept: Any) -> tuple:
            output, after = cell(now, state)
            done, following, after, emit, left = loop_fn(time + 1, output, after, kept if keeps_state else None)
            nest.assert_same_structure(state, after)
            emit = kept_where(finished, blank, emit)
            arrays = nest.map_structure(lambda array, value: array.write(time, value), arrays, emit)
            after = kept_where(finished, state, after)
            return time + 1, logical_or(finished, done), following, arrays, after, left if keeps_state else kept

        start = (time, finished, first_input, arrays, first_state, loop_state if keeps_state else constant(0, int32))
        results = while_loop(lambda _, finished, *rest: logical_not(reduce_all(finished)), body, start)
    _, _, _, arrays, state, loop_state = results
    return arrays, state, loop_state if keeps_state else None
