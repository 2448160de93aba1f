"""TensorFlow's checkpoints as it writes them since 2016 ("V2"): an index, and the tensors' bytes in data files.

NAME.index is a table (table.py) of a BundleEntryProto for each tensor, under its name; the entry under the empty name
is the header. NAME.data-0000x-of-0000y are the shards. A partitioned variable's entry lists its slices, and each has
an entry of its own, under `slice_key`. The formats are those of tensorflow/core/protobuf/tensor_bundle.proto and
tensorflow/core/util/tensor_bundle; what these leave open was found by experiment.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any, BinaryIO

import numpy as np

from ...engine import errors
from ...engine.checksum import crc32c, masked
from ...engine.dtypes import DType, as_dtype
from ...engine.file_errors import as_tensorflow_errors
from ...engine.protos import SHAPE, VERSIONS, decode_dtype, decode_shape, encode_shape
from ...engine.wire import Field, Message, read_varints, varint
from .files import Replacement, data_path, finish_interrupted, index_path
from .mapping import mapped
from .protos import SLICE, VERSION, check_versions, decode_slice, encode_slice
from .reader import CheckpointReader, CheckpointWriter, Entry, SliceSpec
from .slices import Box, extent, fit, resolve, slice_key, spelled, sufficient
from .table import Table, TableWriter

HEADER_KEY = b""
HEADER = Message(
    "BundleHeaderProto",
    Field(1, "num_shards", "int32"),
    Field(2, "endianness", "enum"),  # 0 is little
    Field(3, "version", VERSIONS),
)
ENTRY = Message(
    "BundleEntryProto",
    Field(1, "dtype", "enum"),
    Field(2, "shape", SHAPE),
    Field(3, "shard_id", "int32"),
    Field(4, "offset", "int64"),
    Field(5, "size", "int64"),
    Field(6, "crc32c", "fixed32"),
    Field(7, "slices", SLICE, repeated=True),
)

_LARGE = 1 << 23  # bytes from which a second thread pays
_CHUNK = 1 << 22  # bytes that two threads hand on to each other, which stay in a cache


class BundleReader(CheckpointReader):
    """The tensors of PATH.index and its data files.

    The index is read at once, the data files are mapped into memory when a tensor of theirs is read: that touches this
    tensor's bytes alone. With `verify` all that is read is held against its checksum. Raises NotFoundError where
    files are not there, DataLossError where they are damaged, InvalidArgumentError where they are not for us.
    """

    def __init__(self, path: str, verify: bool = True) -> None:
        super().__init__(path)
        self._verify = verify
        self._shards: dict[int, mmap.mmap | bytes] = {}
        table = self._read_index()
        self._count = self._read_header(table.pop(HEADER_KEY, None))
        self._slices = {key: table.pop(key) for key in [key for key in table if key.startswith(b"\0")]}
        try:
            self._entries = {str(key, "utf-8"): value for key, value in table.items()}
        except UnicodeDecodeError as error:
            raise self._damaged("", f"a name in the index is not UTF-8: {error.object!r}") from None

    def keys(self) -> list[str]:
        return sorted(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def entry(self, name: str) -> Entry:
        values = self._values(name)
        dtype = values["dtype"]
        sizes = [values["size"]]
        if values["slices"] and not dtype.is_numpy_number:
            sizes = [self._slice_values(name, values, spec)["size"] for spec in values["slices"]]
        nbytes = prod(values["shape"]) * dtype.size if dtype.is_numpy_number else sum(sizes)
        return Entry(dtype, values["shape"], nbytes, values["slices"])

    def read(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        """A tensor, or that part of it, as an array of its own; strings are an object array of bytes.

        Raises NotFoundError for a name that is not there, InvalidArgumentError for a slice that does not lie in it.
        """
        values = self._values(name)
        shape = values["shape"]
        wanted = resolve([(0, -1)] * len(shape) if slice_spec is None else slice_spec, shape)
        if values["slices"]:
            return self._read_slices(name, values, wanted)
        return self._read_part(name, values, wanted)

    def view(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        values = self._values(name)
        whole = slice_spec is None or extent(resolve(slice_spec, values["shape"])) == values["shape"]
        if values["slices"] or not whole or not values["dtype"].is_numpy_number:
            return self.read(name, slice_spec)
        stored = self._stored(name, values)
        self._check(name, values, crc32c(stored) if self._verify else None)
        view = np.ndarray(values["shape"], values["dtype"].numpy, stored)
        view.flags.writeable = False
        return view

    def check(self) -> None:
        """Raise what is known to be wrong without reading the tensors: missing or short files, wrong entries."""
        for name in self._entries:
            values = self._values(name)
            for part in [self._slice_values(name, values, spec) for spec in values["slices"]] or [values]:
                self._stored(name, part)

    def close(self) -> None:
        self._shards.clear()  # a mapping ends with the last reference to it

    # -- the index ----------------------------------------------------------------------------------------------------

    def _read_index(self) -> dict[bytes, memoryview]:
        index = index_path(self.path)
        try:
            with as_tensorflow_errors(index):
                finish_interrupted(index)
                with open(index, "rb") as file:
                    content = file.read()
        except errors.NotFoundError:
            message = f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {self.path}"
            raise errors.NotFoundError(None, None, message) from None
        return dict(Table(content, index, self._verify))

    def _read_header(self, raw: memoryview | None) -> int:
        """How many shards there are."""
        index = index_path(self.path)
        if raw is None:
            raise self._damaged("", f"{index} has no header")
        try:
            header = HEADER.decode(raw)
        except ValueError as error:
            raise self._damaged("", f"the header of {index} is wrong: {error}") from None
        if header["endianness"]:
            raise errors.InvalidArgumentError(
                None, None, f"{index} was written on a big-endian machine, which is not supported"
            )
        check_versions(header["version"], index)
        if header["num_shards"] < 1:
            raise self._damaged("", f"{index} tells of {header['num_shards']} shards")
        return header["num_shards"]

    def _values(self, name: str) -> dict[str, Any]:
        """An entry's fields, with its dtype, shape and slices as we have them."""
        if name not in self:
            raise self.not_found(name)
        values = self._decoded(name, self._entries[name])
        specs = values["slices"] = tuple(values["slices"])
        if specs and values["size"]:
            raise self._damaged(name, "it is both whole and in slices")
        return values

    def _slice_values(self, name: str, whole: dict[str, Any], spec: SliceSpec) -> dict[str, Any]:
        """The entry's fields of a slice."""
        raw = self._slices.get(slice_key(name, spec))
        if raw is None:
            raise self._damaged(name, f"its slice {spelled(spec)} is not there")
        values = self._decoded(name, raw)
        shape = extent(resolve(spec, whole["shape"]))
        if values["dtype"] != whole["dtype"] or values["shape"] != shape or values["slices"]:
            raise self._damaged(name, f"its slice {spelled(spec)} is not of its type or shape")
        return values

    def _decoded(self, name: str, raw: memoryview) -> dict[str, Any]:
        try:
            values = ENTRY.decode(raw)
            values["dtype"] = dtype = decode_dtype(values["dtype"])
            values["shape"] = shape = decode_shape(values["shape"])
            values["slices"] = [decode_slice(spec) for spec in values["slices"]]
        except ValueError as error:
            raise self._damaged(name, f"its entry cannot be read: {error}") from None
        if not 0 <= values["shard_id"] < self._count:
            raise self._damaged(name, f"it lies in shard {values['shard_id']} of {self._count}")
        least = prod(shape) * dtype.size  # a string takes a byte or more
        fits = values["size"] == least if dtype.is_numpy_number else values["size"] >= least
        if not (fits or values["slices"]):
            raise self._damaged(name, f"it has {values['size']} bytes for {dtype.name} {list(shape)}")
        return values

    def _damaged(self, name: str, what: str) -> errors.OpError:
        return errors.DataLossError(None, None, f"{self.path}: " + (f"tensor {name}: {what}" if name else what))

    # -- the data -----------------------------------------------------------------------------------------------------

    def _shard(self, number: int) -> mmap.mmap | bytes:
        if number not in self._shards:
            self._shards[number] = mapped(data_path(self.path, number, self._count))
        return self._shards[number]

    def _stored(self, name: str, values: dict[str, Any]) -> np.ndarray:
        """The bytes of a tensor as they lie in the file."""
        shard, offset, size = self._shard(values["shard_id"]), values["offset"], values["size"]
        if offset < 0 or size < 0 or offset + size > len(shard):
            path = data_path(self.path, values["shard_id"], self._count)
            raise self._damaged(name, f"it has {size} bytes at {offset} of {path}, which has {len(shard)}")
        return np.frombuffer(shard, np.uint8, size, offset) if size else np.empty(0, np.uint8)

    def _read_part(self, name: str, values: dict[str, Any], wanted: Box) -> np.ndarray:
        """A part of a tensor that lies in one piece."""
        stored = self._stored(name, values)
        if not values["dtype"].is_numpy_number:
            strings = self._strings(name, values, stored)
            return strings if extent(wanted) == values["shape"] else strings[wanted].copy()
        out = np.empty(extent(wanted), values["dtype"].numpy)
        if extent(wanted) == values["shape"]:
            self._fill(out, name, values, stored)
        else:
            self._check(name, values, crc32c(stored) if self._verify else None)
            out[...] = np.ndarray(values["shape"], out.dtype, stored)[wanted]
        return out

    def _fill(self, out: np.ndarray, name: str, values: dict[str, Any], stored: np.ndarray) -> None:
        octets = out.reshape(-1).view(np.uint8)
        if self._verify:
            self._check(name, values, _copied(octets, stored))
        else:
            octets[:] = stored

    def _read_slices(self, name: str, values: dict[str, Any], wanted: Box) -> np.ndarray:
        """A part of a tensor put together from the slices that it is stored in."""
        specs = values["slices"]
        boxes = [resolve(spec, values["shape"]) for spec in specs]
        pieces = sufficient(boxes, wanted, f"{self.path}: {name}")
        parts = [(self._slice_values(name, values, specs[number]), inside, cut) for number, inside, cut in pieces]
        if sum(self._stored(name, part).size for part, _, _ in parts) > sum(map(len, self._shards.values())):
            raise self._damaged(name, "its slices are more than the files have")  # before so much memory is taken
        out = np.empty(extent(wanted), values["dtype"].numpy)
        for part, inside, cut in parts:
            target = out[inside] if inside else out
            if target.shape == part["shape"] and target.flags.c_contiguous and part["dtype"].is_numpy_number:
                self._fill(target, name, part, self._stored(name, part))
            else:
                target[...] = self._read_part(name, part, cut)
        return out

    def _strings(self, name: str, values: dict[str, Any], stored: np.ndarray) -> np.ndarray:
        """Strings: the length of each, a checksum of the lengths, then all their bytes."""
        if values["dtype"].name != "string":
            raise errors.InvalidArgumentError(
                None, None, f"{self.path}: tensor {name} is of type {values['dtype'].name}, which cannot be read"
            )
        count = prod(values["shape"])
        ends = np.flatnonzero(stored[: 10 * count] < 128)[:count] + 1  # a length has ten bytes at most
        start = int(ends[-1]) if len(ends) else 0
        try:
            if len(ends) < count or start + 4 > stored.size:
                raise ValueError("they run past its end")
            lengths = read_varints(stored[:start])
            if lengths.max(initial=0) > stored.size or int(lengths.sum()) + start + 4 != stored.size:
                raise ValueError(f"they are not {stored.size} together")
        except ValueError as error:
            raise self._damaged(name, f"the lengths of its strings are wrong: {error}") from None
        checksum, text = stored[start : start + 4].tobytes(), stored[start + 4 :].tobytes()
        if self._verify:
            self._check(name, values, crc32c(text, crc32c(checksum, crc32c(_fixed(lengths.tolist())))))
        out = np.empty(count, object)
        stops = np.cumsum(lengths, dtype=np.int64).tolist()
        out[:] = [text[a:b] for a, b in zip([0, *stops], stops, strict=False)]
        return out.reshape(values["shape"])

    def _check(self, name: str, values: dict[str, Any], crc: int | None) -> None:
        if crc is not None and masked(crc) != values["crc32c"]:
            path = data_path(self.path, values["shard_id"], self._count)
            raise errors.DataLossError(
                None,
                None,
                f"{path}: tensor {name}, {values['size']} bytes at offset {values['offset']}: Checksum does not match:"
                f" stored {values['crc32c']:#010x} vs. calculated on the restored bytes {masked(crc):#010x}",
            )


class BundleWriter(CheckpointWriter):
    """Writes PATH.index and its data files, byte for byte as TensorFlow does the same in one shard.

    With several `shards` a tensor goes to the one that is shortest so far. Instead of an array, the methods also take
    what has `dtype`, `shape` and `chunks()`, an iterator of arrays whose bytes follow each other: a chunk is written
    when the next one is asked for.
    """

    def __init__(self, path: str, shards: int = 1) -> None:
        self._path, self._count = path, shards
        self._new = Replacement(index_path(path))
        self._paths = [data_path(path, number, shards) for number in range(shards)]
        self._files = [self._new.open(data) for data in self._paths]
        self._sizes = [0] * shards
        self._entries: dict[bytes, dict[str, Any]] = {}
        self._specs: dict[str, list[SliceSpec]] = {}  # of the tensors that come in slices

    def add(self, name: str, array: Any) -> None:
        """Raises InvalidArgumentError for a name that is there already, or none, and a type that has no bytes."""
        self._take(name, name.encode(), array)

    def add_slice(self, name: str, full_shape: Sequence[int], slice_spec: SliceSpec, array: Any) -> None:
        """Raises InvalidArgumentError like `add`, and where the slice is none of `full_shape` or not of `array`'s.

        A slice that is all of the tensor is not told from the tensor, as in TensorFlow.
        """
        spec = tuple((int(start), int(length)) for start, length in slice_spec)
        shape = tuple(int(size) for size in full_shape)
        dtype = _dtype_of(name, array)
        whole = {"dtype": dtype.as_datatype_enum, "shape": encode_shape(shape), "slices": []}
        known = self._entries.get(name.encode(), whole)
        cut = extent(resolve(spec, shape))
        if (known["dtype"], known["shape"]) != (whole["dtype"], whole["shape"]) or cut != tuple(array.shape):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"The slice {spelled(spec)} of {name}, {dtype.name} {list(shape)}, cannot be {list(array.shape)}"
                f" beside {[spelled(other) for other in self._specs.get(name, [])]}",
            )
        if cut == shape:
            return self.add(name, array)
        if name not in self._specs:
            self._enter(name, name.encode(), whole)
        self._take(name, slice_key(name, spec), array)
        self._specs.setdefault(name, []).append(spec)
        known["slices"].append(encode_slice(spec))

    def finish(self) -> None:
        """Raises InvalidArgumentError where slices of a tensor leave out some of it, or overlap."""
        for name, specs in self._specs.items():
            shape = [dim["size"] for dim in self._entries[name.encode()]["shape"]["dim"]]
            try:
                fit([resolve(spec, shape) for spec in specs], resolve([(0, -1)] * len(shape), shape))
            except ValueError as error:
                raise errors.InvalidArgumentError(
                    None, None, f"The slices of {name}, of shape {shape}, do not make it up: {error}"
                ) from None
        with as_tensorflow_errors(index_path(self._path)):
            table = TableWriter(self._new.open(index_path(self._path)))
            table.add(HEADER_KEY, HEADER.encode({"num_shards": self._count, "version": {"producer": VERSION}}))
            for key in sorted(self._entries):
                table.add(key, ENTRY.encode(self._entries[key]))
            table.finish()
        self._new.commit()

    def discard(self) -> None:
        self._new.discard()

    def _enter(self, name: str, key: bytes, values: dict[str, Any]) -> None:
        if key in self._entries or not name or name.startswith("\0"):
            raise errors.InvalidArgumentError(
                None, None, f"Adding duplicate key: {name}" if name else "A tensor without a name cannot be saved"
            )
        self._entries[key] = values

    def _take(self, name: str, key: bytes, array: Any) -> None:
        """Write a tensor, or a slice, and its entry."""
        dtype = _dtype_of(name, array)
        shard = self._sizes.index(min(self._sizes))
        values = {"dtype": dtype.as_datatype_enum, "shape": encode_shape(array.shape), "shard_id": shard}
        self._enter(name, key, values)
        file, offset = self._files[shard], self._sizes[shard]
        with as_tensorflow_errors(self._paths[shard]):
            size, crc = _write_strings(file, array) if dtype.is_string else _write_numbers(file, array, dtype)
        values |= {"offset": offset, "size": size, "crc32c": masked(crc)}
        self._sizes[shard] += size


def _dtype_of(name: str, array: Any) -> DType:
    try:
        kind = array.dtype
        dtype = as_dtype(kind.newbyteorder("=") if isinstance(kind, np.dtype) else kind)
    except TypeError:
        dtype = None
    if dtype is None or not (dtype.is_numpy_number or dtype.is_string):
        raise errors.InvalidArgumentError(None, None, f"{name} is of type {array.dtype}, which cannot be saved")
    return dtype


def _write_numbers(file: BinaryIO, array: Any, dtype: DType) -> tuple[int, int]:
    """Write an array, or its chunks; (bytes, their CRC)."""
    if isinstance(array, np.ndarray | np.generic):
        chunks: Iterable = [np.ascontiguousarray(array, dtype.numpy)]
    else:
        chunks = array.chunks()
    size = crc = 0
    for chunk in chunks:
        octets = chunk.reshape(-1).view(np.uint8)
        crc = _written(file, octets, crc)
        size += octets.size
    if size != prod(array.shape) * dtype.size:
        raise ValueError(f"{size} bytes came for {dtype.name} {list(array.shape)}")
    return size, crc


def _write_strings(file: BinaryIO, array: np.ndarray) -> tuple[int, int]:
    """Write strings as `BundleReader._strings` has them; (bytes, their CRC)."""
    strings = [value.encode() if isinstance(value, str) else bytes(value) for value in array.reshape(-1).tolist()]
    lengths = [len(value) for value in strings]
    crc = crc32c(_fixed(lengths))
    checksum, text = struct.pack("<I", masked(crc)), b"".join(strings)
    size = file.write(b"".join(map(varint, lengths)) + checksum)
    return size + file.write(text), crc32c(text, crc32c(checksum, crc))


def _fixed(lengths: Iterable[int]) -> bytes:
    """Lengths as their checksum sees them."""
    return b"".join(struct.pack("<I" if length < 1 << 32 else "<Q", length) for length in lengths)


# CRCs hold Python's lock, reading and writing do not: of many bytes one thread does the one, a second the other.


def _written(file: BinaryIO, octets: np.ndarray, crc: int) -> int:
    """Write bytes; the CRC of those before and these."""
    if octets.size < _LARGE:
        file.write(octets.data)
        return crc32c(octets, crc)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(file.write, octets.data)
        crc = crc32c(octets, crc)
        writing.result()
    return crc


def _copied(target: np.ndarray, source: np.ndarray) -> int:
    """Copy bytes; their CRC."""
    if target.size < _LARGE:
        target[:] = source
        return crc32c(target)
    crc, starts = 0, range(0, target.size, _CHUNK)
    with ThreadPoolExecutor(1) as pool:
        copies = [pool.submit(np.copyto, target[i : i + _CHUNK], source[i : i + _CHUNK]) for i in starts]
        for start, copy in zip(starts, copies, strict=True):
            copy.result()
            crc = crc32c(target[start : start + _CHUNK], crc)
    return crc
