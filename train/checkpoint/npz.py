"""Checkpoints as .npz files: NumPy's own, an uncompressed zip archive with one array a member."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from ...engine import errors
from ...engine.dtypes import NUMBERS, DType, as_dtype, bfloat16, bool_
from ...engine.file_errors import as_tensorflow_errors
from .reader import CheckpointReader, Entry, SliceSpec
from .single_file import SingleFileWriter
from .slices import resolve

_VOID = np.dtype("V2")  # what NumPy's format makes of bfloat16
_MOST_DEFLATED = 1040  # no byte of a deflated stream gives more (zlib's own figure is 1032)


class NpzReader(CheckpointReader):
    """Reads an .npz file; pickled objects in it are refused."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        try:
            with as_tensorflow_errors(path):
                self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise errors.DataLossError(None, None, f"{path} is no whole .npz file: {error}") from None
        members = [info for info in self._zip.infolist() if info.filename.endswith(".npy")]
        self._members = {info.filename.removesuffix(".npy"): info for info in members}
        self._entries: dict[str, Entry] = {}

    def keys(self) -> list[str]:
        return sorted(self._members)

    def entry(self, name: str) -> Entry:
        if name not in self._members:
            raise self.not_found(name)
        if name not in self._entries:
            self._read_member(name, only_header=True)
        return self._entries[name]

    def read(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        if name not in self._members:
            raise self.not_found(name)
        array = self._read_member(name)
        return array if slice_spec is None else array[resolve(slice_spec, array.shape)]

    def _read_member(self, name: str, only_header: bool = False) -> Any:
        """One array, checked against its CRC-32; or just its entry."""
        info = self._members[name]
        try:
            with self._zip.open(info) as file:
                shape, fortran_order, dtype = _header(file)
                kind = _dtype_of(dtype)
                size = int(np.prod(shape, dtype=object)) * dtype.itemsize
                self._check_size(info, size)
                self._entries[name] = Entry(kind, shape, size)
                if only_header:
                    return None
                flat = np.empty(size, np.uint8)
                if file.readinto(flat.data) != size or file.read(1):  # type: ignore[attr-defined]
                    raise ValueError("the array ends early or late")
        except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
            where = f"{self.path}: {name}, at offset {info.header_offset}"
            raise errors.DataLossError(None, None, f"{where}: {error or type(error).__name__}") from None
        values = flat.view(kind.numpy if dtype == _VOID else dtype)
        array = values.reshape(shape[::-1]).T if fortran_order else values.reshape(shape)
        if dtype.kind == "U":
            array = np.char.encode(array, "utf-8")
        return array.astype(kind.numpy, copy=False)  # in this machine's byte order, and strings as bytes

    def _check_size(self, info: zipfile.ZipInfo, size: int) -> None:
        """What a header promises must fit into the file, before memory is taken for it."""
        if size > info.file_size or info.file_size > info.compress_size * _MOST_DEFLATED + 64:
            raise ValueError(f"{size} bytes are promised, more than its {info.compress_size} bytes can hold")

    def close(self) -> None:
        self._zip.close()


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and dtype of an array in NumPy's format. Raises ValueError for anything else, objects included."""
    major, _ = npy.read_magic(file)
    read = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
    shape, fortran_order, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it is a pickled Python object, which may run any code and is not read")
    return shape, fortran_order, dtype


def _dtype_of(dtype: np.dtype) -> DType:
    try:
        return bfloat16 if dtype == _VOID else as_dtype(dtype.newbyteorder("="))
    except TypeError:
        raise ValueError(f"{dtype} is no dtype here") from None


class NpzWriter(SingleFileWriter):
    """Writes an .npz file."""

    what = "An .npz file"
    dtypes = frozenset((*NUMBERS, bool_))

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)

    def _write(self, name: str, array: np.ndarray) -> None:
        with as_tensorflow_errors(self._path), self._zip.open(_member(name), "w", force_zip64=True) as file:
            values = array.view(_VOID) if array.dtype == bfloat16.numpy else array
            npy.write_array(file, np.require(values, requirements="C"), allow_pickle=False)

    def _end(self) -> None:
        with as_tensorflow_errors(self._path):
            self._zip.close()

    def discard(self) -> None:
        with suppress(OSError, ValueError):  # left open, it would write to a closed file later
            self._zip.close()
        super().discard()


def _member(name: str) -> zipfile.ZipInfo:
    """A member of the archive, with the same date always: the same arrays make the same file."""
    return zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
