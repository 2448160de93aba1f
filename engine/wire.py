"""Protocol buffers' wire format: a message is described by a line per field, decoded to a dict and encoded from one.

The format is https://protobuf.dev/programming-guides/encoding; what is told here of proto3's rules (what is written,
what wins) is what the `protobuf` package does, and tests hold it against that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # the wire types in use; 3 and 4 were groups

_STRUCTS = {"fixed32": "<I", "float": "<f", "fixed64": "<Q", "double": "<d"}
_VARINTS = {"int32": "<i4", "enum": "<i4", "uint32": "<u4", "int64": "<i8", "uint64": "<u8", "bool": "?"}
_NUMBERS = {**_VARINTS, "fixed32": "<u4", "float": "<f4", "fixed64": "<u8", "double": "<f8"}  # NumPy's dtypes
_WIRE_TYPES = {
    **dict.fromkeys(_VARINTS, VARINT), "fixed32": FIXED32, "float": FIXED32, "fixed64": FIXED64, "double": FIXED64,
}  # fmt: skip
_LIMITS = {
    kind: (int(np.iinfo(numbers).min), int(np.iinfo(numbers).max))
    for kind, numbers in _VARINTS.items()
    if kind != "bool"
}
_MANY = 16  # numbers from which NumPy's way of writing them is faster
_MAX_VARINT = 10  # bytes: 64 bits, seven at a time
_MAX_LENGTH = 5  # bytes of a tag or a length, which have 32 bits


class Field(NamedTuple):
    """A field of a message: its number, its name, and its kind: a scalar's name as .proto files have it, or a Message.

    `repeated` fields are lists (of numbers: NumPy arrays, packed when written). An `explicit` one, such as a member of
    a oneof, is None when absent and written even when zero; others are then their kind's zero, and not written.
    """

    number: int
    name: str
    kind: str | Message
    repeated: bool = False
    explicit: bool = False

    @property
    def wire_type(self) -> int:
        return _WIRE_TYPES.get(self.kind, LENGTH)  # type: ignore[arg-type]

    @property
    def absent(self) -> Any:
        if self.repeated:
            return [] if self.wire_type == LENGTH else np.empty(0, self._numbers)
        if self.explicit or isinstance(self.kind, Message):
            return None
        return {"string": "", "bytes": b"", "bool": False, "float": 0.0, "double": 0.0}.get(self.kind, 0)

    @property
    def _numbers(self) -> str:
        return _NUMBERS[str(self.kind)]

    def read(self, raw: Any) -> Any:
        """The scalar in what `fields_of` gives."""
        return _number(self, raw) if self.wire_type != LENGTH else _octets(self, raw)

    def read_all(self, wire_type: int, raw: Any) -> list[Any]:
        """The scalars in one occurrence of a repeated field: one, or several packed."""
        if wire_type == self.wire_type:
            return [self.read(raw)]
        return _unpacked(self, raw).tolist()


def map_field(number: int, name: str, kind: Message) -> Field:
    """A map from strings to messages, which is a repeated message of its entries."""
    entry = Message(
        f"{name.title().replace('_', '')}Entry", Field(1, "key", "string", explicit=True), Field(2, "value", kind)
    )
    return Field(number, name, entry, repeated=True)


class Message:
    """A message of the fields given. ValueError where bytes are not such a message, or values do not fit."""

    def __init__(self, name: str, *fields: Field) -> None:
        self.name = name
        self.fields = tuple(sorted(fields))  # that is also the order they are written in
        self.by_number = {field.number: field for field in self.fields}
        self.by_name = {field.name: field for field in self.fields}

    def decode(self, data: Any) -> dict[str, Any]:
        """{name of a field: its value}, every field in it. Unknown fields are read past, as are those of another type.

        `data` is bytes or a memoryview of them; what comes back shares no memory with it.
        """
        parts: dict[str, list] = {}
        for number, wire_type, raw in fields_of(data):
            field = self.by_number.get(number)
            if field is None:
                continue
            if wire_type == field.wire_type:
                parts.setdefault(field.name, []).append(raw)
            elif wire_type == LENGTH and field.repeated:
                parts.setdefault(field.name, []).append(_unpacked(field, raw))
        return {f.name: _decoded(f, parts[f.name]) if f.name in parts else f.absent for f in self.fields}

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The message with these values; a field that is left out, or None, is absent. A message within it may be given
        as its bytes. KeyError for an unknown name."""
        unknown = values.keys() - self.by_name.keys()
        if unknown:
            raise KeyError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        return b"".join(
            _encoded(field, values[field.name]) for field in self.fields if values.get(field.name) is not None
        )


def read_varint(data: Any, position: int, longest: int = _MAX_VARINT) -> tuple[int, int]:
    """(The unsigned number at `position`, the position after it). Bits beyond the 64th are dropped, as is usual."""
    if position < len(data) and data[position] < 128:  # most numbers are that small
        return data[position], position + 1
    value = 0
    for shift in range(0, 7 * longest, 7):
        if position >= len(data):
            raise ValueError("a number runs past the end")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise ValueError(f"a number of more than {longest} bytes")


def varint(value: int) -> bytes:
    """A number in seven bits a byte, least first; a negative one as its 64 bits of two's complement."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def varints(values: np.ndarray) -> bytes:
    """Many numbers as `varint` writes each."""
    rest = values.astype(np.int64).view(np.uint64)
    octets = np.empty((len(rest), _MAX_VARINT), np.uint8)
    needed = np.zeros(octets.shape, bool)
    needed[:, 0] = True
    for place in range(_MAX_VARINT):
        octets[:, place] = rest & 127
        rest >>= 7
        octets[:, place] |= (rest != 0).astype(np.uint8) << 7
        if place + 1 < _MAX_VARINT:
            needed[:, place + 1] = rest != 0
    return octets[needed].tobytes()


def read_varints(data: Any) -> np.ndarray:
    """All the numbers that `data` consists of, uint64."""
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets < 128) + 1
    if len(octets) and (not len(ends) or ends[-1] != len(octets)):
        raise ValueError("a number runs past the end")
    starts = np.concatenate([[0], ends[:-1]]).astype(np.intp)[: len(ends)]
    lengths = ends - starts
    if len(lengths) and lengths.max() > _MAX_VARINT:
        raise ValueError(f"a number of more than {_MAX_VARINT} bytes")
    values = np.zeros(len(ends), np.uint64)
    for place in range(lengths.max(initial=0)):
        here = np.flatnonzero(lengths > place)
        values[here] |= (octets[starts[here] + place] & 127).astype(np.uint64) << np.uint64(7 * place)
    return values


def fields_of(data: Any) -> Iterator[tuple[int, int, Any]]:
    """(Number, wire type, value) of each field in a message: an unsigned int, or the memoryview of what has a length
    or is fixed. ValueError where the bytes are no message."""
    view = memoryview(data)
    for number, wire_type, start, end in spans_of(view, 0, len(view)):
        yield number, wire_type, start if wire_type == VARINT else view[start:end]


def spans_of(data: bytes | memoryview, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(Number, wire type, where its bytes begin, where they end) of each field of the message ``data[position:end]``.

    In place of where it begins a number has its value. ValueError where the bytes are no message.
    """
    while position < end:
        tag = data[position]
        position += 1
        if tag > 127:
            tag, position = read_varint(data, position - 1, _MAX_LENGTH)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"field number {number}")
        if wire_type == LENGTH:
            length, position = read_varint(data, position, _MAX_LENGTH)
        elif wire_type == VARINT:
            length, (value, position) = 0, read_varint(data, position)
        elif wire_type in (FIXED32, FIXED64):
            length = 4 if wire_type == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire_type}")
        start, position = position, position + length
        if position > end:
            raise ValueError(f"field {number} has {length} bytes where {max(end - start, 0)} are left")
        yield number, wire_type, value if wire_type == VARINT else start, position


def _unpacked(field: Field, raw: memoryview) -> np.ndarray:
    """The numbers of a packed field."""
    if field.wire_type == VARINT:
        return read_varints(raw).astype(field._numbers)  # the low bits; for bool, whether any is set
    if len(raw) % np.dtype(field._numbers).itemsize:
        raise ValueError(f"{field.name} has {len(raw)} bytes")
    return np.frombuffer(raw, field._numbers)


def _decoded(field: Field, parts: list) -> Any:
    """The value of a field from all its occurrences: of a single one the last wins, but messages are merged."""
    if isinstance(field.kind, Message):
        if field.repeated:
            return [field.kind.decode(part) for part in parts]
        return field.kind.decode(parts[0] if len(parts) == 1 else b"".join(parts))
    if field.repeated and field.wire_type != LENGTH:
        alone = (p if isinstance(p, np.ndarray) else np.atleast_1d(_number(field, p)) for p in parts)
        return np.concatenate([*alone]).astype(field._numbers, copy=True)
    if field.wire_type != LENGTH:
        return _number(field, parts[-1])
    texts = [_octets(field, part) for part in parts]  # all must be of UTF-8, where one is, even if the last one counts
    return texts if field.repeated else texts[-1]


def _octets(field: Field, raw: memoryview) -> str | bytes:
    return str(raw, "utf-8") if field.kind == "string" else bytes(raw)


def _number(field: Field, raw: Any) -> Any:
    if field.wire_type == VARINT:
        return np.asarray(raw, np.uint64).astype(field._numbers).item()
    return struct.unpack(_STRUCTS[str(field.kind)], raw)[0]


def _encoded(field: Field, value: Any) -> bytes:
    if not field.repeated:
        payload = _payload(field, value)
        zero = not payload if field.wire_type == LENGTH else not any(payload)
        if zero and not field.explicit and not isinstance(field.kind, Message):
            return b""
        return _tagged(field, field.wire_type, payload)
    if field.wire_type == LENGTH:
        return b"".join(_tagged(field, LENGTH, _payload(field, item)) for item in value)
    packed = _packed(field, value)
    return _tagged(field, LENGTH, packed) if packed else b""


def _tagged(field: Field, wire_type: int, payload: bytes) -> bytes:
    length = varint(len(payload)) if wire_type == LENGTH else b""
    return varint(field.number << 3 | wire_type) + length + payload


def _packed(field: Field, values: Sequence[Any] | np.ndarray) -> bytes:
    if field.wire_type == VARINT:
        if len(values) < _MANY:
            return b"".join(_number_bytes(field, value) for value in values)
        return varints(np.array([_fitting(field, value) for value in values], field._numbers))
    return np.asarray(values, field._numbers).tobytes()


def _payload(field: Field, value: Any) -> bytes:
    if isinstance(field.kind, Message):
        return value if isinstance(value, bytes) else field.kind.encode(value)
    if field.wire_type == VARINT:
        return _number_bytes(field, value)
    if field.kind in _STRUCTS:
        return struct.pack(_STRUCTS[field.kind], value)
    return value.encode() if field.kind == "string" else bytes(value)


def _number_bytes(field: Field, value: Any) -> bytes:
    return varint(_fitting(field, value))


def _fitting(field: Field, value: Any) -> int:
    if field.kind == "bool":
        return int(bool(value))
    value = int(value)
    low, high = _LIMITS[str(field.kind)]
    if not low <= value <= high:
        raise ValueError(f"{field.name} is {field.kind}, which {value} does not fit")
    return value
