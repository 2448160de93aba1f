"""`tf.custom_gradient`: functions of tensors that say what their gradient is."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..engine import nest
from ..engine.build import convert_to_tensor
from ..engine.graph import Operation, Tensor, get_default_graph
from ..engine.ops.basic import identity, identity_n
from ..engine.registry import RegisterGradient
from ..engine.state import variable_of
from .keys import GraphKeys

_numbers = itertools.count()


def custom_gradient(f: Callable[..., tuple[Any, Callable]]) -> Callable[..., Any]:
    """Let ``f(*tensors)``, which returns what it computes and a function for the gradient, be a function of what it
    computes.

    ``grad_fn(*dy)`` gets the gradients of the results and returns those of the arguments. Where `f` reads trainable
    variables, it is called with ``variables=`` a list of these too, and returns a pair: the gradients of the arguments,
    and a list of those of the variables. Raises ValueError for keyword arguments, and TypeError where a function that
    reads variables cannot be told them.
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when eager execution is "
                "enabled."
            )
        return _traced(f, [convert_to_tensor(arg) for arg in args])

    return decorated


def _traced(f: Callable, args: list[Tensor]) -> Any:
    graph = get_default_graph()
    before = graph.version
    answer = f(*args)
    if not (isinstance(answer, tuple) and len(answer) == 2 and callable(answer[1])):
        raise TypeError(
            f"A function of custom_gradient returns its result and a function for its gradient, not {answer}"
        )
    structure, grad_fn = answer
    results = [convert_to_tensor(item) for item in nest.flatten(structure)]
    variables = _read_by(results, before)
    takes = inspect.getfullargspec(grad_fn)
    if variables and not (takes.varkw or "variables" in (*takes.args, *takes.kwonlyargs)):
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses variables: "
            f"{variables}"
        )
    given = {"variables": variables} if variables else {}

    def gradient(op: Operation, *grads: Any) -> list[Any]:
        answer = grad_fn(*grads, **given)
        of_args, of_variables = answer if variables else (answer, [])
        of_args = nest.flatten(of_args)
        if len(of_variables) != len(variables):
            raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        return [*of_args, *of_variables]

    for result in results:
        identity(result)  # nobody needs it, but TensorFlow makes it, and counts it in names and seeds
    outputs = with_gradient(results, [*args, *(variable.value() for variable in variables)], gradient)
    return nest.pack_sequence_as(structure, outputs)


def with_gradient(results: Sequence[Tensor], inputs: Sequence[Tensor], gradient: Callable[..., list]) -> list[Tensor]:
    """The results again, whose gradient reaches the inputs, by ``gradient(op, *dy)``, and nothing else.

    `op` has the results and then the inputs, as its own inputs and as its outputs.
    """
    name = f"CustomGradient-{next(_numbers)}"
    RegisterGradient(name)(lambda op, *dy: [None] * len(results) + gradient(op, *dy[: len(results)]))
    with get_default_graph().gradient_override_map({"IdentityN": name}):
        return identity_n([*results, *inputs])[: len(results)]


def _read_by(results: Sequence[Tensor], before: int) -> list[Any]:
    """The trainable variables that results read by operations made after the graph had `before` of them."""
    found: set[Operation] = set()
    seen: set[Operation] = set()
    waiting = [tensor.op for tensor in results]
    while waiting:
        op = waiting.pop()
        if op in seen or op.id <= before:
            continue
        seen.add(op)
        for tensor in op.inputs:
            read = tensor.op.inputs[0] if tensor.op.type == "Identity" else tensor
            variable = variable_of(read)
            if variable is not None:
                found.add(variable)
            waiting.append(tensor.op)
    trainable = get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES)
    return [variable for variable in trainable if variable.op in found]


__all__ = ["custom_gradient"]
