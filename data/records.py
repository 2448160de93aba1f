"""Files of records (TFRecords, event files), each record with its length and checksums: written and read."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

from ..engine import errors
from ..engine.checksum import crc32c, masked
from ..engine.file_errors import as_tensorflow_errors

_HEAD = 12  # bytes before a record's data: its length (uint64) and the length's masked CRC-32C
_FOOT = 4  # bytes after them: their masked CRC-32C
_PIECE = 1 << 18  # bytes that are inflated at a time
_WINDOW_BITS = {"ZLIB": zlib.MAX_WBITS, "GZIP": 16 + zlib.MAX_WBITS}


def framed(data: bytes) -> bytes:
    """A record as it lies in a file."""
    length = struct.pack("<Q", len(data))
    return b"".join([length, struct.pack("<I", masked(crc32c(length))), data, struct.pack("<I", masked(crc32c(data)))])


class TFRecordCompressionType:
    """How a file of records is compressed."""

    NONE, ZLIB, GZIP = range(3)


class TFRecordOptions:
    """How a file of records is compressed: "", "ZLIB" or "GZIP", or the number in `TFRecordCompressionType`.

    The other arguments are zlib's, where they are not None; those of the buffers' sizes change nothing that is
    written or read. Raises ValueError for another kind of compression.
    """

    compression_type_map: ClassVar[dict[int, str]] = {0: "", 1: "ZLIB", 2: "GZIP"}

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """ "", "ZLIB" or "GZIP", from any way of saying it. Raises ValueError for anything else."""
        if isinstance(options, TFRecordOptions):
            options = options.compression_type
        if not options:
            return ""
        known = cls.compression_type_map
        if options in known:
            return known[options]
        if options not in known.values():
            raise ValueError(f'Not a valid compression_type: "{options}"')
        return options

    def _window_bits(self) -> int:
        return _WINDOW_BITS[self.get_compression_type_string(self)] if self.window_bits is None else self.window_bits

    def _compressor(self) -> Any:
        given = {
            "level": self.compression_level,
            "method": self.compression_method,
            "wbits": self._window_bits(),
            "memLevel": 9 if self.mem_level is None else self.mem_level,  # 9 is TensorFlow's choice
            "strategy": self.compression_strategy,
        }
        compressor: Any = zlib.compressobj  # zlib's own defaults stand for the others
        return compressor(**{name: value for name, value in given.items() if value is not None})


def _as_options(options: Any) -> TFRecordOptions:
    return options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)


class TFRecordWriter:
    """A new file of records, or one in place of an old one; also usable in a ``with`` statement.

    Raises the classes of `tf.errors` where the file cannot be written, ValueError for an unknown compression.
    """

    def __init__(self, path: str | bytes, options: Any = None) -> None:
        self._path = os.fsdecode(path)
        options = _as_options(options)
        self._compressor = options._compressor() if options.get_compression_type_string(options) else None
        self._flush_mode = options.flush_mode
        with as_tensorflow_errors(self._path):
            self._file: BinaryIO | None = open(self._path, "wb")  # noqa: SIM115

    def write(self, record: bytes | str) -> None:
        """Add a record: bytes, or a string as UTF-8. Raises TypeError for anything else."""
        if isinstance(record, str):
            record = record.encode()
        if not isinstance(record, (bytes, bytearray, memoryview)):
            raise TypeError(f"A record must be bytes, not {type(record).__name__}: {record!r:.100}")
        self._put(framed(record if isinstance(record, bytes) else bytes(record)))

    def flush(self) -> None:
        """Hand all records to the system."""
        file = self._open_file()
        if self._compressor is not None:
            self._put(b"", zlib.Z_PARTIAL_FLUSH)
        with as_tensorflow_errors(self._path):
            file.flush()

    def close(self) -> None:
        """End the file. A second call does nothing."""
        if self._file is None:
            return
        if self._compressor is not None:
            self._put(b"", zlib.Z_FINISH)
        file, self._file = self._file, None
        with as_tensorflow_errors(self._path):
            file.close()

    def _put(self, octets: bytes, mode: int | None = None) -> None:
        file = self._open_file()
        if self._compressor is not None:
            octets = self._compressor.compress(octets)
            mode = self._flush_mode if mode is None else mode
            octets += b"" if mode is None else self._compressor.flush(mode)
        with as_tensorflow_errors(self._path):
            file.write(octets)

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise errors.FailedPreconditionError(None, None, "Writer is closed.")
        return self._file

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Inflated:
    """A compressed file's content, read like a file."""

    def __init__(self, file: BinaryIO, window_bits: int) -> None:
        self._file, self._window_bits = file, window_bits
        self._inflating = zlib.decompressobj(window_bits)
        self._ready = bytearray()

    def read(self, count: int) -> bytes:
        """So many bytes, or those that are left. Raises DataLossError for what cannot be inflated."""
        while len(self._ready) < count:
            pressed = self._inflating.unconsumed_tail or self._inflating.unused_data or self._file.read(_PIECE)
            if not pressed:
                break
            if self._inflating.eof:  # compressed files may stand one after another
                self._inflating = zlib.decompressobj(self._window_bits)
            try:
                self._ready += self._inflating.decompress(pressed, _PIECE)
            except zlib.error as error:
                raise errors.DataLossError(None, None, _as_inflate_says(error)) from error
        found = bytes(self._ready[:count])
        del self._ready[:count]
        return found


def _as_inflate_says(error: zlib.error) -> str:
    number, _, what = re.sub(r"^Error (-?\d+) while \w+ data:? ?", r"\1:", str(error)).partition(":")
    return f"inflate() failed with error {number}: {what}"


class _Plain:
    """A file as it is, of which nothing is read beyond its end, whatever a record says of its length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = os.fstat(file.fileno()).st_size

    def read(self, count: int) -> bytes:
        found = self._file.read(min(count, self._left))
        self._left -= len(found)
        return found


def records_at(path: str, compression: Any = None) -> Iterator[tuple[int, bytes]]:
    """(Where it begins in the uncompressed file, its data) for each record of a file.

    `compression` is what `TFRecordOptions` takes, or one. Raises NotFoundError (and its like) at once; while reading
    DataLossError where a record is damaged or cut off.
    """
    options = _as_options(compression)
    with as_tensorflow_errors(path):
        file = open(path, "rb")  # noqa: SIM115
    return _records(file, path, options)


def content(file: BinaryIO, options: TFRecordOptions) -> Any:
    """What a file has once it is inflated, where it is compressed: `read` of it gives so many bytes, or those left."""
    inflates = bool(options.get_compression_type_string(options))
    return _Inflated(file, options._window_bits()) if inflates else _Plain(file)


def _records(file: BinaryIO, path: str, options: TFRecordOptions) -> Iterator[tuple[int, bytes]]:
    with file:
        inflates = bool(options.get_compression_type_string(options))
        stream = content(file, options)
        shortage = "EOF reached" if inflates else "Read less bytes than requested"
        start = 0
        while head := stream.read(_HEAD):
            if len(head) == _HEAD:
                length, check = struct.unpack("<QI", head)
                if masked(crc32c(head[:8])) != check:
                    raise _damaged(f"corrupted record at {start} (Is this even a TFRecord file?)", path)
                body = stream.read(length + _FOOT)
            if len(head) < _HEAD or len(body) < length + _FOOT:
                raise _damaged(f"truncated record at {start}' failed with {shortage}", path)
            data = body[:-_FOOT]
            if struct.unpack("<I", body[-_FOOT:]) != (masked(crc32c(data)),):
                raise _damaged(f"corrupted record at {start + _HEAD}", path)
            yield start, data
            start += _HEAD + length + _FOOT


def _damaged(what: str, path: str) -> errors.OpError:
    return errors.DataLossError(None, None, f"{what} in {path}")


def read_records(path: str, compression: Any = None) -> Iterator[bytes]:
    """The data of a file's records, as `records_at`."""
    return (data for _, data in records_at(path, compression))


def tf_record_iterator(path: str | bytes, options: Any = None) -> Iterator[bytes]:
    """The records of a file, one after another.

    `options` is a `TFRecordOptions` or a `TFRecordCompressionType`. Raises the classes of `tf.errors`: NotFoundError
    and its like at once, DataLossError at the record that is damaged or cut off.
    """
    return read_records(os.fsdecode(path), options)
