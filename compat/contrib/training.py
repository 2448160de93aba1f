"""tf.contrib.training: HParams, named values with fixed types; training operations and evaluations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from typing import Any

from .evaluation import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    checkpoints_iterator,
    evaluate_repeatedly,
    get_or_create_eval_step,
    wait_for_new_checkpoint,
)
from .learning import add_gradients_summaries, clip_gradient_norms, multiply_gradients

_ASSIGNMENT = re.compile(
    r"""\s*(?P<name>[a-zA-Z][\w.]*)\s*(\[\s*(?P<index>\d+)\s*\])?\s*=
        \s*(\[(?P<values>[^\]]*)\]|(?P<value>[^,\[]*))\s*($|,)""",
    re.VERBOSE,
)
_TRUTHS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


def _parsed(text: str, kind: type, name: str, whole: str) -> Any:
    """The value of a type that a text says. Raises ValueError where it says none."""
    text = text.strip()
    try:
        return _TRUTHS[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        said = f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{text}' in {whole}"
        raise ValueError(said) from None


def _assignments(text: str) -> Iterator[tuple[str, int | None, Any]]:
    """(Name, index, value or list of values) for each `name=value`, `name=[a,b]` or `name[0]=value` of a text."""
    place = 0
    while place < len(text):
        match = _ASSIGNMENT.match(text, place)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {text[place:]}")
        place = match.end()
        index = None if match["index"] is None else int(match["index"])
        listed = match["values"]
        yield match["name"], index, match["value"] if listed is None else [v for v in re.split("[ ,]", listed) if v]


def _cast(name: str, kind: type, value: Any) -> Any:
    """A value as its hyperparameter's type: any number as a float. Raises ValueError for what does not fit."""
    if value is None or kind is type(None):
        return value
    wanted: dict[type, Any] = {bool: bool, str: str, int: Integral, float: Real}
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, wanted.get(kind, kind)):
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value) if kind in wanted else value


class HParams:
    """Hyperparameters as attributes, each with the type of its first value, or a list of values of one type.

    Raises ValueError for a name that the class itself uses, a list that is empty, and values of another type.
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def is not None:
            raise NotImplementedError("HParams: hparam_def is not offered; give the values by name")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Add one, whose type is that of the value. Raises ValueError for a name that is taken or an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Give one that is there another value. Raises KeyError for an unknown name, ValueError for another type."""
        kind, is_list = self._hparam_types[name]
        if isinstance(value, list) != is_list and not (is_list and isinstance(value, tuple)):
            how = "Must pass a list for multi-valued" if is_list else "Must not pass a list for single-valued"
            raise ValueError(f"{how} parameter: {name}.")
        setattr(self, name, [_cast(name, kind, v) for v in value] if is_list else _cast(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Take one away, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Set those that a text names: "rate=0.1,sizes=[1,2],sizes[0]=3". Raises ValueError for what does not fit."""
        found: dict[str, Any] = {}
        for name, index, value in _assignments(values):
            if name not in self._hparam_types:
                raise ValueError(f"Unknown hyperparameter type for {name}")
            kind, is_list = self._hparam_types[name]
            if index is not None:
                if not is_list or isinstance(value, list):
                    raise ValueError(f"Could not parse hparam '{name}' in '{values}'")
                items = found.setdefault(name, list(getattr(self, name)))
                if index >= len(items):
                    raise ValueError(f"Could not parse hparam '{name}' in '{values}': it has {len(items)} values")
                items[index] = _parsed(value, kind, name, values)
            elif name in found:
                raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
            elif isinstance(value, list):
                if not is_list:
                    raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
                found[name] = [_parsed(v, kind, name, values) for v in value]
            else:
                one = _parsed(value, kind, name, values)
                found[name] = [one] if is_list else one
        return self.override_from_dict(found)

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> HParams:
        """Set those that a dict names. Raises KeyError for an unknown name."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """`override_from_dict` of a JSON object."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """All values as a JSON object, without those that are functions."""
        plain = {name: value for name, value in self.values().items() if not callable(value)}
        return json.dumps(plain, indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        """All values by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """The value of one, or a default. Raises ValueError for a default of another type."""
        if key not in self._hparam_types:
            return default
        kind, is_list = self._hparam_types[key]
        if default is not None:
            if isinstance(default, list) != is_list:
                raise ValueError(f"Hparam '{key}' of type '{kind}' is incompatible with default={default}")
            for one in default if is_list else [default]:
                _cast(key, kind, one)
        return getattr(self, key)

    def get_model_structure(self) -> Any:
        return self._model_structure

    def set_model_structure(self, model_structure: Any) -> None:
        self._model_structure = model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return str(sorted(self.values().items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


__all__ = [
    "HParams", "StopAfterNEvalsHook", "SummaryAtEndHook", "add_gradients_summaries", "checkpoints_iterator",
    "clip_gradient_norms", "evaluate_repeatedly", "get_or_create_eval_step", "multiply_gradients",
    "wait_for_new_checkpoint",
]  # fmt: skip
