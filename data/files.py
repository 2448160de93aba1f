"""Datasets of files: lines of text, records of one length, TFRecords."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine.build import convert_to_tensor
from ..engine.dtypes import string
from ..engine.errors import DataLossError, InvalidArgumentError
from ..engine.file_errors import as_tensorflow_errors
from ..engine.graph import get_default_graph
from ..engine.ops.basic import reshape
from ..engine.shapes import TensorShape
from . import sources
from .dataset import Dataset
from .functions import Element, Home
from .operations import dataset_op
from .records import TFRecordOptions, content, read_records
from .sources import Source
from .structure import Spec

_PIECE = 1 << 18  # bytes that are read at a time


def _element(octets: bytes) -> Element:
    """A scalar string."""
    value = np.empty((), object)
    value[()] = octets
    return [value]


def lines(path: str, compression: str) -> Iterator[bytes]:
    """The lines of a file without their ends; as in TensorFlow, no carriage return is left in them."""
    with as_tensorflow_errors(path), open(path, "rb") as file:
        stream, rest = content(file, TFRecordOptions(compression)), b""
        while piece := stream.read(_PIECE):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.replace(b"\r", b"")
        if rest:
            yield rest.replace(b"\r", b"")


def fixed_records(path: str, compression: str, size: int, header: int, footer: int) -> Iterator[bytes]:
    """Records of `size` bytes between a header and a footer.

    Raises InvalidArgumentError where what lies between is no whole number of records; of a compressed file, whose
    length is not known before, DataLossError after the last whole one.
    """
    with as_tensorflow_errors(path), open(path, "rb") as file:
        stream = content(file, TFRecordOptions(compression))
        if not compression:
            _check_body(path, os.fstat(file.fileno()).st_size, size, header, footer, InvalidArgumentError)
        total = len(stream.read(header))
        held = b""
        while piece := stream.read(_PIECE):
            held, total = held + piece, total + len(piece)
            whole = max(len(held) - footer, 0) // size * size
            yield from (held[at : at + size] for at in range(0, whole, size))
            held = held[whole:]
        _check_body(path, total, size, header, footer, DataLossError)


def _check_body(path: str, total: int, size: int, header: int, footer: int, kind: Any) -> None:
    body = total - header - footer
    if body % size or body < 0:
        raise kind(
            None,
            None,
            f'Excluding the header ({header} bytes) and footer ({footer} bytes), input file "{path}" has body length '
            f"{body} bytes, which is not an exact multiple of the record length ({size} bytes).",
        )


# -- the ops: a dataset of file names in, one of what the files hold out --------------------------------------------


def _of_files(read: Callable[..., Iterator[bytes]]) -> Callable[..., Source]:
    """What `read` gives of each file, one after the other, or of `parallel` files in turn."""

    def make(names: Source, compression: Any, *sizes: Any, parallel: int | None) -> Source:
        kind = np.asarray(compression, object).item().decode()
        if kind not in ("", "ZLIB", "GZIP"):
            raise InvalidArgumentError(None, None, "Unsupported compression_type.")
        numbers = [int(size) for size in sizes]

        def opening(home: Home) -> Callable[[Element], Source]:
            def opened(element: Element) -> Source:
                path = os.fsdecode(np.asarray(element[0], object).item())
                return sources.of_iterator(lambda: map(_element, read(path, kind, *numbers)))

            return opened

        return sources.interleaved(names, opening, parallel, 1) if parallel else sources.flat_mapped(names, opening)

    return make


_FILES = "input_dataset:variant, compression_type:string"
TextLineOp = dataset_op("TextLineDataset", _FILES, _of_files(lines))
TFRecordOp = dataset_op("TFRecordDataset", _FILES, _of_files(read_records))
FixedLengthRecordOp = dataset_op(
    "FixedLengthRecordDatasetV2",
    f"{_FILES}, record_bytes:int64, header_bytes:int64, footer_bytes:int64",
    _of_files(fixed_records),
)


class _FileDataset(Dataset):
    """A dataset of scalar strings, read from files whose names are a tensor of any shape or a dataset themselves."""

    def _read(self, op: Any, filenames: Any, compression: Any, parallel: Any, *sizes: Any) -> None:
        if not isinstance(filenames, Dataset):
            names = convert_to_tensor(filenames, string, name=None)
            filenames = Dataset.from_tensor_slices(reshape(names, [-1], name="flat_filenames"))
        elif filenames.output_types != string:
            raise TypeError(f"`filenames` must be a `tf.data.Dataset` of `tf.string` elements, not {filenames}.")
        graph = get_default_graph()
        before = graph.last_id
        inputs = [convert_to_tensor("" if compression is None else compression, string, name="compression_type")]
        inputs += [convert_to_tensor(0 if v is None else v, "int64", name=n) for n, v in sizes]
        graph.uncounted += before - graph.last_id  # TensorFlow has these in a function of its own,
        graph.uncounted += 0 if parallel is None else 4  # and four numbers for an interleaving of files
        variant = op(filenames.variant, *inputs, parallel=None if parallel is None else int(parallel))
        super().__init__(variant, Spec(string, TensorShape([])))


class TextLineDataset(_FileDataset):
    """The lines of text files, without their ends. `compression_type` is "", "ZLIB" or "GZIP"."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        self._read(TextLineOp, filenames, compression_type, num_parallel_reads)


class TFRecordDataset(_FileDataset):
    """The records of TFRecord files. With `num_parallel_reads` so many files in turn give a record each."""

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        self._read(TFRecordOp, filenames, compression_type, num_parallel_reads)


class FixedLengthRecordDataset(_FileDataset):
    """Records of `record_bytes` bytes each, between each file's header and footer."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        sizes = (("record_bytes", record_bytes), ("header_bytes", header_bytes), ("footer_bytes", footer_bytes))
        self._read(FixedLengthRecordOp, filenames, compression_type, num_parallel_reads, *sizes)
