"""Whole recurrent networks as one object, run along the time of [time, batch, depth] inputs."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.ops.basic import shape
from ...engine.ops.joining import stack, unstack
from ...engine.ops.rearranging import reverse, reverse_sequence
from ...engine.shapes import as_shape
from ...nn.layer import Layer
from ...nn.rnn import along_time, dynamic_rnn, lengths_of, static_rnn
from ...nn.rnn_cell import LSTMCell, LSTMStateTuple
from .cells import LSTMBlockCell


class FusedRNNCell:
    """A network: `outputs, state = network(inputs, initial_state, dtype, sequence_length, scope)`.

    `inputs` are [time, batch, depth], or a list over time of [batch, depth], and so are the outputs. The initial state
    is by default zeros of `dtype`; beyond the end of a sequence (`sequence_length` int [batch]) outputs are zeros and
    the state stays.
    """

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        raise NotImplementedError


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell as a network: by `static_rnn`, or by `dynamic_rnn` with `use_dynamic_rnn`."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell, self._dynamic = cell, use_dynamic_rnn

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        listed = isinstance(inputs, list)
        options = {"initial_state": initial_state, "dtype": dtype, "sequence_length": sequence_length, "scope": scope}
        if self._dynamic:
            whole = stack(inputs) if listed else inputs
            outputs, state = dynamic_rnn(self._cell, whole, time_major=True, **options)
            return unstack(outputs) if listed else outputs, state
        steps, state = static_rnn(self._cell, inputs if listed else unstack(inputs), **options)
        return steps if listed else stack(steps), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A network run against the time of its inputs; its outputs stand where their inputs do."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        outputs, state = self._cell(
            _reversed(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _reversed(outputs, sequence_length), state


def _reversed(x: Any, lengths: Any) -> Any:
    if isinstance(x, list):
        return x[::-1]
    return reverse(x, [0]) if lengths is None else reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)


class LSTMBlockFusedCell(LSTMBlockCell):
    """An LSTM as a network (see FusedRNNCell), with LSTMCell's variables: `kernel`, `bias`, and peepholes.

    Raises ValueError with neither dtype nor initial state.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: Any = None,
        dtype: Any = None,
        name: str = "lstm_fused_cell",
    ) -> None:
        super().__init__(num_units, forget_bias, cell_clip, use_peephole, dtype, reuse, name)

    num_units = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        super().build(as_shape(input_shape)[1:])

    def __call__(  # type: ignore[override]
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None
    ) -> tuple[Any, Any]:
        listed = isinstance(inputs, list)
        whole = stack(inputs) if listed else convert_to_tensor(inputs)
        whole.shape.assert_has_rank(3)
        outputs, state = Layer.__call__(self, whole, initial_state, dtype, sequence_length, scope=scope)
        return unstack(outputs) if listed else outputs, state

    def call(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None) -> Any:
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            batch = inputs.shape.as_list()[1]
            initial_state = self.zero_state(shape(inputs)[1] if batch is None else batch, dtype)
        elif len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")

        def step(x: Any, state: Any) -> Any:
            return LSTMCell.call(self, x, state)

        return along_time(step, inputs, LSTMStateTuple(*initial_state), lengths_of(sequence_length))


__all__ = ["FusedRNNCell", "FusedRNNCellAdaptor", "LSTMBlockFusedCell", "TimeReversedFusedRNN"]
