"""What TensorFlow's op registry says of the ops that are here too: the names and kinds of what a GraphDef has."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .registry import OpDef, is_known_type

REQUIRED = object()  # stands for the default of an attribute that has none


class Attribute(NamedTuple):
    """An attribute of TensorFlow's: its kind ("type", "list(int)", …) and its default as JSON has it, or REQUIRED."""

    kind: str
    default: Any


class Argument(NamedTuple):
    """One input or output: a dtype's name or the attribute that says the dtype; how many tensors, of one dtype each
    (the attribute that says the number) or of several ("*"); whether it is a variable itself."""

    name: str
    type: str
    number: str
    ref: bool


class Facts(NamedTuple):
    """One op of TensorFlow's."""

    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    attributes: dict[str, Attribute]


@cache
def _all() -> dict[str, str]:
    text = Path(__file__).with_suffix(".txt").read_text()
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: rest for name, _, rest in lines}


@cache
def facts_of(type: str) -> Facts | None:
    """What TensorFlow has under an op's name; None where it has no such op."""
    line = _all().get(type)
    if line is None:
        return None
    signature, _, attributes = line.partition("|")
    inputs, _, outputs = signature.partition("->")
    return Facts(_arguments(inputs), _arguments(outputs), dict(map(_attribute, attributes.split())))


def _arguments(text: str) -> tuple[Argument, ...]:
    arguments = []
    for piece in filter(None, map(str.strip, text.split(","))):
        name, _, kind = piece.partition(":")
        kind, star, count = kind.rstrip("&").partition("*")
        arguments.append(Argument(name, kind, count or star, piece.endswith("&")))
    return tuple(arguments)


def _attribute(text: str) -> tuple[str, Attribute]:
    name, _, rest = text.partition(":")
    kind, equals, default = rest.partition("=")
    return name, Attribute(kind, json.loads(default) if equals else REQUIRED)


@cache
def counterpart(definition: OpDef) -> Facts | None:
    """The op of TensorFlow's that is this one: of the same name, inputs and outputs. None where there is none."""
    facts = facts_of(definition.type)
    if facts is None:
        return None
    for ours, theirs in ((definition.args, facts.inputs), (definition.results, facts.outputs)):
        if len(ours) != len(theirs):
            return None
        for mine, other in zip(ours, theirs, strict=True):
            if (mine.is_list and not other.number) or not _fits(mine.type, other.type, facts):
                return None
    return facts


def _fits(ours: str, theirs: str, facts: Facts) -> bool:
    """Whether a type of ours is one that theirs can be."""
    if not is_known_type(ours):
        return True
    return ours == theirs if is_known_type(theirs) else facts.attributes[theirs].default is not REQUIRED
