"""Checkpoints of one file whose format knows whole tensors only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...engine import errors
from ...engine.dtypes import DType, as_dtype
from .files import Replacement
from .reader import CheckpointWriter, SliceSpec
from .slices import resolve


class SingleFileWriter(CheckpointWriter):
    """Parts of a tensor are put together before it is written. A format defines `what` it is and its `dtypes`."""

    what: str
    dtypes: frozenset[DType]

    def __init__(self, path: str) -> None:
        self._path = path
        self._new = Replacement(path)
        self._file = self._new.open(path)
        self._names: set[str] = set()
        self._parted: dict[str, np.ndarray] = {}
        self._missing: dict[str, int] = {}  # elements that no part has brought yet

    def add(self, name: str, array: np.ndarray) -> None:
        """Raises InvalidArgumentError for a name that is there already, and a dtype that the format does not have."""
        self._enter(name, array.dtype)
        self._write(name, _native(array))

    def add_slice(self, name: str, full_shape: Sequence[int], slice_spec: SliceSpec, array: np.ndarray) -> None:
        if name not in self._parted:
            self._enter(name, array.dtype)
            self._parted[name] = np.zeros(tuple(full_shape), _native(array).dtype)
            self._missing[name] = self._parted[name].size
        self._parted[name][resolve(slice_spec, full_shape)] = array
        self._missing[name] -= array.size

    def finish(self) -> None:
        """Raises InvalidArgumentError where parts of a tensor are missing."""
        for name, array in self._parted.items():
            if self._missing[name]:
                raise errors.InvalidArgumentError(
                    None, None, f"{self.what} holds whole tensors, and {self._missing[name]} elements of {name} are "
                    "in no part"
                )  # fmt: skip
            self._write(name, array)
        self._end()
        self._new.commit()

    def discard(self) -> None:
        self._new.discard()

    def _write(self, name: str, array: np.ndarray) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        """What is written when all tensors are known."""

    def _enter(self, name: str, kind: np.dtype) -> None:
        if name in self._names:
            raise errors.InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
        try:
            dtype = as_dtype(kind.newbyteorder("="))
        except TypeError:
            dtype = None
        if dtype not in self.dtypes:
            called = dtype.name if dtype else kind
            raise errors.InvalidArgumentError(
                None, None, f"{self.what} cannot hold {name}, which is of dtype {called}."
            )
        self._names.add(name)


def _native(array: np.ndarray) -> np.ndarray:
    """In this machine's byte order."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)
