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
    gradients of the arguments. A call gives the only result, or a tuple of all.
    """
    of_op = python_grad_func
    if grad_func is not None:
        of_op = lambda op, *dy: grad_func(*op.inputs, *dy)  # noqa: E731

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*args: Any, name: str | None = None, **how: Any) -> Any:
            typed = zip_longest(args, input_types[: len(args)])
            inputs = [convert_to_tensor(arg, dtype) for arg, dtype in typed]
            answer = function(*inputs)
            if answer is None or isinstance(answer, Operation):
                return answer
            results = [convert_to_tensor(result) for result in nest.flatten(answer)]

            def gradient(op: Operation, *dy: Any) -> list[Any]:
                called = SimpleNamespace(inputs=op.inputs[len(results) :], outputs=op.outputs[: len(results)])
                return nest.flatten(of_op(called, *dy))  # type: ignore[misc]

            outputs = results if of_op is None else with_gradient(results, inputs, gradient)
            return outputs[0] if len(outputs) == 1 else tuple(outputs)

        return call

    return decorate


__all__ = ["Defun"]
