"""tensorflow.python.framework.function: functions of a graph, which are Python's own here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def Defun(*input_types: Any, **options: Any) -> Callable[[Callable], Callable]:
    """A decorator that gives the function back: it builds its operations where it is called.

    Raises NotImplementedError for a gradient of its own (`grad_func`, `python_grad_func`).
    """
    for name in ("grad_func", "python_grad_func"):
        if options.get(name) is not None:
            raise NotImplementedError(f"Defun with {name} is not there: such gradients need tf.RegisterGradient")
    return lambda function: function


__all__ = ["Defun"]
