"""tf.contrib.data: where tf.data and its further transformations were first."""

from __future__ import annotations

from typing import Any

from ...data import Dataset, FixedLengthRecordDataset, Iterator, TextLineDataset, TFRecordDataset
from ...data.experimental import (
    AUTOTUNE,
    Counter,
    Transformation,
    bucket_by_sequence_length,
    choose_from_datasets,
    enumerate_dataset,
    get_single_element,
    group_by_window,
    ignore_errors,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    scan,
    shuffle_and_repeat,
    unbatch,
)


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches of `batch_size` elements, without a smaller one at the end."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size: Any, padded_shapes: Any, padding_values: Any = None) -> Transformation:
    """Padded batches of `batch_size` elements, without a smaller one at the end."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)


__all__ = [
    "AUTOTUNE", "Counter", "Dataset", "FixedLengthRecordDataset", "Iterator", "TFRecordDataset", "TextLineDataset",
    "batch_and_drop_remainder", "bucket_by_sequence_length", "choose_from_datasets", "enumerate_dataset",
    "get_single_element", "group_by_window", "ignore_errors", "map_and_batch", "padded_batch_and_drop_remainder",
    "parallel_interleave", "prefetch_to_device", "scan", "shuffle_and_repeat", "unbatch",
]  # fmt: skip
