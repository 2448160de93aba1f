"""GraphDefs made into operations again: `tf.import_graph_def`."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from . import errors
from .build import constant, convert_to_tensor
from .dtypes import DType, as_dtype, enum_name, float32, int32
from .graph import Graph, Operation, Tensor, get_default_graph, op_scope
from .graph_def import grouped
from .graph_objects import GraphDef
from .ops import imported  # noqa: F401  (its ops are to be known)
from .ops.arithmetic import RealDiv, TruncateDiv, add
from .ops.array import concat, dynamic_stitch
from .ops.basic import identity, ones_like, shape
from .ops.conditions import make_cond
from .ops.contexts import Branch, Context
from .ops.indexing import GatherV2
from .ops.math import rsqrt
from .protos import GRAPH, decode_dtype, decode_shape, tensor_array
from .registry import ANY_TYPE, OpDef, all_ops, create, get_op, is_known_type
from .shapes import TensorShape
from .state import variable_of
from .tensorflow_ops import REQUIRED, Attribute, Facts, counterpart, facts_of

# Ops of TensorFlow's whose work is done here by another, with the same inputs: what works on resources works on
# variables, which stand for themselves here.
RENAMED = {
    "Add": "AddV2",
    "AccumulateNV2": "AddN",
    "BatchMatMul": "BatchMatMulV2",
    "FusedBatchNorm": "FusedBatchNormV3",  # which has an output more
    "FusedBatchNormV2": "FusedBatchNormV3",
    "GuaranteeConst": "Identity",
    "Inv": "Reciprocal",
    "InvGrad": "ReciprocalGrad",
    "Mod": "TruncateMod",
    "PlaceholderV2": "Placeholder",
    "PreventGradient": "Identity",
    "Snapshot": "Identity",
    "Variable": "VariableV2",
    "VarHandleOp": "VariableV2",
    "ReadVariableOp": "Identity",
    "VarIsInitializedOp": "IsVariableInitialized",
    "AssignVariableOp": "Assign",
    "AssignAddVariableOp": "AssignAdd",
    "AssignSubVariableOp": "AssignSub",
    **{f"ResourceScatter{kind}": f"Scatter{kind}" for kind in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max")},
    **{
        f"Resource{kind}": kind
        for rule in ("Adadelta", "Adagrad", "CenteredRMSProp", "FtrlV2", "Momentum", "RMSProp")
        for kind in (f"Apply{rule}", f"SparseApply{rule}")
    },
    "ResourceApplyAdam": "ApplyAdam",
    "ResourceApplyGradientDescent": "ApplyGradientDescent",
}

# Attributes that change no result, or that must have the one value that scopeflow works by.
_ANY = object()
_UNREAD: dict[str, Any] = {
    "use_cudnn_on_gpu": _ANY, "grad_a": _ANY, "grad_b": _ANY, "grad_x": _ANY, "grad_y": _ANY,
    "Truncate": False, "incompatible_shape_error": True, "bad_indices_policy": "", "update_slots": True,
    "multiply_linear_by_lr": False, "binary_output": False, "fancy_upscaling": True,
    "try_recover_truncated": False, "acceptable_fraction": 1.0, "xmp_metadata": "", "timeout_ms": -1,
}  # fmt: skip
_UNREAD_BY = {
    ("ApplyAdam", "use_nesterov"): False,
    ("ComputeAccidentalHits", "seed"): _ANY,
    ("ComputeAccidentalHits", "seed2"): _ANY,
}

# An op whose attributes are not quite TensorFlow's: what they are here, from TensorFlow's and the input tensors.
_WHOLE_WINDOWS = {"explicit_paddings": ()}
_ADAPTED: dict[str, Callable[[dict[str, Any], Sequence[Tensor]], dict[str, Any]]] = {
    "AvgPool": lambda attrs, inputs: attrs | _WHOLE_WINDOWS,
    "AvgPoolGrad": lambda attrs, inputs: attrs | _WHOLE_WINDOWS,
    "MaxPoolGradGrad": lambda attrs, inputs: attrs | _WHOLE_WINDOWS,
    "CropAndResize": lambda attrs, inputs: attrs | {"out": float32},
    "CountUpTo": lambda attrs, inputs: attrs | {"writes": (variable_of(inputs[0]),)},
    "ImageSummary": lambda attrs, inputs: attrs | {"bad_color": tuple(np.ravel(attrs["bad_color"]).tolist())},
    "ResizeArea": lambda attrs, inputs: attrs | {"out": float32, "half_pixel_centers": False},
    "ResizeBicubic": lambda attrs, inputs: attrs | {"out": float32},
    "ResizeBilinear": lambda attrs, inputs: attrs | {"out": float32},
    "ResizeNearestNeighbor": lambda attrs, inputs: attrs | {"out": inputs[0].dtype},
    "ResizeNearestNeighborGrad": lambda attrs, inputs: attrs | {"out": inputs[0].dtype},
}
_NOT_IN_GRAPHS = {"PyFunc"}  # what they do is no part of a GraphDef

# Ops of TensorFlow's that are several here, or whose inputs come in another order: functions of their inputs, their
# attributes and their name.
COMPOSED: dict[str, Callable[[Sequence[Tensor], dict[str, Any], str], Any]] = {
    "BatchNormWithGlobalNormalization": lambda x, a, name: _global_normalization(x, **a, name=name),
    "Concat": lambda x, a, name: concat(x[1:], x[0], name=name),
    "Div": lambda x, a, name: (TruncateDiv if x[0].dtype.is_integer else RealDiv)(*x, name=name),
    "DynamicStitch": lambda x, a, name: dynamic_stitch(x[: a["N"]], x[a["N"] :], name=name),
    "Gather": lambda x, a, name: GatherV2(*x, 0, batch_dims=0, name=name),
    "InTopK": lambda x, a, name: get_op("InTopKV2")(*x, constant(a["k"], x[1].dtype), name=name),
    "OnesLike": lambda x, a, name: ones_like(x[0], name=name),
    "ParallelDynamicStitch": lambda x, a, name: dynamic_stitch(x[: a["N"]], x[a["N"] :], name=name),
    "ResizeBicubicGrad": lambda x, a, name: _resize_gradient("ResizeBicubicGrad", x, a, name),
    "ResizeBilinearGrad": lambda x, a, name: _resize_gradient("ResizeBilinearGrad", x, a, name),
    "ResourceGather": lambda x, a, name: GatherV2(*x, 0, batch_dims=a["batch_dims"], name=name),
    "TopK": lambda x, a, name: get_op("TopKV2")(x[0], a["k"], sorted=a["sorted"], index_type=int32, name=name),
}


def _global_normalization(
    inputs: Sequence[Tensor], variance_epsilon: float, scale_after_normalization: bool, name: str, **_: Any
) -> Tensor:
    x, mean, variance, beta, gamma = inputs
    with op_scope(name) as scope:
        slope = rsqrt(variance + variance_epsilon)
        slope = slope * gamma if scale_after_normalization else slope
        return add(x * slope, beta - mean * slope, name=scope)


def _resize_gradient(type: str, inputs: Sequence[Tensor], attrs: dict[str, Any], name: str) -> Tensor:
    grads, image = inputs
    how = {key: attrs[key] for key in ("align_corners", "half_pixel_centers")}
    return get_op(type)(grads, shape(image)[1:3], out=image.dtype, **how, name=name)


def import_graph_def(
    graph_def: GraphDef,
    input_map: Mapping[str, Any] | None = None,
    return_elements: Iterable[str] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Add the nodes of a GraphDef to the default graph, under ``name/`` ("import/" by default; "" for no prefix).

    `input_map` gives tensors that take the place of those of these names ("x:0", or "^x" for control inputs).
    `return_elements` are names of nodes ("x") and of their outputs ("x:0"), which are returned as Operations and
    Tensors in a list. `op_dict` and `producer_op_list` are accepted and change nothing.

    Raises TypeError for arguments of other kinds, NotFoundError for ops that are not here, and tells all of them;
    ValueError for nodes that are none, inputs that do not fit, and names that are not there. The graph is then as it
    was.
    """
    if not isinstance(graph_def, GraphDef):
        raise TypeError("Argument `graph_def` must be a GraphDef proto.")
    if input_map is not None and not (
        isinstance(input_map, Mapping) and all(isinstance(key, str) for key in input_map)
    ):
        raise TypeError(f"Argument `input_map` must be a dictionary. Obtained {type(input_map).__name__}")
    wanted = None if return_elements is None else list(return_elements)
    if wanted is not None and not all(isinstance(element, str) for element in wanted):
        raise TypeError(f"Argument `return_elements` must be a list of strings. Obtained {wanted}.")
    nodes = {node.name: node for node in map(Node.of, GRAPH.decode(graph_def.SerializeToString())["node"])}
    if len(nodes) != len(graph_def.node):
        twice = next(n.name for i, n in enumerate(graph_def.node) if any(n.name == m.name for m in graph_def.node[:i]))
        raise ValueError(f"Node '{twice}' is not unique")
    _check_types(nodes.values())
    graph = get_default_graph()
    with _all_or_nothing(graph), graph.name_scope("import" if name is None else name) as scope:
        return _Import(graph, nodes, _mapped(input_map or {}, nodes, scope), scope).run(wanted)


class Node(NamedTuple):
    """A NodeDef: its inputs as (node, output), its control inputs by name, its attributes as AttrValues."""

    name: str
    op: str
    inputs: list[tuple[str, int]]
    controls: list[str]
    device: str
    attributes: dict[str, Any]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Node:
        controls = [name[1:] for name in values["input"] if name.startswith("^")]
        inputs = [_endpoint(name) for name in values["input"] if not name.startswith("^")]
        attributes = {entry["key"]: entry["value"] for entry in values["attr"]}
        return cls(values["name"], values["op"], inputs, controls, values["device"], attributes)


def _endpoint(name: str) -> tuple[str, int]:
    """("a", 1) from "a:1", ("a", 0) from "a"."""
    node, colon, index = name.rpartition(":")
    return (node, int(index)) if colon and index.isdigit() else (name, 0)


@contextmanager
def _all_or_nothing(graph: Graph) -> Iterator[None]:
    """Take all operations back that were made inside, if it ends with an error."""
    names, count = dict(graph._names_in_use), graph.version
    try:
        yield
    except BaseException:
        for op in reversed(graph.get_operations()[count:]):
            graph.discard_operation(op)
        graph._names_in_use = names
        raise


def _definition(type: str) -> tuple[OpDef, Facts]:
    """The op here that does the work of a type of TensorFlow's, and what TensorFlow says of that op. LookupError."""
    definition = all_ops()[RENAMED.get(type, type)]
    facts = counterpart(definition)
    if facts is None or type in _NOT_IN_GRAPHS:
        raise KeyError(type)
    return definition, facts


def _is_known(type: str) -> bool:
    if type in COMPOSED or type in _SWITCHES or type == "Merge":
        return True
    try:
        return _definition(type) is not None
    except KeyError:
        return False


def _check_types(nodes: Iterable[Node]) -> None:
    """Raises NotFoundError where scopeflow lacks ops, and names all of them."""
    unknown = sorted({node.op for node in nodes if not _is_known(node.op)})
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise errors.NotFoundError(
            None, None,
            f"Op type not registered {names}: scopeflow cannot import {'this op' if len(unknown) == 1 else 'these ops'}"
        )  # fmt: skip


def _mapped(input_map: Mapping[str, Any], nodes: Mapping[str, Node], scope: str) -> dict[tuple[str, int], Any]:
    """The map's tensors (operations, for control inputs) by what they stand for. ValueError for unknown names."""
    keys = {key: (key[1:], -1) if key.startswith("^") else _endpoint(key) for key in input_map}
    unknown = [f"{node}:{index}" for node, index in keys.values() if node not in nodes]
    if unknown:
        raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(unknown)}]")
    if not scope and not all(isinstance(value, (Tensor, Operation)) for value in input_map.values()):
        raise ValueError(
            "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor values. Try calling "
            "tf.convert_to_tensor() on your `input_map` values before calling tf.import_graph_def()."
        )
    found: dict[tuple[str, int], Any] = {}
    for key, place in keys.items():
        value = input_map[key]
        found[place] = value if isinstance(value, (Tensor, Operation)) else convert_to_tensor(value, name="_inputs")
    return found


def _in_order(before: Mapping[str, set[str]]) -> Iterator[str]:
    """The names, each after those before it, and apart from that as they stand. ValueError where that cannot be."""
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"The GraphDef has a cycle: {' <- '.join(error.args[1])}") from None
    places = {name: place for place, name in enumerate(before)}
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (places[name], name))
        name = heappop(ready)[1]
        yield name
        sorter.done(name)


_SWITCHES = ("Switch", "RefSwitch")
_REPEATABLE = ("Cond", "IsVariableInitialized")  # what a Cond has inside is looked at for itself
_Path = tuple[tuple[tuple[str, int], int], ...]


class _Import:
    """One import: what has been made of its nodes so far."""

    def __init__(
        self, graph: Graph, nodes: Mapping[str, Node], mapped: Mapping[tuple[str, int], Any], scope: str
    ) -> None:
        self._graph, self._nodes, self._mapped, self._scope = graph, nodes, dict(mapped), scope
        self._made: ChainMap[str, Operation] = ChainMap()  # a map for each branch that is being traced
        self._places: dict[str, int] = {}  # of the nodes, in an order in which they can be made
        self._paths: dict[str, _Path] = {}  # in which branches each node is
        self._merges: list[Node] = []
        self._once: set[str] = set()  # nodes with state that are in a branch already

    def run(self, wanted: Sequence[str] | None) -> list[Any] | None:
        before = {node.name: {name for name, _ in node.inputs} | {*node.controls} for node in self._nodes.values()}
        for node in self._nodes.values():
            for name in before[node.name] - self._nodes.keys():
                raise ValueError(f"Node '{node.name}': Unknown input node '{name}'")
        for name in _in_order(before):
            self._places[name] = len(self._places)
            self._paths[name] = self._path_of(self._nodes[name])
        self._merges = [node for node in map(self._nodes.__getitem__, self._places) if node.op == "Merge"]
        for name in self._places:
            if not self._paths[name] and self._nodes[name].op not in _SWITCHES and name not in self._made:
                self._made[name] = self._operation(self._nodes[name])
        return None if wanted is None else [self._element(name) for name in wanted]

    def _element(self, name: str) -> Any:
        node, index = _endpoint(name)
        if node in self._nodes and node not in self._made:
            raise ValueError(f"return_element {name!r} is inside a condition, of which only the results can be had.")
        if node not in self._made:
            raise ValueError(f"Requested return_element {name!r} not found in graph_def.")
        if ":" not in name:
            return self._made[node]
        if (node, index) in self._mapped:
            return self._mapped[node, index]
        outputs = self._made[node].outputs
        if index >= len(outputs):
            raise ValueError(f"Invalid return output {index} of node '{node}', which has {len(outputs)} output(s)")
        return outputs[index]

    # -- conditions of TensorFlow's, which are Switches and Merges --------------------------------------------------

    def _path_of(self, node: Node) -> _Path:
        """The branches that a node is in, the outermost first: (the node of the predicate, which side)."""
        paths = [self._path_to(*place) for place in node.inputs] + [self._paths[name] for name in node.controls]
        longest = max(paths, key=len, default=())
        return longest[:-1] if node.op == "Merge" else longest

    def _path_to(self, name: str, index: int) -> _Path:
        source = self._nodes[name]
        if source.op not in _SWITCHES or (name, index) in self._mapped:
            return self._paths[name]
        predicate = source.inputs[1]
        while self._nodes[predicate[0]].op == "Identity":
            predicate = self._nodes[predicate[0]].inputs[0]
        return (*self._paths[name], (predicate, index))

    def _sides(self, node: Node) -> tuple[tuple[str, int], dict[int, tuple[str, int]]]:
        """The predicate of a Merge, and what comes through each side of its Switches. ValueError for other Merges."""
        sides = {self._path_to(*place)[-1:]: place for place in node.inputs}
        predicates = {predicate for side in sides for predicate, _ in side}
        if len(predicates) != 1 or {index for side in sides for _, index in side} != {0, 1}:
            raise ValueError(f"Node '{node.name}': its inputs are not the two sides of one condition")
        return predicates.pop(), {side[0][1]: place for side, place in sides.items()}

    def _condition(self, node: Node) -> Operation:
        """The Cond that does what a Merge does: it gives what came through one of two sides of a Switch.

        Merges that share what has state inside of the branches, such as a draw and its gradient, are outputs of one.
        """
        predicate, _ = self._sides(node)
        merges = [node, *self._sharing(node, predicate)]
        branches = []
        for index, which in ((1, "true"), (0, "false")):
            context = Context(self._graph, f"the {which} branch of {node.name!r}")
            outputs = []
            with context.tracing():
                self._made = self._made.new_child()
                for merge in merges:
                    place = self._sides(merge)[1][index]
                    self._make_needed(place[0])
                    value = self._input(merge, *place)
                    with self._graph.name_scope(f"{node.name}/{which}"):
                        outputs += [identity(value), constant(merge.inputs.index(place), int32)]
                self._made = self._made.parents
            branches.append(Branch(context, outputs).close())
        made = make_cond(self._input(node, *predicate), branches[0], branches[1], node.name)
        for i, merge in enumerate(merges[1:], 1):
            self._made[merge.name] = identity(made[2 * i], name=merge.name).op
            self._mapped[merge.name, 1] = made[2 * i + 1]
        return made[0].op

    def _sharing(self, node: Node, predicate: tuple[str, int]) -> list[Node]:
        """Other Merges of a predicate that need something with state which this one needs, and all that it writes."""
        state, writing, _ = self._within(node)
        found = []
        for merge in self._merges if state else ():
            if merge is node or merge.name in self._made or self._paths[merge.name] != self._paths[node.name]:
                continue
            shared, written, outside = self._within(merge)
            if state & shared and written <= writing and self._sides(merge)[0] == predicate:
                found += [merge] if outside <= self._made.keys() else []
        return found

    def _within(self, merge: Node) -> tuple[set[str], set[str], set[str]]:
        """What a Merge needs: the nodes with state inside of its branches, those that write, and those outside."""
        depth = len(self._paths[merge.name])
        inside: set[str] = set()
        outside: set[str] = set()
        waiting = [name for name, _ in merge.inputs]
        while waiting:
            name = waiting.pop()
            while self._nodes[name].op in _SWITCHES and len(self._paths[name]) <= depth:
                name = self._nodes[name].inputs[0][0]
            if name in inside or name in outside:
                continue
            if len(self._paths[name]) <= depth:
                outside.add(name)
                continue
            inside.add(name)
            waiting += [*(source for source, _ in self._nodes[name].inputs), *self._nodes[name].controls]
        kinds = {name: all_ops().get(RENAMED.get(self._nodes[name].op, self._nodes[name].op)) for name in inside}
        state = {n for n, kind in kinds.items() if kind and kind.bind is not None and kind.type not in _REPEATABLE}
        return state, {n for n, kind in kinds.items() if kind and kind.writes}, outside

    def _make_needed(self, name: str) -> None:
        """Make the nodes of a branch that one of them needs."""
        needed: set[str] = set()
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name in needed or name in self._made:
                continue
            node = self._nodes[name]
            if node.op in _SWITCHES:
                waiting.append(node.inputs[0][0])
                continue
            needed.add(name)
            if node.op == "Merge":  # its branches make what they need themselves
                waiting += [predicate[0] for predicate, _ in self._path_to(*node.inputs[0])[-1:]]
            else:
                waiting += [source for source, _ in node.inputs] + self._controls_of(node)
        for name in sorted(needed, key=self._places.__getitem__):
            if name in self._made:  # with a Merge that it shares something with
                continue
            self._made[name] = self._operation(self._nodes[name])
            if self._made[name].definition.bind is not None and self._made[name].type not in _REPEATABLE:
                if name in self._once:
                    raise ValueError(f"Node '{name}' has state, and would have to be in two conditions at once")
                self._once.add(name)

    def _controls_of(self, node: Node) -> list[str]:
        """The control inputs of a node, but for those that just say in which branch it is; of a Switch what it gets."""
        controls = []
        for name in node.controls:
            control = self._nodes[name]
            if control.op == "Identity" and self._nodes[control.inputs[0][0]].op in _SWITCHES:
                continue
            while self._nodes[name].op in _SWITCHES:
                name = self._nodes[name].inputs[0][0]
            controls.append(name)
        return controls

    def _operation(self, node: Node) -> Operation:
        if node.op == "Merge":
            return self._condition(node)
        inputs = [self._input(node, *place) for place in node.inputs]
        with self._graph.device(node.device or (lambda op: op.device)):
            op = self._composed(node, inputs) if node.op in COMPOSED else self._created(node, inputs)
        controls = [self._mapped.get((c, -1)) or self._made[c] for c in self._controls_of(node)]
        op._control_inputs += [c for c in dict.fromkeys(controls) if c not in op._control_inputs]
        return op

    def _composed(self, node: Node, inputs: Sequence[Tensor]) -> Operation:
        facts = facts_of(node.op)
        assert facts is not None
        attrs = {key: self._attribute(node, key, attribute, node.name) for key, attribute in facts.attributes.items()}
        result = COMPOSED[node.op](inputs, attrs, node.name)
        return (result[0] if isinstance(result, (list, tuple)) else result).op

    def _created(self, node: Node, inputs: list[Tensor]) -> Operation:
        definition, facts = _definition(node.op)
        name = self._graph.op_name(node.name)
        types = self._types(node, definition, facts, inputs, name)
        return create(definition, self._graph, inputs, types, self._attrs(node, definition, facts, inputs, name), name)

    def _input(self, node: Node, name: str, index: int) -> Tensor:
        if (name, index) in self._mapped:
            return self._mapped[name, index]
        if self._nodes[name].op in _SWITCHES:  # in a branch, what comes through its side
            return self._input(node, *self._nodes[name].inputs[0])
        outputs = self._made[name].outputs
        if index >= len(outputs):
            raise ValueError(
                f"Node '{node.name}': Connecting to invalid output {index} of source node {name} which has "
                f"{len(outputs)} outputs."
            )
        return outputs[index]

    def _types(
        self, node: Node, definition: OpDef, facts: Facts, inputs: Sequence[Tensor], name: str
    ) -> dict[str, DType]:
        """The dtypes that the signature's type variables stand for. ValueError for other inputs than the op has."""
        takes_list = any(arg.is_list for arg in definition.args)
        if len(inputs) < len(definition.args) - takes_list or (not takes_list and len(inputs) > len(definition.args)):
            raise ValueError(
                f"NodeDef expected {len(definition.args)} inputs, which do not match {len(inputs)} inputs specified; "
                f"Op<name={node.op}>; NodeDef: {{{{node {name}}}}}"
            )
        types: dict[str, DType] = {}
        position = 0
        groups = grouped([arg.is_list for arg in definition.args], inputs)
        for ours, theirs, group in zip(definition.args, facts.inputs, groups, strict=True):
            for tensor in group:
                expected = self._expected(node, ours.type, theirs.type, types)
                if expected is not None and tensor.dtype is not expected:
                    self._refuse_input(name, position, tensor, enum_name(expected))
                if ours.name in definition.ref and variable_of(tensor) is None:
                    self._refuse_input(name, position, tensor, f"{enum_name(tensor.dtype)}_ref")
                if ours.type != ANY_TYPE:
                    types.setdefault(ours.type, tensor.dtype)
                position += 1
            allowed = definition.types.get(ours.type)
            if group and allowed is not None and types[ours.type] not in allowed:
                raise TypeError(
                    f"Value passed to parameter {ours.name!r} has DataType {types[ours.type].name} not in list of "
                    f"allowed values: {', '.join(t.name for t in allowed)}"
                )
        return types

    def _expected(self, node: Node, ours: str, theirs: str, types: Mapping[str, DType]) -> DType | None:
        """The dtype that an input must have, as far as it is said."""
        for known in (ours, theirs):
            if is_known_type(known):
                return as_dtype(known)
        said = node.attributes.get(theirs)
        if said is not None and said["type"] is not None:
            return decode_dtype(said["type"])
        return types.get(ours)

    def _refuse_input(self, name: str, position: int, tensor: Tensor, expected: str) -> None:
        raise ValueError(
            f"Input {position} of node {name} was passed {enum_name(tensor.dtype)} from {tensor.name} incompatible "
            f"with expected {expected}."
        )

    def _attrs(
        self, node: Node, definition: OpDef, facts: Facts, inputs: Sequence[Tensor], name: str
    ) -> dict[str, Any]:
        """The attributes as the op here takes them: those that the inputs do not say."""
        follow = {word for argument in facts.inputs for word in (argument.type, argument.number)}
        follow -= {word for result in definition.results for word in (result.type, result.length)} - {
            argument.type for argument in definition.args
        }
        attrs: dict[str, Any] = {}
        for key, attribute in facts.attributes.items():
            if key in follow and not _parameters(definition).named(key):
                continue
            if key in follow and key not in node.attributes:
                continue
            value = self._attribute(node, key, attribute, name)
            if self._is_read(definition, key, attribute, value, name):
                attrs[key] = value
        adapt = _ADAPTED.get(definition.type)
        return attrs if adapt is None else adapt(attrs, inputs)

    def _attribute(self, node: Node, key: str, attribute: Attribute, name: str) -> Any:
        if key not in node.attributes and attribute.default is REQUIRED:
            raise ValueError(f"NodeDef missing attr '{key}' from Op<name={node.op}>; NodeDef: {{{{node {name}}}}}")
        try:
            if key in node.attributes:
                return attribute_value(attribute, node.attributes[key])
        except ValueError as error:
            raise ValueError(f"Node '{node.name}': attr '{key}': {error}") from None
        return _default(attribute)

    def _is_read(self, definition: OpDef, key: str, attribute: Attribute, value: Any, name: str) -> bool:
        """Whether an op here takes an attribute. ValueError where it could only do otherwise than it says."""
        type = definition.type
        only = _UNREAD_BY.get((type, key), _UNREAD.get(key, REQUIRED))
        if only is REQUIRED and _parameters(definition).takes(key):
            return key != "use_locking" or "Apply" not in type
        if only is REQUIRED:
            only = _ANY if attribute.default is REQUIRED else _default(attribute)
        if only is not _ANY and value != only:
            raise ValueError(f"Node '{name}': scopeflow's {type} has no {key}={value!r}, only {only!r}")
        return False


class _Parameters(NamedTuple):
    """The names of the parameters that an op's functions have, and whether each takes any others."""

    names: tuple[frozenset[str], ...]
    others: tuple[bool, ...]

    def named(self, key: str) -> bool:
        return any(key in names for names in self.names)

    def takes(self, key: str) -> bool:
        return all(key in names or others for names, others in zip(self.names, self.others, strict=True))


@cache
def _parameters(definition: OpDef) -> _Parameters:
    """What attributes an op's shape rule and kernel take."""
    names, others = [], []
    for function in filter(callable, (definition.shape, definition.kernel)):
        try:
            parameters = signature(function).parameters.values()
        except ValueError:  # one of Python's own, such as `list`
            continue
        names.append(frozenset(p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)))
        others.append(any(p.kind is p.VAR_KEYWORD for p in parameters))
    return _Parameters(tuple(names), tuple(others))


# -- the values of attributes -----------------------------------------------------------------------------------------


def attribute_value(attribute: Attribute, values: Mapping[str, Any]) -> Any:
    """The Python value of an AttrValue's fields. ValueError where it is not of the attribute's kind."""
    kind = attribute.kind.removeprefix("list(").removesuffix(")")
    field, read = _KINDS[kind]
    if kind != attribute.kind:
        if values["list"] is None:
            raise ValueError(f"it should be a {attribute.kind}")
        return tuple(read(item) for item in values["list"][field])
    if values[field] is None:
        raise ValueError(f"it should be a {kind}")
    return read(values[field])


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _shape(values: Mapping[str, Any]) -> TensorShape:
    if values["unknown_rank"]:
        return TensorShape(None)
    return TensorShape([None if dim["size"] < 0 else dim["size"] for dim in values["dim"]])


def _tensor(values: dict[str, Any]) -> np.ndarray:
    array = tensor_array(values, decode_dtype(values["dtype"]), decode_shape(values["tensor_shape"]), padded=True)
    array.flags.writeable = False
    return array


_KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("s", _text),
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "type": ("type", lambda number: decode_dtype(int(number))),
    "shape": ("shape", _shape),
    "tensor": ("tensor", _tensor),
}


def _default(attribute: Attribute) -> Any:
    """A default, which is JSON, as the attribute's kind has it."""
    kind = attribute.kind.removeprefix("list(").removesuffix(")")
    read: Callable[[Any], Any] = {"type": as_dtype, "shape": TensorShape}.get(kind, lambda value: value)
    return tuple(map(read, attribute.default)) if kind != attribute.kind else read(attribute.default)
