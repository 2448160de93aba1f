"""The names of variables in checkpoints of TensorFlow 2, which are made of objects instead of names."""

from __future__ import annotations

from collections import Counter

from ...engine import errors
from ...engine.wire import Field, Message
from .reader import CheckpointReader

KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_ATTRIBUTE = Message("SerializedTensor", Field(2, "full_name", "string"), Field(3, "checkpoint_key", "string"))
_NODE = Message("TrackableObject", Field(2, "attributes", _ATTRIBUTE, repeated=True))
_GRAPH = Message("TrackableObjectGraph", Field(1, "nodes", _NODE, repeated=True))


def keys_of_objects(reader: CheckpointReader) -> dict[str, str]:
    """{name of a variable: its key} where the checkpoint was written from objects; empty for any other.

    TensorFlow 2 allows several variables of one name; those are left out, as nothing tells which is meant. Raises
    DataLossError where the graph of its objects is damaged.
    """
    try:
        serialized = reader.read(KEY)
    except errors.NotFoundError:
        return {}
    try:
        graph = _GRAPH.decode(serialized.item())
    except ValueError as error:
        raise errors.DataLossError(None, None, f"{reader.path}: tensor {KEY}: {error}") from None
    attributes = [attribute for node in graph["nodes"] for attribute in node["attributes"]]
    count = Counter(attribute["full_name"] for attribute in attributes)
    return {a["full_name"]: a["checkpoint_key"] for a in attributes if a["full_name"] and count[a["full_name"]] == 1}
