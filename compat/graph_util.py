"""`tf.graph_util`: GraphDefs cut down to what some nodes need, with variables' values in them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from ..engine.graph import Graph, Operation
from ..engine.graph_objects import GraphDef, NodeDef, make_tensor_proto
from ..engine.importing import import_graph_def

_log = logging.getLogger("scopeflow")

_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")


def _node_name(name: str) -> str:
    """The name of the node that an input ("x:1", "^x") comes from."""
    return name.removeprefix("^").partition(":")[0]


def _with_nodes(graph_def: GraphDef, nodes: Iterable[NodeDef]) -> GraphDef:
    """A GraphDef like another, of other nodes."""
    told = GraphDef()
    told.node.extend(nodes)
    told.versions.CopyFrom(graph_def.versions)
    return told


def extract_sub_graph(graph_def: GraphDef, dest_nodes: Iterable[str]) -> GraphDef:
    """The nodes that `dest_nodes` need, in their order. AssertionError for a name that is not there."""
    if not isinstance(graph_def, GraphDef):
        raise TypeError(f"graph_def must be a graph_pb2.GraphDef proto, but got type {type(graph_def)}.")
    if isinstance(dest_nodes, str):
        raise TypeError(f"dest_nodes must be an iterable of strings, but got type {type(dest_nodes)}.")
    nodes = {node.name: node for node in graph_def.node}
    waiting, needed = list(dest_nodes), set()
    for name in waiting:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += map(_node_name, nodes[name].input)
    return _with_nodes(graph_def, (node for node in graph_def.node if node.name in needed))


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: GraphDef,
    output_node_names: Iterable[str],
    variable_names_whitelist: Iterable[str] | None = None,
    variable_names_blacklist: Iterable[str] | None = None,
) -> GraphDef:
    """What `output_node_names` need, with the values that variables have in a session as constants.

    The whitelist, if there is one, names the only variables that become constants, the blacklist those that do not.
    Raises FailedPreconditionError for a variable without a value.
    """
    told = extract_sub_graph(input_graph_def, output_node_names)
    only = None if variable_names_whitelist is None else {*variable_names_whitelist}
    never = {*(variable_names_blacklist or ())}
    frozen = [
        node.name
        for node in told.node
        if node.op in _VARIABLES and (only is None or node.name in only) and node.name not in never
    ]
    values = dict(zip(frozen, sess.run([f"{name}:0" for name in frozen]), strict=True)) if frozen else {}
    _log.info("Froze %d variables.", len(frozen))
    return _with_nodes(told, (_frozen(node, values) for node in told.node))


def _frozen(node: NodeDef, values: dict[str, Any]) -> NodeDef:
    if node.name in values:
        constant = NodeDef(name=node.name, op="Const", device=node.device)
        constant.attr["dtype"].CopyFrom(node.attr["dtype"])
        constant.attr["value"].tensor.CopyFrom(make_tensor_proto(values[node.name], node.attr["dtype"].type))
        return constant
    if node.op == "ReadVariableOp" and _node_name(node.input[0]) in values:
        read = NodeDef(name=node.name, op="Identity", input=node.input, device=node.device)
        read.attr["T"].CopyFrom(node.attr["dtype"])
        return read
    return node


def remove_training_nodes(input_graph: GraphDef, protected_nodes: Iterable[str] | None = None) -> GraphDef:
    """The graph without the nodes that only training needs: what was an Identity's or a CheckNumerics' output is then
    its input. Those in `protected_nodes`, and those with control inputs, stay."""
    kept = {*(protected_nodes or ())}
    passed_by = {
        node.name: node.input[0]
        for node in input_graph.node
        if node.op in ("Identity", "CheckNumerics") and node.name not in kept and len(node.input) == 1
    }

    def inputs(node: NodeDef) -> Iterator[str]:
        for name in node.input:
            mark = "^" * name.startswith("^")
            while _node_name(name) in passed_by:
                name = mark + (_node_name if mark else str)(passed_by[_node_name(name)])
            yield name

    nodes = []
    for node in input_graph.node:
        if node.name not in passed_by:
            nodes.append(NodeDef(name=node.name, op=node.op, input=dict.fromkeys(inputs(node)), device=node.device))
            nodes[-1].attr.MergeFrom(node.attr)
    return _with_nodes(input_graph, nodes)


def must_run_on_cpu(node: Operation | NodeDef, pin_variables_on_cpu: bool = False) -> bool:
    """Whether an operation has no work for a device: strings, and small integers that others read on the host."""
    told = node.node_def if isinstance(node, Operation) else node
    if told.op.startswith("Variable") or told.op == "VarHandleOp":
        return pin_variables_on_cpu
    if told.op == "Const":
        return told.attr["dtype"].type in (3, 7)  # int32 and string
    return told.op in ("DynamicStitch", "ParallelDynamicStitch") and told.attr["T"].type == 3


def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> Any:
    """The static shape of a tensor by its name."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").get_shape()


__all__: list[str] = [
    "convert_variables_to_constants", "extract_sub_graph", "import_graph_def", "must_run_on_cpu",
    "remove_training_nodes", "tensor_shape_from_node_def_name",
]  # fmt: skip
