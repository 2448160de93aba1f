"""`tf.train.batch` and its like: input pipelines of queues that threads keep filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..data.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from ..data.sparse_map import restored, stored
from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import float32, int32, int64, string
from ..engine.graph import Operation, Tensor, get_default_graph, op_scope
from ..engine.ops.array import dynamic_partition, gather
from ..engine.ops.basic import cast, expand_dims, identity, no_op, size, squeeze
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.control_flow import Assert, with_dependencies
from ..engine.ops.files import matching_files
from ..engine.ops.math import maximum
from ..engine.ops.random import random_shuffle
from ..engine.ops.ranges import range as range_of
from ..engine.shapes import TensorShape, as_shape
from ..engine.sparse_tensor import SparseTensor
from ..nn.weights import smart_cond
from ..scopes.keys import GraphKeys
from ..scopes.variables import Variable
from .queue_runner import QueueRunner, add_queue_runner
from .summary.ops import scalar

# -- producers: the elements of one tensor, again and again ---------------------------------------------------------


def match_filenames_once(pattern: Any, name: str | None = None) -> Variable:
    """The files that match a glob pattern, or several, looked for once: by `local_variables_initializer`."""
    with op_scope(name, "matching_filenames", [pattern]) as scope:
        files = matching_files(pattern)
        return Variable(
            files, name=scope, trainable=False, validate_shape=False, collections=[GraphKeys.LOCAL_VARIABLES]
        )


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Tensor:
    """`tensor`, which `num_epochs` runs may ask for; then OutOfRangeError, "Reached limit of …". None sets no limit.

    They are counted in a local variable, `epochs`, which `local_variables_initializer` initializes. Raises ValueError
    for a number that is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with op_scope(name, "limit_epochs", [tensor]) as scope:
        zero = convert_to_tensor(0, int64)
        epochs = Variable(zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES])
        with get_default_graph().control_dependencies([epochs.count_up_to(num_epochs)]):
            return identity(tensor, name=scope)


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue that a queue runner fills with the rows of `input_tensor`, `num_epochs` times (None: without end).

    With `shuffle`, the rows of each round are in an order of their own. `summary_name` is that of a summary of how full
    the queue is. Raises ValueError where neither the tensor nor `element_shape` tells the shape of a row.
    """
    with op_scope(name, "input_producer", [input_tensor]):
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        row_shape = rows.shape[1:].merge_with(as_shape(element_shape))
        if not row_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(capacity, [rows.dtype.base_dtype], [row_shape], shared_name=shared_name, name=name)
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([rows])], cancel_op=cancel_op))
        if summary_name is not None:
            scalar(summary_name, cast(queue.size(), float32) * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue of strings, file names above all, for a reader. See `input_producer`.

    Raises ValueError for an empty list; the run of an empty tensor raises InvalidArgumentError.
    """
    complaint = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not hasattr(string_tensor, "op") and not len(string_tensor):
        raise ValueError(complaint)
    with op_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert_to_tensor(string_tensor, string)
        with get_default_graph().control_dependencies([Assert(size(strings) > 0, [complaint])]):
            strings = identity(strings)
        return input_producer(
            strings, [], num_epochs, shuffle, seed, capacity, shared_name, _fullness(capacity), scope, cancel_op
        )


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of the integers from 0 to `limit` - 1. See `input_producer`."""
    with op_scope(name, "input_producer", [limit]) as scope:
        return input_producer(
            range_of(limit), [], num_epochs, shuffle, seed, capacity, shared_name, _fullness(capacity), scope
        )


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """One row of each tensor: the same row of all, the next in every run. See `input_producer`."""
    with op_scope(name, "input_producer", tensor_list):
        tensors = [convert_to_tensor(tensor) for tensor in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        count = shape_of(tensors[0])[0]
        index = range_input_producer(count, num_epochs, shuffle, seed, capacity, shared_name).dequeue()
        return [gather(tensor, index) for tensor in tensors]


def _fullness(capacity: int) -> str:
    return f"fraction_of_{capacity}_full"


# -- batches: as many elements as it takes, gathered by threads -----------------------------------------------------


def _batched(
    default_name: str,
    lists: Sequence[Any],
    batch_size: Any,
    make_queue: Callable[..., QueueBase],
    fullness: Callable[[QueueBase], Any],
    keep_input: Any = True,
    threads: int = 1,
    enqueue_many: bool = False,
    shapes: Any = None,
    smaller: bool = False,
    name: str | None = None,
) -> Any:
    """What all of `batch`, `batch_join` and the shuffled ones do: one enqueue operation for each structure of `lists`,
    each run by that many threads."""
    flat = [_values(tensors) for tensors in lists]
    with op_scope(name, default_name, [value for values in flat for value in values]) as scope:
        given = [[v if isinstance(v, SparseTensor) else convert_to_tensor(v) for v in values] for values in flat]
        _check_alike(given, default_name)
        keep = _checked_keep(convert_to_tensor(keep_input), enqueue_many)
        sparse = [_SparseComponent(parts, enqueue_many, keep) for parts in zip(*given, strict=True)]
        tensors = [list(parts) for parts in zip(*(component.tensors for component in sparse), strict=True)]
        queue = make_queue([t.dtype.base_dtype for t in tensors[0]], _element_shapes(tensors, shapes, enqueue_many))
        enqueue_ops = [_enqueue(queue, values, enqueue_many, keep) for values in tensors]
        add_queue_runner(QueueRunner(queue, enqueue_ops * threads))
        fullness(queue)
        dequeue = queue.dequeue_up_to if smaller else queue.dequeue_many
        batches = dequeue(batch_size, name=scope)
        if any(component.is_sparse for component in sparse):
            batches = _with_sparse(batches if isinstance(batches, list) else [batches], sparse)
        if not isinstance(lists[0], Mapping):
            return batches
        return dict(zip(sorted(lists[0]), batches if isinstance(batches, list) else [batches], strict=True))


class _SparseComponent:
    """One component of all structures that are joined; where it is sparse, numbers go through the queue for it."""

    def __init__(self, parts: Sequence[Any], enqueue_many: bool, keep: Tensor) -> None:
        self.is_sparse = isinstance(parts[0], SparseTensor)
        self.tensors = list(parts)
        if not self.is_sparse:
            return
        if keep.shape.ndims == 1:
            raise NotImplementedError("a vector `keep_input` with sparse tensors: choose their rows beforehand")
        self._dtype, ranks = parts[0].dtype, {part.shape.ndims for part in parts}
        self._rank = ranks.pop() if len(ranks) == 1 else None
        if enqueue_many and self._rank is not None:
            self._rank -= 1
        self._name = ""
        self.tensors = [expand_dims(self._stored(part, enqueue_many, keep), [-1]) for part in parts]

    def _stored(self, part: SparseTensor, enqueue_many: bool, keep: Tensor) -> Tensor:
        def store() -> Tensor:
            numbers = stored(part, enqueue_many, self._name)
            self._name = self._name or numbers.op.name
            return numbers

        return smart_cond(keep, store, lambda: constant([-1] if enqueue_many else -1, int64))

    def restored(self, numbers: Tensor) -> SparseTensor:
        return restored(squeeze(numbers, [1]), self._name, self._dtype, self._rank)


def _with_sparse(batches: list[Any], components: Sequence[_SparseComponent]) -> Any:
    """The batches with sparse tensors again, none of which is there before all are."""
    found = [c.restored(batch) if c.is_sparse else batch for c, batch in zip(components, batches, strict=True)]
    made = list(dict.fromkeys(part.op for part in found))

    def after_all(tensor: Tensor) -> Tensor:
        return with_dependencies(made, tensor)

    results = [
        SparseTensor(*map(after_all, (part.indices, part.values, part.dense_shape)))
        if isinstance(part, SparseTensor)
        else after_all(part)
        for part in found
    ]
    return found[0] if len(found) == 1 else results  # as TensorFlow, which makes the identities, too


def _values(tensors: Any) -> list[Any]:
    return [tensors[key] for key in sorted(tensors)] if isinstance(tensors, Mapping) else list(tensors)


def _check_alike(lists: list[list[Any]], function: str) -> None:
    if not lists or not lists[0]:
        raise ValueError(f"Expected at least one tensor in {function}().")
    types = [t.dtype.base_dtype for t in lists[0]]
    for others in lists[1:]:
        if [t.dtype.base_dtype for t in others] != types:
            raise TypeError(
                f"Expected types to be consistent: {[t.name for t in types]} vs. {[t.dtype.name for t in others]}."
            )


def _checked_keep(keep: Tensor, enqueue_many: bool) -> Tensor:
    rank = keep.shape.ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if rank == 1 and not enqueue_many:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def _element_shapes(lists: list[list[Tensor]], shapes: Any, enqueue_many: bool) -> list[TensorShape]:
    """The shape of each component: as given, or what its tensors say."""
    if shapes is not None:
        return shapes
    result = []
    for tensors in zip(*lists, strict=True):
        unknown = next((t for t in tensors if t.shape.ndims is None), None)
        if unknown is not None:
            raise ValueError(f"Cannot infer Tensor's rank: {unknown}")
        known = [t.shape.with_rank_at_least(1)[1:] if enqueue_many else t.shape for t in tensors]
        for other in known[1:]:
            known[0].merge_with(other)
        result.append(known[0])
    return result


def _enqueue(queue: QueueBase, tensors: list[Tensor], enqueue_many: bool, keep: Tensor) -> Operation | Tensor:
    """The operation that adds the tensors where `keep` is true (with a vector: those rows)."""
    enqueue = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep.shape.ndims == 1:
        chosen = cast(keep, int32)
        return enqueue([dynamic_partition(tensor, chosen, 2)[1] for tensor in tensors])
    return smart_cond(keep, lambda: enqueue(tensors), no_op)


def _plain(
    lists: Sequence[Any], batch_size: Any, capacity: int, dynamic_pad: bool, shared_name: str | None, **how: Any
) -> Any:
    """Batches in the order of arrival."""

    def make_queue(types: list, shapes: list) -> QueueBase:
        kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        return kind(capacity, types, shapes, shared_name=shared_name)

    def fullness(queue: QueueBase) -> None:
        scalar(_fullness(capacity), cast(queue.size(), float32) * (1.0 / capacity))

    return _batched(lists=lists, batch_size=batch_size, make_queue=make_queue, fullness=fullness, **how)


def _shuffled(
    lists: Sequence[Any],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None,
    shared_name: str | None,
    **how: Any,
) -> Any:
    """Batches in random order."""
    room = capacity - min_after_dequeue
    if room <= 0:
        raise ValueError(f"capacity {capacity} must be bigger than min_after_dequeue {min_after_dequeue}.")

    def make_queue(types: list, shapes: list) -> QueueBase:
        return RandomShuffleQueue(capacity, min_after_dequeue, types, shapes, seed=seed, shared_name=shared_name)

    def fullness(queue: QueueBase) -> None:
        beyond = cast(maximum(0, queue.size() - min_after_dequeue), float32)
        scalar(f"fraction_over_{min_after_dequeue}_of_{room}_full", beyond * (1.0 / room))

    return _batched(lists=lists, batch_size=batch_size, make_queue=make_queue, fullness=fullness, **how)


def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches of `batch_size` of what `tensors` (a list or a dict) give in run after run of queue runners' threads.

    `num_threads` threads run them and add the results to a queue of at most `capacity` elements, from which batches are
    taken in the order of arrival. With `enqueue_many` a result is itself a batch: an element is one row of each tensor.
    `shapes` are those of the elements; by default the tensors' own, which must be known, but with `dynamic_pad` for
    their dimensions: then the elements of a batch are filled up with zeros to the largest. At the end of the input
    (OutOfRangeError in the threads) too few elements for a batch are lost, or, with `allow_smaller_final_batch`, given
    as a smaller one. The queue is shared by all with one `shared_name`.

    The result is a dict for a dict, a list for a list, a tensor for a list of one. Start the threads with
    `start_queue_runners`. Raises ValueError for shapes that are not known, and for no tensors at all.
    """
    return _plain(
        [tensors],
        batch_size,
        capacity,
        dynamic_pad,
        shared_name,
        default_name="batch",
        threads=num_threads,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, with a thread for each structure in `tensors_list`: several readers, say, that fill one queue."""
    return _plain(
        tensors_list,
        batch_size,
        capacity,
        dynamic_pad,
        shared_name,
        default_name="batch_join",
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, of those elements for which `keep_input` is true: a scalar, or (`enqueue_many`) one per row."""
    return _plain(
        [tensors],
        batch_size,
        capacity,
        dynamic_pad,
        shared_name,
        default_name="batch",
        threads=num_threads,
        keep_input=keep_input,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def maybe_batch_join(
    tensors_list: Any,
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch_join`, of those elements for which `keep_input` is true. See `maybe_batch`."""
    return _plain(
        tensors_list,
        batch_size,
        capacity,
        dynamic_pad,
        shared_name,
        default_name="batch_join",
        keep_input=keep_input,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, with the elements in random order: each is drawn from at least
    `min_after_dequeue` + 1, or what is left at the end.

    The seed gives TensorFlow's order, as long as one thread adds the elements. Raises ValueError where the capacity is
    not larger than `min_after_dequeue`.
    """
    return _shuffled(
        [tensors],
        batch_size,
        capacity,
        min_after_dequeue,
        seed,
        shared_name,
        default_name="shuffle_batch",
        threads=num_threads,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch`, with a thread for each structure in `tensors_list`."""
    return _shuffled(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        seed,
        shared_name,
        default_name="shuffle_batch_join",
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch`, of those elements for which `keep_input` is true. See `maybe_batch`."""
    return _shuffled(
        [tensors],
        batch_size,
        capacity,
        min_after_dequeue,
        seed,
        shared_name,
        default_name="shuffle_batch",
        threads=num_threads,
        keep_input=keep_input,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


def maybe_shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch_join`, of those elements for which `keep_input` is true. See `maybe_batch`."""
    return _shuffled(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        seed,
        shared_name,
        default_name="shuffle_batch_join",
        keep_input=keep_input,
        enqueue_many=enqueue_many,
        shapes=shapes,
        smaller=allow_smaller_final_batch,
        name=name,
    )


__all__ = [
    "batch", "batch_join", "input_producer", "limit_epochs", "match_filenames_once", "maybe_batch",
    "maybe_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join", "range_input_producer", "shuffle_batch",
    "shuffle_batch_join", "slice_input_producer", "string_input_producer",
]  # fmt: skip
