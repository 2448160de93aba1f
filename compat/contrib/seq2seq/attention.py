"""Attention: how a query looks at a memory, such as an encoder's outputs, and a cell that does so at each step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....engine import nest
from ....engine.build import constant, convert_to_tensor
from ....engine.dtypes import float32, int32
from ....engine.graph import Tensor, control_dependencies, get_default_graph, op_scope
from ....engine.ops.basic import cast, expand_dims, identity, ones_like, reshape, shape, squeeze, zeros, zeros_like
from ....engine.ops.checks import assert_equal, assert_positive
from ....engine.ops.clip import clip_by_value
from ....engine.ops.indexing import one_hot, sequence_mask
from ....engine.ops.joining import concat
from ....engine.ops.linalg import matmul
from ....engine.ops.mapping import scan
from ....engine.ops.math import exp, log, rsqrt, sigmoid, square, tanh, where
from ....engine.ops.random import random_normal
from ....engine.ops.rearranging import transpose
from ....engine.ops.reduce import argmax, cumprod, cumsum, reduce_sum
from ....engine.ops.tensor_array import TensorArray
from ....engine.shapes import TensorShape
from ....nn.activations import softmax
from ....nn.layers import Dense
from ....nn.rnn_cell import RNNCell, check_cell
from ....scopes.initializers import constant_initializer, ones_initializer, zeros_initializer
from ....scopes.scope import get_variable, variable_scope


class AttentionMechanism:
    """How a query looks at a memory: `alignments, next_state = mechanism(query, state)`."""

    alignments_size: Any = property(lambda self: _abstract())
    state_size: Any = property(lambda self: _abstract())


def _abstract() -> Any:
    raise NotImplementedError


class _Mechanism(AttentionMechanism):
    """A mechanism with a memory [batch, time, depth]; of rows beyond their sequence's end nothing is seen."""

    _scope_name = ""

    def __init__(
        self, query_layer: Any, memory: Any, probability_fn: Callable | None, memory_sequence_length: Any,
        memory_layer: Any, score_mask_value: Any, custom_key_value_fn: Callable | None, name: str | None,
    ) -> None:  # fmt: skip
        probability_fn = probability_fn or softmax
        if not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        self._query_layer, self._memory_layer, self._of_scores = query_layer, memory_layer, probability_fn
        self._mask_value = -math.inf if score_mask_value is None else score_mask_value
        with op_scope(name, "BaseAttentionMechanismInit", [memory]):
            memory = convert_to_tensor(memory)
            if memory.shape.ndims is None or not memory.shape[2:].is_fully_defined():
                raise ValueError(
                    f"Expected memory {memory.name} to have fully defined inner dims, but saw shape: {memory.shape}"
                )
            self._lengths = None if memory_sequence_length is None else convert_to_tensor(memory_sequence_length)
            self._values = memory if self._lengths is None else _masked(memory, self._lengths)
            self._keys = memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            sizes, known = shape(self._keys), self._keys.shape.as_list()
            self._batch_size, self._alignments_size = known[0] or sizes[0], known[1] or sizes[1]

    query_layer = property(lambda self: self._query_layer)
    memory_layer = property(lambda self: self._memory_layer)
    keys = property(lambda self: self._keys)
    values = property(lambda self: self._values)
    dtype = property(lambda self: self._keys.dtype)
    batch_size = property(lambda self: self._batch_size)
    alignments_size = property(lambda self: self._alignments_size)
    state_size = property(lambda self: self._alignments_size)

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        """The alignments before the first step: zeros [batch, alignments_size]."""
        return zeros([batch_size, self._alignments_size], dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The mechanism's state before the first step: its initial alignments."""
        return self.initial_alignments(batch_size, dtype)

    def _probability_fn(self, score: Tensor, state: Any) -> Tensor:
        """The alignments by scores [batch, time], of which those beyond a sequence's end are masked."""
        if self._lengths is not None:
            said = "All values in memory_sequence_length must greater than zero."
            with control_dependencies([assert_positive(self._lengths, message=said)]):
                inside = sequence_mask(self._lengths, maxlen=shape(score)[1])
                masked = where(inside, score, constant(self._mask_value, score.dtype) * ones_like(score))
            masked.set_shape(score.shape)
            score = masked
        return self._aligned(score, state)

    def _aligned(self, score: Tensor, state: Any) -> Tensor:
        return self._of_scores(score)

    def __call__(self, query: Any, state: Any) -> tuple[Tensor, Any]:
        """(Alignments [batch, time], next state) of a query [batch, depth]."""
        with variable_scope(None, self._scope_name, [query]):
            alignments = self._probability_fn(self._score(convert_to_tensor(query)), state)
        return alignments, alignments

    def _score(self, query: Tensor) -> Tensor:
        """How well each row of the memory fits the query, [batch, time]."""
        raise NotImplementedError


def _masked(memory: Tensor, lengths: Any) -> Tensor:
    """memory [batch, time, ...] with zeros beyond each sequence's length."""
    inside = sequence_mask(lengths, maxlen=shape(memory)[1], dtype=memory.dtype)
    rows, batch = (t.shape.as_list()[0] or shape(t)[0] for t in (lengths, memory))
    ones = constant([1] * (len(memory.shape) - 2), int32)
    said = "memory_sequence_length and memory tensor batch sizes do not match."
    with control_dependencies([assert_equal(rows, batch, message=said)]):
        masked = memory * reshape(inside, concat([shape(inside), ones], 0))
    masked.set_shape(memory.shape)
    return masked


def _dense(units: int, name: str, dtype: Any) -> Dense:
    return Dense(units, name=name, use_bias=False, dtype=dtype or float32)


class BahdanauAttention(_Mechanism):
    """score = v · tanh(W_query query + W_memory memory). Bahdanau et al., Neural Machine Translation (2014).

    Args:
        num_units: the depth in which queries and memory meet.
        memory: [batch, time, depth].
        memory_sequence_length: int [batch]; beyond its end a sequence gets no attention. A run raises
            InvalidArgumentError for lengths that are not positive.
        normalize: v becomes g v / |v|, and a bias is added. Salimans and Kingma, Weight Normalization (2016).
        probability_fn: makes alignments of scores, by default softmax.
        score_mask_value: the score beyond a sequence's end, by default -inf.
        dtype: of the layers, by default float32.
        custom_key_value_fn: makes other (keys, values) of (keys, values).

    Variables: `memory_layer/kernel`, made now; where it is first called, in "bahdanau_attention", `query_layer/kernel`,
    `attention_v` [num_units], and with `normalize` `attention_g` and `attention_b` [num_units].
    """

    _scope_name = "bahdanau_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Callable | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable | None = None,
        name: str = "BahdanauAttention",
    ) -> None:
        self._num_units, self._normalize = num_units, normalize
        layers = [_dense(num_units, what, dtype) for what in ("query_layer", "memory_layer")]
        super().__init__(
            layers[0], memory, probability_fn, memory_sequence_length, layers[1], score_mask_value,
            custom_key_value_fn, name,
        )  # fmt: skip

    def _score(self, query: Tensor) -> Tensor:
        dtype = query.dtype
        met = self.keys + expand_dims(self.query_layer(query), 1)
        v = get_variable("attention_v", [self._num_units], dtype)
        if self._normalize:
            g = get_variable("attention_g", [], dtype, constant_initializer(math.sqrt(1.0 / self._num_units)))
            b = get_variable("attention_b", [self._num_units], dtype, zeros_initializer())
            v, met = g * v * rsqrt(reduce_sum(square(v))), met + b
        return reduce_sum(v * tanh(met), [2])


class LuongAttention(_Mechanism):
    """score = query · W_memory memory. Luong et al., Effective Approaches to Attention-based NMT (2015).

    Arguments as for BahdanauAttention; `num_units` is the queries' depth, and `scale` multiplies the scores by a
    variable. Variables: `memory_layer/kernel`, made now, and with `scale` `attention_g` where it is first called, in
    "luong_attention". The call raises ValueError for queries of another depth.
    """

    _scope_name = "luong_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Callable | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable | None = None,
        name: str = "LuongAttention",
    ) -> None:
        self._scale = scale
        super().__init__(
            None, memory, probability_fn, memory_sequence_length, _dense(num_units, "memory_layer", dtype),
            score_mask_value, custom_key_value_fn, name,
        )  # fmt: skip

    def _score(self, query: Tensor) -> Tensor:
        depth, units = query.shape.as_list()[-1], self.keys.shape.as_list()[-1]
        if depth != units:
            raise ValueError(
                "Incompatible or unknown inner dimensions between query and keys.  "
                f"Query ({query}) has units: {depth}.  Keys ({self.keys}) have units: {units}.  "
                f"Perhaps you need to set num_units to the keys' dimension ({units})?"
            )
        score = squeeze(matmul(expand_dims(query, 1), self.keys, transpose_b=True), [1])
        return get_variable("attention_g", [], query.dtype, ones_initializer()) * score if self._scale else score


# -- attention that only moves forward ------------------------------------------------------------------------------


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Tensor:
    """`cumprod` of values in [0, 1] as the exponential of a sum of logarithms, none of them below that of tiny."""
    with op_scope(None, "SafeCumprod", [x]):
        x = convert_to_tensor(x, name="x")
        tiny = float(np.finfo(x.dtype.numpy).tiny)
        return exp(cumsum(log(clip_by_value(x, tiny, 1)), *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Tensor:
    """Where attention is next, [batch, time], given where it was: it never goes back.

    `p_choose_i` [batch, time] is the probability of stopping at each place. "recursive" and "parallel" give the
    expected attention, the latter in one go, which loses digits where probabilities are near 1; "hard" is for
    probabilities that are all 0 or 1. Raffel et al., Online and Linear-Time Attention by Enforcing Monotonic Alignments
    (2017). Raises ValueError for another mode.
    """
    p = convert_to_tensor(p_choose_i, name="p_choose_i")
    before = convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        passed = concat([ones_like(p[:, :1]), 1 - p[:, :-1]], 1)
        steps = [transpose(passed), transpose(before)]
        reached = scan(lambda arrived, here: here[0] * arrived + here[1], steps, zeros_like(p[:, 0]))
        return p * transpose(reached)
    if mode == "parallel":
        passed = safe_cumprod(1 - p, axis=1, exclusive=True)
        return p * passed * cumsum(before / clip_by_value(passed, 1e-10, 1.0), axis=1)
    if mode == "hard":
        stops = p * cumsum(before, axis=1)
        return stops * cumprod(1 - stops, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


class _Monotonic(_Mechanism):
    """A mechanism whose attention begins at the memory's first row and only moves forward."""

    def _set(self, sigmoid_noise: float, sigmoid_noise_seed: int | None, score_bias_init: float, mode: str) -> None:
        self._noise, self._seed, self._bias, self._mode = sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode

    def _score(self, query: Tensor) -> Tensor:
        score = super()._score(query)
        return score + get_variable("attention_score_bias", [], query.dtype, constant_initializer(self._bias))

    def _aligned(self, score: Tensor, state: Any) -> Tensor:
        if self._noise > 0:
            score += self._noise * random_normal(shape(score), dtype=score.dtype, seed=self._seed)
        p = cast(score > 0, score.dtype) if self._mode == "hard" else sigmoid(score)
        return monotonic_attention(p, state, self._mode)

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        """All attention on the memory's first row, [batch, alignments_size]."""
        return one_hot(zeros([batch_size], int32), self._alignments_size, dtype=dtype)


class BahdanauMonotonicAttention(_Monotonic, BahdanauAttention):
    """BahdanauAttention that only moves forward (see `monotonic_attention`).

    `sigmoid_noise` is the deviation of the noise on scores; a variable `attention_score_bias`, which starts as
    `score_bias_init`, is added to them.
    """

    _scope_name = "bahdanau_monotonic_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        self._set(sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)
        BahdanauAttention.__init__(
            self, num_units, memory, memory_sequence_length, normalize, None, score_mask_value, dtype, name=name
        )


class LuongMonotonicAttention(_Monotonic, LuongAttention):
    """LuongAttention that only moves forward; arguments as for BahdanauMonotonicAttention."""

    _scope_name = "luong_monotonic_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        self._set(sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode)
        LuongAttention.__init__(
            self, num_units, memory, memory_sequence_length, scale, None, score_mask_value, dtype, name=name
        )


def hardmax(logits: Any, name: str | None = None) -> Tensor:
    """One for the greatest of each row, else zero."""
    with op_scope(name, "Hardmax", [logits]):
        logits = convert_to_tensor(logits, name="logits")
        depth = shape(logits)[-1] if logits.shape.ndims is None else logits.shape.as_list()[-1]
        return one_hot(argmax(logits, -1), shape(logits)[-1] if depth is None else depth, dtype=logits.dtype)


# -- a cell that attends --------------------------------------------------------------------------------------------


class _State(NamedTuple):
    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any


class AttentionWrapperState(_State):
    """The state of AttentionWrapper.

    `cell_state` is the wrapped cell's; `attention` [batch, size] the attention of the step before, `time` the number of
    steps, `alignments` [batch, memory time] and `attention_state` those of the mechanism (or tuples of each
    mechanism's), `alignment_history` a TensorArray (or tuple of them), or ().
    """

    __slots__ = ()

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """The state with some of its parts replaced. Raises ValueError for one of another shape or structure."""
        other = self._replace(**kwargs)

        def checked(old: Any, new: Any) -> Any:
            if isinstance(old, Tensor) and isinstance(new, Tensor):
                if not old.shape.is_compatible_with(new.shape):
                    raise ValueError(f"Shapes {old.shape} and {new.shape} are not compatible")
                new = identity(new)
                new.set_shape(old.shape)
            return new

        return nest.map_structure(checked, self, other)


def _all_of(items: Any, is_list: bool) -> Sequence[Any]:
    return items if is_list else (items,)


class AttentionWrapper(RNNCell):
    """A cell that sees, beside its inputs, the attention of the step before, and gives its own.

    Args:
        cell: the cell that is wrapped. Its outputs are the queries.
        attention_mechanism: where to look, or a list of such.
        attention_layer_size: the depth of a dense layer (of no bias) that makes the attention of the cell's outputs and
            the context, which is what was seen; by default the context itself is the attention. A list for a list.
        alignment_history: whether the state keeps the alignments of all steps.
        cell_input_fn: makes the cell's inputs of (inputs, attention), by default both side by side.
        output_attention: whether the attention is the output (Luong's style) or the cell's output is (Bahdanau's).
        initial_cell_state: the wrapped cell's state in `zero_state`, by default zeros.
        attention_layer: a layer, or list of them, instead of a size. Raises ValueError beside a size.
        attention_fn: `(mechanism, cell_output, attention_state, attention_layer)` gives (attention, alignments,
            next attention state) instead.
        dtype: of the layer.

    Raises TypeError for what is no mechanism or function. Variables, in "attention_wrapper": the cell's, the
    mechanism's, and `attention_layer/kernel` (`attention_layer_0/kernel`, ... for a list).
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Callable | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_cell("cell", cell)
        self._is_list = isinstance(attention_mechanism, (list, tuple))
        mechanisms = tuple(_all_of(attention_mechanism, self._is_list))
        for one in mechanisms:
            if not isinstance(one, AttentionMechanism):
                how = "contain only instances of" if self._is_list else "be an"
                raise TypeError(f"attention_mechanism must {how} AttentionMechanism, saw type: {type(one).__name__}")
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        self._cell, self._attention_mechanisms = cell, mechanisms
        self._layers = self._attention_layers(attention_layer_size, attention_layer, dtype)
        self._layer_size = sum(
            _depth_of(layer, mechanism, cell) for layer, mechanism in zip(self._layers, mechanisms, strict=True)
        )
        self._cell_inputs = cell_input_fn or (lambda inputs, attention: concat([inputs, attention], -1))
        self._attend = attention_fn or _attend
        self._output_attention, self._keeps_history = output_attention, alignment_history
        self._initial_cell_state = self._checked_start(initial_cell_state)

    def _attention_layers(self, sizes: Any, layers: Any, dtype: Any) -> Sequence[Any]:
        """The layer of each mechanism, or None for each."""
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        count = len(self._attention_mechanisms)
        if layers is not None:
            made: Sequence[Any] = tuple(layers) if isinstance(layers, (list, tuple)) else (layers,)
            what = "attention_layer"
        elif sizes is not None:
            sizes = tuple(sizes) if isinstance(sizes, (list, tuple)) else (sizes,)
            names = ["attention_layer"] if len(sizes) == 1 else [f"attention_layer_{i}" for i in range(len(sizes))]
            made = [_dense(size, name, dtype) for size, name in zip(sizes, names, strict=True)]
            what = "attention_layer_size"
        else:
            return [None] * count
        if len(made) != count:
            raise ValueError(
                f"If provided, {what} must contain exactly one integer per attention_mechanism, "
                f"saw: {len(made)} vs {count}"
            )
        return made

    def _checked_start(self, state: Any) -> Any:
        """The initial state of the cell with a check, in each run, that its batch is the memory's."""
        if state is None:
            return None
        with op_scope(None, "AttentionWrapperInit", nest.flatten(state)):
            last = nest.flatten(state)[-1]
            batch_size = last.shape.as_list()[0] or shape(last)[0]
            said = (
                f"When constructing AttentionWrapper {self._base_name}: Non-matching batch sizes between the memory "
                "(encoder output) and initial_cell_state.  Are you using the BeamSearchDecoder?  You may need to tile "
                "your initial state via the tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
            )
            with control_dependencies(self._batch_checks(batch_size, said)):
                return nest.map_structure(lambda t: identity(t, name="check_initial_cell_state"), state)

    def _batch_checks(self, batch_size: Any, said: str) -> list:
        return [assert_equal(one.batch_size, batch_size, message=said) for one in self._attention_mechanisms]

    @property
    def output_size(self) -> Any:
        return self._layer_size if self._output_attention else self._cell.output_size

    def _item_or_tuple(self, seq: Iterable[Any]) -> Any:
        """What there is of each mechanism: a tuple where they were given as a list, else the one of the only one."""
        items = tuple(seq)
        return items if self._is_list else items[0]

    @property
    def state_size(self) -> Any:
        sizes = [one.alignments_size for one in self._attention_mechanisms]
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=TensorShape([]),
            attention=self._layer_size,
            alignments=self._item_or_tuple(sizes),
            attention_state=self._item_or_tuple([one.state_size for one in self._attention_mechanisms]),
            alignment_history=self._item_or_tuple(sizes if self._keeps_history else [()] * len(sizes)),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """The state before the first step, with `initial_cell_state` where that was given."""
        with get_default_graph().name_scope(type(self).__name__ + "ZeroState"):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.zero_state(batch_size, dtype)
            said = (
                f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching batch sizes between the "
                "memory (encoder output) and the requested batch size.  Are you using the BeamSearchDecoder?  If so, "
                "make sure your encoder output has been tiled to beam_width via tf.contrib.seq2seq.tile_batch, and the "
                "batch_size= argument passed to zero_state is batch_size * beam_width."
            )
            with control_dependencies(self._batch_checks(batch_size, said)):
                cell_state = nest.map_structure(lambda t: identity(t, name="checked_cell_state"), cell_state)
            alignments = [one.initial_alignments(batch_size, dtype) for one in self._attention_mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=zeros([], int32),
                attention=zeros([batch_size, self._layer_size], dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    [one.initial_state(batch_size, dtype) for one in self._attention_mechanisms]
                ),
                alignment_history=self._item_or_tuple([self._history(a) for a in alignments]),
            )

    def _history(self, alignments: Tensor) -> Any:
        if not self._keeps_history:
            return ()
        return TensorArray(alignments.dtype, size=0, dynamic_size=True, element_shape=alignments.shape)

    def call(self, inputs: Any, state: Any) -> Any:
        """(The attention, or the cell's output; the next state)."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                f"Expected state to be instance of AttentionWrapperState. Received type {type(state)} instead."
            )
        output, cell_state = self._cell(self._cell_inputs(inputs, state.attention), state.cell_state)
        batch_size = output.shape.as_list()[0] or shape(output)[0]
        said = (
            f"When applying AttentionWrapper {self._base_name}: Non-matching batch sizes between the memory (encoder "
            "output) and the query (decoder output).  Are you using the BeamSearchDecoder?  You may need to tile your "
            "memory input via the tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
        )
        with control_dependencies(self._batch_checks(batch_size, said)):
            output = identity(output, name="checked_cell_output")
        before = _all_of(state.attention_state, self._is_list)
        histories = _all_of(state.alignment_history, self._is_list)
        seen = [
            self._attend(mechanism, output, one, layer)
            for mechanism, one, layer in zip(self._attention_mechanisms, before, self._layers, strict=True)
        ]
        attention = concat([a for a, _, _ in seen], 1)
        if self._keeps_history:
            written = [h.write(state.time, a) for h, (_, a, _) in zip(histories, seen, strict=True)]
            histories = written
        after = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._item_or_tuple([s for _, _, s in seen]),
            alignments=self._item_or_tuple([a for _, a, _ in seen]),
            alignment_history=self._item_or_tuple(histories),
        )
        return (attention if self._output_attention else output), after


def _depth_of(layer: Any, mechanism: Any, cell: Any) -> int:
    """The depth of what a mechanism's attention is."""
    depth = mechanism.values.shape.as_list()[-1]
    if layer is None:
        return depth
    return layer.compute_output_shape(TensorShape([None, cell.output_size + depth])).as_list()[-1]


def _attend(mechanism: Any, output: Tensor, state: Any, layer: Any) -> tuple[Tensor, Tensor, Any]:
    """(Attention, alignments, next state): the context is the memory's rows weighed by the alignments."""
    alignments, after = mechanism(output, state=state)
    context = squeeze(matmul(expand_dims(alignments, 1), mechanism.values), [1])
    attention = context if layer is None else layer(concat([output, context], 1))
    return attention, alignments, after


__all__ = [
    "AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention",
    "BahdanauMonotonicAttention", "LuongAttention", "LuongMonotonicAttention", "hardmax", "monotonic_attention",
    "safe_cumprod",
]  # fmt: skip
