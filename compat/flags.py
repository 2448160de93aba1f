"""tf.flags: absl's flags, which TensorFlow's own are too, parsed when the first one is read."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from absl import flags as _absl
from absl import logging as _logging
from absl.flags import *  # noqa: F403

_absl.disclaim_key_flags()  # a flag belongs to the program that defines it, not to this module

for _flag in _absl.FLAGS.flags_by_module_dict()[_logging.__name__]:
    _flag.allow_override = True  # programs have a log_dir or a verbosity of their own

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_names(define: Callable) -> Callable:
    """A function that defines flags, which also takes the argument names of TensorFlow before 1.5."""

    @functools.wraps(define)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return define(*args, **{_OLD_NAMES.get(key, key): value for key, value in kwargs.items()})

    return wrapper


DEFINE_string = _with_old_names(_absl.DEFINE_string)
DEFINE_boolean = DEFINE_bool = _with_old_names(_absl.DEFINE_boolean)
DEFINE_float = _with_old_names(_absl.DEFINE_float)
DEFINE_integer = _with_old_names(_absl.DEFINE_integer)


class _ParsedWhenRead:
    """absl's FLAGS, the very same flags, except that reading one before `app.run` parses the command line."""

    def __getattr__(self, name: str) -> Any:
        values = _absl.FLAGS
        if not hasattr(type(values), name) and not values.is_parsed():
            values(sys.argv)
        return getattr(values, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_absl.FLAGS, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_absl.FLAGS, name)

    def _parse_flags(self, args: Any = None) -> list[str]:
        """What TensorFlow before 1.5 had: parse `args`, or the command line, now."""
        return _absl.FLAGS(sys.argv if args is None else [sys.argv[0], *args])

    def __call__(self, argv: Any, known_only: bool = False) -> list[str]:
        return _absl.FLAGS(argv, known_only)

    def __getitem__(self, name: str) -> Any:
        return _absl.FLAGS[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        _absl.FLAGS[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in _absl.FLAGS

    def __iter__(self) -> Iterator[str]:
        return iter(_absl.FLAGS)

    def __len__(self) -> int:
        return len(_absl.FLAGS)

    def __dir__(self) -> list[str]:
        return dir(_absl.FLAGS)

    def __str__(self) -> str:
        return str(_absl.FLAGS)


FLAGS = _ParsedWhenRead()  # type: ignore[assignment]

__all__ = list(_absl.__all__)
