"""tf.data.experimental (tf.contrib.data in older programs): further transformations, most of them for `apply`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype, int64
from ..engine.errors import InvalidArgumentError
from ..engine.graph import Tensor, get_default_graph
from ..engine.ops.array import gather
from ..engine.ops.basic import cast, expand_dims, squeeze
from ..engine.ops.checks import assert_less
from ..engine.ops.control_flow import with_dependencies
from ..engine.ops.math import greater_equal, log
from ..engine.ops.reduce import reduce_sum
from ..engine.ops.stateless import stateless_multinomial
from ..engine.registry import define, not_differentiable
from ..engine.shapes import TensorShape, as_shape
from . import operations, sources, structure
from .dataset import AUTOTUNE, Dataset, check_state, common_spec, int64_tensor, seed_tensors
from .functions import Home, trace
from .sources import Source
from .structure import Spec, flatten, map_structure

Transformation = Callable[[Dataset], Dataset]


def map_and_batch(
    map_func: Callable,
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """``map(map_func).batch(batch_size)``. Raises ValueError where both numbers of parallel calls are given."""
    if num_parallel_batches is not None and num_parallel_calls is not None:
        raise ValueError("`map_and_batch` allows only one of `num_parallel_batches` and `num_parallel_calls` to be set")

    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: int | None = None) -> Transformation:
    """``shuffle(buffer_size, seed).repeat(count)``"""

    def transformed(dataset: Dataset) -> Dataset:
        size, times = int64_tensor(buffer_size, "buffer_size"), int64_tensor(-1 if count is None else count, "count")
        return dataset._with(operations.ShuffleAndRepeatDataset, size, *seed_tensors(seed), times)

    return transformed


def unbatch() -> Transformation:
    """`Dataset.unbatch`"""
    return Dataset.unbatch


def enumerate_dataset(start: Any = 0) -> Transformation:
    """`Dataset.enumerate`"""
    return lambda dataset: dataset.enumerate(start)


def ignore_errors(log_warning: bool = False) -> Transformation:
    """Leave out the elements whose computation fails. `log_warning` is refused, NotImplementedError."""
    if log_warning:
        raise NotImplementedError("ignore_errors leaves elements out silently: log_warning must be False")
    return lambda dataset: dataset._with(operations.IgnoreErrorsDataset)


def take_while(predicate: Callable) -> Transformation:
    """`Dataset.take_while`"""
    return lambda dataset: dataset.take_while(predicate)


def parallel_interleave(
    map_func: Callable,
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool | None = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """`Dataset.interleave`, in the same order whatever `sloppy` allows; the numbers of buffered elements do nothing."""

    def transformed(dataset: Dataset) -> Dataset:
        result = dataset.interleave(map_func, cycle_length, block_length)
        get_default_graph().uncounted += 2  # TensorFlow's numbers of buffered elements
        return result

    return transformed


def prefetch_to_device(device: Any, buffer_size: Any = None) -> Transformation:
    """The same elements: they go to where they are used anyway."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def scan(initial_state: Any, scan_func: Callable) -> Transformation:
    """The outputs of ``state, output = scan_func(state, element)``, from `initial_state` on.

    Raises TypeError where `scan_func` does not return such a pair, or a state of another structure or other dtypes.
    """

    def transformed(dataset: Dataset) -> Dataset:
        with get_default_graph().name_scope("normalize_element"):
            state = structure.normalized(initial_state)
        element = map_structure(structure.spec_of, state)
        traced = trace(scan_func, (element, dataset.element_structure), "scan()")
        if not (type(traced.returns) is tuple and len(traced.returns) == 2):
            raise TypeError(
                "Invalid `scan_func`. `scan_func` should return a pair consisting of new state and the output value "
                f"but its return type is {traced.returns}."
            )
        check_state(element, traced.returns[0], "scan_func")
        start = structure.tensors_of(flatten(state))
        return dataset._with(operations.ScanDataset, *start, functions=[traced], element=traced.returns[1])

    return transformed


# -- groups ---------------------------------------------------------------------------------------------------------


def group_by_window(
    key_func: Callable, reduce_func: Callable, window_size: Any = None, window_size_func: Callable | None = None
) -> Transformation:
    """The elements of ``reduce_func(key, dataset)`` of each `window_size` elements of one key, an int64 scalar.

    Either `window_size` or a function of the key must say how many; what is left at the end makes smaller groups.
    Raises ValueError, TypeError where an argument or what a function returns does not fit.
    """
    if (window_size is None) == (window_size_func is None):
        which = "must be specified" if window_size is None else "must be specified, but not both"
        raise ValueError(f"Either the `window_size` argument or the `window_size_func` argument {which}.")

    def transformed(dataset: Dataset) -> Dataset:
        element, number = dataset.element_structure, Spec(int64, TensorShape([]))
        key = trace(lambda *e: convert_to_tensor(key_func(*e), int64), _as_arguments(element), "key_func")
        if not key.returns.shape.is_compatible_with([]):
            raise ValueError(
                f"Invalid `key_func`. `key_func` must return a single `tf.int64` scalar, not {key.returns}."
            )
        group = trace(reduce_func, (number, dataset.spec), "reduce_func")
        if not (isinstance(group.returns, Spec) and group.returns.kind is Dataset):
            raise TypeError(
                "Invalid `reduce_func`. `reduce_func` must return a single `tf.data.Dataset` object but its return "
                f"type is {group.returns}."
            )
        size_of = window_size_func or (lambda _: convert_to_tensor(window_size, int64))
        size = trace(lambda k: convert_to_tensor(size_of(k), int64), number, "window_size_func")
        return dataset._with(operations.GroupByWindowDataset, functions=[key, group, size], element=group.returns.inner)

    return transformed


def _as_arguments(element: Any) -> Any:
    """An element's structure such that a function of it gets what `map` would give it."""
    return element if type(element) is tuple else (element,)


def bucket_by_sequence_length(
    element_length_func: Callable,
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[Any],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """Padded batches of elements of much the same length: below the first boundary, from there to the next one, and on.

    `element_length_func` gives an int32 scalar. With `pad_to_bucket_boundary` unknown sizes become that of the bucket's
    longest possible elements, and one beyond all boundaries raises InvalidArgumentError in the run; with `no_padding`
    elements must have one shape. Raises ValueError unless there is one more batch size than boundaries.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError(
            "`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but `len(bucket_batch_sizes)="
            f"{len(bucket_batch_sizes)}` and `len(bucket_boundaries)={len(bucket_boundaries)}`."
        )
    boundaries, sizes = np.array(bucket_boundaries, np.int32), convert_to_tensor(bucket_batch_sizes, int64)

    def bucket_of(*element: Any) -> Any:
        length = element_length_func(*element)
        return reduce_sum(cast(greater_equal(length, boundaries), int64))

    def batch_size_of(bucket: Any) -> Any:
        return gather(sizes, bucket)

    def batch_of(bucket: Any, group: Dataset) -> Dataset:
        size = batch_size_of(bucket)
        if no_padding:
            return group.batch(size, drop_remainder)
        shapes = group.output_shapes if padded_shapes is None else padded_shapes
        if pad_to_bucket_boundary:
            message = "When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries)."
            last = np.int64(len(boundaries) - 1)
            check = assert_less(bucket, last + 1, message=message)
            longest = gather(boundaries.astype(np.int64) - 1, with_dependencies([check], bucket))
            shapes = map_structure(lambda shape: _filled(shape, longest), _as_shapes(group.element_structure, shapes))
        return group.padded_batch(size, shapes, padding_values, drop_remainder)

    return group_by_window(bucket_of, batch_of, window_size_func=batch_size_of)


def _as_shapes(element: Any, shapes: Any) -> Any:
    return structure.pack(element, [as_shape(s) for s in structure.flatten_like(element, shapes, lambda _: False)])


def _filled(shape: TensorShape, size: Any) -> Any:
    """A shape as a tensor, with a tensor in place of the sizes that are not known."""
    if shape.is_fully_defined():
        return shape
    return convert_to_tensor([size if d is None else np.int64(d) for d in shape.sizes or ()], int64)


# -- from elsewhere, and to elsewhere -------------------------------------------------------------------------------


def Counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Dataset:
    """Numbers for ever: start, start + step, …"""
    limit = np.iinfo(np.int64).max if step > 0 else np.iinfo(np.int64).min
    numbers = Dataset.range(start, limit, step)
    get_default_graph().uncounted += 3  # TensorFlow scans a dataset of one number, repeated
    return numbers if as_dtype(dtype) is int64 else numbers.map(lambda number: cast(number, dtype))


def _directed(choices: Source, *parts: Source) -> Source:
    """From which of the parts the next element comes, `choices` say; a part that has ended is left out."""

    def begin(home: Home) -> sources.Step:
        choose, steps = choices(home), [part(home) for part in parts]
        ended = [False] * len(steps)

        def next_element() -> Any:
            while not all(ended):
                which = int(choose()[0])
                if not 0 <= which < len(steps):
                    raise InvalidArgumentError(None, None, f"Selector index out of range: {which} >= {len(steps)}")
                try:
                    return steps[which]()
                except StopIteration:
                    ended[which] = True
            raise StopIteration

        return next_element

    return begin


DirectedInterleaveDataset = operations.dataset_op(
    "DirectedInterleaveDataset", "selector_input_dataset:variant, data_input_datasets:variant*", _directed
)


def choose_from_datasets(datasets: Sequence[Dataset], choice_dataset: Dataset) -> Dataset:
    """Elements of the datasets whose numbers, int64, `choice_dataset` gives. Raises TypeError for other choices."""
    if choice_dataset.element_structure != Spec(int64, TensorShape([])):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    get_default_graph().uncounted += 2  # TensorFlow marks the choices by one more op
    return _directed_by(choice_dataset, datasets)


def _directed_by(choices: Dataset, datasets: Sequence[Dataset]) -> Dataset:
    first = datasets[0]
    for other in datasets[1:]:
        if first.output_types != other.output_types:
            raise TypeError(f"All datasets must have the same types: {first.output_types}, {other.output_types}")
    columns = zip(*(flatten(dataset.element_structure) for dataset in datasets), strict=True)
    specs = [common_spec(column) for column in columns]
    variant = DirectedInterleaveDataset(choices.variant, *(dataset.variant for dataset in datasets))
    return Dataset(variant, structure.pack(first.element_structure, specs))


class RandomDataset(Dataset):
    """Random numbers from 0 to 2**32 - 1, int64, for ever; the same ones in each pass."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(operations.RandomDataset(*seed_tensors(seed)), Spec(int64, TensorShape([])))


def sample_from_datasets(datasets: Sequence[Dataset], weights: Any = None, seed: int | None = None) -> Dataset:
    """Elements of datasets chosen at random, by `weights`: equal ones by default, a vector, or a dataset of vectors.

    The same seeds give TensorFlow's own choices. Raises ValueError where there is not a weight for each dataset.
    """

    logits: Any

    def choice(logits: Any, seeds: Any) -> Any:
        return squeeze(stateless_multinomial(logits, 1, seed=seeds), axis=[0, 1])

    if isinstance(weights, Dataset):
        logits = weights.map(lambda w: expand_dims(log(w), 0))
        choices = Dataset.zip((logits, RandomDataset(seed).batch(2))).map(choice)
    else:
        if weights is None:
            logits = [[1.0] * len(datasets)]
        else:
            if not isinstance(weights, Tensor) and len(weights) == len(datasets):
                # One that is never chosen would be waited for at the end.
                datasets = [dataset for dataset, weight in zip(datasets, weights, strict=True) if weight > 0]
                weights = [weight for weight in weights if weight > 0]
            given = convert_to_tensor(weights, name="weights")
            if not given.shape.is_compatible_with([len(datasets)]):
                raise ValueError(f"There must be a weight for each of {len(datasets)} datasets, not {given.shape}.")
            logits = expand_dims(log(given, name="logits"), 0)
        choices = RandomDataset(seed).batch(2).map(lambda seeds: choice(logits, seeds))
    return _directed_by(choices, datasets)


def _bind_single(op: Any, k: Any, session: Any, donated: Any) -> Callable[[Source], list]:
    def only_element(source: Source) -> list:
        step = source(Home(session))
        try:
            element = step()
        except StopIteration:
            raise InvalidArgumentError(None, None, "Dataset was empty.") from None
        try:
            step()
        except StopIteration:
            return element
        raise InvalidArgumentError(None, None, "Dataset had more than one element.")

    return only_element


DatasetToSingleElement = define(
    "DatasetToSingleElement",
    "dataset:variant -> components:output_types*",
    shape=lambda dataset, output_shapes, **_: output_shapes,
    bind=_bind_single,
    grad=not_differentiable,
    on_host=True,
    view=True,
)


def get_single_element(dataset: Dataset) -> Any:
    """The one element of a dataset; in a run, InvalidArgumentError where it has none or several."""
    arrays = structure.arrays_of(dataset.element_structure)
    types, shapes = [dtype for dtype, _ in arrays], [shape for _, shape in arrays]
    outputs = DatasetToSingleElement(dataset.variant, output_types=types, output_shapes=shapes)
    return structure.components(dataset.element_structure, outputs)


__all__ = [
    "AUTOTUNE", "Counter", "RandomDataset", "bucket_by_sequence_length", "choose_from_datasets", "enumerate_dataset",
    "get_single_element", "group_by_window", "ignore_errors", "map_and_batch", "parallel_interleave",
    "prefetch_to_device", "sample_from_datasets", "scan", "shuffle_and_repeat", "take_while", "unbatch",
]  # fmt: skip
