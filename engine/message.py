"""Protocol buffer messages as objects, with the few methods of the `protobuf` package that programs use on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from .wire import Field, Message


class Repeated(list):
    """The values of a repeated field; of messages, `add` makes one more and gives it back."""

    def __init__(self, kind: type[MessageObject] | None, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self._kind = kind
        self.extend(values)

    def add(self, **fields: Any) -> Any:
        if self._kind is None:
            raise AttributeError("only a repeated field of messages has add()")
        self.append(self._kind(**fields))
        return self[-1]

    def append(self, value: Any) -> None:
        super().append(value if self._kind is None else _copied(self._kind, value))

    def extend(self, values: Iterable[Any]) -> None:
        for value in values:
            self.append(value)


def _copied(kind: type[MessageObject], value: Any) -> MessageObject:
    if isinstance(value, Mapping):
        return kind(**value)
    if not isinstance(value, kind):
        raise TypeError(f"Parameter must be an instance of {kind.__name__}, but saw {type(value).__name__}: {value!r}")
    return kind.FromString(value.SerializeToString())


class MessageObject:
    """A message whose fields are attributes, made of keyword arguments.

    A subclass names its `message`, the class of each field that is itself a message, and its oneofs. A field that was
    never set reads as its kind's zero; a message that was never set comes into being when something in it is. Raises
    ValueError in the making, AttributeError later, for a field that the message has not.
    """

    message: ClassVar[Message]
    classes: ClassVar[Mapping[str, type[MessageObject]]] = {}
    oneofs: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, **fields: Any) -> None:
        vars(self).update(_values={}, _owner=None, _is_set=False)
        for name, value in fields.items():
            if self._field(name) is None:
                raise ValueError(f'Protocol message {self.message.name} has no "{name}" field.')
            if value is not None:
                self._assign(name, value)

    @classmethod
    def _field(cls, name: str) -> Field | None:
        return next((field for field in cls.message.fields if field.name == name), None)

    def _assign(self, name: str, value: Any) -> None:
        field, kind = self._field(name), self.classes.get(name)
        assert field is not None
        if field.repeated:
            value = Repeated(kind, value.tolist() if isinstance(value, np.ndarray) else value)
        elif kind is not None:
            value = _copied(kind, value)
            vars(value).update(_owner=(self, name), _is_set=True)
        self._values[name] = value
        self._touched(name)

    def _touched(self, name: str) -> None:
        """A field was set: the others of its oneof are not any more, and the message is there."""
        for members in self.oneofs.values():
            if name in members:
                for other in set(members) - {name}:
                    self._values.pop(other, None)
        vars(self)["_is_set"] = True
        if self._owner is not None:
            owner, own_name = self._owner
            owner._values.setdefault(own_name, self)
            owner._touched(own_name)

    def __getattr__(self, name: str) -> Any:
        field = self._field(name)
        if field is None:
            raise AttributeError(f"{self.message.name} has no field {name!r}")
        if name not in self._values:
            kind = self.classes.get(name)
            if field.repeated:
                self._values[name] = Repeated(kind)
            elif kind is not None:
                self._values[name] = child = kind()
                vars(child)["_owner"] = (self, name)
            else:  # a member of a oneof has no value that says it is absent: it reads as its kind's zero
                return field._replace(explicit=False).absent
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        field = self._field(name)
        if field is None:
            raise AttributeError(f"{self.message.name} has no field {name!r}")
        if field.repeated or name in self.classes:
            raise AttributeError(
                f'Assignment not allowed to message, map, or repeated field "{name}" in protocol message object.'
            )
        self._assign(name, value)

    def _has(self, name: str) -> bool:
        value = self._values.get(name)
        if isinstance(value, MessageObject):
            return value._is_set or any(value._has(inner) for inner in value._values)
        if value is None or isinstance(value, Repeated):
            return bool(value)
        field = self._field(name)
        assert field is not None
        return field.explicit or value != field.absent

    def HasField(self, name: str) -> bool:
        """Whether a field that can be absent is set. ValueError for a repeated or an unknown one."""
        field = self._field(name)
        if field is None or field.repeated:
            raise ValueError(f'Protocol message {self.message.name} has no singular "{name}" field.')
        return self._has(name)

    def WhichOneof(self, oneof: str) -> str | None:
        """The name of the field that is set in a oneof. ValueError for a oneof that the message has not."""
        if oneof not in self.oneofs:
            raise ValueError(f'Protocol message {self.message.name} has no oneof "{oneof}" field.')
        return next((name for name in self.oneofs[oneof] if self._has(name)), None)

    def ClearField(self, name: str) -> None:
        self._values.pop(name, None)

    def Clear(self) -> None:
        self._values.clear()

    def _plain(self) -> dict[str, Any]:
        """What is set, as the wire format's encoder takes it."""
        plain: dict[str, Any] = {}
        for name in filter(self._has, self._values):
            value = self._values[name]
            if isinstance(value, MessageObject):
                value = value._plain()
            elif isinstance(value, Repeated) and name in self.classes:
                value = [item._plain() for item in value]
            plain[name] = value
        return plain

    def SerializeToString(self) -> bytes:
        return self.message.encode(self._plain())

    def ByteSize(self) -> int:
        return len(self.SerializeToString())

    def MergeFromString(self, data: bytes) -> int:
        """Read more fields. Raises ValueError for what is no such message (`protobuf` raises a DecodeError)."""
        for name, value in self.message.decode(data).items():
            if self._says(name, value):
                self._touched(name)  # what it replaces of a oneof is gone
        merged = self.message.decode(self.SerializeToString() + data)  # which is how messages are merged
        self._values.clear()
        for name, value in merged.items():
            if self._says(name, value):
                self._assign(name, value)
        return len(data)

    def _says(self, name: str, value: Any) -> bool:
        """Whether a decoded value is more than that the field was absent."""
        field = self._field(name)
        assert field is not None
        if field.repeated:
            return len(value) > 0
        return value is not None and (field.explicit or field.kind.__class__ is Message or value != field.absent)

    def ParseFromString(self, data: bytes) -> int:
        self.Clear()
        return self.MergeFromString(data)

    @classmethod
    def FromString(cls, data: bytes) -> Any:
        message = cls()
        message.MergeFromString(data)
        return message

    def CopyFrom(self, other: MessageObject) -> None:
        self.Clear()
        self.MergeFrom(other)

    def MergeFrom(self, other: MessageObject) -> None:
        if type(other) is not type(self):
            raise TypeError(f"Parameter must be an instance of {type(self).__name__}, not {type(other).__name__}")
        self.MergeFromString(other.SerializeToString())
        if self._owner is not None:
            self._owner[0]._touched(self._owner[1])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.SerializeToString() == other.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    __repr__ = __str__

    def _lines(self) -> Iterable[str]:
        """protobuf's text format."""
        for field in self.message.fields:
            if not self._has(field.name):
                continue
            value = self._values[field.name]
            for item in value if field.repeated else [value]:
                if isinstance(item, MessageObject):
                    yield f"{field.name} {{"
                    yield from (f"  {line}" for line in item._lines())
                    yield "}"
                else:
                    yield f"{field.name}: {_as_text(item)}"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        quoted = "".join(chr(b) if 32 <= b < 127 and b not in b"\"\\'" else f"\\{b:03o}" for b in value)
        return f'"{quoted}"'
    return repr(value)
