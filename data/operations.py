"""The ops that datasets are in the graph: each one's value in a run is a source (sources.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.errors import InvalidArgumentError
from ..engine.registry import OpDef, define, not_differentiable
from ..engine.shapes import TensorShape
from ..engine.sparse_tensor import SparseTensor
from . import ahead, batching, generating, shuffling, sources
from .functions import Function, Home, frozen
from .sources import Source
from .structure import Spec


def dataset_op(type: str, signature: str, make: Callable[..., Source]) -> OpDef:
    """Define an op that gives a dataset: make(*inputs, *functions, **attrs) is its source.

    `functions` is an attribute: traced functions, whose captures are the op's last inputs, in their order. So is
    `reads`: the variables that they read themselves.
    """

    def kernel(k: Any, *values: Any, functions: Sequence[Any] = (), reads: Any = (), **attrs: Any) -> Source:
        if not functions:
            return make(*values, **attrs)
        captured = sum(len(function.captures) for function in functions)
        inputs, rest = values[: len(values) - captured], iter(values[len(values) - captured :])
        bound = [function.with_captures([next(rest) for _ in function.captures]) for function in functions]
        return make(*inputs, *bound, **attrs)

    def shape(*inputs: Any, **attrs: Any) -> TensorShape:
        return TensorShape([])

    return define(
        type,
        f"{signature} -> handle:variant",
        shape=shape,
        kernel=kernel,
        grad=not_differentiable,
        on_host=True,
        view=True,  # a source keeps what cannot change as it is
    )


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, message)


# -- where elements come from ---------------------------------------------------------------------------------------


def _slices(*arrays: Any, specs: Sequence[Spec]) -> Source:
    element = [frozen(array) for array in arrays]
    if any(spec.kind is SparseTensor for spec in specs):
        return batching.unbatched(sources.once(element), specs)
    sizes = [len(array) for array in element]
    _check(len(set(sizes)) == 1, f"All components must have the same size in the 0th dimension, but have {sizes}.")
    return sources.rows(element)


def _range(start: Any, stop: Any, step: Any) -> Source:
    _check(step != 0, "step must be a non-zero integer.")
    return sources.numbers(int(start), int(stop), int(step))


def _random(seed: Any, seed2: Any) -> Source:
    seeds = shuffling.decided((int(seed), int(seed2)))
    return sources.of_iterator(lambda: ([np.int64(word)] for word in shuffling.words(seeds)))


TensorDataset = dataset_op(
    "TensorDataset", "components:any*", lambda *arrays: sources.once([frozen(array) for array in arrays])
)
TensorSliceDataset = dataset_op("TensorSliceDataset", "components:any*", _slices)
RangeDataset = dataset_op("RangeDataset", "start:int64, stop:int64, step:int64", _range)
RandomDataset = dataset_op("RandomDataset", "seed:int64, seed2:int64", _random)
GeneratorDataset = dataset_op("GeneratorDataset", "args:any*", generating.generated)


# -- one element at a time ------------------------------------------------------------------------------------------


def _shards(source: Source, shards: Any, index: Any) -> Source:
    _check(shards >= 1, f"Number of shards must be greater than zero (currently num_shards = {shards}).")
    _check(0 <= index < shards, f"Index must be between 0 and {shards - 1} (currently index = {index}).")
    return sources.sharded(source, int(shards), int(index))


def _mapped_in_parallel(source: Source, calls: Any, function: Function) -> Source:
    _check(calls > 0 or calls == ahead.AUTOTUNE, "num_parallel_calls must be greater than zero.")
    return ahead.mapped_in_parallel(source, function, int(calls))


def _prefetched(source: Source, size: Any) -> Source:
    _check(size >= 0 or size == ahead.AUTOTUNE, f"buffer_size must be >= 0 or -1 for auto-tuning, but is {size}.")
    return ahead.prefetched(source, int(size))


_COUNTED = "input_dataset:variant, count:int64"
_WITH_FUNCTION = "input_dataset:variant, other_arguments:any*"

MapDataset = dataset_op("MapDataset", _WITH_FUNCTION, sources.mapped)
ParallelMapDataset = dataset_op(
    "ParallelMapDatasetV2",
    "input_dataset:variant, num_parallel_calls:int64, other_arguments:any*",
    _mapped_in_parallel,
)
FilterDataset = dataset_op("FilterDataset", _WITH_FUNCTION, sources.filtered)
TakeWhileDataset = dataset_op("TakeWhileDataset", _WITH_FUNCTION, sources.taken_while)
IgnoreErrorsDataset = dataset_op("IgnoreErrorsDataset", "input_dataset:variant", sources.without_errors)
TakeDataset = dataset_op("TakeDataset", _COUNTED, lambda source, count: sources.taken(source, int(count)))
SkipDataset = dataset_op("SkipDataset", _COUNTED, lambda source, count: sources.skipped(source, int(count)))
ShardDataset = dataset_op("ShardDataset", "input_dataset:variant, num_shards:int64, index:int64", _shards)
PrefetchDataset = dataset_op(
    "PrefetchDataset",
    "input_dataset:variant, buffer_size:int64",
    _prefetched,
)


def _scan(source: Source, *values: Any) -> Source:
    *start, function = values
    return sources.scanned(source, [frozen(value) for value in start], function)


ScanDataset = dataset_op("ScanDataset", "input_dataset:variant, initial_state:any*", _scan)


# -- several, or one several times ----------------------------------------------------------------------------------


def _interleaved(source: Source, cycle: Any, block: Any, function: Function) -> Source:
    cycle = int(cycle) if cycle != -1 else sources.default_cycle()
    _check(cycle > 0, "`cycle_length` must be > 0")
    _check(block > 0, "`block_length` must be > 0")
    return sources.interleaved(source, sources.opened_by(function), cycle, int(block))


ZipDataset = dataset_op("ZipDataset", "input_datasets:variant*", lambda *parts: sources.zipped(parts))
ConcatenateDataset = dataset_op(
    "ConcatenateDataset", "input_dataset:variant, another_dataset:variant", sources.concatenated
)
RepeatDataset = dataset_op("RepeatDataset", _COUNTED, lambda source, count: sources.repeated(source, int(count)))
FlatMapDataset = dataset_op(
    "FlatMapDataset",
    _WITH_FUNCTION,
    lambda source, function: sources.flat_mapped(source, sources.opened_by(function)),
)
InterleaveDataset = dataset_op(
    "InterleaveDataset",
    "input_dataset:variant, cycle_length:int64, block_length:int64, other_arguments:any*",
    _interleaved,
)
CacheDataset = dataset_op("CacheDataset", "input_dataset:variant", sources.cached)


# -- groups ---------------------------------------------------------------------------------------------------------


def _batches(source: Source, size: Any, drop_remainder: Any, specs: Sequence[Spec]) -> Source:
    _check(size > 0, "Batch size must be greater than zero.")
    return batching.batched(source, int(size), bool(drop_remainder), specs)


def _padded_batches(source: Source, size: Any, drop_remainder: Any, *shapes_and_values: Any) -> Source:
    _check(size > 0, "Batch size must be greater than zero.")
    half = len(shapes_and_values) // 2
    return batching.padded(source, int(size), bool(drop_remainder), shapes_and_values[:half], shapes_and_values[half:])


def _windows(source: Source, size: Any, shift: Any, stride: Any, drop_remainder: Any) -> Source:
    for name, value in (("size", size), ("shift", shift), ("stride", stride)):
        _check(value > 0, f"Window {name} must be greater than zero.")
    return sources.windowed(source, int(size), int(shift), int(stride), bool(drop_remainder))


def _shuffled(source: Source, size: Any, seed: Any, seed2: Any, count: Any = 1, reshuffle: bool = True) -> Source:
    _check(size > 0, "buffer_size must be greater than zero.")
    once = shuffling.shuffled(source, int(size), (int(seed), int(seed2)), reshuffle)
    return once if count == 1 else sources.repeated(once, int(count))


BatchDataset = dataset_op("BatchDatasetV2", "input_dataset:variant, batch_size:int64, drop_remainder:bool", _batches)
PaddedBatchDataset = dataset_op(
    "PaddedBatchDatasetV2",
    "input_dataset:variant, batch_size:int64, drop_remainder:bool, shapes_and_values:any*",
    _padded_batches,
)
UnbatchDataset = dataset_op("UnbatchDataset", "input_dataset:variant", batching.unbatched)
WindowDataset = dataset_op(
    "WindowDataset", "input_dataset:variant, size:int64, shift:int64, stride:int64, drop_remainder:bool", _windows
)
GroupByWindowDataset = dataset_op("GroupByWindowDataset", _WITH_FUNCTION, sources.grouped)
ShuffleDataset = dataset_op(
    "ShuffleDataset", "input_dataset:variant, buffer_size:int64, seed:int64, seed2:int64", _shuffled
)
ShuffleAndRepeatDataset = dataset_op(
    "ShuffleAndRepeatDataset",
    "input_dataset:variant, buffer_size:int64, seed:int64, seed2:int64, count:int64",
    _shuffled,
)


# -- from datasets back to tensors ----------------------------------------------------------------------------------


def _bind_reduce(op: Any, k: Any, session: Any, donated: Any) -> Callable[..., Any]:
    (traced,) = op.attrs["functions"]
    size = len(op.outputs)

    def reduce(source: Source, *values: Any) -> list:
        home = Home(session)
        call = traced.with_captures(values[size:]).at(home)
        step, state = source(home), [frozen(value) for value in values[:size]]
        while True:
            try:
                element = step()
            except StopIteration:
                return state
            state = call([*state, *element])

    return reduce


ReduceDataset = define(
    "ReduceDataset",
    "input_dataset:variant, initial_state:any* -> components:output_types*",
    shape=lambda *inputs, output_shapes, **_: output_shapes,
    bind=_bind_reduce,
    grad=not_differentiable,
    on_host=True,
)
