"""Cells of recurrent networks that only contrib has, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...engine import nest
from ...engine.graph import Tensor
from ...engine.ops.activations import relu
from ...engine.ops.basic import expand_dims, reshape, squeeze
from ...engine.ops.clip import clip_by_value
from ...engine.ops.conv import conv2d
from ...engine.ops.joining import concat, split
from ...engine.ops.linalg import matmul
from ...engine.ops.math import sigmoid, tanh
from ...engine.ops.nn import bias_add
from ...engine.ops.reduce import reduce_sum
from ...engine.shapes import TensorShape
from ...nn.activations import softmax
from ...nn.convolutions import conv1d
from ...nn.dense import dropout
from ...nn.rnn_cell import GRUCell, LayerRNNCell, LSTMCell, LSTMStateTuple, RNNCell, _linear, check_cell
from ...scopes.initializers import constant_initializer, zeros_initializer
from ...scopes.scope import get_variable, get_variable_scope, variable_scope
from .normalizers import layer_norm

Activation = Callable[[Any], Any]


def linear(xs: Any, size: int, bias: float | None = 0.0) -> Tensor:
    """The matrix, or matrices side by side, times `kernel`, plus `bias`: variables in the scope that is open.

    `bias` is what the biases start as; None for none.
    """
    return _linear(xs, size, bias is not None, constant_initializer(bias or 0.0))


def normed(x: Tensor, scope: str, gain: float, shift: float) -> Tensor:
    """`layer_norm` in a scope whose `gamma` and `beta` start as `gain` and `shift`."""
    length = x.shape.as_list()[-1:]
    with variable_scope(scope):  # made here for their initializers; `layer_norm` shares them
        get_variable("gamma", length, x.dtype, constant_initializer(gain))
        get_variable("beta", length, x.dtype, constant_initializer(shift))
    return layer_norm(x, reuse=True, scope=scope)


class _SizedCell(RNNCell):
    """A cell of `num_units` whose state is as large as its output."""

    def __init__(self, num_units: int, reuse: Any) -> None:
        super().__init__(_reuse=reuse)
        self._units = num_units

    state_size = property(lambda self: self._units)
    output_size = property(lambda self: self._units)


class _LSTMStateCell(_SizedCell):
    state_size = property(lambda self: LSTMStateTuple(self._units, self._units))


# -- cells under the names of TensorFlow's fused ones ---------------------------------------------------------------


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


class GRUBlockCellV2(GRUCell):
    """`nn.rnn_cell.GRUCell` under the name and with the arguments of TensorFlow's fused one.

    Raises ValueError unless one of `num_units` and `cell_size`, its old name, is given.
    """

    _names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")

    def __init__(
        self, num_units: int | None = None, cell_size: int | None = None, reuse: Any = None, name: str = "gru_cell"
    ) -> None:
        given = [size for size in (num_units, cell_size) if size is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        super().__init__(given[0], reuse=reuse, name=name)

    def build(self, input_shape: Any) -> None:
        rows, units = self._depth(input_shape) + self._num_units, self._num_units
        shapes = ([rows, 2 * units], [2 * units], [rows, units], [units])
        starts = (None, constant_initializer(1.0), None, constant_initializer(0.0))
        self._gate_kernel, self._gate_bias, self._candidate_kernel, self._candidate_bias = (
            self.add_weight(name, shape, initializer=start)
            for name, shape, start in zip(self._names, shapes, starts, strict=True)
        )


class GRUBlockCell(GRUBlockCellV2):
    """GRUBlockCellV2 with variables called `w_ru`, `b_ru`, `w_c` and `b_c`."""

    _names = ("w_ru", "b_ru", "w_c", "b_c")


# -- kinds of LSTM --------------------------------------------------------------------------------------------------


class LayerNormBasicLSTMCell(_LSTMStateCell):
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
        activation: Activation = tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(num_units, reuse)
        self._forget_bias, self._activate = forget_bias, activation
        self._normalizes, self._norm = layer_norm, (norm_gain, norm_shift)
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        joined = concat([inputs, h], 1)
        weights = get_variable("kernel", [joined.shape.as_list()[-1], 4 * self._units], joined.dtype)
        gates = matmul(joined, weights)
        if not self._normalizes:
            gates = bias_add(gates, get_variable("bias", [4 * self._units], joined.dtype))
        parts = split(gates, 4, 1)
        if self._normalizes:
            names = ("input", "transform", "forget", "output")
            parts = [normed(x, name, *self._norm) for x, name in zip(parts, names, strict=True)]
        i, j, f, o = parts
        written = self._activate(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            written = dropout(written, self._keep_prob, seed=self._seed)
        c = c * sigmoid(f + self._forget_bias) + sigmoid(i) * written
        if self._normalizes:
            c = normed(c, "state", *self._norm)
        h = self._activate(c) * sigmoid(o)
        return h, LSTMStateTuple(c, h)


class CoupledInputForgetGateLSTMCell(RNNCell):
    """An LSTM that takes into memory as much as it forgets: the input gate is 1 less the forget gate.

    Variables: `W_0` [in + out, 3 * units], `B`, with `use_peepholes` `W_F_diag` and `W_O_diag` [units], with
    `num_proj` `W_P_0` [units, num_proj]; with `layer_norm` `gamma` and `beta` in transform, forget, output and state.
    Greff et al., LSTM: A Search Space Odyssey (2015). Raises NotImplementedError for shards other than one.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Activation = tanh,
        reuse: Any = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
    ) -> None:
        super().__init__(_reuse=reuse)
        if num_unit_shards != 1 or num_proj_shards != 1:
            raise NotImplementedError("CoupledInputForgetGateLSTMCell: shards are not offered")
        self._units, self._peepholes, self._initializer = num_units, use_peepholes, initializer
        self._proj, self._proj_clip, self._forget_bias = num_proj, proj_clip, forget_bias
        self._is_tuple, self._activate = state_is_tuple, activation
        self._normalizes, self._norm = layer_norm, (norm_gain, norm_shift)

    output_size = property(lambda self: self._proj or self._units)

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._units, self.output_size) if self._is_tuple else self._units + self.output_size

    def call(self, inputs: Any, state: Any) -> Any:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            return self._step(inputs, *(state if self._is_tuple else split(state, [self._units, self.output_size], 1)))

    def _step(self, inputs: Tensor, c: Tensor, m: Tensor) -> Any:
        joined, dtype, units = concat([inputs, m], 1), inputs.dtype, self._units
        gates = matmul(joined, get_variable("W_0", [joined.shape.as_list()[-1], 3 * units], dtype))
        bias = get_variable("B", [3 * units], dtype, zeros_initializer())
        parts = split(gates if self._normalizes else bias_add(gates, bias), 3, 1)
        if self._normalizes:
            names = ("transform", "forget", "output")
            parts = [normed(x, name, *self._norm) for x, name in zip(parts, names, strict=True)]
        j, f, o = parts
        f = f + self._forget_bias
        if self._peepholes:
            f_diag, o_diag = (get_variable(f"W_{gate}_diag", [units], dtype) for gate in "FO")
            f = f + f_diag * c
        kept = sigmoid(f)
        c = kept * c + (1 - kept) * self._activate(j)
        if self._normalizes:
            c = normed(c, "state", *self._norm)
        m = sigmoid(o + o_diag * c if self._peepholes else o) * self._activate(c)
        if self._proj is not None:
            m = matmul(m, get_variable("W_P_0", [units, self._proj], dtype))
            if self._proj_clip is not None:
                m = clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._is_tuple else concat([c, m], 1)


class ConvLSTMCell(RNNCell):
    """An LSTM of images or sequences, whose gates are convolutions. Shi et al., Convolutional LSTM Network (2015).

    `input_shape` is [..., channels] of the inputs without the batch, of `conv_ndims` (1 or 2) dimensions and channels.
    With `skip_connection` the output has the inputs' channels too. Variables: `kernel` [*kernel_shape, in +
    output_channels, 4 * output_channels] and `biases`. Raises ValueError for shapes that do not fit.
    """

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Sequence[int],
        output_channels: int,
        kernel_shape: Sequence[int],
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: str = "conv_lstm_cell",
    ) -> None:
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        if conv_ndims not in (1, 2):
            raise NotImplementedError("ConvLSTMCell: convolutions of one or two dimensions are offered")
        self._convolve = conv1d if conv_ndims == 1 else conv2d
        self._sizes, self._in, self._out = list(input_shape[:-1]), input_shape[-1], output_channels
        self._kernel_shape, self._has_bias = list(kernel_shape), use_bias
        self._skips, self._forget_bias = skip_connection, forget_bias

    @property
    def output_size(self) -> Any:
        return TensorShape([*self._sizes, self._out + (self._in if self._skips else 0)])

    @property
    def state_size(self) -> Any:
        sizes = TensorShape([*self._sizes, self._out])
        return LSTMStateTuple(sizes, sizes)

    def call(self, inputs: Any, state: Any) -> Any:
        c, h = state
        joined = concat([inputs, h], -1)
        shape = [*self._kernel_shape, joined.shape.as_list()[-1], 4 * self._out]
        kernel = get_variable("kernel", shape, joined.dtype)
        gates = self._convolve(joined, kernel, 1 if len(self._sizes) == 1 else [1, 1, 1, 1], "SAME")
        if self._has_bias:
            gates += get_variable("biases", [4 * self._out], joined.dtype, zeros_initializer())
        i, j, f, o = split(gates, 4, axis=len(self._sizes) + 1)
        c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * tanh(j)
        h = tanh(c) * sigmoid(o)
        return concat([h, inputs], -1) if self._skips else h, LSTMStateTuple(c, h)


class Conv1DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell of sequences."""

    def __init__(self, name: str = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell of images."""

    def __init__(self, name: str = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class NASCell(LayerRNNCell):
    """The cell that a search found. Zoph and Le, Neural Architecture Search with Reinforcement Learning (2017).

    Variables: `recurrent_kernel` [out, 8 * units], `kernel` [in, 8 * units], with `use_bias` `bias`, with `num_proj`
    `projection_weights` [units, num_proj].
    """

    def __init__(
        self, num_units: int, num_proj: int | None = None, use_bias: bool = False, reuse: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(kwargs.pop("name", None), kwargs.pop("dtype", None), reuse, None, tanh, **kwargs)
        self._units, self._proj, self._has_bias = num_units, num_proj, use_bias

    output_size = property(lambda self: self._units if self._proj is None else self._proj)
    state_size = property(lambda self: LSTMStateTuple(self._units, self.output_size))

    def build(self, input_shape: Any) -> None:
        columns = 8 * self._units
        self.recurrent_kernel = self.add_weight("recurrent_kernel", [self.output_size, columns])
        self.kernel = self.add_weight("kernel", [self._depth(input_shape), columns])
        if self._has_bias:
            self.bias = self.add_weight("bias", [columns], initializer=zeros_initializer())
        if self._proj is not None:
            self.projection_weights = self.add_weight("projection_weights", [self._units, self._proj])

    def call(self, inputs: Any, state: Any) -> Any:
        c, m = state
        of_state, of_inputs = matmul(m, self.recurrent_kernel), matmul(inputs, self.kernel)
        if self._has_bias:
            of_state = bias_add(of_state, self.bias)
        pairs = list(zip(split(of_inputs, 8, 1), split(of_state, 8, 1), strict=True))
        first = [x * h if k == 3 else x + h for k, (x, h) in enumerate(pairs)]
        made_by = (sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid)
        a, b, d, e, f, g, p, q = (function(x) for function, x in zip(made_by, first, strict=True))
        c = tanh(tanh(a * b) + c) * tanh(d + e)
        m = tanh(c * tanh(tanh(f * g) + sigmoid(p + q)))
        if self._proj is not None:
            m = matmul(m, self.projection_weights)
        return m, LSTMStateTuple(c, m)


# -- cells with few gates -------------------------------------------------------------------------------------------


class UGRNNCell(_SizedCell):
    """A cell with one gate, which decides how far the state follows. Collins et al., Capacity and Trainability (2017).

    Variables: `kernel` [in + units, 2 * units] and `bias`.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Activation = tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(num_units, reuse)
        self._initializer, self._forget_bias, self._activate = initializer, forget_bias, activation

    def call(self, inputs: Any, state: Any) -> Any:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            gate, new = split(linear([inputs, state], 2 * self._units), 2, 1)
        gate = sigmoid(gate + self._forget_bias)
        state = gate * state + (1 - gate) * self._activate(new)
        return state, state


class IntersectionRNNCell(_SizedCell):
    """A cell with one gate along time and one along depth, for deep stacks. Collins et al. (2017).

    Inputs must have `num_units` columns, unless `num_in_proj` says that they are projected first. Variables: `kernel`
    [2 * units, 4 * units] and `bias`, and those in "in_projection". Raises ValueError for other inputs.
    """

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Activation = relu,
        reuse: Any = None,
    ) -> None:
        super().__init__(num_units, reuse)
        self._in_proj, self._initializer = num_in_proj, initializer
        self._forget_bias, self._activate = forget_bias, y_activation

    def call(self, inputs: Any, state: Any) -> Any:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            if inputs.shape.as_list()[1] != self._units:
                if not self._in_proj:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set "
                        "to num_units at cell init."
                    )
                with variable_scope("in_projection"):
                    inputs = linear(inputs, self._units)
            gate, new, gate_y, y = split(linear([inputs, state], 4 * self._units), 4, 1)
        gate, gate_y = sigmoid(gate + self._forget_bias), sigmoid(gate_y + self._forget_bias)
        return gate_y * inputs + (1 - gate_y) * self._activate(y), gate * state + (1 - gate) * tanh(new)


# -- cells around cells ---------------------------------------------------------------------------------------------


class HighwayWrapper(RNNCell):
    """The cell's inputs and outputs mixed by a gate of the inputs. Srivastava et al., Highway Networks (2015).

    Variables, in the scope that is open: `carry_w`, `carry_b`, and with gates that are not coupled `transform_w` and
    `transform_b`.
    """

    def __init__(self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0) -> None:
        super().__init__()
        check_cell("cell", cell)
        self._cell, self._couples, self._start = cell, couple_carry_transform_gates, carry_bias_init

    state_size = property(lambda self: self._cell.state_size)
    output_size = property(lambda self: self._cell.output_size)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self._cell.zero_state(batch_size, dtype)

    def _gate(self, x: Tensor, name: str, start: float) -> Tensor:
        size = x.shape.as_list()[1]
        weights = get_variable(f"{name}_w", [size, size], x.dtype)
        biases = get_variable(f"{name}_b", [size], x.dtype, constant_initializer(start))
        return sigmoid(bias_add(matmul(x, weights), biases))

    def _mixed(self, x: Tensor, y: Tensor) -> Tensor:
        x.shape.assert_is_compatible_with(y.shape)
        carry = self._gate(x, "carry", self._start)
        transform = 1 - carry if self._couples else self._gate(x, "transform", -self._start)
        return x * carry + y * transform

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        outputs, state = self._cell(inputs, state) if scope is None else self._cell(inputs, state, scope=scope)
        return nest.map_structure(self._mixed, inputs, outputs), state


class AttentionCellWrapper(RNNCell):
    """A cell that looks back at its own last `attn_length` outputs. Cheng et al., LSTM-Networks (2016).

    Args:
        cell: the cell.
        attn_length: how many outputs it sees.
        attn_size: the depth of the outputs, by default the cell's.
        attn_vec_size: the depth in which they meet the state, by default `attn_size`.
        input_size: the depth to which inputs and attention are brought, by default the inputs'.
        state_is_tuple: whether the state is (the cell's, the attention, the outputs seen), or these side by side.

    Variables: `kernel` and `bias` of the inputs; `attention/attn_w` [1, 1, attn_size, attn_vec_size],
    `attention/attn_v`, `attention/kernel` and `bias`; `attn_output_projection/kernel` and `bias`. Raises ValueError for
    a length that is not positive, or a cell with tuples of states where there are none.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        check_cell("cell", cell)
        if nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "
                f"{cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._cell, self._length, self._is_tuple, self._input_size = cell, attn_length, state_is_tuple, input_size
        self._size: int = attn_size or cell.output_size
        self._vec_size: int = attn_vec_size or self._size

    output_size = property(lambda self: self._size)

    @property
    def state_size(self) -> Any:
        return self._sizes() if self._is_tuple else sum(self._sizes())

    def _sizes(self) -> tuple:
        return self._cell.state_size, self._size, self._size * self._length

    def call(self, inputs: Any, state: Any) -> Any:
        parts = state if self._is_tuple else split(state, list(self._sizes()), 1)
        state, attention, seen = parts
        seen = reshape(seen, [-1, self._length, self._size])
        inputs = linear([inputs, attention], self._input_size or inputs.shape.as_list()[1])
        output, state = self._cell(inputs, state)
        attention = self._attend(concat(nest.flatten(state), 1), seen)
        with variable_scope("attn_output_projection"):
            output = linear([output, attention], self._size)
        seen = concat([seen[:, 1:], expand_dims(output, 1)], 1)
        after = (state, attention, reshape(seen, [-1, self._length * self._size]))
        return output, after if self._is_tuple else concat(list(after), 1)

    def _attend(self, query: Tensor, seen: Tensor) -> Tensor:
        """The sum of what was seen [batch, length, size], weighed by how well it fits the query."""
        with variable_scope("attention"):
            return weighed(query, seen, *attention_features(seen, self._vec_size, "attn_w", "attn_v"))


def attention_features(memory: Tensor, units: int, w_name: str, v_name: str) -> tuple[Tensor, Any]:
    """(W memory, [batch, length, units]; v) of a memory [batch, length, depth]; W and v are variables.

    Vinyals et al., Grammar as a Foreign Language (2014).
    """
    w = get_variable(w_name, [1, 1, memory.shape.as_list()[2], units], memory.dtype)
    v = get_variable(v_name, [units], memory.dtype)
    return squeeze(conv2d(expand_dims(memory, 2), w, [1, 1, 1, 1], "SAME"), [2]), v


def weighed(query: Tensor, memory: Tensor, features: Tensor, v: Any) -> Tensor:
    """The sum of a memory's rows, weighed by softmax(v · tanh(features + query kernel + bias)): [batch, depth]."""
    y = expand_dims(linear(query, v.shape.as_list()[0]), 1)
    weights = softmax(reduce_sum(v * tanh(features + y), 2))
    return reduce_sum(expand_dims(weights, 2) * memory, 1)


__all__ = [
    "AttentionCellWrapper", "Conv1DLSTMCell", "Conv2DLSTMCell", "ConvLSTMCell", "CoupledInputForgetGateLSTMCell",
    "GRUBlockCell", "GRUBlockCellV2", "HighwayWrapper", "IntersectionRNNCell", "LSTMBlockCell",
    "LayerNormBasicLSTMCell", "NASCell", "UGRNNCell",
]  # fmt: skip
