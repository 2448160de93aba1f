"""Helpers of BasicDecoder: what a cell is fed with at each step, and what is sampled from its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....engine import nest
from ....engine.build import constant, convert_to_tensor
from ....engine.dtypes import bool_, int32
from ....engine.graph import Tensor, op_scope
from ....engine.ops.basic import cast, fill, reshape, shape, size, zeros_like
from ....engine.ops.conditions import cond
from ....engine.ops.joining import concat
from ....engine.ops.math import equal, less, where, where_v2
from ....engine.ops.random import multinomial, random_uniform
from ....engine.ops.rearranging import tile
from ....engine.ops.reduce import argmax, reduce_all
from ....engine.ops.tensor_array import TensorArray
from ....engine.shapes import TensorShape
from ....nn.embedding import embedding_lookup
from ....nn.rnn import swapped


def embedding_of(embedding: Any) -> Callable[[Any], Tensor]:
    """The function of ids that an embedding is: itself, or a look-up in its table."""
    return embedding if callable(embedding) else lambda ids: embedding_lookup(embedding, ids)


def start_and_end(start_tokens: Any, end_token: Any) -> tuple[Tensor, Tensor]:
    """int32 [batch] and a scalar. Raises ValueError for other ranks."""
    start = convert_to_tensor(start_tokens, int32, name="start_tokens")
    if start.shape.ndims != 1:
        raise ValueError("start_tokens must be a vector")
    end = convert_to_tensor(end_token, int32, name="end_token")
    if end.shape.ndims != 0:
        raise ValueError("end_token must be a scalar")
    return start, end


def _draw(logits: Tensor, seed: int | None) -> Tensor:
    """A class for each row of logits, int32 [batch]."""
    return reshape(multinomial(logits, 1, seed=seed, output_dtype=int32), [-1])


def _chance(probability: Tensor, batch_size: Any, seed: int | None) -> Tensor:
    """bool [batch]: true with the probability, one for all or one for each."""
    return less(random_uniform([batch_size], seed=seed, dtype=probability.dtype), probability)


class Helper:
    """What BasicDecoder asks. Subclasses override everything."""

    @property
    def batch_size(self) -> Any:
        """The number of sequences, an int32 scalar."""
        raise NotImplementedError("batch_size has not been implemented")

    @property
    def sample_ids_shape(self) -> TensorShape:
        """The shape of what is sampled, without the batch."""
        raise NotImplementedError("sample_ids_shape has not been implemented")

    @property
    def sample_ids_dtype(self) -> Any:
        """The dtype of what is sampled."""
        raise NotImplementedError("sample_ids_dtype has not been implemented")

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """(Which sequences are empty, the first inputs)."""
        raise NotImplementedError

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """What is sampled from a step's outputs."""
        raise NotImplementedError

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """(Which sequences have ended, the next inputs, the next state)."""
        raise NotImplementedError


class CustomHelper(Helper):
    """A helper of three functions, which do what the methods of these names do (by keyword, without `name`).

    `sample_ids_shape` is by default that of a scalar, `sample_ids_dtype` int32.
    """

    def __init__(
        self,
        initialize_fn: Callable,
        sample_fn: Callable,
        next_inputs_fn: Callable,
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize, self._sample, self._next_inputs = initialize_fn, sample_fn, next_inputs_fn
        self._sample_ids_shape, self._sample_ids_dtype = TensorShape(sample_ids_shape or []), sample_ids_dtype or int32
        self._batch_size: Any = None

    sample_ids_shape = property(lambda self: self._sample_ids_shape)
    sample_ids_dtype = property(lambda self: self._sample_ids_dtype)

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        with op_scope(name, f"{type(self).__name__}Initialize", []):
            finished, inputs = self._initialize()
            if self._batch_size is None:
                self._batch_size = size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with op_scope(name, f"{type(self).__name__}Sample", nest.flatten([time, outputs, state])):
            return self._sample(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        with op_scope(name, f"{type(self).__name__}NextInputs", nest.flatten([time, outputs, state])):
            return self._next_inputs(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


# -- while training -------------------------------------------------------------------------------------------------


class TrainingHelper(Helper):
    """Feeds the inputs given, [batch, time, ...] or a nest of them, up to each sequence's length; samples the argmax.

    `sequence_length` is int32 [batch]; with `time_major` inputs are [time, batch, ...]. Raises ValueError for lengths
    that are no vector.
    """

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None) -> None:
        with op_scope(name, "TrainingHelper", nest.flatten([inputs, sequence_length])):
            self._inputs = nest.map_structure(lambda x: convert_to_tensor(x, name="inputs"), inputs)
            steps = self._inputs if time_major else nest.map_structure(swapped, self._inputs)
            self._steps = nest.map_structure(_array_of, steps)
            self._lengths = convert_to_tensor(sequence_length, name="sequence_length")
            if self._lengths.shape.ndims != 1:
                raise ValueError(f"Expected sequence_length to be a vector, but received shape: {self._lengths.shape}")
            self._no_inputs = nest.map_structure(lambda x: zeros_like(x[0]), steps)
            self._batch_size = size(self._lengths)

    inputs = property(lambda self: self._inputs)
    sequence_length = property(lambda self: self._lengths)
    batch_size = property(lambda self: self._batch_size)
    sample_ids_shape = property(lambda self: TensorShape([]))
    sample_ids_dtype = property(lambda self: int32)

    def _at(self, time: Any, finished: Tensor) -> Any:
        """The inputs of a step; zeros where all sequences have ended, as there may be none then."""
        return cond(
            reduce_all(finished),
            lambda: self._no_inputs,
            lambda: nest.map_structure(lambda array: array.read(time), self._steps),
        )

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        with op_scope(name, "TrainingHelperInitialize", []):
            finished = equal(constant(0, self._lengths.dtype), self._lengths)
            return finished, self._at(0, finished)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        with op_scope(name, "TrainingHelperSample", [time, outputs]):
            return cast(argmax(outputs, -1), int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        with op_scope(name, "TrainingHelperNextInputs", nest.flatten([time, outputs, state])):
            finished = cast(time + 1, self._lengths.dtype) >= self._lengths
            return finished, self._at(time + 1, finished), state


def _array_of(steps: Tensor) -> TensorArray:
    return TensorArray(steps.dtype, size=shape(steps)[0], element_shape=steps.shape[1:]).unstack(steps)


def _probability(value: Any) -> Tensor:
    probability = convert_to_tensor(value, name="sampling_probability")
    if probability.shape.ndims not in (0, 1):
        raise ValueError(f"sampling_probability must be either a scalar or a vector. saw shape: {probability.shape}")
    return probability


def _mixed(chosen: Tensor, sampled: Tensor, given: Tensor) -> Tensor:
    """The rows of `sampled` where chosen, else those of `given`."""
    column = reshape(chosen, [-1, *[1] * ((given.shape.ndims or 2) - 1)])
    mixed = where_v2(column, sampled, given)
    mixed.set_shape(given.shape)
    return mixed


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Feeds, with a probability, the embedding of an id drawn from the outputs instead of the input given.

    What is sampled is the id, or -1 where none was drawn. `sampling_probability` is a scalar or [batch]; `embedding` a
    table or a function of ids. Bengio et al., Scheduled Sampling (2015).
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        with op_scope(name, "ScheduledEmbeddingSamplingWrapper", [sampling_probability]):
            self._embedding = embedding_of(embedding)
            self._probability = _probability(sampling_probability)
            self._seed, self._scheduling_seed = seed, scheduling_seed
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        with op_scope(name, "ScheduledEmbeddingTrainingHelperSample", [time, outputs]):
            chosen = _chance(self._probability, self.batch_size, self._scheduling_seed)
            return where(chosen, _draw(outputs, self._seed), fill([self.batch_size], -1))

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        with op_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs", nest.flatten([time, outputs, state])):
            finished, given, state = super().next_inputs(time, outputs, state, sample_ids)
            chosen = sample_ids > -1

            def mixed() -> Tensor:
                ids = where(chosen, sample_ids, zeros_like(sample_ids))
                return _mixed(chosen, self._embedding(ids), given)

            return finished, cond(reduce_all(finished), lambda: given, mixed), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Feeds, with a probability, what `next_inputs_fn` makes of the outputs (by default themselves).

    What is sampled is 1 where that happens, else 0. `auxiliary_inputs`, of the shape of the inputs but for the last
    axis, are put behind the inputs of either kind.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        with op_scope(name, "ScheduledOutputTrainingHelper", [sampling_probability]):
            self._probability = _probability(sampling_probability)
            self._auxiliary = None
            if auxiliary_inputs is not None:
                auxiliary = convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = concat([convert_to_tensor(inputs, name="inputs"), auxiliary], -1)
                self._auxiliary = _array_of(auxiliary if time_major else swapped(auxiliary))
            self._seed, self._next_inputs_fn = seed, next_inputs_fn
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        with op_scope(name, "ScheduledOutputTrainingHelperSample", [time, outputs]):
            return cast(_chance(self._probability, self.batch_size, self._seed), int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        with op_scope(name, "ScheduledOutputTrainingHelperNextInputs", nest.flatten([time, outputs, state])):
            finished, given, state = super().next_inputs(time, outputs, state, sample_ids)

            def mixed() -> Tensor:
                made = outputs if self._next_inputs_fn is None else self._next_inputs_fn(outputs)
                if self._auxiliary is not None:
                    made = concat([made, self._auxiliary.read(time + 1)], -1)
                return _mixed(cast(sample_ids, bool_), made, given)

            return finished, cond(reduce_all(finished), lambda: given, mixed), state


# -- after training -------------------------------------------------------------------------------------------------


class GreedyEmbeddingHelper(Helper):
    """Feeds the embedding of the likeliest id of the step before, until that is `end_token`.

    `embedding` is a table or a function of ids; `start_tokens` int32 [batch], `end_token` a scalar. Raises ValueError
    for other ranks.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding = embedding_of(embedding)
        self._start_tokens, self._end_token = start_and_end(start_tokens, end_token)
        self._batch_size = size(self._start_tokens)
        self._start_inputs = self._embedding(self._start_tokens)

    batch_size = property(lambda self: self._batch_size)
    sample_ids_shape = property(lambda self: TensorShape([]))
    sample_ids_dtype = property(lambda self: int32)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        return tile(constant([False]), [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return cast(argmax(_logits(outputs), -1), int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        finished = equal(sample_ids, self._end_token)
        following = cond(reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding(sample_ids))
        return finished, following, state


def _logits(outputs: Any) -> Tensor:
    if not isinstance(outputs, Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
    return outputs


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds the embedding of an id drawn by the logits, which are first divided by `softmax_temperature`."""

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        logits = _logits(outputs)
        return _draw(logits if self._temperature is None else logits / self._temperature, self._seed)


class InferenceHelper(Helper):
    """Feeds what was sampled before, by `sample_fn(outputs)`, until `end_fn(samples)` says that a sequence has ended.

    `sample_shape` and `sample_dtype` are of what is sampled, without the batch; `next_inputs_fn(samples)` makes inputs
    of it (by default they are it).
    """

    def __init__(
        self,
        sample_fn: Callable,
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable,
        next_inputs_fn: Callable | None = None,
    ) -> None:
        self._sample, self._end, self._next_inputs = sample_fn, end_fn, next_inputs_fn
        self._shape, self._dtype = TensorShape(sample_shape), sample_dtype
        self._start_inputs = convert_to_tensor(start_inputs, name="start_inputs")
        self._batch_size = shape(self._start_inputs)[0]

    batch_size = property(lambda self: self._batch_size)
    sample_ids_shape = property(lambda self: self._shape)
    sample_ids_dtype = property(lambda self: self._dtype)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        return tile(constant([False]), [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        made = sample_ids if self._next_inputs is None else self._next_inputs(sample_ids)
        return self._end(sample_ids), made, state


__all__ = [
    "CustomHelper", "GreedyEmbeddingHelper", "Helper", "InferenceHelper", "SampleEmbeddingHelper",
    "ScheduledEmbeddingTrainingHelper", "ScheduledOutputTrainingHelper", "TrainingHelper",
]  # fmt: skip
