"""tf.nn.rnn_cell: cells of recurrent networks, and wrappers around them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..engine import nest
from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import as_dtype, int32
from ..engine.graph import Tensor, get_default_graph
from ..engine.ops.basic import expand_dims, shape, zeros
from ..engine.ops.clip import clip_by_value
from ..engine.ops.joining import concat, split
from ..engine.ops.linalg import matmul
from ..engine.ops.math import add, floor, multiply, sigmoid, tanh
from ..engine.ops.nn import bias_add
from ..engine.ops.random import random_uniform
from ..engine.ops.tensor_array import TensorArray
from ..engine.shapes import TensorShape, as_shape
from ..scopes.initializers import constant_initializer, zeros_initializer
from ..scopes.scope import get_variable, get_variable_scope, variable_scope
from .activations import activation_of
from .dense import dropout
from .layer import Layer, channels

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "DeviceWrapper",
    "DropoutWrapper",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
    "ResidualWrapper",
]


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: `c`, what it remembers, and `h`, what it gave last."""

    c: Any
    h: Any

    @property
    def dtype(self) -> Any:
        """Of both. Raises TypeError where they differ."""
        if self.c.dtype is not self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


def check_cell(name: str, cell: Any) -> None:
    """Raises TypeError, naming the argument, for what has not all of a cell's parts."""
    lacks = [part for part in ("output_size", "state_size") if not hasattr(cell, part)]
    if not hasattr(cell, "zero_state") and not hasattr(cell, "get_initial_state"):
        lacks.append("zero_state")
    if not callable(cell):
        lacks.append("__call__")
    if lacks:
        missing = ", ".join(f"'{part}' property is missing" for part in lacks)
        raise TypeError(f"The argument '{name}' ({cell}) is not an RNNCell: {missing}.")


def zeros_of(sizes: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros [batch, size...] for every size (an int or a shape) in a nest of them; `dtype` may be a like nest."""
    flat = nest.flatten(sizes)
    dtypes = nest.flatten(dtype) if nest.is_nested(dtype) else [dtype] * len(flat)
    made = [zeros(_with_batch(batch_size, size), d) for size, d in zip(flat, dtypes, strict=True)]
    return nest.pack_sequence_as(sizes, made)


_zero_state_tensors = zeros_of  # so programs know it


class _Linear:
    """Matrices side by side, times `kernel`, plus `bias`: two variables in the scope that is open, made here.

    `args` are a matrix or a list of such. Raises ValueError where one is not, or its width is not known.
    """

    def __init__(
        self, args: Any, output_size: int, build_bias: bool, bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:  # fmt: skip
        matrices = _listed(args)
        if not matrices:
            raise ValueError("`args` must be specified")
        shapes = [matrix.shape for matrix in matrices]
        for known in shapes:
            if known.ndims != 2:
                raise ValueError(f"linear is expecting 2D arguments: {[str(shape) for shape in shapes]}")
            if known.as_list()[1] is None:
                raise ValueError(f"linear expects shape[1] to be provided for shape {known}, but saw {known[1]}")
        width, dtype = sum(known.as_list()[1] for known in shapes), matrices[0].dtype
        with variable_scope(get_variable_scope()) as scope:
            self._weights = get_variable("kernel", [width, output_size], dtype, kernel_initializer)
            scope.set_partitioner(None)
            initializer = zeros_initializer() if bias_initializer is None else bias_initializer
            self._biases = get_variable("bias", [output_size], dtype, initializer) if build_bias else None

    def __call__(self, args: Any) -> Tensor:
        matrices = _listed(args)
        y = matmul(concat(matrices, 1) if len(matrices) > 1 else matrices[0], self._weights)
        return y if self._biases is None else bias_add(y, self._biases)


def _linear(
    args: Any, output_size: int, bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None
) -> Tensor:
    """`_Linear` of the same `args`, as programs that write cells of their own call it."""
    return _Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


def _listed(args: Any) -> list:
    return list(args) if isinstance(args, (list, tuple)) else [] if args is None else [args]


def _with_batch(batch_size: Any, size: Any) -> Any:
    """The shape [batch, size...], static where the batch is a number.

    TensorFlow puts it together from tensors twice, once for its static shape alone; what is not made here is counted.
    """
    own = size.as_list() if isinstance(size, TensorShape) else [int(size)]
    known = not isinstance(batch_size, Tensor)
    get_default_graph().uncounted += 7 if known else 3
    if known:
        return [int(batch_size), *own]
    return concat([expand_dims(batch_size, 0), constant(own, int32)], 0)


class RNNCell(Layer):
    """One step of a recurrent network: `output, next_state = cell(inputs, state)`.

    Subclasses have `state_size` and `output_size` (an int, a shape or a nest of them) and override `call(inputs,
    state)`, or `__call__(inputs, state, scope=None)` itself. `inputs` are [batch, depth]; a state is [batch, size],
    or a nest of these. The variables are made by the first call, in the scope that is open then.
    """

    state_size: Any = property(lambda self: _abstract())
    output_size: Any = property(lambda self: _abstract())

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        if scope is not None:
            with variable_scope(scope, custom_getter=self._kept) as opened:
                return super().__call__(inputs, state, scope=opened)
        with variable_scope(get_variable_scope(), custom_getter=self._kept):
            return super().__call__(inputs, state)

    def _kept(self, getter: Callable, *args: Any, **kwargs: Any) -> Any:
        """A variable that `call` gets counts as the layer's own."""
        variable = getter(*args, **kwargs)
        self._count_as_own(variable, kwargs.get("trainable", True))
        return variable

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state of zeros for a batch of this size (an int or a scalar tensor)."""
        with get_default_graph().name_scope(type(self).__name__ + "ZeroState"):
            return zeros_of(self.state_size, batch_size, dtype)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """`zero_state`, with the batch size and dtype of `inputs` where those are given."""
        if inputs is not None:
            inputs = convert_to_tensor(inputs, name="inputs")
            batch_size, dtype = shape(inputs)[0], inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)


def _abstract() -> Any:
    raise NotImplementedError("Abstract method")


class LayerRNNCell(RNNCell):
    """A cell whose variables a layer's `build` makes, under its own name."""

    _of_floats = False  # whether inputs and states of integers are refused

    def __init__(
        self, name: str | None, dtype: Any, reuse: Any, activation: Any, default: Callable, **kwargs: Any
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self._activation = activation_of(activation) or default

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        for x in nest.flatten([inputs, state]) if self._of_floats else []:
            if hasattr(x, "dtype") and not (as_dtype(x.dtype).is_floating or as_dtype(x.dtype).is_complex):
                raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {as_dtype(x.dtype)!r}")
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)

    def _depth(self, inputs_shape: Any) -> int:
        """The depth of the inputs. Raises ValueError where it is unknown, or the inputs are no matrix."""
        sizes = as_shape(inputs_shape)
        if sizes.ndims is not None and sizes.ndims != 2:
            raise ValueError(f"Expected inputs of shape [batch, depth], but they have shape {sizes}")
        if sizes.ndims is None or sizes.as_list()[-1] is None:
            raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {sizes}")
        return channels(sizes, -1)


class BasicRNNCell(LayerRNNCell):
    """tanh([inputs, state] @ kernel + bias): the plain cell.

    Variables: `kernel` [depth + num_units, num_units] and `bias`, zeros. Elman, Finding structure in time (1990).
    """

    _of_floats = True

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, dtype, reuse, activation, tanh, **kwargs)
        self._num_units = num_units

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        depth = self._depth(input_shape)
        self._kernel = self.add_weight("kernel", shape=[depth + self._num_units, self._num_units])
        self._bias = self.add_weight("bias", shape=[self._num_units], initializer=_zeros_of(self))

    def call(self, inputs: Any, state: Any) -> Any:
        output = self._activation(bias_add(matmul(concat([inputs, state], 1), self._kernel), self._bias))
        return output, output


class GRUCell(LayerRNNCell):
    """The gated recurrent unit: a reset gate r and an update gate u decide how the state changes.

    Variables: `gates/kernel` [depth + num_units, 2 num_units], `gates/bias` (ones), `candidate/kernel` and
    `candidate/bias` (zeros). Cho et al., Learning phrase representations using RNN encoder-decoder (2014).
    """

    _of_floats = True

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, dtype, reuse, activation, tanh, **kwargs)
        self._num_units = num_units
        self._initializers = kernel_initializer, bias_initializer

    state_size = property(lambda self: self._num_units)
    output_size = property(lambda self: self._num_units)

    def build(self, input_shape: Any) -> None:
        rows, units = self._depth(input_shape) + self._num_units, self._num_units
        kernels, biases = self._initializers
        dtype = as_dtype(self._dtype)
        gate_biases = constant_initializer(1.0, dtype=dtype) if biases is None else biases
        candidate_biases = zeros_initializer(dtype=dtype) if biases is None else biases
        self._gate_kernel = self.add_weight("gates/kernel", shape=[rows, 2 * units], initializer=kernels)
        self._gate_bias = self.add_weight("gates/bias", shape=[2 * units], initializer=gate_biases)
        self._candidate_kernel = self.add_weight("candidate/kernel", shape=[rows, units], initializer=kernels)
        self._candidate_bias = self.add_weight("candidate/bias", shape=[units], initializer=candidate_biases)

    def call(self, inputs: Any, state: Any) -> Any:
        gates = sigmoid(bias_add(matmul(concat([inputs, state], 1), self._gate_kernel), self._gate_bias))
        r, u = split(value=gates, num_or_size_splits=2, axis=1)
        candidate = matmul(concat([inputs, r * state], 1), self._candidate_kernel)
        c = self._activation(bias_add(candidate, self._candidate_bias))
        output = u * state + (1 - u) * c
        return output, output


class BasicLSTMCell(LayerRNNCell):
    """Long short-term memory with a forget gate, and no more.

    Variables: `kernel` [depth + num_units, 4 num_units], its columns the input gate's, the new input's, the forget
    gate's and the output gate's, and `bias`, zeros; `forget_bias` is added to the forget gate's. The state is an
    LSTMStateTuple, or with `state_is_tuple=False` c and h side by side. Zaremba et al., Recurrent neural network
    regularization (2014).
    """

    _of_floats = True

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, dtype, reuse, activation, tanh, **kwargs)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    output_size = property(lambda self: self._num_units)

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units) if self._state_is_tuple else 2 * self._num_units

    def build(self, input_shape: Any) -> None:
        rows, units = self._depth(input_shape) + self._num_units, self._num_units
        self._kernel = self.add_weight("kernel", shape=[rows, 4 * units])
        self._bias = self.add_weight("bias", shape=[4 * units], initializer=_zeros_of(self))

    def call(self, inputs: Any, state: Any) -> Any:
        one = constant(1, int32)
        c, h = state if self._state_is_tuple else split(value=state, num_or_size_splits=2, axis=one)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant(self._forget_bias, f.dtype)
        new_c = add(multiply(c, sigmoid(add(f, forget_bias))), multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """Long short-term memory with peepholes, clipping and a projection, each where asked for.

    Variables: those of BasicLSTMCell, with `use_peepholes` `w_f_diag`, `w_i_diag` and `w_o_diag` [num_units], by which
    the gates see the memory, and with `num_proj` `projection/kernel` [num_units, num_proj], which makes the output.
    Sak et al., Long short-term memory recurrent neural network architectures (2014).
    """

    _of_floats = True

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: Any = None,
        num_proj_shards: Any = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, dtype, reuse, activation, tanh, **kwargs)
        if num_unit_shards is not None or num_proj_shards is not None:
            raise ValueError("num_unit_shards and num_proj_shards: use a variable_scope with a partitioner instead")
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    output_size = property(lambda self: self._num_proj or self._num_units)

    @property
    def state_size(self) -> Any:
        c, h = self._num_units, self.output_size
        return LSTMStateTuple(c, h) if self._state_is_tuple else c + h

    def build(self, input_shape: Any) -> None:
        units = self._num_units
        rows = self._depth(input_shape) + self.output_size
        weight = {"initializer": self._initializer}
        self._kernel = self.add_weight("kernel", shape=[rows, 4 * units], **weight)
        self._bias = self.add_weight("bias", shape=[4 * units], initializer=zeros_initializer(dtype=self._dtype))
        if self._use_peepholes:
            self._w_f, self._w_i, self._w_o = (
                self.add_weight(f"w_{gate}_diag", shape=[units], **weight) for gate in "fio"
            )
        if self._num_proj is not None:
            self._projection = self.add_weight("projection/kernel", shape=[units, self._num_proj], **weight)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state if self._state_is_tuple else split(state, [self._num_units, self.output_size], axis=1)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=1)
        if self._use_peepholes:
            kept = sigmoid(f + self._forget_bias + self._w_f * c) * c
            new_c = kept + sigmoid(i + self._w_i * c) * self._activation(j)
        else:
            new_c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            new_c = clip_by_value(new_c, -self._cell_clip, self._cell_clip)
        opened = o + self._w_o * new_c if self._use_peepholes else o
        new_h = sigmoid(opened) * self._activation(new_c)
        if self._num_proj is not None:
            new_h = matmul(new_h, self._projection)
            if self._proj_clip is not None:
                new_h = clip_by_value(new_h, -self._proj_clip, self._proj_clip)
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else concat([new_c, new_h], 1)


def _zeros_of(cell: Layer) -> Any:
    return zeros_initializer(dtype=cell._dtype)


# --- Cells made of cells ----------------------------------------------------------------------------------------------


class MultiRNNCell(RNNCell):
    """Cells one above the other: each takes the output of the one before, in the scopes cell_0, cell_1, ...

    The state is a tuple of the cells' states, or with `state_is_tuple=False` all of them side by side.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        for i, cell in enumerate(cells):
            check_cell(f"cells[{i}]", cell)
        if not state_is_tuple and any(nest.is_nested(cell.state_size) for cell in cells):
            sizes = [cell.state_size for cell in cells]
            raise ValueError(f"Some cells return tuples of states, but the flag state_is_tuple is not set: {sizes}")
        self._cells = list(cells)
        self._state_is_tuple = state_is_tuple

    cells = property(lambda self: self._cells)
    output_size = property(lambda self: self._cells[-1].output_size)

    @property
    def state_size(self) -> Any:
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def trainable_weights(self) -> list:
        return [w for cell in self._cells if isinstance(cell, Layer) for w in cell.trainable_weights]

    @property
    def non_trainable_weights(self) -> list:
        return [w for cell in self._cells if isinstance(cell, Layer) for w in cell.non_trainable_weights]

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with get_default_graph().name_scope(type(self).__name__ + "ZeroState"):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return zeros_of(self.state_size, batch_size, dtype)

    def call(self, inputs: Any, state: Any) -> Any:
        if not self._state_is_tuple:
            state = split(state, [cell.state_size for cell in self._cells], axis=1)
        elif not nest.is_nested(state):
            raise ValueError(f"Expected state to be a tuple of length {len(self._cells)}, but received: {state}")
        states = []
        for i, (cell, before) in enumerate(zip(self._cells, state, strict=True)):
            with variable_scope(f"cell_{i}"):
                inputs, after = cell(inputs, before)
                states.append(after)
        return inputs, tuple(states) if self._state_is_tuple else concat(states, 1)


class _Wrapper(RNNCell):
    """A cell that changes what goes into another one, or comes out of it. Its variables are the other's."""

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_cell("cell", cell)
        self._cell = cell

    wrapped_cell = property(lambda self: self._cell)
    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)
    trainable_weights = property(lambda self: getattr(self._cell, "trainable_weights", []))
    non_trainable_weights = property(lambda self: getattr(self._cell, "non_trainable_weights", []))

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with get_default_graph().name_scope(type(self).__name__ + "ZeroState"):
            return self._cell.zero_state(batch_size, dtype)


def _all_but_memory(substate: Any) -> Any:
    """What DropoutWrapper drops of a state by default: all but the memory of an LSTM, and arrays."""
    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(substate, TensorArray)


class DropoutWrapper(_Wrapper):
    """Dropout of a cell's inputs, outputs and next states.

    Each `keep_prob` is a number in (0, 1] or a scalar tensor. With `variational_recurrent` the same elements are
    dropped at every step; that needs `dtype`, and `input_size` (a shape or nest of them, without the batch) where
    inputs are dropped. `dropout_state_filter_visitor(substate)` says, by True or False or a nest of these, what of a
    state is dropped; by default all but an LSTM's memory c. Gal and Ghahramani, A theoretically grounded application
    of dropout in recurrent neural networks (2015).
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError(f"dropout_state_filter_visitor must be callable: {dropout_state_filter_visitor}")
        self._dropped = dropout_state_filter_visitor or _all_but_memory
        self._seed = seed
        with get_default_graph().name_scope("DropoutWrapperInit"):
            probabilities = {"input": input_keep_prob, "state": state_keep_prob, "output": output_keep_prob}
            self._keep = {what: _probability(f"{what}_keep_prob", p) for what, p in probabilities.items()}
        self._noise: dict[str, list] = {}
        if variational_recurrent:
            if dtype is None:
                raise ValueError("When variational_recurrent=True, dtype must be provided")
            self._draw_noise(input_size, as_dtype(dtype))

    input_keep_prob = property(lambda self: self._keep["input"])
    state_keep_prob = property(lambda self: self._keep["state"])
    output_keep_prob = property(lambda self: self._keep["output"])

    def _draw_noise(self, input_size: Any, dtype: Any) -> None:
        sizes = {"state": self._cell.state_size, "output": self._cell.output_size}
        if _is_less_than_one(self._keep["input"]):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be "
                    "provided"
                )
            sizes = {"input": input_size, **sizes}
        for what, nested in sizes.items():
            self._noise[what] = [
                random_uniform(_with_batch(1, size), seed=self._seed_of(what, i), dtype=dtype)
                for i, size in enumerate(nest.flatten(nested))
            ]

    def _seed_of(self, what: str, index: int) -> int | None:
        """A seed of its own for each tensor that is dropped, made from the wrapper's."""
        if self._seed is None:
            return None
        digest = hashlib.md5(f"{self._seed}{what}_{index}".encode(), usedforsecurity=False).hexdigest()
        return int(digest[:8], 16) & 0x7FFFFFFF

    def _dropped_out(self, what: str, value: Any, chosen: Any = True) -> Any:
        """`value` with elements dropped of the tensors that `chosen`, True or False or a nest of these, chooses."""
        keep = self._keep[what]
        if not _is_less_than_one(keep):
            return value
        choices = _spread(value, chosen)
        results = []
        for i, (item, drop) in enumerate(zip(nest.flatten(value), choices, strict=True)):
            if not drop or isinstance(item, TensorArray):
                results.append(item)
            elif self._noise:
                results.append(_with_noise(item, self._noise[what][i], keep))
            else:
                results.append(dropout(item, keep_prob=keep, seed=self._seed_of(what, i)))
        return nest.pack_sequence_as(value, results)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        output, after = _call(self._cell, self._dropped_out("input", inputs), state, scope)
        if _is_less_than_one(self._keep["state"]):
            after = self._dropped_out("state", after, _chosen(self._dropped, after))
        return self._dropped_out("output", output), after


def _chosen(visitor: Callable, value: Any) -> Any:
    """What the visitor says of a state; of a nest for which it says True alone, what it says of the parts."""
    said = visitor(value)
    if said is True and nest.is_nested(value):
        return [_chosen(visitor, part) for part in nest.children_of(value)]
    return said


def _spread(value: Any, chosen: Any) -> list[bool]:
    """The choice for each leaf of `value`."""
    if not nest.is_nested(chosen):
        return [bool(chosen)] * len(nest.flatten(value))
    return [
        c
        for part, choice in zip(nest.children_of(value), nest.children_of(chosen), strict=True)
        for c in _spread(part, choice)
    ]


def _with_noise(value: Any, noise: Tensor, keep: Any) -> Tensor:
    """Dropout by noise that was drawn before: what it rounds down to 0 with the probability to keep is dropped."""
    keep = convert_to_tensor(keep, value.dtype)
    result = value / keep * floor(keep + noise)
    result.set_shape(value.shape)
    return result


def _probability(name: str, value: Any) -> Any:
    """A number checked to lie in (0, 1], or a tensor."""
    if isinstance(value, Tensor):
        return value
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {number:f}")
    return number


def _is_less_than_one(keep: Any) -> bool:
    return not isinstance(keep, float) or keep < 1


def _call(cell: Any, inputs: Any, state: Any, scope: Any) -> Any:
    return cell(inputs, state) if scope is None else cell(inputs, state, scope=scope)


class ResidualWrapper(_Wrapper):
    """The cell's inputs added to its outputs, or with `residual_fn(inputs, outputs)` what that makes of them."""

    def __init__(self, cell: Any, residual_fn: Callable | None = None, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._residual = residual_fn or _summed

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        outputs, after = _call(self._cell, inputs, state, scope)
        result = self._residual(inputs, outputs)
        nest.assert_same_structure(outputs, result)
        return result, after


def _summed(inputs: Any, outputs: Any) -> Any:
    nest.assert_same_structure(inputs, outputs)
    for i, o in zip(nest.flatten(inputs), nest.flatten(outputs), strict=True):
        i.shape.assert_is_compatible_with(o.shape)
    return nest.map_structure(lambda i, o: i + o, inputs, outputs)


class DeviceWrapper(_Wrapper):
    """The cell, run on a device of its own."""

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with get_default_graph().device(self._device):
            return super().zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        with get_default_graph().device(self._device):
            return _call(self._cell, inputs, state, scope)
