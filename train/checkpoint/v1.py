"""TensorFlow's checkpoints as it wrote them until 2016 ("V1"), which are read only: one file, or one for each shard.

The file is a table (table.py) of SavedTensorSlices, as tensorflow/core/util/saved_tensor_slice.proto has them: the one
under the empty key lists the tensors and their slices; the one under a slice's key (`slice_key`) has its numbers.
"""

from __future__ import annotations

import glob
import os
from math import prod
from typing import NamedTuple

import numpy as np

from ...engine import errors
from ...engine.dtypes import DType
from ...engine.protos import SHAPE, TENSOR, VERSIONS, decode_dtype, decode_shape, tensor_array
from ...engine.wire import Field, Message
from .mapping import mapped
from .protos import SLICE, check_versions, decode_slice
from .reader import CheckpointReader, Entry, SliceSpec
from .slices import extent, resolve, slice_key, spelled, sufficient
from .table import Table

SLICE_META = Message(
    "SavedSliceMeta",
    Field(1, "name", "string"),
    Field(2, "shape", SHAPE),
    Field(3, "type", "enum"),
    Field(4, "slice", SLICE, repeated=True),
)
META = Message("SavedTensorSliceMeta", Field(1, "tensor", SLICE_META, repeated=True), Field(2, "versions", VERSIONS))
SAVED_SLICE = Message("SavedSlice", Field(1, "name", "string"), Field(2, "slice", SLICE), Field(3, "data", TENSOR))
SAVED = Message("SavedTensorSlices", Field(1, "meta", META), Field(2, "data", SAVED_SLICE))


class _Tensor(NamedTuple):
    """What the lists in the files say of a tensor: each of its slices with the file that it lies in."""

    dtype: DType
    shape: tuple[int, ...]
    slices: list[tuple[SliceSpec, int]]


class V1Reader(CheckpointReader):
    """The tensors of a file, or of all that match a pattern like "model.ckpt-?????-of-00002".

    The files are mapped into memory; a tensor that is read touches the blocks it lies in. With `verify` those are held
    against their checksums. Raises NotFoundError where files are not there, DataLossError where they are damaged or
    something else, InvalidArgumentError where they are not for us.
    """

    def __init__(self, path: str, verify: bool = True) -> None:
        super().__init__(path)
        self._paths = [path] if os.path.isfile(path) else sorted(glob.glob(path))
        shards = path.rpartition("-of-")[2]
        if not self._paths or (
            shards != path and shards.isdecimal() and "?" in path and len(self._paths) != int(shards)
        ):
            raise errors.NotFoundError(
                None,
                None,
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {path}"
                if not self._paths
                else f"Of the {int(shards)} files {path} there are {len(self._paths)}",
            )
        self._tables = [Table(mapped(file), file, verify) for file in self._paths]
        self._tensors: dict[str, _Tensor] = {}
        for number in range(len(self._tables)):
            self._read_list(number)

    def keys(self) -> list[str]:
        return sorted(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def entry(self, name: str) -> Entry:
        tensor = self._tensor(name)
        whole = len(tensor.slices) == 1 and all(length == -1 for _, length in tensor.slices[0][0])
        slices = () if whole else tuple(spec for spec, _ in tensor.slices)
        if tensor.dtype.is_numpy_number:
            return Entry(tensor.dtype, tensor.shape, prod(tensor.shape) * tensor.dtype.size, slices)
        stored = sum(len(self._stored(name, spec, file)) for spec, file in tensor.slices)
        return Entry(tensor.dtype, tensor.shape, stored, slices)

    def read(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        """A tensor, or that part of it, as an array of its own; strings are an object array of bytes.

        Raises NotFoundError for a name that is not there, InvalidArgumentError for a slice that does not lie in it.
        """
        tensor = self._tensor(name)
        wanted = resolve([(0, -1)] * len(tensor.shape) if slice_spec is None else slice_spec, tensor.shape)
        boxes = [resolve(spec, tensor.shape) for spec, _ in tensor.slices]
        pieces = sufficient(boxes, wanted, f"{self.path}: {name}")
        parts = [(self._part(name, tensor, *tensor.slices[number]), inside, cut) for number, inside, cut in pieces]
        if len(parts) == 1 and parts[0][0].shape == extent(wanted):
            return parts[0][0]
        out = np.empty(extent(wanted), tensor.dtype.numpy)
        for part, inside, cut in parts:
            out[inside] = part[cut]
        return out

    def close(self) -> None:
        self._tables.clear()  # a mapping ends with the last reference to it

    def _read_list(self, number: int) -> None:
        """Enter what a file lists."""
        raw = self._tables[number].get(b"")
        try:
            meta = None if raw is None else SAVED.decode(raw)["meta"]
            if meta is None:
                raise ValueError("it has no list of tensors")
            check_versions(meta["versions"], self._paths[number])
            for values in meta["tensor"]:
                dtype, shape = decode_dtype(values["type"]), decode_shape(values["shape"])
                tensor = self._tensors.setdefault(values["name"], _Tensor(dtype, shape, []))
                if (tensor.dtype, tensor.shape) != (dtype, shape):
                    raise ValueError(f"{values['name']} is {dtype.name} {list(shape)} and of another type or shape too")
                tensor.slices.extend((decode_slice(spec), number) for spec in values["slice"])
        except ValueError as error:
            raise self._damaged(number, str(error)) from None

    def _tensor(self, name: str) -> _Tensor:
        if name not in self._tensors:
            raise self.not_found(name)
        return self._tensors[name]

    def _stored(self, name: str, spec: SliceSpec, number: int) -> memoryview:
        raw = self._tables[number].get(slice_key(name, spec))
        if raw is None:
            raise self._damaged(number, f"tensor {name}: its slice {spelled(spec)} is not there")
        return raw

    def _part(self, name: str, tensor: _Tensor, spec: SliceSpec, number: int) -> np.ndarray:
        """A slice of a tensor as it lies in a file."""
        shape = extent(resolve(spec, tensor.shape))
        try:
            data = (SAVED.decode(self._stored(name, spec, number))["data"] or {}).get("data")
            return tensor_array(data or TENSOR.decode(b""), tensor.dtype, shape)
        except ValueError as error:
            raise self._damaged(number, f"tensor {name}: {error}") from None

    def _damaged(self, number: int, what: str) -> errors.OpError:
        return errors.DataLossError(None, None, f"{self._paths[number]}: {what}")
