"""The text format of protocol buffers: https://protobuf.dev/reference/protobuf/textformat-spec."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .message import MessageObject

Value = Any  # bytes of a string, an int, a float, a Word, or the list of the fields of a message


class Word(str):
    """A name that is a value: of an enum's number, true, inf."""


_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:
      (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>-?[A-Za-z_]\w*)
    | (?P<hexadecimal>-?0[xX][0-9a-fA-F]+)
    | (?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)
    | (?P<mark>[:\[\]{}<>,;])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", "a": b"\a", "b": b"\b", "f": b"\f", "v": b"\v"}
_ESCAPED = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_CLOSING = {"{": "}", "<": ">"}
_DEEPEST = 100  # messages within each other, as in the `protobuf` package


def parse(text: str) -> list[tuple[str, Value]]:
    """(Name, value) of each field; a list in brackets gives one for each of its values. ValueError for other texts."""
    tokens = list(_tokens(text))[::-1]
    found = list(_fields(tokens, "", 0))
    _expect(tokens, "end")
    return found


def merge(text: str, message: MessageObject) -> MessageObject:
    """Read the fields of a message's text into it. ValueError where it is not such a message's."""
    _merge(parse(text), message)
    return message


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{text[at : at + 20].strip()!r} was not expected")
        yield str(match.lastgroup), match[str(match.lastgroup)]
        if match.lastgroup == "end":
            return
        at = match.end()


def _expect(tokens: list[tuple[str, str]], kind: str, what: str = "") -> str:
    found, token = tokens.pop()
    if found != kind or (what and token != what):
        raise ValueError(f"{token or 'the end'!r} stands where {what or f'a {kind}'} should")
    return token


def _skip(tokens: list[tuple[str, str]], marks: str) -> str:
    """Which of these marks came next, and is behind us now; empty if none did."""
    kind, token = tokens[-1]
    return tokens.pop()[1] if kind == "mark" and token in marks else ""


def _fields(tokens: list[tuple[str, str]], closing: str, depth: int) -> Iterator[tuple[str, Value]]:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} messages lie within each other")
    while tokens[-1][0] != "end" and not (closing and tokens[-1][1] == closing):
        name = _expect(tokens, "word")
        colon = _skip(tokens, ":")
        if not _skip(tokens, "["):
            yield name, _value(tokens, bool(colon), depth)
        elif not _skip(tokens, "]"):
            yield name, _value(tokens, bool(colon), depth)
            while _skip(tokens, ","):
                yield name, _value(tokens, bool(colon), depth)
            _expect(tokens, "mark", "]")
        _skip(tokens, ",;")


def _value(tokens: list[tuple[str, str]], colon: bool, depth: int) -> Value:
    opening = _skip(tokens, "{<")
    if opening:
        inner = list(_fields(tokens, _CLOSING[opening], depth + 1))
        _expect(tokens, "mark", _CLOSING[opening])
        return inner
    if not colon:
        raise ValueError(f"{tokens[-1][1] or 'the end'!r} stands where : should")
    kind, token = tokens[-1]
    if kind == "word":
        return Word(tokens.pop()[1])
    if kind == "hexadecimal":
        return int(tokens.pop()[1], 16)
    if kind == "number":
        token = tokens.pop()[1]
        return float(token.rstrip("fF")) if set(token) & set(".eEfF") else int(token)
    pieces = [_unquoted(_expect(tokens, "string"))]
    while tokens[-1][0] == "string":
        pieces.append(_unquoted(tokens.pop()[1]))
    return b"".join(pieces)


def _unquoted(token: str) -> bytes:
    def unescaped(match: re.Match[bytes]) -> bytes:
        hexadecimal, octal, other = match.groups()
        if other is None:
            return bytes([int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 255])
        return _ESCAPES.get(other.decode("latin-1"), other)

    return _ESCAPED.sub(unescaped, token[1:-1].encode())


# -- into messages ----------------------------------------------------------------------------------------------------


def _merge(fields: Iterable[tuple[str, Value]], message: MessageObject) -> None:
    for name, value in fields:
        field = message.message.by_name.get(name)
        if field is None:
            raise ValueError(f'Message type "tensorflow.{message.message.name}" has no field named "{name}".')
        if isinstance(value, list) != (name in message.classes or name in message.maps):
            raise ValueError(f"{message.message.name}.{name} cannot be {value!r:.100}")
        if name in message.maps:
            entry = dict(value)
            _merge(entry.get("value", []), getattr(message, name)[entry.get("key", b"").decode()])
        elif name in message.classes:
            inner = getattr(message, name)
            _merge(value, inner.add() if field.repeated else inner)
            if not field.repeated:
                inner.SetInParent()
        elif field.repeated:
            getattr(message, name).append(_scalar(message, name, value))
        else:
            setattr(message, name, _scalar(message, name, value))


_TRUTH = {"true": True, "t": True, "True": True, "false": False, "f": False, "False": False}


def _scalar(message: MessageObject, name: str, value: Value) -> Any:
    """A value as the field has it. ValueError for one of another kind."""
    kind = message.message.by_name[name].kind
    numbers = {word: number for number, word in message.enums.get(name, {}).items()}
    if kind in ("string", "bytes") and isinstance(value, bytes):
        return value.decode() if kind == "string" else value
    if kind == "bool" and (value in _TRUTH or value in (0, 1)):
        return _TRUTH.get(value, bool(value))
    if kind == "enum" and value in numbers:
        return numbers[value]
    if (
        kind in ("float", "double")
        and isinstance(value, Word)
        and value.lstrip("-").lower() in ("inf", "infinity", "nan")
    ):
        return float(value)
    if kind in ("float", "double") and isinstance(value, (int, float)):
        return float(value)
    if kind not in ("string", "bytes", "bool", "float", "double") and isinstance(value, int):
        return value
    raise ValueError(f"{message.message.name}.{name} is {kind}, and cannot be {value!r:.100}")
