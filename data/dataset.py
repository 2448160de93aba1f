"""tf.data.Dataset: descriptions of sequences of elements, each an op in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import dtypes
from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import int64
from ..engine.graph import Tensor, get_default_graph
from ..engine.ops.basic import identity
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.control_flow import Assert
from ..engine.ops.files import matching_files
from ..engine.ops.math import greater, maximum
from ..engine.ops.random import get_seed
from ..engine.ops.strings import reduce_join, string_join
from ..engine.shapes import TensorShape
from ..engine.sparse_tensor import SparseTensor
from ..engine.static import constant_value, constant_value_as_shape
from . import operations, structure
from .ahead import AUTOTUNE
from .functions import Traced, trace
from .iterators import Iterator, get_output_classes, get_output_shapes, get_output_types, iterator_of
from .options import Options
from .structure import Spec, flatten, map_structure


class Dataset:
    """A sequence of elements, each a tensor, a SparseTensor, or a nest (tuples, dicts) of them.

    It is a description: elements are computed as an iterator asks for them, each new iterator from the beginning.
    Functions given to `map` and the like are traced once, into the graph. Threads (`num_parallel_calls`, `prefetch`)
    work ahead where elements are slow; they change neither elements nor their order.
    """

    def __init__(self, variant: Tensor, element: Any) -> None:
        self._variant = variant
        self._element = element
        self._options = Options()

    @property
    def variant(self) -> Tensor:
        """The tensor that stands for the dataset in the graph."""
        return self._variant

    @property
    def element_structure(self) -> Any:
        """The nest of `Spec`s of its elements."""
        return self._element

    @property
    def spec(self) -> Spec:
        """What it is as a component of another dataset's elements."""
        return structure.dataset_spec(Dataset, self._element)

    @staticmethod
    def of_variant(variant: Tensor, element: Any) -> Dataset:
        return Dataset(variant, element)

    output_types = property(get_output_types)
    output_shapes = property(get_output_shapes)
    output_classes = property(get_output_classes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shapes: {self.output_shapes}, types: {self.output_types}>"

    def __iter__(self) -> Any:
        raise RuntimeError("__iter__() is only supported inside of tf.function or when eager execution is enabled.")

    def options(self) -> Options:
        return self._options

    def with_options(self, options: Options) -> Dataset:
        """The same dataset; options say how TensorFlow's runtime goes about it, and change no element here."""
        result = Dataset(self._variant, self._element)
        result._options = self._options.merge(options)
        return result

    # -- where elements come from -----------------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element: the nest of tensors itself."""
        return _made(operations.TensorDataset, *_normalized(tensors))

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """The rows of a nest of tensors. Raises ValueError for scalars, and where their lengths differ."""
        value, element = _normalized(tensors)
        specs = flatten(element)
        rows = map_structure(structure.unbatched, element)
        for spec in specs[1:]:
            if specs[0].shape.ndims is not None and spec.shape.ndims is not None:
                specs[0].shape[0].assert_is_compatible_with(spec.shape[0])
        return _made(operations.TensorSliceDataset, value, rows, specs=specs)

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor: Any) -> Dataset:
        """The rows of a SparseTensor. Raises TypeError for anything else."""
        if not isinstance(sparse_tensor, SparseTensor):
            raise TypeError(f"`sparse_tensor` must be a `tf.SparseTensor` object, not {sparse_tensor!r}.")
        return Dataset.from_tensor_slices(sparse_tensor)

    @staticmethod
    def from_generator(generator: Callable, output_types: Any, output_shapes: Any = None, args: Any = None) -> Dataset:
        """What ``generator(*args)`` yields, begun anew by each iterator; `args` reach it as NumPy arrays.

        An element that is not of the declared structure, types and shapes (by default unknown) raises
        InvalidArgumentError in the run that asks for it. Raises TypeError where `generator` or `args` cannot be used.
        """
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        if args is not None and not isinstance(args, (tuple, list)):
            raise TypeError("`args` must be a tuple or list, so that they can be passed to the generator.")
        element = structure.declared(output_types, output_shapes)
        inputs = [convert_to_tensor(arg, name=f"args_{i}") for i, arg in enumerate(args or ())]
        get_default_graph().uncounted += 2  # TensorFlow has a dataset of one number, whose flat_map calls the generator
        variant = operations.GeneratorDataset(*inputs, generator=generator, element=element)
        return Dataset(variant, element)

    @staticmethod
    def range(*args: Any) -> Dataset:
        """Numbers of int64, as Python's range has them; the arguments may be tensors."""
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid `args`. Length of `args` should be between 1 and 3 but length is {len(args)}.")
        start, stop, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        limits = [int64_tensor(v, n) for v, n in ((start, "start"), (stop, "stop"), (step, "step"))]
        return Dataset(operations.RangeDataset(*limits), Spec(int64, TensorShape([])))

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements side by side, in the nest of `datasets`, until the shortest ends."""
        parts = flatten(datasets)
        for part in parts:
            if not isinstance(part, Dataset):
                lists = " Nested structures do not support Python lists; please use a tuple instead."
                raise TypeError(
                    "The argument to `Dataset.zip()` must be a nested structure of `Dataset` objects."
                    f"{lists if isinstance(part, list) else ''}"
                )
        element = structure.pack(datasets, [part._element for part in parts])
        return Dataset(operations.ZipDataset(*(part._variant for part in parts)), element)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None) -> Dataset:
        """The paths that match a pattern, or one of several: in random order, by the alphabet if `shuffle` is False.

        InvalidArgumentError in the run where there are none.
        """
        with get_default_graph().name_scope("list_files"):
            pattern = convert_to_tensor(file_pattern, dtypes.string, name="file_pattern")
            paths = matching_files(pattern)
            found = greater(shape_of(paths)[0], 0, name="match_not_empty")
            patterns = reduce_join(pattern, separator=", ")
            message = string_join(["No files matched pattern: ", patterns], name="message")
            check = Assert(found, [message], summarize=1, name="assert_not_empty")
            with get_default_graph().control_dependencies([check]):
                paths = identity(paths)
            dataset = _made(operations.TensorSliceDataset, paths, Spec(dtypes.string, TensorShape([])), specs=[])
            if shuffle is False:
                return dataset
            return dataset.shuffle(maximum(shape_of(paths, out_type=int64)[0], 1), seed)

    # -- one element at a time --------------------------------------------------------------------------------------

    def map(self, map_func: Callable, num_parallel_calls: Any = None) -> Dataset:
        """`map_func` of each element; of the parts of an element that is a tuple."""
        traced = trace(map_func, self._element, "Dataset.map()")
        if num_parallel_calls is None:
            return self._with(operations.MapDataset, functions=[traced], element=traced.returns)
        calls = int64_tensor(num_parallel_calls, "num_parallel_calls")
        return self._with(operations.ParallelMapDataset, calls, functions=[traced], element=traced.returns)

    map_with_legacy_function = map

    def filter(self, predicate: Callable) -> Dataset:
        """The elements of which `predicate`, a boolean scalar, is true. Raises ValueError for another result."""
        return self._with(operations.FilterDataset, functions=[self._predicate(predicate, "Dataset.filter()")])

    filter_with_legacy_function = filter

    def take_while(self, predicate: Callable) -> Dataset:
        """The elements before the first one of which `predicate` is false."""
        return self._with(operations.TakeWhileDataset, functions=[self._predicate(predicate, "Dataset.take_while()")])

    def _predicate(self, predicate: Callable, label: str) -> Traced:
        traced = trace(predicate, self._element, label)
        result = traced.returns
        if not (isinstance(result, Spec) and result.dtype is dtypes.bool_ and result.shape.is_compatible_with([])):
            raise ValueError(
                f"Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor, but its return type is "
                f"{result}."
            )
        return traced

    def take(self, count: Any) -> Dataset:
        """The first `count` elements; all for -1."""
        return self._with(operations.TakeDataset, int64_tensor(count, "count"))

    def skip(self, count: Any) -> Dataset:
        """What follows the first `count` elements; nothing for -1."""
        return self._with(operations.SkipDataset, int64_tensor(count, "count"))

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Every `num_shards`-th element, from the one numbered `index` on."""
        return self._with(operations.ShardDataset, int64_tensor(num_shards, "num_shards"), int64_tensor(index, "index"))

    def enumerate(self, start: Any = 0) -> Dataset:
        """Pairs (number, element), from `start` on."""
        graph = get_default_graph()
        numbers = Dataset.range(start, np.iinfo(np.int64).max)
        graph.uncounted += 2  # TensorFlow marks the numbers by one more op
        return Dataset.zip((numbers, self))

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements; where they are slow, `buffer_size` of them are computed ahead, by a thread."""
        return self._with(operations.PrefetchDataset, int64_tensor(buffer_size, "buffer_size"))

    def cache(self, filename: Any = "") -> Dataset:
        """The same elements, computed once and kept in memory after a first complete pass.

        Raises NotImplementedError for a `filename`: files of a cache are not written.
        """
        name = convert_to_tensor(filename, dtypes.string, name="filename")
        if constant_value(name) != b"":
            raise NotImplementedError("Dataset.cache keeps elements in memory only: leave `filename` empty")
        return self._with(operations.CacheDataset)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """``transformation_func(self)``. Raises TypeError where that is no dataset."""
        result = transformation_func(self)
        if not isinstance(result, Dataset):
            raise TypeError(f"`transformation_func` must return a `tf.data.Dataset` object. Got {type(result)}.")
        return result

    # -- order and number -------------------------------------------------------------------------------------------

    def repeat(self, count: Any = None) -> Dataset:
        """`count` times one after the other; for ever by default and for -1."""
        return self._with(operations.RepeatDataset, int64_tensor(-1 if count is None else count, "count"))

    def shuffle(
        self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
        """Each next element drawn from a buffer that holds `buffer_size` of them.

        Seeds count as those of random ops, and give TensorFlow's own order. Each pass has another one, unless
        `reshuffle_each_iteration` is False.
        """
        size = int64_tensor(buffer_size, "buffer_size")
        reshuffle = reshuffle_each_iteration is not False
        return self._with(operations.ShuffleDataset, size, *seed_tensors(seed), reshuffle=reshuffle)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, then those of `dataset`. Raises TypeError where their structures or types differ."""
        mine, others = flatten(self._element), flatten(dataset._element)
        for what, of in (("types", get_output_types), ("classes", get_output_classes)):
            if of(self) != of(dataset):
                raise TypeError(f"Two datasets to concatenate have different {what} {of(self)} and {of(dataset)}")
        specs = [common_spec(pair) for pair in zip(mine, others, strict=True)]
        return self._with(operations.ConcatenateDataset, dataset._variant, element=structure.pack(self._element, specs))

    def flat_map(self, map_func: Callable) -> Dataset:
        """The elements of the datasets that `map_func` makes of each element, one dataset after the other."""
        traced = self._to_datasets(map_func, "Dataset.flat_map()")
        return self._with(operations.FlatMapDataset, functions=[traced], element=traced.returns.inner)

    def interleave(
        self, map_func: Callable, cycle_length: Any = None, block_length: Any = None, num_parallel_calls: Any = None
    ) -> Dataset:
        """As `flat_map`, from `cycle_length` datasets in turn, `block_length` elements of each at a time.

        By default as many datasets as there are processors, one element each.
        """
        traced = self._to_datasets(map_func, "Dataset.interleave()")
        cycle = int64_tensor(AUTOTUNE if cycle_length is None else cycle_length, "cycle_length")
        block = int64_tensor(1 if block_length is None else block_length, "block_length")
        if num_parallel_calls is not None:
            get_default_graph().uncounted += 3  # TensorFlow's buffer sizes and the number of calls
        return self._with(operations.InterleaveDataset, cycle, block, functions=[traced], element=traced.returns.inner)

    def _to_datasets(self, map_func: Callable, label: str) -> Traced:
        traced = trace(map_func, self._element, label)
        if not (isinstance(traced.returns, Spec) and traced.returns.kind is Dataset):
            raise TypeError(f"`map_func` must return a `Dataset` object. Got {traced.returns}.")
        return traced

    # -- groups -----------------------------------------------------------------------------------------------------

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Dataset:
        """`batch_size` elements at a time, each component along a new first axis.

        At the end a smaller batch, unless `drop_remainder`. Components of different shapes raise InvalidArgumentError
        in the run.
        """
        size, drop = _batch_arguments(batch_size, drop_remainder)
        rows = _rows(size, drop)
        element = map_structure(lambda spec: structure.batched(spec, rows), self._element)
        return self._with(operations.BatchDataset, size, drop, element=element, specs=flatten(self._element))

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: Any = False
    ) -> Dataset:
        """As `batch`, after filling each component up to its shape in `padded_shapes`.

        Sizes of None or -1 are those of the largest element in the batch; by default all unknown ones are. Filled up
        with the scalars of `padding_values`, by default 0, "" and False. Raises ValueError, TypeError where the nests
        or dtypes do not fit the elements, DataLossError in the run for an element larger than its padded shape.
        """
        specs = flatten(self._element)
        if any(spec.kind is not Tensor for spec in specs):
            raise TypeError("Batching of padded sparse tensors and datasets is not supported")
        size = int64_tensor(batch_size, "batch_size")
        wanted = [s.shape for s in specs] if padded_shapes is None else self._parts(padded_shapes)
        shapes = [_padded_shape(shape, spec) for shape, spec in zip(wanted, specs, strict=True)]
        fillers = [None] * len(specs) if padding_values is None else self._parts(padding_values)
        values = [_padding_value(value, spec) for value, spec in zip(fillers, specs, strict=True)]
        drop = convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")
        known = [TensorShape([_rows(size, drop)]).concatenate(constant_value_as_shape(shape)) for shape in shapes]
        element = structure.pack(self._element, [s.with_shape(k) for s, k in zip(specs, known, strict=True)])
        return self._with(operations.PaddedBatchDataset, size, drop, *shapes, *values, element=element)

    def _parts(self, nest: Any) -> list:
        return structure.flatten_like(self._element, nest, lambda _: False)

    def unbatch(self) -> Dataset:
        """The rows of each element. Raises ValueError for scalars."""
        specs = flatten(self._element)
        element = map_structure(structure.unbatched, self._element)
        get_default_graph().uncounted += 1  # TensorFlow's map that prepares sparse tensors
        return self._with(operations.UnbatchDataset, element=element, specs=specs)

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False) -> Dataset:
        """Datasets of `size` elements each, every `stride`-th one, that begin `shift` (by default `size`) apart.

        An element of several components becomes a dataset for each component.
        """
        shift = size if shift is None else shift
        sizes = [int64_tensor(v, n) for v, n in ((size, "size"), (shift, "shift"), (stride, "stride"))]
        drop = convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")
        if any(spec.kind is SparseTensor for spec in flatten(self._element)):
            raise TypeError("Windows of sparse tensors are not supported")
        element = map_structure(lambda spec: structure.dataset_spec(Dataset, spec), self._element)
        return self._with(operations.WindowDataset, *sizes, drop, element=element)

    # -- to tensors, iterators --------------------------------------------------------------------------------------

    def reduce(self, initial_state: Any, reduce_func: Callable) -> Any:
        """The last of the states ``state = reduce_func(state, element)``, from `initial_state` on; computed in a run.

        Raises TypeError where `reduce_func` returns another structure or other dtypes than the state's.
        """
        with get_default_graph().name_scope("initial_state/normalize_element"):
            state = structure.normalized(initial_state)
        element = map_structure(structure.spec_of, state)
        traced = trace(reduce_func, (element, self._element), "Dataset.reduce()")
        check_state(element, traced.returns, "reduce_func")
        flat = structure.tensors_of(flatten(state))
        known = [shape for _, shape in structure.arrays_of(traced.returns)]
        shapes = [a.shape.most_specific_compatible_shape(b) for a, b in zip(flat, known, strict=True)]
        types = [tensor.dtype for tensor in flat]
        outputs = operations.ReduceDataset(
            self._variant, *flat, *traced.captures, functions=[traced], output_types=types, output_shapes=shapes,
            reads=traced.branch.reads,
        )  # fmt: skip
        return structure.components(element, outputs)

    def make_one_shot_iterator(self) -> Iterator:
        """An iterator that begins by itself. Raises ValueError for a dataset that depends on placeholders or state."""
        return iterator_of(self, one_shot=True)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """An iterator that begins, again and again, when its `initializer` runs.

        Those of one `shared_name` are one in each session.
        """
        return iterator_of(self, one_shot=False, shared_name=shared_name)

    def _with(
        self, op: Any, *inputs: Any, element: Any = None, functions: Sequence[Traced] = (), **attrs: Any
    ) -> Dataset:
        """The dataset that `op` makes of this one; its elements have the same structure unless `element` is given."""
        if functions:
            attrs["functions"] = functions
            attrs["reads"] = [tensor for function in functions for tensor in function.branch.reads]
        captures = [tensor for function in functions for tensor in function.captures]
        variant = op(self._variant, *inputs, *captures, **attrs)
        return Dataset(variant, self._element if element is None else element)


# -- what arguments become ------------------------------------------------------------------------------------------


def _normalized(value: Any) -> tuple[Any, Any]:
    """A nest of tensors made of `value`, and its structure."""
    with get_default_graph().name_scope("normalize_element"):
        tensors = structure.normalized(value)
    return tensors, map_structure(structure.spec_of, tensors)


def _made(op: Any, value: Any, element: Any, **attrs: Any) -> Dataset:
    return Dataset(op(*structure.tensors_of(flatten(value)), **attrs), element)


def int64_tensor(value: Any, name: str) -> Tensor:
    return convert_to_tensor(value, int64, name=name)


def _batch_arguments(batch_size: Any, drop_remainder: Any) -> tuple[Tensor, Tensor]:
    size = int64_tensor(batch_size, "batch_size")
    return size, convert_to_tensor(drop_remainder, dtypes.bool_, name="drop_remainder")


def _rows(size: Tensor, drop: Tensor) -> int | None:
    """How many rows each batch has, where the graph alone says so."""
    rows, always = constant_value(size), constant_value(drop)
    return int(rows) if rows is not None and always is not None and bool(always) else None


def seed_tensors(seed: int | None) -> tuple[Tensor, Tensor]:
    first, second = get_seed(seed)
    if second is not None:
        get_default_graph().uncounted += 7  # TensorFlow's ops that replace seeds of (0, 0)
    return int64_tensor(first or 0, "seed"), int64_tensor(second or 0, "seed2")


def _padded_shape(shape: Any, spec: Spec) -> Tensor:
    """A padded shape as int64, with -1 for what a batch decides. Raises ValueError where the component has another."""
    if isinstance(shape, Tensor):
        return shape
    sizes = TensorShape([None if d == -1 else d for d in shape] if isinstance(shape, (list, tuple)) else shape)
    if sizes.sizes is None or not _may_be_padded_to(spec.shape, sizes):
        raise ValueError(
            f"The padded shape {sizes} is not compatible with the shape {spec.shape} of the corresponding input "
            "component."
        )
    return constant(np.array([-1 if d is None else d for d in sizes.sizes], np.int64), name="Const")


def _may_be_padded_to(shape: TensorShape, padded: TensorShape) -> bool:
    if shape.sizes is None or padded.sizes is None:
        return True
    return len(shape.sizes) == len(padded.sizes) and all(
        a is None or b is None or a <= b for a, b in zip(shape.sizes, padded.sizes, strict=True)
    )


def _padding_value(value: Any, spec: Spec) -> Tensor:
    if value is None:
        value = b"" if spec.dtype.is_string else np.zeros((), spec.dtype.numpy)
    tensor = convert_to_tensor(value, name="padding_value")
    if not tensor.shape.is_compatible_with([]):
        raise ValueError(
            f"Invalid `padding_values`. `padding_values` values should be scalars, but got {tensor.shape}."
        )
    if tensor.dtype is not spec.dtype:
        raise TypeError(
            f"Invalid `padding_values`. `padding_values` values type {tensor.dtype} does not match type {spec.dtype} "
            "of the corresponding input component."
        )
    return tensor


def common_spec(specs: Sequence[Spec]) -> Spec:
    """What is known of a component that may come from any of several datasets."""
    shape = specs[0].shape
    for spec in specs[1:]:
        shape = shape.most_specific_compatible_shape(spec.shape)
    return specs[0].with_shape(shape)


def check_state(state: Any, returned: Any, label: str) -> None:
    """Raise TypeError unless what a function returned may be its next state."""
    mine, others = flatten(state), flatten(returned)
    if [(s.dtype, s.kind) for s in mine] != [(s.dtype, s.kind) for s in others]:
        raise TypeError(
            f"The element types for the new state must match the initial state. Expected {[s.dtype for s in mine]}; "
            f"`{label}` returned {[s.dtype for s in others]}."
        )
