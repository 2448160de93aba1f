"""Conditions as TensorFlow spells them in GraphDefs: Switches lead into branches, Merges out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import DType, variant
from .graph import Graph, Operation, Tensor
from .protos import tensor_values


class Conditions:
    """The Conds of a graph: what their nodes and those inside of their branches are called.

    A tensor from outside comes into a branch through a Switch of its own (a RefSwitch for a variable that is written
    there), whose output 1 leads into the true branch and 0 into the false one. The first output of a Cond is a Merge of
    the Cond's name, the others are Merges of names that are free. What a branch has kept for its gradient is merged
    with zeros. `made` collects the nodes that this takes; who writes a node takes them first, by `taken`.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sides: dict[Any, tuple[Operation, int]] = {}  # of each branch's context: its Cond, and which side it is
        self._switches: dict[tuple[Operation, Any, bool], str] = {}
        self._outputs: dict[Tensor, str] = {}
        self._names: set[str] = set()
        self._made: list[dict[str, Any]] = []
        for op in graph.get_operations():
            if op.type == "Cond" and not any(tensor.dtype is variant for tensor in (*op.inputs, *op.outputs)):
                self._sides[op.attrs["true"].context] = op, 1
                self._sides[op.attrs["false"].context] = op, 0
                for tensor in op.outputs:
                    self._outputs[tensor] = self._free(op.name) if tensor.value_index else op.name

    def spells(self, op: Operation) -> bool:
        return op.type == "Cond" and op.outputs[0] in self._outputs if op.outputs else False

    def is_inside(self, op: Operation) -> bool:
        return op.context in self._sides

    def around(self, op: Operation, context: Any) -> Operation:
        """An operation, or the outermost Cond in a context whose branches it is inside of."""
        while op.context is not context and op.context in self._sides:
            op = self._sides[op.context][0]
        return op

    def taken(self) -> list[dict[str, Any]]:
        """The nodes that names given since the last call take."""
        made, self._made = self._made, []
        return made

    def name(self, tensor: Tensor) -> str:
        """What a tensor is called as an input, in the context that it is of."""
        if tensor in self._outputs:
            return self._outputs[tensor]
        return tensor.name if tensor.value_index else tensor.op.name

    def inside(self, tensor: Tensor, context: Any, as_variable: bool = False) -> str:
        """What a tensor is called as an input of what is in a context."""
        if tensor.op.context is context or context not in self._sides:
            return self.name(tensor)
        cond, side = self._sides[context]
        key = (cond, tensor, as_variable)
        if key not in self._switches:
            inputs = [self.inside(tensor, context.outer, as_variable), self.inside(cond.inputs[0], context.outer)]
            name = self._free(f"{cond.name}/Switch")
            self._add("RefSwitch" if as_variable else "Switch", name, cond, inputs, tensor.dtype)
            self._switches[key] = name
        return f"{self._switches[key]}:1" if side else self._switches[key]

    def controls(self, op: Operation) -> list[str]:
        """The control inputs of an operation in a branch: those of its own context, and that the branch is taken."""
        own = [control.name for control in op.control_inputs if control.context is op.context]
        return [*own, self._pivot(op.context)]

    def _pivot(self, context: Any) -> str:
        cond, side = self._sides[context]
        key = (cond, None, bool(side))
        name = f"{cond.name}/switch_{'ft'[side]}"
        if key not in self._switches:
            self._switches[key] = name
            self._add("Identity", name, cond, [self.inside(cond.inputs[0], context)], cond.inputs[0].dtype)
        return name

    def merges(self, op: Operation) -> list[dict[str, Any]]:
        """The nodes of a Cond's outputs."""
        ways = [op.attrs[which] for which in ("false", "true")]
        count = len(ways[0].outputs)
        for i, output in enumerate(op.outputs):
            if i < count:
                sides = [self.inside(branch.outputs[i], branch.context) for branch in ways]
            else:
                of, tensor = op.attrs["saved"][i - count]
                sides = [
                    self.inside(tensor, b.context) if b is of else self._zeros(op, tensor, b.context) for b in ways
                ]
            self._add("Merge", self._outputs[output], op, sides, output.dtype, {"N": {"i": 2}})
        return self.taken()

    def _zeros(self, op: Operation, tensor: Tensor, context: Any) -> str:
        name = self._free(f"{op.name}/absent")
        value = np.zeros([size or 0 for size in tensor.shape.sizes or ()], tensor.dtype.numpy)
        attributes = {"dtype": {"type": tensor.dtype.as_datatype_enum}, "value": {"tensor": tensor_values(value)}}
        self._made.append(_node("Const", name, op, [f"^{self._pivot(context)}"], attributes))
        return name

    def _add(
        self, type: str, name: str, cond: Operation, inputs: Sequence[str], dtype: DType, more: dict | None = None
    ) -> None:
        attributes = {"T": {"type": dtype.as_datatype_enum}, **(more or {})}
        controls: list[str] = []
        if "Switch" in type:
            outside = self.is_inside(cond)
            controls = self.controls(cond) if outside else [control.name for control in cond.control_inputs]
        self._made.append(_node(type, name, cond, [*inputs, *(f"^{control}" for control in controls)], attributes))

    def _free(self, name: str) -> str:
        """A name that no operation has, with a number at its end."""
        number = 1
        while f"{name}_{number}".lower() in self._graph._names_in_use or f"{name}_{number}" in self._names:
            number += 1
        self._names.add(f"{name}_{number}")
        return f"{name}_{number}"


def _node(type: str, name: str, op: Operation, inputs: list[str], attributes: dict[str, Any]) -> dict[str, Any]:
    attr = [{"key": key, "value": attributes[key]} for key in sorted(attributes)]
    return {"name": name, "op": type, "input": inputs, "device": op.device, "attr": attr}
