"""tf.app: a program's `main`, run with its flags parsed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from absl import app as _absl

from . import flags


def run(main: Callable[[list[str]], Any] | None = None, argv: list[str] | None = None) -> None:
    """Parse the flags in `argv` (the command line) and exit with what `main`, given the other arguments, returns.

    `main` is the program's own function of that name, if it is not given. A flag that nobody defined stays among the
    arguments.
    """
    main = main or sys.modules["__main__"].main
    _absl.run(main, argv, flags_parser=lambda arguments: flags.FLAGS(arguments, known_only=True))


__all__ = ["flags", "run"]
