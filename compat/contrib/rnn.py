"""tf.contrib.rnn: the cells and networks of tf.nn, and cells and wrappers that only contrib has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...engine.graph import Tensor
from ...engine.ops.basic import reshape
from ...engine.ops.joining import concat
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
    _Linear,  # noqa: F401  (programs take it, and `_linear`, from here)
    _linear,  # noqa: F401
    check_cell,
)
from ...scopes.initializers import random_uniform_initializer
from ...scopes.scope import get_variable, get_variable_scope, variable_scope
from .cells import *  # noqa: F403
from .cells import __all__ as _of_cells
from .cells import linear
from .fused_rnn import *  # noqa: F403
from .fused_rnn import __all__ as _of_fused


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
    y = linear(x, size)
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
    *_of_cells, *_of_fused, "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "EmbeddingWrapper",
    "GRUCell", "InputProjectionWrapper", "LSTMCell", "LSTMStateTuple", "MultiRNNCell", "OutputProjectionWrapper",
    "RNNCell", "ResidualWrapper", "stack_bidirectional_dynamic_rnn", "stack_bidirectional_rnn",
    "static_bidirectional_rnn", "static_rnn",
]  # fmt: skip
