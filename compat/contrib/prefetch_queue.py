"""slim.prefetch_queue: batches put together ahead of the steps that use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...data.queues import FIFOQueue, PaddingFIFOQueue, QueueBase
from ...engine.build import convert_to_tensor
from ...engine.dtypes import float32
from ...engine.graph import op_scope
from ...engine.ops.basic import cast
from ...train.queue_runner import QueueRunner, add_queue_runner
from ...train.summary.ops import scalar


def prefetch_queue(
    tensors: Sequence[Any] | Mapping[str, Any],
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> QueueBase:
    """A queue of up to `capacity` values of `tensors`, which a queue runner in TensorFlow's collection keeps filled.

    Its `dequeue` gives what `tensors` is, a list or a dict. With `dynamic_pad` dimensions may be unknown.
    """
    names = sorted(tensors) if isinstance(tensors, Mapping) else None
    values = [tensors[key] for key in names] if isinstance(tensors, Mapping) and names else list(tensors)
    with op_scope(name, "prefetch_queue", values):
        values = [convert_to_tensor(value) for value in values]
        kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queue = kind(
            capacity,
            dtypes=[value.dtype for value in values],
            shapes=[value.shape for value in values],
            names=names,
            shared_name=shared_name,
        )
        put = queue.enqueue(values if names is None else dict(zip(names, values, strict=True)))
        add_queue_runner(QueueRunner(queue, [put] * num_threads))
        scalar(f"fraction_of_{capacity}_full", cast(queue.size(), float32) * (1.0 / capacity))
        return queue


__all__ = ["prefetch_queue"]
