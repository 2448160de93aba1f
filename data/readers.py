"""Readers: they take file names from a queue and give what the files hold, a record in each run."""

from __future__ import annotations

import io
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..engine.dtypes import string
from ..engine.errors import InvalidArgumentError, UnimplementedError
from ..engine.file_errors import as_tensorflow_errors
from ..engine.graph import Operation, Tensor
from ..engine.registry import OpDef, define, no_outputs, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape
from .files import lines
from .queue_state import QueueState
from .records import TFRecordOptions, content, records_at
from .resources import as_handle, behind, shared_or_own

Records = Iterator[tuple[bytes, bytes]]  # (key, value) of each record of one file

# -- what a session keeps -------------------------------------------------------------------------------------------


class _ReaderState:
    """One reader in one session: the file that it is in, and how far it has come.

    `open(name)` opens a file; `is_single` says that a file is one record, so that it has ended once this is read.
    """

    def __init__(self, open: Callable[[bytes], Records], is_single: bool) -> None:
        self._open, self._is_single = open, is_single
        self._lock = threading.Lock()  # one run reads; others wait, as it may wait for the queue
        self.reset()

    def reset(self) -> None:
        self._records: Records | None = None
        self.produced = self.completed = 0

    def read(self, queue: QueueState, most: int = 1) -> list[tuple[bytes, bytes]]:
        """The next records, at least one of them, of one file.

        Raises what the queue does where it has no further file, and what is wrong with a file; the next call goes on
        with the next one.
        """
        with self._lock:
            found: list[tuple[bytes, bytes]] = []
            while not found and most > 0:
                self._records = self._records or self._open(_next_name(queue))
                found = list(itertools.islice(self._records, most))
                if len(found) < most or self._is_single:
                    self._records = None
                    self.completed += 1
            self.produced += len(found)
            return found


def _next_name(queue: QueueState) -> bytes:
    types = queue.description.types
    if len(types) != 1:
        raise InvalidArgumentError(None, None, "Expected single component queue")
    if types[0] is not string:
        raise InvalidArgumentError(None, None, "Expected queue with single string component")
    (name,) = queue.take()[0]
    if name.size != 1:
        raise InvalidArgumentError(None, None, "Expected to dequeue a one-element string tensor")
    return name.item()


# -- what is in a file ----------------------------------------------------------------------------------------------


def _whole_file(name: bytes) -> Records:
    path = os.fsdecode(name)
    with as_tensorflow_errors(path), open(path, "rb") as file:
        return iter([(name, file.read())])


def _text_lines(name: bytes, skipped: int) -> Records:
    numbered = enumerate(lines(os.fsdecode(name), ""), 1)
    return ((b"%s:%d" % (name, number), line) for number, line in numbered if number > skipped)


def _tf_records(name: bytes, compression: str) -> Records:
    return ((b"%s:%d" % (name, start), data) for start, data in records_at(os.fsdecode(name), compression))


def _fixed_length(name: bytes, size: int, header: int, footer: int, hop: int, encoding: str) -> Records:
    """Records of `size` bytes, the first behind the header, each next one `hop` bytes further on."""
    path = os.fsdecode(name)
    with as_tensorflow_errors(path), open(path, "rb") as opened:
        file: Any = opened
        if encoding == "ZLIB":
            inflated = content(opened, TFRecordOptions("ZLIB"))
            file = io.BytesIO(b"".join(iter(lambda: inflated.read(1 << 18), b"")))
        end = file.seek(0, os.SEEK_END) - footer
        for number, start in enumerate(range(header, end - size + 1, hop)):
            file.seek(start)
            yield b"%s:%d" % (name, number), file.read(size)


# -- the ops --------------------------------------------------------------------------------------------------------


def _define_reader(
    type: str, opening: Callable[[dict[str, Any]], Callable[[bytes], Records]], is_single: bool = False
) -> OpDef:
    """The op of one kind of reader; `opening(attrs)` gives the function that opens a file."""

    def bind(op: Operation, k: Any, session: Any, donated: Any) -> Callable[[], np.ndarray]:
        def make(name: str) -> _ReaderState:
            return _ReaderState(opening(op.attrs), is_single)

        return lambda: as_handle(shared_or_own(op, session, make))

    return define(
        type, "-> reader_handle:resource", shape=scalar_shape, bind=bind, grad=not_differentiable, on_host=True
    )


def _opening_fixed_length(attrs: dict[str, Any]) -> Callable[[bytes], Records]:
    for field in ("header_bytes", "record_bytes", "footer_bytes", "hop_bytes"):
        if attrs[field] < 0:
            raise InvalidArgumentError(None, None, f"{field} must be >= 0 not {attrs[field]}")
    size, header, footer = attrs["record_bytes"], attrs["header_bytes"], attrs["footer_bytes"]
    hop = attrs["hop_bytes"] or size
    return lambda name: _fixed_length(name, size, header, footer, hop, attrs["encoding"])


WholeFileReaderV2 = _define_reader("WholeFileReaderV2", lambda attrs: _whole_file, is_single=True)
IdentityReaderV2 = _define_reader("IdentityReaderV2", lambda attrs: lambda name: iter([(name, name)]), is_single=True)
TextLineReaderV2 = _define_reader(
    "TextLineReaderV2", lambda attrs: lambda name: _text_lines(name, attrs["skip_header_lines"])
)
TFRecordReaderV2 = _define_reader(
    "TFRecordReaderV2", lambda attrs: lambda name: _tf_records(name, attrs["compression_type"])
)
FixedLengthRecordReaderV2 = _define_reader("FixedLengthRecordReaderV2", _opening_fixed_length)


def _strings(values: list[bytes]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _bind_read(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., list[np.ndarray]]:
    def run(reader: np.ndarray, queue: np.ndarray) -> list[np.ndarray]:
        return [_strings([part]).reshape(()) for part in behind(reader).read(behind(queue))[0]]

    return run


def _bind_read_up_to(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., list[np.ndarray]]:
    def run(reader: np.ndarray, queue: np.ndarray, most: np.ndarray) -> list[np.ndarray]:
        found = behind(reader).read(behind(queue), int(most))
        return [_strings([record[part] for record in found]) for part in (0, 1)]

    return run


ReaderReadV2 = define(
    "ReaderReadV2",
    "reader_handle:resource, queue_handle:resource -> key:string, value:string",
    shape=lambda *_: [TensorShape([]), TensorShape([])],
    bind=_bind_read,
    grad=not_differentiable,
    on_host=True,
    waits=True,
)

ReaderReadUpToV2 = define(
    "ReaderReadUpToV2",
    "reader_handle:resource, queue_handle:resource, num_records:int64 -> keys:string, values:string",
    shape=lambda *_: [TensorShape([None]), TensorShape([None])],
    bind=_bind_read_up_to,
    grad=not_differentiable,
    on_host=True,
    waits=True,
)

ReaderNumRecordsProducedV2, ReaderNumWorkUnitsCompletedV2 = (
    define(
        type,
        f"reader_handle:resource -> {result}:int64",
        shape=scalar_shape,
        kernel=kernel,
        grad=not_differentiable,
        on_host=True,
        stateful=True,
    )
    for type, result, kernel in (
        ("ReaderNumRecordsProducedV2", "records_produced", lambda k, reader: np.int64(behind(reader).produced)),
        ("ReaderNumWorkUnitsCompletedV2", "units_completed", lambda k, reader: np.int64(behind(reader).completed)),
    )
)


def _reset(k: Any, reader: np.ndarray) -> tuple:
    behind(reader).reset()
    return ()


ReaderResetV2 = define(
    "ReaderResetV2",
    "reader_handle:resource",
    shape=no_outputs,
    kernel=_reset,
    grad=not_differentiable,
    on_host=True,
    stateful=True,
)

# -- what programs call ---------------------------------------------------------------------------------------------


class ReaderRead(NamedTuple):
    """What a reader gives: a scalar string each, or vectors of them."""

    key: Tensor
    value: Tensor


class ReaderBase:
    """What all readers can do. Where a reader is lies in the session that runs it.

    A run takes the next file's name from the queue when the last file has ended, and waits for one; where the queue is
    closed and empty it raises OutOfRangeError. What is wrong with a file is raised under the classes of `tf.errors`.
    """

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The handle: a scalar of dtype resource."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> ReaderRead:
        """The next record's key, which tells file and place, and its content: two scalar strings."""
        return ReaderRead(*ReaderReadV2(self._reader_ref, _handle_of(queue), name=name))

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> ReaderRead:
        """The keys and contents of up to `num_records` records; fewer where a file ends."""
        return ReaderRead(*ReaderReadUpToV2(self._reader_ref, _handle_of(queue), num_records, name=name))

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records it has given: a scalar int64."""
        return ReaderNumRecordsProducedV2(self._reader_ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many files it has come to the end of: a scalar int64."""
        return ReaderNumWorkUnitsCompletedV2(self._reader_ref, name=name)

    def reset(self, name: str | None = None) -> Operation:
        """An operation that lets it begin anew, with the queue's next file."""
        return ReaderResetV2(self._reader_ref, name=name)

    def serialize_state(self, name: str | None = None) -> Tensor:
        """Not here: raises UnimplementedError."""
        raise UnimplementedError(None, None, "Reader SerializeState")

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """Not here: raises UnimplementedError."""
        raise UnimplementedError(None, None, "Reader RestoreState")


def _handle_of(queue: Any) -> Any:
    return getattr(queue, "queue_ref", queue)


def _reader(definition: OpDef, name: str | None, **attrs: Any) -> Tensor:
    return definition(**attrs, container="", shared_name="", name=name)


class WholeFileReader(ReaderBase):
    """A file is one record: its name, and all that is in it."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(_reader(WholeFileReaderV2, name), supports_serialize=True)


class IdentityReader(ReaderBase):
    """What comes from the queue is key and value; no file is opened."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(_reader(IdentityReaderV2, name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """A line is one record, without its end; the key is "file:number", from 1. The first lines may be left out."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(_reader(TextLineReaderV2, name, skip_header_lines=skip_header_lines or 0))


class TFRecordReader(ReaderBase):
    """The records of TFRecord files; the key is "file:offset". `options` says how they are compressed."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        compression = TFRecordOptions.get_compression_type_string(options)
        super().__init__(_reader(TFRecordReaderV2, name, compression_type=compression))


class FixedLengthRecordReader(ReaderBase):
    """Records of one length in bytes, between a header and a footer; the key is "file:number", from 0.

    The next record begins `hop_bytes` after the last one's beginning, by default where it ended. `encoding` may be
    "ZLIB". Raises InvalidArgumentError, when it is run, for negative lengths.
    """

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        if encoding not in (None, "", "ZLIB"):
            raise ValueError(f"encoding must be None or 'ZLIB', not {encoding!r}")
        sizes = {
            "record_bytes": record_bytes,
            "header_bytes": header_bytes or 0,
            "footer_bytes": footer_bytes or 0,
            "hop_bytes": hop_bytes or 0,
        }
        super().__init__(_reader(FixedLengthRecordReaderV2, name, **sizes, encoding=encoding or ""))


__all__ = [
    "FixedLengthRecordReader", "IdentityReader", "ReaderBase", "TFRecordReader", "TextLineReader", "WholeFileReader",
]  # fmt: skip
