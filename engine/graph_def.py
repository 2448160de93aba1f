"""Graphs as TensorFlow's GraphDefs: what is written for each operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .build import to_array
from .dtypes import DType, as_dtype
from .graph import Graph, Operation, Tensor
from .protos import tensor_values
from .shapes import TensorShape, as_shape
from .spelling import spelled
from .state import variable_of
from .switches import Conditions
from .tensorflow_ops import REQUIRED, Argument, Attribute, Facts, counterpart, facts_of

PRODUCER = 26  # the version of GraphDefs that TensorFlow 1 wrote


def graph_values(graph: Graph, from_version: int = 0, add_shapes: bool = False) -> dict[str, Any]:
    """A graph as the fields of a GraphDef, without the first `from_version` operations.

    An op that TensorFlow has too has its attributes, and can be read back by either; so can those of scopeflow's own
    that are spelled out in TensorFlow's, conditions among them. Others (a Loop, whose body is no node) have what
    attributes can be said, and are there to be looked at; where TensorFlow has another op of that name, they are called
    Scopeflow>NAME.
    """
    conditions, nodes = Conditions(graph), []
    for op in graph.get_operations():
        if op.id > from_version:
            nodes += conditions.merges(op) if conditions.spells(op) else _nodes(op, add_shapes, conditions)
    return {"node": nodes, "versions": {"producer": PRODUCER}}


def _nodes(op: Operation, add_shapes: bool, conditions: Conditions) -> list[dict[str, Any]]:
    """The node of an operation, or the nodes that spell it, of which the last has its name."""
    refs = {i for i, arg in enumerate(op.definition.args) if arg.name in op.definition.ref}
    inputs = [conditions.inside(tensor, op.context, i in refs) for i, tensor in enumerate(op.inputs)]
    controls = conditions.controls(op) if conditions.is_inside(op) else [c.name for c in op.control_inputs]
    before = conditions.taken()
    graph = spelled(op)
    if graph is None:
        nodes = [node_values(op, add_shapes)]
        nodes[0]["input"] = [*inputs, *(f"^{control}" for control in controls)]
    else:
        nodes = [node_values(inner, add_shapes) for inner in graph.get_operations()[len(op.inputs) :]]
        for node in nodes:
            node["device"] = op.device
            node["input"] = [inputs[int(name)] if name.isdigit() else name for name in node["input"]]
            node["input"] += [f"^{control}" for control in controls]
    if op.definition.writes and op.definition.ref:
        nodes[-1]["input"] += [f"^{name}" for name in _read_before(op, conditions)]
    return before + nodes


_IN_GRADIENTS = re.compile(r"(.*/)?gradients(_\d+)?/")  # the scope of one call of `gradients`, unless it had a name


def _read_before(update: Operation, conditions: Conditions) -> list[str]:
    """The operations of a gradient that read a variable which its update writes.

    Here a plan puts what writes behind all that reads. TensorFlow needs to be told; its `gradients` does so by having
    the gradients of an op's inputs wait for each other.
    """
    scope, seen = None, {update}
    waiting = list(update.inputs)
    while waiting and scope is None:
        op = waiting.pop(0).op
        scope = _IN_GRADIENTS.match(op.name)
        if op not in seen:
            seen.add(op)
            waiting += op.inputs
    variable = variable_of(update.inputs[0])
    if scope is None or variable is None:
        return []
    readers = list(variable.outputs[0].consumers())
    readers += [c for read in readers if read.type == "Identity" for c in read.outputs[0].consumers()]
    known = {update, *update.control_inputs}
    readers = [r for r in readers if r.name.startswith(scope[0]) and r not in known and not r.definition.writes]
    return list(dict.fromkeys(conditions.around(r, update.context).name for r in readers))


def node_values(op: Operation, add_shapes: bool = False) -> dict[str, Any]:
    """An operation as the fields of a NodeDef; with `add_shapes`, its static shapes are an attribute of it."""
    facts = counterpart(op.definition)
    known = None if facts is None else _known(op, facts)
    attributes = dict(_said(op)) if known is None else known
    if add_shapes and op.outputs:
        attributes["_output_shapes"] = {"list": {"shape": [shape_values(tensor.shape) for tensor in op.outputs]}}
    return {
        "name": op.name,
        "op": op.type if known is not None or facts_of(op.type) is None else f"Scopeflow>{op.type}",
        "input": [*map(_input_name, op.inputs), *(f"^{control.name}" for control in op.control_inputs)],
        "device": op.device,
        "attr": [{"key": name, "value": attributes[name]} for name in sorted(attributes)],
    }


def _input_name(tensor: Tensor) -> str:
    return tensor.name if tensor.value_index else tensor.op.name


def shape_values(shape: TensorShape) -> dict[str, Any]:
    """A shape as the fields of a TensorShapeProto."""
    if shape.sizes is None:
        return {"unknown_rank": True}
    return {"dim": [{"size": -1 if size is None else size} for size in shape.sizes]}


# -- ops that TensorFlow has ------------------------------------------------------------------------------------------


def _known(op: Operation, facts: Facts) -> dict[str, Any] | None:
    """The attributes that TensorFlow's op has: those that follow from inputs and outputs, and the op's own. None where
    it needs one that the op here has not."""
    found: dict[str, Any] = {}
    pairs = ((op.definition.args, facts.inputs, op.inputs), (op.definition.results, facts.outputs, op.outputs))
    for ours, theirs, tensors in pairs:
        for argument, group in zip(theirs, grouped([arg.is_list for arg in ours], tensors), strict=True):
            found.update(_counted(argument, group))
    given = _ADAPTED[op.type](op.attrs) if op.type in _ADAPTED else op.attrs
    values = {name: given.get(name, found.get(name, a.default)) for name, a in facts.attributes.items()}
    if any(value is REQUIRED for value in values.values()):
        return None
    return {name: attribute_values(facts.attributes[name], value) for name, value in values.items()}


def grouped(lists: Sequence[bool], items: Sequence[Any]) -> list[Sequence[Any]]:
    """The items of each argument, of which at most one takes several."""
    groups, start = [], 0
    for is_list in lists:
        length = len(items) - len(lists) + 1 if is_list else 1
        groups.append(items[start : start + length])
        start += length
    return groups


def _counted(argument: Argument, tensors: Sequence[Tensor]) -> Iterator[tuple[str, Any]]:
    """What the tensors of an argument say of the attributes that it names."""
    if argument.number == "*":
        yield argument.type, [tensor.dtype for tensor in tensors]
        return
    if argument.number:
        yield argument.number, len(tensors)
    if tensors:
        yield argument.type, tensors[0].dtype


# An op whose attributes are not quite TensorFlow's: what they are in TensorFlow's words.
_ADAPTED = {
    "ImageSummary": lambda attrs: {**attrs, "bad_color": np.array(attrs["bad_color"], np.uint8)},
}


def attribute_values(attribute: Attribute, value: Any) -> dict[str, Any]:
    """An attribute's value as the fields of an AttrValue."""
    kind = attribute.kind.removeprefix("list(").removesuffix(")")
    field, said = _KINDS[kind]
    if kind == attribute.kind:
        return {field: said(value)}
    return {"list": {field: [said(item) for item in value]}}


def _tensor(value: Any) -> dict[str, Any]:
    return tensor_values(value if isinstance(value, np.ndarray) else to_array(value))


_KINDS: dict[str, tuple[str, Any]] = {
    "string": ("s", lambda value: value.encode() if isinstance(value, str) else bytes(value)),
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "type": ("type", lambda value: as_dtype(value).as_datatype_enum),
    "shape": ("shape", lambda value: shape_values(as_shape(value))),
    "tensor": ("tensor", _tensor),
}

# -- ops that TensorFlow has not --------------------------------------------------------------------------------------


def _said(op: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """The attributes that an AttrValue can say."""
    signature = op.definition
    for arguments, tensors in ((signature.args, op.inputs), (signature.results, op.outputs)):
        for argument, tensor in zip(arguments, tensors, strict=False):
            if argument.type in signature.types or len(argument.type) == 1:
                yield argument.type, {"type": tensor.dtype.as_datatype_enum}
    for name, value in op.attrs.items():
        kind = _kind_of(value)
        if kind is not None:
            yield name, attribute_values(Attribute(kind, REQUIRED), value)


_PYTHON = (
    (bool, "bool"), (int, "int"), (float, "float"), (str, "string"), (bytes, "string"), (DType, "type"),
    (TensorShape, "shape"), (np.ndarray, "tensor"),
)  # fmt: skip


def _kind_of(value: Any) -> str | None:
    """The kind of attribute that a Python value is, None for what cannot be one."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        kinds = {_kind_of(item) for item in value}
        return f"list({kinds.pop()})" if len(kinds) == 1 and kinds <= set(_KINDS) else None
    return next((kind for python, kind in _PYTHON if isinstance(value, python)), None)
