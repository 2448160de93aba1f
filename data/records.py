"""Files of records: the framing of event files (and of TFRecords), each record with its length and checksums."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from ..engine import errors
from ..engine.checksum import crc32c, masked
from ..engine.file_errors import as_tensorflow_errors


def framed(data: bytes) -> bytes:
    """A record: its length (uint64), the length's masked CRC-32C, the data, and their masked CRC-32C."""
    length = struct.pack("<Q", len(data))
    return b"".join([length, struct.pack("<I", masked(crc32c(length))), data, struct.pack("<I", masked(crc32c(data)))])


def read_records(path: str) -> Iterator[bytes]:
    """The data of a file's records. Raises NotFoundError, and DataLossError where a record is damaged or cut off."""
    with as_tensorflow_errors(path):
        file = open(path, "rb")  # noqa: SIM115
    with file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            yield _next(file, path, size)


def _next(file: BinaryIO, path: str, size: int) -> bytes:
    start = file.tell()
    head = file.read(12)
    if len(head) < 12:
        raise errors.DataLossError(None, None, f"truncated record at {start} in {path}")
    length, check = struct.unpack("<QI", head)
    if masked(crc32c(head[:8])) != check:
        raise errors.DataLossError(None, None, f"corrupted record at {start} in {path}")
    if length + 4 > size - start - 12:  # before memory is taken for it
        raise errors.DataLossError(None, None, f"truncated record at {start} in {path}")
    data = file.read(length)
    if struct.unpack("<I", file.read(4)) != (masked(crc32c(data)),):
        raise errors.DataLossError(None, None, f"corrupted record at {start} in {path}")
    return data
