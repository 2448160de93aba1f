"""Checkpoints as .safetensors files, through the `safetensors` library (the extra "checkpoints")."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...engine import errors
from ...engine.dtypes import as_dtype
from ...engine.file_errors import as_tensorflow_errors
from .reader import CheckpointReader, Entry, SliceSpec
from .single_file import SingleFileWriter
from .slices import resolve

_DTYPES = {
    "BOOL": "bool", "I8": "int8", "U8": "uint8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64",
}  # fmt: skip


class SafetensorsReader(CheckpointReader):
    """Reads a .safetensors file. The format has no checksums: what was changed in its data is not noticed."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        library = _library()
        try:
            with as_tensorflow_errors(path):
                self._file: Any = library.safe_open(path, framework="numpy")
        except library.SafetensorError as error:
            raise errors.DataLossError(None, None, f"{path} is no whole safetensors file: {error}") from None
        self._names = sorted(self._file.keys())

    def keys(self) -> list[str]:
        return self._names

    def entry(self, name: str) -> Entry:
        described = self._slice_of(name)
        kind, shape = described.get_dtype(), tuple(described.get_shape())
        if kind not in _DTYPES:
            raise errors.UnimplementedError(None, None, f"{self.path}: {name} is of {kind}, which is no dtype here")
        dtype = as_dtype(_DTYPES[kind])
        return Entry(dtype, shape, int(np.prod(shape, dtype=np.int64)) * dtype.size)

    def read(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        self.entry(name)
        array = self._file.get_tensor(name)
        return array if slice_spec is None else array[resolve(slice_spec, array.shape)]

    def _slice_of(self, name: str) -> Any:
        if name not in self:
            raise self.not_found(name)
        return self._file.get_slice(name)

    def close(self) -> None:
        self._file.__exit__(None, None, None)


class SafetensorsWriter(SingleFileWriter):
    """Writes a .safetensors file, in `finish`: until then the arrays must stay as they are."""

    what = "A safetensors file"
    dtypes = frozenset(map(as_dtype, _DTYPES.values()))

    def __init__(self, path: str) -> None:
        self._library = _library()
        super().__init__(path)
        self._arrays: dict[str, np.ndarray] = {}

    def _write(self, name: str, array: np.ndarray) -> None:
        self._arrays[name] = np.require(array, requirements="C")

    def _end(self) -> None:
        from safetensors.numpy import save_file

        with as_tensorflow_errors(self._path):
            try:
                save_file(self._arrays, self._file.name)
            except self._library.SafetensorError as error:  # the library tells the system's errors in words
                number = re.search(r"os error (\d+)", str(error))
                raise OSError(int(number[1]) if number else 0, f"{error}") from None
        self._new.reopen(self._path)


def _library() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError(
            'safetensors files need the library of that name: pip install "scopeflow[checkpoints]"'
        ) from None
    return safetensors
