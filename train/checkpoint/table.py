"""LevelDB's table format, sorted keys and their values in one file: what checkpoints keep their entries in.

The format is https://github.com/google/leveldb/blob/main/doc/table_format.md: blocks of entries whose keys leave out
what they share with the key before, each with its compression and checksum; a block of where blocks are; a footer.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from ...engine import errors
from ...engine.checksum import crc32c, masked
from ...engine.wire import read_varint, varint

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER = 48  # bytes: the places of two blocks, zeros, the magic number
TRAILER = 5  # bytes after a block: its compression, its checksum
BLOCK_SIZE = 262144  # bytes at which TensorFlow ends a block
RESTART_INTERVAL = 16  # every so many keys one is written whole
RAW, SNAPPY = 0, 1

# Bounds of what honest files hold, so that a small file cannot ask for much memory: a key written whole every 16
# entries makes keys take at most 16 times their block; a copy of 64 bytes takes Snappy three.
_KEYS_TO_BLOCK = 64
_SNAPPY_RATIO = 24


class Place(NamedTuple):
    """Where a block lies in its file."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size + TRAILER

    def encode(self) -> bytes:
        return varint(self.offset) + varint(self.size)


class Table:
    """A table in memory, or in memory mapped from a file; blocks are read when their keys are asked for.

    `data` is a buffer, `path` its name in messages; with `verify` each block is held against its checksum. Raises
    DataLossError for what is no table or a damaged one.
    """

    def __init__(self, data: Any, path: str, verify: bool = True) -> None:
        self._data, self._path, self._verify = memoryview(data), path, verify
        self._entries: dict[Place, dict[bytes, tuple[int, int]]] = {}  # of a block: where in it a key's value is
        self._block: tuple[Place, memoryview] | None = None  # the one read last
        index = self._read_footer()
        places = [(key, self._place(value, index.offset)) for key, value in self._items(index)]
        self._last_keys = [key for key, _ in places]  # none of a block's keys is greater
        self._places = [place for _, place in places]
        for before, after in zip(self._places, self._places[1:], strict=False):
            if after.offset < before.end:
                raise self._damaged(after.offset, "its blocks overlap")

    def __iter__(self) -> Iterator[tuple[bytes, memoryview]]:
        """All (key, value), the keys ascending."""
        former = None
        for place in self._places:
            for key, value in self._items(place):
                if former is not None and key <= former:
                    raise self._damaged(place.offset, "its keys are not in order")
                former = key
                yield key, value

    def get(self, key: bytes) -> memoryview | None:
        """The value of a key, None where there is none."""
        number = bisect_left(self._last_keys, key)
        if number == len(self._places):
            return None
        where = self._entries_of(self._places[number]).get(key)
        return None if where is None else self._read(self._places[number])[where[0] : where[1]]

    def _read_footer(self) -> Place:
        if len(self._data) < FOOTER or self._data[-8:] != MAGIC:
            raise errors.DataLossError(
                None, None, f"{self._path} is not a checkpoint's table: {_described(self._data)}"
            )
        start = len(self._data) - FOOTER
        footer = self._data[start:]
        try:
            extras, position = _decode_place(footer, 0)
            index, _ = _decode_place(footer, position)
        except ValueError:
            raise self._damaged(start, "its footer is wrong") from None
        if footer != footer_of(extras, index) or extras.end != index.offset or index.end != start:
            raise self._damaged(start, "its footer is wrong")
        self._read(extras)
        return index

    def _place(self, value: memoryview, limit: int) -> Place:
        try:
            place, rest = _decode_place(value, 0)
        except ValueError:
            raise self._damaged(limit, "its index is wrong") from None
        if rest != len(value) or place.end > limit:
            raise self._damaged(limit, f"its index tells of {place.size} bytes at {place.offset}")
        return place

    def _read(self, place: Place) -> memoryview:
        """A block, checked and with its compression undone."""
        if self._block is not None and self._block[0] == place:
            return self._block[1]
        stored = self._data[place.offset : place.offset + place.size]
        kind, checksum = struct.unpack_from("<BI", self._data, place.offset + place.size)
        if self._verify and masked(crc32c(self._data[place.offset : place.offset + place.size + 1])) != checksum:
            raise self._damaged(place.offset, f"the checksum of the block of {place.size} bytes there is another")
        if kind not in (RAW, SNAPPY):
            raise self._damaged(place.offset, f"the block there has an unknown compression, {kind}")
        block = stored if kind == RAW else self._uncompressed(stored, place)
        self._block = place, block
        return block

    def _uncompressed(self, stored: memoryview, place: Place) -> memoryview:
        try:
            import cramjam
        except ImportError:
            raise errors.UnimplementedError(
                None, None, f"{self._path} is compressed by Snappy, to read which: pip install scopeflow[checkpoints]"
            ) from None
        try:
            size, _ = read_varint(stored, 0)
            if size > _SNAPPY_RATIO * len(stored):
                raise ValueError(f"{len(stored)} bytes are to become {size}")
            return memoryview(bytes(cramjam.snappy.decompress_raw(stored)))
        except (ValueError, cramjam.DecompressionError) as error:
            raise self._damaged(place.offset, f"the block there cannot be uncompressed ({error})") from None

    def _items(self, place: Place) -> Iterator[tuple[bytes, memoryview]]:
        block = self._read(place)
        for key, (start, end) in self._entries_of(place).items():
            yield key, block[start:end]

    def _entries_of(self, place: Place) -> dict[bytes, tuple[int, int]]:
        known = self._entries.get(place)
        if known is None:
            try:
                known = self._entries[place] = _entries_of(self._read(place))
            except ValueError as error:
                raise self._damaged(place.offset, f"the block there is wrong ({error})") from None
        return known

    def _damaged(self, offset: int, what: str) -> errors.OpError:
        return errors.DataLossError(None, None, f"{self._path} is damaged at byte {offset}: {what}")


class TableWriter:
    """Writes a table into a file, byte for byte as TensorFlow does: add keys in ascending order, then finish."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._offset = file, 0
        self._block, self._index = _BlockWriter(RESTART_INTERVAL), _BlockWriter(1)
        self._last_key = b""
        self._pending: Place | None = None  # a block that the index will name when the next block's first key is known

    def add(self, key: bytes, value: bytes) -> None:
        """ValueError for a key that is not greater than the one before."""
        if key <= self._last_key and (self._pending or self._block):
            raise ValueError(f"{key!r} comes after {self._last_key!r}")
        if self._pending:
            self._index.add(_separator(self._last_key, key), self._pending.encode())
            self._pending = None
        self._block.add(key, value)
        self._last_key = key
        if self._block.size >= BLOCK_SIZE:
            self._end_block()

    def finish(self) -> None:
        if self._block:
            self._end_block()
        if self._pending:
            self._index.add(_successor(self._last_key), self._pending.encode())
        extras = self._write(_BlockWriter(RESTART_INTERVAL).encode())
        index = self._write(self._index.encode())
        self._file.write(footer_of(extras, index))

    def _end_block(self) -> None:
        self._pending = self._write(self._block.encode())
        self._block = _BlockWriter(RESTART_INTERVAL)

    def _write(self, block: bytes, compression: int = RAW) -> Place:
        place = Place(self._offset, len(block))
        covered = block + bytes([compression])
        self._file.write(covered + struct.pack("<I", masked(crc32c(covered))))
        self._offset = place.end
        return place


class _BlockWriter:
    """Entries of a block; keys leave out what they share with the one before, but every `interval`th is whole."""

    def __init__(self, interval: int) -> None:
        self._interval, self._count = interval, 0
        self._out, self._restarts, self._key = bytearray(), [0], b""

    def __bool__(self) -> bool:
        return self._count > 0

    @property
    def size(self) -> int:
        return len(self._out) + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count % self._interval:
            shared = _shared(self._key, key)
        elif self._count:
            self._restarts.append(len(self._out))
        self._out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        self._key = key
        self._count += 1

    def encode(self) -> bytes:
        return bytes(self._out) + struct.pack(f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts))


def footer_of(extras: Place, index: Place) -> bytes:
    return (extras.encode() + index.encode()).ljust(FOOTER - 8, b"\0") + MAGIC


def _decode_place(data: memoryview, position: int) -> tuple[Place, int]:
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return Place(offset, size), position


def _entries_of(block: memoryview) -> dict[bytes, tuple[int, int]]:
    """{key: (start, end) of its value} in a block. ValueError where it is none."""
    count = struct.unpack_from("<I", block, len(block) - 4)[0] if len(block) >= 4 else 0
    end = len(block) - 4 - 4 * count
    if end < 0 or len(block) < 4:
        raise ValueError(f"{count} restarts in {len(block)} bytes")
    entries: dict[bytes, tuple[int, int]] = {}
    position, key, room = 0, b"", _KEYS_TO_BLOCK * len(block)
    while position < end:
        shared, position = read_varint(block, position)
        rest, position = read_varint(block, position)
        size, position = read_varint(block, position)
        if shared > len(key) or rest + size > end - position:
            raise ValueError("an entry runs past the end")
        former, key = key, key[:shared] + bytes(block[position : position + rest])
        if entries and key <= former:
            raise ValueError("its keys are not in order")
        room -= len(key)
        if room < 0:
            raise ValueError("its keys are too long")
        position += rest
        entries[key] = position, position + size
        position += size
    return entries


def _shared(first: bytes, second: bytes) -> int:
    """How many bytes both begin with."""
    most = min(len(first), len(second))
    return next((i for i in range(most) if first[i] != second[i]), most)


def _separator(before: bytes, after: bytes) -> bytes:
    """A short key that is not less than `before` and less than `after`, as LevelDB chooses it."""
    at = _shared(before, after)
    if at < min(len(before), len(after)) and before[at] + 1 < after[at]:
        return before[:at] + bytes([before[at] + 1])
    return before


def _successor(key: bytes) -> bytes:
    """A short key that is not less, as LevelDB chooses it."""
    at = next((i for i, octet in enumerate(key) if octet != 255), None)
    return key if at is None else key[:at] + bytes([key[at] + 1])


def _described(data: memoryview) -> str:
    start = bytes(data[:16])
    return f"{len(data)} bytes that begin with {start!r}" if start else "it is empty"
