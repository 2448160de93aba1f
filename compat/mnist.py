"""tensorflow.examples.tutorials.mnist.input_data: MNIST from its four files, in batches."""

from __future__ import annotations

import gzip
import math
import os
from typing import Any, NamedTuple

import numpy as np

from ..engine.dtypes import as_dtype, float32, uint8
from ..engine.ops.random import get_seed

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_IMAGES, _LABELS = 2051, 2049  # the numbers that the files of each kind begin with


class DataSet:
    """Images and labels, drawn in batches: `next_batch` goes through all, then shuffles them and begins anew.

    `images` is [n, 784] (or [n, 28, 28, 1] without `reshape`) of `dtype`: float32 in [0, 1], or uint8 as in the file.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        _refuse_fake_data(fake_data)
        seed1, seed2 = get_seed(seed)
        np.random.seed(seed1 if seed is None else seed2)
        dtype = as_dtype(dtype)
        if dtype not in (uint8, float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if len(images) != len(labels):
            raise ValueError(f"images.shape: {images.shape} labels.shape: {labels.shape}")
        if reshape:
            images = images.reshape(len(images), math.prod(images.shape[1:]))
        self.images = np.multiply(images.astype(np.float32), 1.0 / 255.0) if dtype is float32 else images
        self.labels = labels
        self.num_examples = len(images)
        self.epochs_completed = 0
        self._next = 0

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next (images, labels); a batch over the end of an epoch takes its rest from the next one."""
        _refuse_fake_data(fake_data)
        if self._next == 0 and self.epochs_completed == 0 and shuffle:
            self._shuffle()
        start, self._next = self._next, self._next + batch_size
        if self._next <= self.num_examples:
            return self.images[start : self._next], self.labels[start : self._next]
        rest = self.images[start:], self.labels[start:]
        self.epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._next = batch_size - len(rest[0])
        begin = self.images[: self._next], self.labels[: self._next]
        return np.concatenate([rest[0], begin[0]]), np.concatenate([rest[1], begin[1]])

    def _shuffle(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]


class Datasets(NamedTuple):
    """MNIST's three parts."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str | None = None,
) -> Datasets:
    """MNIST from the four files in `train_dir`, the first `validation_size` training images set apart.

    Nothing is downloaded: FileNotFoundError names the files that are missing; `source_url` is not used.
    """
    _refuse_fake_data(fake_data)
    absent = [name for name in FILES if not os.path.exists(os.path.join(train_dir, name))]
    if absent:
        raise FileNotFoundError(
            f"MNIST is not downloaded here: put {', '.join(absent)} (from a mirror of MNIST) into {train_dir!r}"
        )
    images, labels, test_images, test_labels = (_read(os.path.join(train_dir, name), one_hot) for name in FILES)
    if not 0 <= validation_size <= len(images):
        raise ValueError(f"Validation size should be between 0 and {len(images)}. Received: {validation_size}.")
    parts = (
        (images[validation_size:], labels[validation_size:]),
        (images[:validation_size], labels[:validation_size]),
        (test_images, test_labels),
    )
    return Datasets(*(DataSet(*part, dtype=dtype, reshape=reshape, seed=seed) for part in parts))


def _read(path: str, one_hot: bool) -> np.ndarray:
    """Images as uint8 [n, rows, columns, 1], or labels as uint8 [n] (float64 [n, 10] if `one_hot`)."""
    with gzip.open(path) as file:
        magic, *shape = np.frombuffer(file.read(8), ">u4").tolist()
        if magic == _IMAGES:
            shape += np.frombuffer(file.read(8), ">u4").tolist()
        elif magic != _LABELS:
            raise ValueError(f"Invalid magic number {magic} in MNIST file: {path}")
        data = np.frombuffer(file.read(), np.uint8).reshape(shape)
    if magic == _IMAGES:
        return data[..., None]
    return np.eye(10)[data] if one_hot else data


def _refuse_fake_data(fake_data: bool) -> None:
    if fake_data:
        raise NotImplementedError("fake_data is not made here; give the files of MNIST")


__all__ = ["DataSet", "read_data_sets"]
