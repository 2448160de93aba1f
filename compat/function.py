"""tensorflow.python.framework.function: functions of a graph, which are Python's own here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any

from ..engine import nest
from ..engine.build import convert_to_tensor
from ..engine.graph import Operation
from ..scopes.custom_gradient import with_gradient


def Defun(
    *input_types: Any, grad_func: Callable | None = None, python_grad_func: Callable | None = None, **options: Any
) -> Callable[[Callable], Callable]:
    """A decorator for a function of tensors, which builds its operations where it is called.

    Its gradient is that of what it computes, unless there is ``grad_func(*arguments, *dy)``, a function like itself, or
    ``python_grad_func(op, *dy)``, where the arguments are `op.inputs` and the results `op.outputs`: each returns the
    gradients of the arguments. Without one, the decorator gives the function back.
    """

    if grad_func is None and python_grad_func is None:
        return lambda function: function
    of_op: Callable = python_grad_func or (lambda op, *dy: grad_func(*op.inputs, *dy))  # type: ignore[misc]

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*args: Any, name: str | None = None, **how: Any) -> Any:
            typed = zip_longest(args, input_types[: len(args)])
            inputs = [convert_to_tensor(arg, dtype) for arg, dtype in typed]
            answer = function(*inputs)
            results = [convert_to_tensor(result) for result in nest.flatten(answer)]

            def gradient(op: Operation, *dy: Any) -> list[Any]:
                called = SimpleNamespace(inputs=op.inputs[len(results) :], outputs=op.outputs[: len(results)])
                return nest.flatten(of_op(called, *dy))

            return nest.pack_sequence_as(answer, with_gradient(results, inputs, gradient))

        return call

    return decorate


__all__ = ["Defun"]
