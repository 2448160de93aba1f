"""The table of ops: each op's signature, shape rule, kernel and gradient, declared in one paragraph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from .dtypes import NUMBERS, DType, as_dtype, int32, int64
from .graph import Graph, Operation, Tensor, format_frames
from .shapes import TensorShape, as_shape, broadcast_sizes


class Arg(NamedTuple):
    """One input or output of an op's signature."""

    name: str
    type: str  # a dtype's name, or the name of a type variable shared by several arguments
    is_list: bool
    length: str  # the attribute that gives a list output's length


_TYPE_NAMES = frozenset(t.name for t in NUMBERS) | {"bool", "string", "variant", "resource"}
ANY_TYPE = "any"  # an input of whatever dtype, unrelated to the others
Rule = Callable[..., Any]


def not_differentiable(op: Operation, *grads: Any) -> list[None]:
    """The gradient of an op that has none by its nature (integers, comparisons): nothing flows back."""
    return [None] * len(op.inputs)


def no_gradient(reason: str) -> Rule:
    """The gradient of a float op that should have one and does not: asking for it raises LookupError."""

    def refuse(op: Operation, *grads: Any) -> Any:
        raise LookupError(f"No gradient defined for operation {op.name!r} (op type: {op.type}): {reason}")

    refuse.refuses = True  # type: ignore[attr-defined]
    return refuse


def takes_indexed_slices(rule: Rule) -> Rule:
    """Mark a gradient function that handles IndexedSlices; others get them made dense."""
    rule.takes_indexed_slices = True  # type: ignore[attr-defined]
    return rule


@dataclass(frozen=True, eq=False)
class OpDef:
    """What an op is.

    kernel(k, *arrays, **attrs) computes its outputs (one array, or a sequence of them) with the backend `k`: `k.xp`
    is the array library, `k.special` its special functions, `k.conv2d` and so on our own kernels. It is pure, and
    unless `view` is set its results share no memory with its inputs. An op with state has `bind(op, k, session)`
    instead, which returns the callable of arrays that one session's plans run.
    """

    type: str
    args: tuple[Arg, ...]
    results: tuple[Arg, ...]
    shape: Rule  # shape(*inputs, **attrs) -> one shape, or a list of them; raises ValueError
    kernel: Rule | None
    bind: Rule | None
    grad: Rule  # grad(op, *grads) -> the gradient of each input: a tensor or None, or a list of these
    types: Mapping[str, Sequence[DType]] = field(default_factory=dict)  # what a type variable may be
    host: frozenset[str] = frozenset()  # inputs that the kernel reads as NumPy arrays: axes, shapes
    shape_of: frozenset[str] = frozenset()  # inputs of which the kernel reads no more than the shape
    host_result: bool = False  # its results are small and known to the host (shapes)
    on_host: bool = False  # runs on the host whatever the device: what it works on (files, Python objects) is there
    view: bool = False  # results may share memory with the inputs
    stateful: bool = False  # never folded, never merged; runs where fetched
    writes: bool = False  # changes the variable of its first input; runs after what only reads
    waits: bool = False  # may wait for what others do; runs after what need not
    lingers: bool = False  # may end later: what `bind` returns has `begin`, which gives what has `finish` and `cancel`
    ref: frozenset[str] = frozenset()  # inputs that take a variable itself, not its value
    mismatch: Rule | None = None  # mismatch(*shapes) -> what a run says where the inputs' shapes do not fit together
    fold: Rule | None = None  # fold(op) -> NumPy array where static shapes alone give the value, else None

    apply: ClassVar[Rule]  # build.apply, which knows how values become tensors

    @property
    def name(self) -> str:
        """The type, as TensorFlow's own OpDefs call it."""
        return self.type

    def __call__(self, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
        """Add the op to the graph of its inputs: its output, the list of them, or the operation if it has none."""
        return self.apply(inputs, attrs, name)


_OPS: dict[str, OpDef] = {}
_USER_GRADIENTS: dict[str, Rule] = {}


def define(
    type: str,
    signature: str,
    *,
    shape: Rule,
    grad: Rule,
    kernel: Rule | None = None,
    bind: Rule | None = None,
    types: Mapping[str, Sequence[DType]] | None = None,
    host: Sequence[str] = (),
    shape_of: Sequence[str] = (),
    host_result: bool = False,
    on_host: bool = False,
    view: bool = False,
    stateful: bool = False,
    writes: bool = False,
    waits: bool = False,
    lingers: bool = False,
    ref: Sequence[str] = (),
    fold: Rule | None = None,
    mismatch: Rule | None = None,
) -> OpDef:
    """Register an op. The signature reads ``"a:T, b:T -> product:T"``.

    A type is a dtype's name or a variable that stands for one dtype throughout; ``values:T*`` takes (as the only
    list) any number of tensors, and ``-> output:T*num`` gives as many as the attribute `num` says. A variable that
    no input fixes is read from the attribute of that name. `I` is always int32 or int64.
    """
    left, _, right = signature.partition("->")
    definition = OpDef(
        type, _parse(left), _parse(right), shape, kernel, bind, grad,
        {"I": (int32, int64), **(types or {})}, frozenset(host), frozenset(shape_of), host_result, on_host, view,
        stateful or writes or bind is not None, writes, waits, lingers, frozenset(ref),
        _incompatible if shape is broadcast_shape and mismatch is None else mismatch, fold,
    )  # fmt: skip
    assert type not in _OPS, f"op {type} is defined twice"
    assert {a.name for a in definition.args} >= definition.host | definition.ref, f"op {type}: no such input"
    _OPS[type] = definition
    return definition


def brackets(shape: TensorShape | Sequence[Any]) -> str:
    """A shape as TensorFlow's kernels write it: ``[2,?]``, or ``<unknown>``."""
    sizes = shape.sizes if isinstance(shape, TensorShape) else shape
    return "<unknown>" if sizes is None else f"[{','.join('?' if d is None else str(d) for d in sizes)}]"


def _incompatible(*shapes: Sequence[int]) -> str:
    return f"Incompatible shapes: {' vs. '.join(map(brackets, shapes))}"


def _parse(text: str) -> tuple[Arg, ...]:
    args = []
    for piece in filter(None, (p.strip() for p in text.split(","))):
        name, _, kind = piece.partition(":")
        kind, star, count = kind.partition("*")
        args.append(Arg(name, kind, bool(star), count))
    return tuple(args)


def get_op(type: str) -> OpDef:
    """The definition of an op type. Raises NotImplementedError where scopeflow has no such op."""
    try:
        return _OPS[type]
    except KeyError:
        raise NotImplementedError(f"Op type not registered {type!r}: scopeflow has no such op") from None


def all_ops() -> dict[str, OpDef]:
    return dict(_OPS)


class RegisterGradient:
    """Decorator that registers ``f(op, *grads)`` under a name for `Graph.gradient_override_map`."""

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._name = op_type

    def __call__(self, function: Rule) -> Rule:
        if self._name in _USER_GRADIENTS:
            raise KeyError(
                f"Registering two gradient with name {self._name!r}! (Previous registration was in "
                f"{_USER_GRADIENTS[self._name].__module__})"
            )
        _USER_GRADIENTS[self._name] = function
        return function


def gradient_of(op: Operation) -> Rule:
    """The gradient function of an operation, with the graph's overrides. Raises LookupError for an unknown name."""
    if op.gradient_type is None:
        return _USER_GRADIENTS.get(op.type, op.definition.grad)
    if op.gradient_type in _USER_GRADIENTS:
        return _USER_GRADIENTS[op.gradient_type]
    if op.gradient_type in _OPS:
        return _OPS[op.gradient_type].grad
    raise LookupError(f"No gradient defined for operation {op.name!r} (op type: {op.gradient_type})")


def create(
    definition: OpDef, graph: Graph, inputs: list[Tensor], types: Mapping[str, DType], attrs: dict[str, Any], name: str
) -> Operation:
    """Add an operation with converted inputs and bound types, and infer its outputs; ValueError for bad shapes."""
    context = graph.control_flow_context
    if context is not None or any(t.op.context is not None for t in inputs):
        inputs = [_reachable(t, context, name) for t in inputs]
        for tensor in inputs if context is not None else ():
            context.count_entry(tensor)
    op = graph.add_operation(definition, inputs, attrs, name)
    try:
        shapes = definition.shape(*op.inputs, **attrs)
    except ValueError as error:
        graph.discard_operation(op)
        given = ", ".join(brackets(t.shape) for t in op.inputs)
        raise ValueError(
            f"{error} for {name!r} (op: {definition.type!r}) with input shapes: {given}.\n"
            f"Defined at (most recent call first):\n{format_frames(op.frames)}"
        ) from None
    except BaseException:
        graph.discard_operation(op)
        raise
    result_types = _result_types(definition, types, attrs)
    if len(definition.results) == 1 and not definition.results[0].is_list:
        shapes = [shapes]
    assert len(shapes) == len(result_types), f"{definition.type}: {len(shapes)} shapes for {len(result_types)} outputs"
    op.outputs = [
        Tensor(op, i, dtype, as_shape(s)) for i, (dtype, s) in enumerate(zip(result_types, shapes, strict=True))
    ]
    return op


def _result_types(definition: OpDef, types: Mapping[str, DType], attrs: Mapping[str, Any]) -> list[DType]:
    result: list[DType] = []
    for arg in definition.results:
        known = arg.type in _TYPE_NAMES
        dtype: Any = as_dtype(arg.type) if known else types[arg.type] if arg.type in types else attrs[arg.type]
        if isinstance(dtype, (list, tuple)):  # an attribute that lists the type of each output
            result += [as_dtype(t) for t in dtype]
        else:
            result += [as_dtype(dtype)] * (attrs[arg.length] if arg.is_list else 1)
    return result


def _reachable(tensor: Tensor, context: Any, name: str) -> Tensor:
    """The tensor as an operation of `context` may use it; ValueError where it belongs to another branch or loop."""
    inner, current = tensor.op.context, context
    while current is not None and current is not inner:
        current = current.outer
    if current is inner:
        return tensor
    current = context
    while current is not None:  # a gradient's body may use what its forward body computed
        saved = current.saved_from_forward(tensor)
        if saved is not None:
            return _reachable(saved, context, name)
        current = current.outer
    raise ValueError(
        f"Cannot use {tensor.op.name!r} as input to {name!r} because {tensor.op.name!r} is in {inner.description}: "
        "only what its function returns can be used outside."
    )


def is_known_type(name: str) -> bool:
    return name in _TYPE_NAMES


# -- shape rules that many ops share --------------------------------------------------------------------------------


def check_equal(a: int | None, b: int | None) -> None:
    """Raises ValueError where two lengths are known and differ."""
    if None not in (a, b) and a != b:
        raise ValueError(f"Dimensions must be equal, but are {a} and {b}")


def same_shape(*inputs: Tensor, **_: Any) -> TensorShape:
    """The output has the first input's shape."""
    return inputs[0].shape


def broadcast_shape(x: Tensor, y: Tensor, **_: Any) -> TensorShape:
    """The output has the shape that NumPy broadcasts both inputs to. Raises ValueError where it cannot."""
    try:
        return broadcast_sizes(x.shape, y.shape)
    except ValueError:
        for a, b in zip(reversed(x.shape.sizes or ()), reversed(y.shape.sizes or ()), strict=False):
            if 1 not in (a, b):
                check_equal(a, b)
        raise


def scalar_shape(*_inputs: Tensor, **_: Any) -> TensorShape:
    return TensorShape([])


def no_outputs(*_inputs: Tensor, **_: Any) -> list:
    return []
