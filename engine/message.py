"""Protocol buffer messages as objects, with the methods of the `protobuf` package that programs use on them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from .wire import LENGTH, Field, Message, fields_of

_CODES = {
    "int32": "i", "enum": "i", "uint32": "I", "fixed32": "I", "int64": "q", "uint64": "Q", "fixed64": "Q",
    "float": "f", "double": "d",
}  # fmt: skip
_ESCAPES = {ord(c): f"\\{name}" for c, name in zip("\n\r\t\"'\\", "nrt\"'\\", strict=True)}


class DecodeError(ValueError):
    """Bytes are not the message that they were to be."""


def _converted(field: Field, values: Iterable[Any]) -> list[Any]:
    """Values as a scalar field has them. TypeError for one of another kind, ValueError for one that does not fit."""
    try:
        each = iter(values.tolist() if isinstance(values, np.ndarray) else values)
    except TypeError:
        raise TypeError(f"must assign iterable: {field.name} is repeated, but was given {values!r:.100}") from None
    if field.kind in _CODES:
        each = iter(given := list(each))
        try:
            return array(_CODES[str(field.kind)], each).tolist()  # floats are rounded to their kind
        except OverflowError:
            raise ValueError(
                f"Value out of range: {field.name} is {field.kind}, but was given {given!r:.100}"
            ) from None
    if field.kind == "bool":
        return [bool(value) for value in each]
    return [_text(value) if field.kind == "string" else _octets(value) for value in each]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError(f"expected str, {type(value).__name__} found")
    return value


def _octets(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"expected bytes, {type(value).__name__} found")
    return bytes(value)


class Repeated(list):
    """The numbers, strings or bytes of a repeated field: a list that holds only what the field can."""

    def __init__(self, owner: MessageObject, field: Field) -> None:
        super().__init__()
        self._owner, self._field = owner, field

    def extend(self, values: Iterable[Any]) -> None:
        super().extend(_converted(self._field, values))
        self._owner._touched(self._field.name)

    MergeFrom = extend

    def append(self, value: Any) -> None:
        self.extend([value])

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, _converted(self._field, [value])[0])
        self._owner._touched(self._field.name)

    def __setitem__(self, index: Any, value: Any) -> None:
        whole = isinstance(index, slice)
        converted = _converted(self._field, value if whole else [value])
        super().__setitem__(index, converted if whole else converted[0])
        self._owner._touched(self._field.name)

    def __iadd__(self, values: Iterable[Any]) -> Any:  # type: ignore[misc]
        self.extend(values)
        return self

    def __reduce__(self) -> Any:
        return list, (list(self),)


class RepeatedMessages(list):
    """The messages of a repeated field; `add` makes one more and gives it back, others are copied."""

    def __init__(self, owner: MessageObject, name: str) -> None:
        super().__init__()
        self._owner, self._name = owner, name

    def add(self, **fields: Any) -> Any:
        super().append(self._owner.classes[self._name](**fields)._owned(self._owner, self._name))
        self._owner._touched(self._name)
        return self[-1]

    def append(self, value: Any) -> None:
        self.insert(len(self), value)

    def extend(self, values: Iterable[Any]) -> None:
        for value in values:
            self.append(value)

    MergeFrom = extend

    def insert(self, index: Any, value: Any) -> None:
        copied = _copied(self._owner.classes[self._name], value)
        super().insert(index, copied._owned(self._owner, self._name))
        self._owner._touched(self._name)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(f"the messages of {self._name} cannot be assigned; use CopyFrom, append and del")

    def __iadd__(self, values: Iterable[Any]) -> Any:  # type: ignore[misc]
        self.extend(values)
        return self

    def __reduce__(self) -> Any:
        return list, (list(self),)


class MessageMap(dict):
    """A map from strings to messages: asking for a key makes its message, and none can be assigned."""

    def __init__(self, owner: MessageObject, name: str) -> None:
        super().__init__()
        self._owner, self._name = owner, name

    def __missing__(self, key: Any) -> Any:
        key = _text(key)
        if key not in self:
            self._put(key, self._owner.maps[self._name]())
        return self[key]

    def get_or_create(self, key: str) -> Any:
        return self[key]

    def MergeFrom(self, other: Mapping[str, Any]) -> None:
        for key, value in other.items():
            self._put(_text(key), _copied(self._owner.maps[self._name], value))

    def _put(self, key: str, message: MessageObject) -> None:
        super().__setitem__(key, message._owned(self._owner, self._name))
        self._owner._touched(self._name)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ValueError(f"Message objects may not be assigned: use {self._name}[{key!r}].CopyFrom")

    def setdefault(self, key: Any, default: Any = None) -> Any:
        raise ValueError(f"Message objects may not be assigned: use {self._name}[{key!r}].CopyFrom")

    def update(self, *others: Any, **items: Any) -> None:
        raise ValueError(f"Message objects may not be assigned: use {self._name}.MergeFrom")

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def _copied(kind: type[MessageObject], value: Any) -> MessageObject:
    if isinstance(value, Mapping):
        made = kind(**value)
        made.SetInParent()
        return made
    if type(value) is not kind:
        raise TypeError(
            f"Parameter to initialize message field must be dict or instance of same class: "
            f"expected {kind.__name__} got {type(value).__name__}."
        )
    return value.__copy__()


class MessageObject:
    """A message whose fields are attributes, made of keyword arguments.

    A subclass names its `message`, the class of each field that is itself a message, the class of the messages in each
    map (`map_field`), and its oneofs. A field that was never set reads as its kind's zero; a message that was never
    set comes into being when something in it is. Raises ValueError in the making, AttributeError later, for a field
    that the message has not, and TypeError for a value of another kind.
    """

    message: ClassVar[Message]
    classes: ClassVar[Mapping[str, type[MessageObject]]] = {}
    maps: ClassVar[Mapping[str, type[MessageObject]]] = {}
    oneofs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    enums: ClassVar[Mapping[str, Mapping[int, str]]] = {}  # the names of an enum's numbers, for texts

    def __init__(self, **fields: Any) -> None:
        vars(self).update(_values={}, _owner=None, _is_set=False)
        for name, value in fields.items():
            if name not in self.message.by_name:
                raise ValueError(f'Protocol message {self.message.name} has no "{name}" field.')
            if value is not None:
                self._assign(self.message.by_name[name], value)

    def _assign(self, field: Field, value: Any) -> None:
        name = field.name
        if name in self.maps:
            getattr(self, name).MergeFrom(value)
        elif field.repeated:
            getattr(self, name).extend(value)
        elif name in self.classes:
            self._drop(name)
            self._values[name] = _copied(self.classes[name], value)._owned(self, name)
        else:
            self._values[name] = _converted(field, [value])[0]
        self._touched(name)

    def _owned(self, owner: MessageObject, name: str) -> Any:
        vars(self)["_owner"] = (owner, name)
        return self

    def _drop(self, name: str) -> None:
        """Let a field not be set; whoever still holds its message holds one that is nobody's."""
        value = self._values.pop(name, None)
        if isinstance(value, MessageObject):
            vars(value)["_owner"] = None

    def _touched(self, name: str) -> None:
        """A field was set: the others of its oneof are not any more, and the message is there."""
        for members in self.oneofs.values():
            if name in members:
                for other in set(members) - {name}:
                    self._drop(other)
        self.SetInParent()

    def SetInParent(self) -> None:
        """Let the message be there, even if nothing in it is."""
        if self._is_set:  # and so its owner knows
            return
        vars(self)["_is_set"] = True
        if self._owner is not None:
            owner, name = self._owner
            if name in owner.classes and not owner.message.by_name[name].repeated:
                owner._values.setdefault(name, self)
            owner._touched(name)

    def __getattr__(self, name: str) -> Any:
        field = type(self).message.by_name.get(name)
        if field is None:
            raise AttributeError(f'Protocol message {type(self).message.name} has no "{name}" field.')
        if name in self._values:
            return self._values[name]
        if name in self.maps:
            made: Any = MessageMap(self, name)
        elif field.repeated:
            made = RepeatedMessages(self, name) if name in self.classes else Repeated(self, field)
        elif name in self.classes:
            made = self.classes[name]()._owned(self, name)
        else:  # a member of a oneof has no value that says it is absent: it reads as its kind's zero
            return field._replace(explicit=False).absent
        self._values[name] = made
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        field = self.message.by_name.get(name)
        if field is None:
            raise AttributeError(f'Protocol message {self.message.name} has no "{name}" field.')
        if field.repeated or name in self.classes:
            raise AttributeError(
                f'Assignment not allowed to message, map, or repeated field "{name}" in protocol message object.'
            )
        self._assign(field, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a field cannot be deleted; use ClearField({name!r})")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.message.by_name]

    def _has(self, name: str) -> bool:
        value = self._values.get(name)
        if isinstance(value, MessageObject):
            return value._is_set
        if value is None or isinstance(value, (list, dict)):
            return bool(value)
        field = self.message.by_name[name]
        return field.explicit or value != field.absent

    def HasField(self, name: str) -> bool:
        """Whether a field that can be absent, or one of a oneof, is set. ValueError for any other."""
        if name in self.oneofs:
            return self.WhichOneof(name) is not None
        field = self.message.by_name.get(name)
        if field is None:
            raise ValueError(f'Protocol message {self.message.name} has no "{name}" field.')
        if field.repeated or not (field.explicit or name in self.classes):
            raise ValueError(f"Field {self.message.name}.{name} does not have presence.")
        return self._has(name)

    def WhichOneof(self, oneof: str) -> str | None:
        """The name of the field that is set in a oneof. ValueError for a oneof that the message has not."""
        if oneof not in self.oneofs:
            raise ValueError(f'Protocol message {self.message.name} has no oneof "{oneof}" field.')
        return next((name for name in self.oneofs[oneof] if self._has(name)), None)

    def ClearField(self, name: str) -> None:
        """Let a field, or a oneof, not be set. ValueError for one that the message has not."""
        if name not in self.message.by_name and name not in self.oneofs:
            raise ValueError(f'Protocol message {self.message.name} has no "{name}" field.')
        for member in self.oneofs.get(name, (name,)):
            self._drop(member)

    def Clear(self) -> None:
        for name in [*self._values]:
            self._drop(name)

    def IsInitialized(self) -> bool:
        return True  # these messages have no required fields

    def _plain(self) -> dict[str, Any]:
        """What is set, as the wire format's encoder takes it."""
        plain: dict[str, Any] = {}
        for name in filter(self._has, self._values):
            value = self._values[name]
            if isinstance(value, MessageObject):
                value = value.SerializeToString()
            elif isinstance(value, MessageMap):
                value = [{"key": key, "value": value[key].SerializeToString()} for key in sorted(value, key=_order)]
            elif isinstance(value, RepeatedMessages):
                value = [item.SerializeToString() for item in value]
            plain[name] = value
        return plain

    def SerializeToString(self, deterministic: bool | None = None) -> bytes:
        """The message in the wire format; equal messages have equal bytes, whatever `deterministic` says."""
        return self.message.encode(self._plain())

    SerializePartialToString = SerializeToString

    def ByteSize(self) -> int:
        return len(self.SerializeToString())

    def MergeFromString(self, data: bytes) -> int:
        """Read more fields. Raises DecodeError (a ValueError) for what is no such message, TypeError for no bytes."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"expected bytes, {type(data).__name__} found")
        try:
            self._merge(data)
        except ValueError as error:
            raise DecodeError(f"Error parsing message with type 'tensorflow.{self.message.name}': {error}") from None
        return len(data)

    def _merge(self, data: Any) -> None:
        for number, wire_type, raw in fields_of(data):
            field = self.message.by_number.get(number)
            if field is None or (wire_type != field.wire_type and not (wire_type == LENGTH and field.repeated)):
                continue
            name = field.name
            if name in self.maps:
                parts = {part: octets for part, kind, octets in fields_of(raw) if kind == LENGTH}  # 1: key, 2: value
                child = self.maps[name]()
                child._merge(parts.get(2, b""))
                getattr(self, name)._put(str(parts.get(1, b""), "utf-8"), child)
            elif name in self.classes:
                child = getattr(self, name).add() if field.repeated else getattr(self, name)
                child._merge(raw)
                child.SetInParent()
            elif field.repeated:
                list.extend(getattr(self, name), field.read_all(wire_type, raw))
                self._touched(name)
            else:
                self._values[name] = field.read(raw)
                self._touched(name)

    def ParseFromString(self, data: bytes) -> int:
        """Read the fields in place of those that are there."""
        self.Clear()
        return self.MergeFromString(data)

    @classmethod
    def FromString(cls, data: bytes) -> Any:
        message = cls()
        message.MergeFromString(data)
        return message

    def CopyFrom(self, other: MessageObject) -> None:
        """Have what `other` has. TypeError for a message of another kind."""
        if other is not self:
            self._check_kind("CopyFrom", other)
            self.Clear()
            self.MergeFrom(other)

    def MergeFrom(self, other: MessageObject) -> None:
        """Have what `other` has too: its repeated fields are appended, its scalars win. TypeError as `CopyFrom`."""
        self._check_kind("MergeFrom", other)
        for name in [name for name in other._values if other._has(name)]:
            value = other._values[name]
            if isinstance(value, (MessageObject, MessageMap)):
                getattr(self, name).MergeFrom(value)
            elif isinstance(value, Repeated):
                list.extend(getattr(self, name), value)
            elif isinstance(value, RepeatedMessages):
                getattr(self, name).extend(value[:])
            else:
                self._values[name] = value
            self._touched(name)
        self.SetInParent()

    def _check_kind(self, method: str, other: Any) -> None:
        if type(other) is not type(self):
            raise TypeError(
                f"Parameter to {method}() must be instance of same class: "
                f"expected {type(self).__name__} got {type(other).__name__}."
            )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.SerializeToString() == other.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Any:
        copied = type(self)()
        copied.MergeFrom(self)
        return copied

    def __deepcopy__(self, memo: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return type(self).FromString, (self.SerializeToString(),)

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterator[str]:
        """protobuf's text format."""
        for field in self.message.fields:
            if not self._has(field.name):
                continue
            value = self._values[field.name]
            if isinstance(value, MessageMap):
                for key in value:
                    entry = [f'key: "{_escaped(key)}"', *_block("value", value[key]._lines())]
                    yield from _block(field.name, entry)
                continue
            for item in value if field.repeated else [value]:
                if isinstance(item, MessageObject):
                    yield from _block(field.name, item._lines())
                else:
                    known = self.enums.get(field.name, {})
                    yield f"{field.name}: {known.get(item) or _as_text(field, item)}"


def _order(key: str) -> bytes:
    """What a map's keys are sorted by, for equal messages to have equal bytes: protobuf's own order (where it is asked
    for a deterministic one), in which "ab" stands before "a"."""
    return key.encode() + b"\xff"


def _block(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _as_text(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):  # with as few digits as tell it from its neighbours
        few, all_of_them = (6, 9) if field.kind == "float" else (15, 17)
        short = f"{value:.{few}g}"
        return short if _converted(field, [float(short)])[0] == value or value != value else f"{value:.{all_of_them}g}"
    return f'"{_escaped(value)}"' if isinstance(value, (str, bytes)) else repr(value)


def _escaped(value: str | bytes) -> str:
    """Between quotes: a string's letters stay as they are, bytes that are no ASCII become octal."""
    codes, last = (map(ord, value), 0x110000) if isinstance(value, str) else (value, 127)
    return "".join(
        _ESCAPES.get(code) or (chr(code) if 32 <= code < last and code != 127 else f"\\{code:03o}") for code in codes
    )
