"""tf.contrib.rnn: the cells and networks of tf.nn, and cells and wrappers that only contrib has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...engine.graph import Tensor
from ...engine.ops.basic import reshape
from ...engine.ops.joining import concat, split
from ...engine.ops.linalg import matmul
from ...engine.ops.math import sigmoid, tanh
from ...engine.ops.nn import bias_add
from ...nn.dense import dropout
from ...nn.embedding import embedding_lookup
from ...nn.rnn import (
    bidirectional_dynamic_rnn,
    static_bidirectional_rnn,
    static_rnn,
)
from ...nn.rnn_cell import (
    BasicLSTMCell,
    BasicRNNCell,
    DeviceWrapper,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
    check_cell,
)
from ...scopes.initializers import constant_initializer, random_uniform_initializer, zeros_initializer
from ...scopes.scope import get_variable, get_variable_scope, variable_scope
from .normalizers import layer_norm


class LSTMBlockCell(LSTMCell):
    """`nn.rnn_cell.LSTMCell` under the name and with the arguments of TensorFlow's fused one."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: Any = None,
        name: str = "lstm_cell",
    ) -> None:
        clip = cell_clip if cell_clip is not None and cell_clip > 0 else None
        super().__init__(num_units, use_peephole, clip, forget_bias=forget_bias, reuse=reuse, name=name, dtype=dtype)


class LayerNormBasicLSTMCell(RNNCell):
    """An LSTM whose gates and memory are normalised, with recurrent dropout of what is written into memory.

    Variables: `kernel` [in + units, 4 * units], and for each of input, transform, forget, output and state `gamma` and
    `beta` [units]; without `layer_norm` a `bias` instead. Ba et al., Layer Normalization (2016); Semeniuta et al.,
    Recurrent Dropout without Memory Loss (2016).
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Callable = tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._units, self._forget_bias, self._activate = num_units, forget_bias, activation
        self._normalizes, self._gain, self._shift = layer_norm, norm_gain, norm_shift
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    state_size = property(lambda self: LSTMStateTuple(self._units, self._units))
    output_size = property(lambda self: self._units)

    def _norm(self, x: Tensor, scope: str) -> Tensor:
        if not self._normalizes:
            return x
        length = x.shape.as_list()[-1:]
        with variable_scope(scope):  # made here for their initializers; `layer_norm` shares them
            get_variable("gamma", length, x.dtype, constant_initializer(self._gain))
            get_variable("beta", length, x.dtype, constant_initializer(self._shift))
        return layer_norm(x, reuse=True, scope=scope)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        joined = concat([inputs, h], 1)
        weights = get_variable("kernel", [joined.shape.as_list()[-1], 4 * self._units], joined.dtype)
        gates = matmul(joined, weights)
        if not self._normalizes:
            gates = bias_add(gates, get_variable("bias", [4 * self._units], joined.dtype))
        names = ("input", "transform", "forget", "output")
        i, j, f, o = (self._norm(x, name) for x, name in zip(split(gates, 4, 1), names, strict=True))
        written = self._activate(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            written = dropout(written, self._keep_prob, seed=self._seed)
        c = self._norm(c * sigmoid(f + self._forget_bias) + sigmoid(i) * written, "state")
        h = self._activate(c) * sigmoid(o)
        return h, LSTMStateTuple(c, h)


class EmbeddingWrapper(RNNCell):
    """A cell whose inputs are ids [batch] or [batch, 1], looked up in the variable `embedding` [classes, size]."""

    def __init__(
        self, cell: Any, embedding_classes: int, embedding_size: int, initializer: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(_reuse=reuse)
        check_cell("cell", cell)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                f"Both embedding_classes and embedding_size must be > 0: {embedding_classes}, {embedding_size}."
            )
        self._cell, self._classes, self._size, self._initializer = cell, embedding_classes, embedding_size, initializer

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)

    def call(self, inputs: Any, state: Any) -> Any:
        limit = math.sqrt(3)  # uniform with a variance of one
        initializer = self._initializer or get_variable_scope().initializer
        first = state[0] if isinstance(state, tuple) else state
        while isinstance(first, tuple):
            first = first[0]
        table = get_variable(
            "embedding",
            [self._classes, self._size],
            first.dtype,
            initializer or random_uniform_initializer(-limit, limit),
        )
        return self._cell(embedding_lookup(table, reshape(inputs, [-1])), state)


def _projected(x: Any, size: int, activation: Callable | None) -> Tensor:
    weights = get_variable("kernel", [x.shape.as_list()[-1], size], x.dtype)
    y = bias_add(matmul(x, weights), get_variable("bias", [size], x.dtype, zeros_initializer()))
    return y if activation is None else activation(y)


class _Projection(RNNCell):
    """A cell with a dense layer before or after it: `kernel` and `bias` in the wrapper's scope."""

    def __init__(self, cell: Any, size: int, activation: Callable | None, reuse: Any) -> None:
        super().__init__(_reuse=reuse)
        check_cell("cell", cell)
        self._cell, self._size, self._activate = cell, size, activation

    state_size = property(lambda self: self._cell.state_size)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)


class InputProjectionWrapper(_Projection):
    """A cell whose inputs are first projected to `num_proj` values."""

    def __init__(
        self, cell: Any, num_proj: int, activation: Callable | None = None, input_size: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell, num_proj, activation, reuse)

    output_size = property(lambda self: self._cell.output_size)

    def call(self, inputs: Any, state: Any) -> Any:
        return self._cell(_projected(inputs, self._size, self._activate), state)


class OutputProjectionWrapper(_Projection):
    """A cell whose outputs are projected to `output_size` values, at least one."""

    def __init__(self, cell: Any, output_size: int, activation: Callable | None = None, reuse: Any = None) -> None:
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        super().__init__(cell, output_size, activation, reuse)

    output_size = property(lambda self: self._size)

    def call(self, inputs: Any, state: Any) -> Any:
        output, state = self._cell(inputs, state)
        return _projected(output, self._size, self._activate), state


# -- stacks of bidirectional layers ---------------------------------------------------------------------------------


def _check_stack(cells_fw: Any, cells_bw: Any, states: dict[str, Any]) -> None:
    for name, cells in (("cells_fw", cells_fw), ("cells_bw", cells_bw)):
        if not isinstance(cells, list) or not cells:
            raise ValueError(f"{name} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for name, given in states.items():
        if given is not None and (not isinstance(given, list) or len(given) != len(cells_fw)):
            raise ValueError(f"{name} must be a list of state tensors (one per layer).")


def stack_bidirectional_rnn(
    cells_fw: list,
    cells_bw: list,
    inputs: Sequence[Any],
    initial_states_fw: list | None = None,
    initial_states_bw: list | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list, tuple, tuple]:
    """(Outputs, forward states, backward states) of `static_bidirectional_rnn`s, each fed with the outputs below it."""
    _check_stack(cells_fw, cells_bw, {"initial_states_fw": initial_states_fw, "initial_states_bw": initial_states_bw})
    states, outputs = [], list(inputs)
    none = [None] * len(cells_fw)
    layers = zip(cells_fw, cells_bw, initial_states_fw or none, initial_states_bw or none, strict=True)
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (forward, backward, state_fw, state_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}"):
                outputs, *ends = static_bidirectional_rnn(
                    forward, backward, outputs, state_fw, state_bw, dtype, sequence_length
                )
                states.append(ends)
    return outputs, tuple(fw for fw, _ in states), tuple(bw for _, bw in states)


def stack_bidirectional_dynamic_rnn(
    cells_fw: list,
    cells_bw: list,
    inputs: Any,
    initial_states_fw: list | None = None,
    initial_states_bw: list | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Tensor, tuple, tuple]:
    """(Outputs, forward states, backward states) of `bidirectional_dynamic_rnn`s, each fed with those below it."""
    _check_stack(cells_fw, cells_bw, {"initial_states_fw": initial_states_fw, "initial_states_bw": initial_states_bw})
    states, outputs = [], inputs
    none = [None] * len(cells_fw)
    layers = zip(cells_fw, cells_bw, initial_states_fw or none, initial_states_bw or none, strict=True)
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (forward, backward, state_fw, state_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}"):
                both, ends = bidirectional_dynamic_rnn(
                    forward, backward, outputs, sequence_length, state_fw, state_bw, dtype, time_major=time_major
                )
                outputs = concat(both, 2)
                states.append(ends)
    return outputs, tuple(fw for fw, _ in states), tuple(bw for _, bw in states)


__all__ = [
    "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "EmbeddingWrapper", "GRUCell",
    "InputProjectionWrapper", "LSTMBlockCell", "LSTMCell", "LSTMStateTuple", "LayerNormBasicLSTMCell", "MultiRNNCell",
    "OutputProjectionWrapper", "RNNCell", "ResidualWrapper", "stack_bidirectional_dynamic_rnn",
    "stack_bidirectional_rnn", "static_bidirectional_rnn", "static_rnn",
]  # fmt: skip
