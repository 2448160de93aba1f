"""What a Saver is in a graph of TensorFlow's: the nodes of it that a MetaGraphDef has, and the ops that these are.

Savers here work without operations (saver.py). In a MetaGraphDef TensorFlow expects them, so they are written into it;
and they are what tells which variables a Saver of an imported graph saves, under which names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import errors
from ..engine.graph import Graph, Operation
from ..engine.graph_def import attribute_values
from ..engine.registry import define, no_outputs, not_differentiable, scalar_shape
from ..engine.shapes import TensorShape
from ..engine.state import variable_of
from ..engine.static import constant_value
from ..engine.tensorflow_ops import facts_of
from .checkpoint.formats import create_checkpoint, open_checkpoint
from .checkpoint.reader import SliceSpec

_WRITTEN = "tensorflow"  # the format of what SaveV2 writes


class Part(NamedTuple):
    """Which part of a tensor a variable is: the shape of the whole, and (offset, length) along each axis."""

    full_shape: list[int]
    slice_spec: SliceSpec

    @classmethod
    def of(cls, text: str) -> Part | None:
        """From "7 2 3,2:-": the whole's lengths, then for each axis offset and length, or - for all of it."""
        if not text:
            return None
        *sizes, sides = text.split(" ")
        full = [int(size) for size in sizes]
        pairs = [(0, size) if side == "-" else _pair(side) for side, size in zip(sides.split(":"), full, strict=True)]
        return cls(full, pairs)


def _pair(side: str) -> tuple[int, int]:
    offset, _, length = side.partition(",")
    return int(offset), int(length)


class Entry(NamedTuple):
    """A tensor of a checkpoint and the variable that it is saved from: its name, "" or the part, the operation."""

    name: str
    part: str
    variable: Operation


# -- the ops ----------------------------------------------------------------------------------------------------------


def _texts(array: Any) -> list[str]:
    return [item.decode() for item in np.ravel(array).tolist()]


def _bind_save(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., None]:
    def save(prefix: Any, names: Any, parts: Any, *arrays: Any) -> None:
        with create_checkpoint(_texts(prefix)[0], _WRITTEN) as writer:
            for name, text, array in zip(_texts(names), _texts(parts), arrays, strict=True):
                part = Part.of(text)
                if part is None:
                    writer.add(name, array)
                else:
                    writer.add_slice(name, part.full_shape, part.slice_spec, array)
            writer.finish()

    return save


def _bind_restore(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., list[Any]]:
    def restore(prefix: Any, names: Any, parts: Any) -> list[Any]:
        with open_checkpoint(_texts(prefix)[0]) as reader:
            found = []
            for name, text, dtype in zip(_texts(names), _texts(parts), op.attrs["dtypes"], strict=True):
                part = Part.of(text)
                found.append(reader.read(name, None if part is None else part.slice_spec))
                if reader.entry(name).dtype is not dtype:
                    raise errors.InvalidArgumentError(
                        None, None,
                        f"tensor_name = {name}; expected dtype {dtype.name} does not equal original dtype "
                        f"{reader.entry(name).dtype.name}",
                    )  # fmt: skip
            return found

    return restore


define(
    "SaveV2",
    "prefix:string, tensor_names:string, shape_and_slices:string, tensors:any*",
    shape=no_outputs,
    bind=_bind_save,
    grad=not_differentiable,
    host=["prefix", "tensor_names", "shape_and_slices", "tensors"],
)
restore_v2 = define(
    "RestoreV2",
    "prefix:string, tensor_names:string, shape_and_slices:string -> tensors:dtypes*",
    shape=lambda *inputs, dtypes: [TensorShape(None)] * len(dtypes),
    bind=_bind_restore,
    grad=not_differentiable,
    host=["prefix", "tensor_names", "shape_and_slices"],
    host_result=True,
)
define(
    "ShardedFilename",
    "basename:string, shard:int32, num_shards:int32 -> filename:string",
    shape=scalar_shape,
    kernel=lambda k, name, shard, count: np.array(
        f"{_texts(name)[0]}-{int(shard):05d}-of-{int(count):05d}".encode(), object
    ),
    grad=not_differentiable,
    host=["basename", "shard", "num_shards"],
    host_result=True,
)


def _unable(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., None]:
    def refuse(*_: Any) -> None:
        raise errors.UnimplementedError(
            None, None, "scopeflow does not join the shards of a checkpoint: save with the tf.train.Saver itself"
        )

    return refuse


define(
    "MergeV2Checkpoints",
    "checkpoint_prefixes:string, destination_prefix:string",
    shape=no_outputs,
    bind=_unable,
    grad=not_differentiable,
)

# -- the nodes --------------------------------------------------------------------------------------------------------


def _node(name: str, op: str, inputs: Sequence[str] = (), **attributes: Any) -> dict[str, Any]:
    """The fields of a NodeDef."""
    facts = facts_of(op)
    assert facts is not None
    attr = [{"key": k, "value": attribute_values(facts.attributes[k], v)} for k, v in sorted(attributes.items())]
    return {"name": name, "op": op, "input": list(inputs), "attr": attr}


def _strings(name: str, values: Any) -> dict[str, Any]:
    return _node(name, "Const", value=np.array(values, object), dtype="string")


def saver_nodes(entries: Sequence[Entry], scope: str) -> Iterator[dict[str, Any]]:
    """The nodes of a Saver of these variables as TensorFlow makes them, each the fields of a NodeDef."""
    names, parts = [entry.name for entry in entries], [entry.part for entry in entries]
    dtypes = [entry.variable.outputs[0].dtype for entry in entries]
    yield _strings(f"{scope}/filename/input", "model")
    for name, default in (("filename", "filename/input"), ("Const", "filename")):
        yield _node(f"{scope}/{name}", "PlaceholderWithDefault", [f"{scope}/{default}"], dtype="string", shape=[])
    for op in ("SaveV2", "RestoreV2"):
        yield _strings(f"{scope}/{op}/tensor_names", names)
        yield _strings(f"{scope}/{op}/shape_and_slices", parts)
        told = [f"{scope}/Const", f"{scope}/{op}/tensor_names", f"{scope}/{op}/shape_and_slices"]
        tensors = [entry.variable.name for entry in entries] if op == "SaveV2" else []
        yield _node(f"{scope}/{op}", op, [*told, *tensors], dtypes=dtypes)
    yield _node(f"{scope}/control_dependency", "Identity", [f"{scope}/Const", f"^{scope}/SaveV2"], T="string")
    assigned = []
    for i, (entry, dtype) in enumerate(zip(entries, dtypes, strict=True)):
        assigned.append(f"{scope}/Assign_{i}" if i else f"{scope}/Assign")
        inputs = [entry.variable.name, f"{scope}/RestoreV2:{i}" if i else f"{scope}/RestoreV2"]
        yield _node(assigned[-1], "Assign", inputs, T=dtype, validate_shape=True, use_locking=True)
    yield _node(f"{scope}/restore_all", "NoOp", [f"^{name}" for name in assigned])


def restored_by(graph: Graph, restore_op_name: str) -> list[Entry]:
    """What an operation restores: all that assignments before it take from a RestoreV2."""
    entries: dict[Operation, Entry] = {}
    seen: set[Operation] = set()
    waiting = [graph.get_operation_by_name(restore_op_name)]
    while waiting:
        op = waiting.pop()
        if op in seen:
            continue
        seen.add(op)
        waiting += op.control_inputs
        entry = _restored(op) if op.type == "Assign" else None
        if entry is not None:
            entries[op] = entry
    return [entries[op] for op in sorted(entries, key=lambda op: op.id)]


def _restored(assign: Operation) -> Entry | None:
    """What an assignment takes from a checkpoint; None where it takes its value from elsewhere."""
    value = assign.inputs[1]
    while value.op.type in ("Identity", "Reshape"):
        value = value.op.inputs[0]
    variable = variable_of(assign.inputs[0])
    if value.op.type != "RestoreV2" or variable is None:
        return None
    names, parts = (constant_value(tensor) for tensor in value.op.inputs[1:])
    if names is None or parts is None:
        return None
    return Entry(_texts(names)[value.value_index], _texts(parts)[value.value_index], variable)
