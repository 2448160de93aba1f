"""Graphs with their collections and their saver, as files: MetaGraphDefs, and GraphDefs as text."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from ..engine.file_errors import as_tensorflow_errors
from ..engine.graph import Graph, Operation, Tensor, get_default_graph
from ..engine.graph_def import attribute_values
from ..engine.graph_objects import GraphDef, serialized_graph_def
from ..engine.importing import import_graph_def
from ..engine.message import DecodeError, MessageObject
from ..engine.meta_protos import (
    CollectionDef,
    MetaGraphDef,
    SaverDef,
    get_collection_proto_type,
    get_from_proto_function,
    get_to_proto_function,
    prepend_name_scope,
)
from ..engine.protos import ATTRIBUTE, GRAPH
from ..engine.tensorflow_ops import REQUIRED, facts_of
from ..engine.text_format import merge
from ..scopes.keys import GraphKeys
from .checkpoint import files

_log = logging.getLogger("scopeflow")

_VERSION = "1.15.0"  # the TensorFlow whose graphs these are

Path = str | os.PathLike[str]


# -- out --------------------------------------------------------------------------------------------------------------


def meta_graph_bytes(
    graph: Graph,
    graph_def: GraphDef | None = None,
    saver_def: SaverDef | None = None,
    saver_nodes: Sequence[Mapping[str, Any]] = (),
    collection_list: Sequence[str] | None = None,
    meta_info_def: Any = None,
) -> bytes:
    """A graph, its collections (those of `collection_list`, or all with a string for their key) and its saver, as a
    serialized MetaGraphDef.

    What a collection has of things that no message can say is left out, with a warning.
    """
    info = MetaGraphDef.MetaInfoDef(tensorflow_version=_VERSION)
    if meta_info_def is not None:
        info.MergeFrom(meta_info_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    told = ((key, _serialized_collection(key, graph.get_collection(key))) for key in sorted(keys, key=str))
    nodes = _serialized(graph) if graph_def is None else graph_def.SerializeToString()
    fields = {
        "meta_info_def": info.SerializeToString(),
        "graph_def": nodes + GRAPH.encode({"node": saver_nodes}),  # messages one after the other are merged
        "saver_def": None if saver_def is None else saver_def.SerializeToString(),
        "collection_def": [{"key": key, "value": value} for key, value in told if value is not None],
    }
    return MetaGraphDef.message.encode(fields)


_GRAPHS: WeakKeyDictionary[Graph, tuple[int, bytes]] = WeakKeyDictionary()


def _serialized(graph: Graph) -> bytes:
    """A graph's GraphDef. A program that saves while it trains adds nothing to its graph, so the last one is kept."""
    version, told = _GRAPHS.get(graph, (-1, b""))
    if version != graph.version:
        told = serialized_graph_def(graph, add_shapes=True)
        _GRAPHS[graph] = graph.version, told
    return told


def without_devices(graph_def: GraphDef) -> GraphDef:
    for node in graph_def.node:
        node.device = ""
    return graph_def


def without_defaults(graph_def: GraphDef) -> GraphDef:
    """Take out attributes that have the values that they would have anyway."""
    for node in graph_def.node:
        facts = facts_of(node.op)
        for name, attribute in () if facts is None else facts.attributes.items():
            if attribute.default is not REQUIRED and name in node.attr:
                encoded = ATTRIBUTE.encode(attribute_values(attribute, attribute.default))
                if node.attr[name].SerializeToString() == encoded:
                    del node.attr[name]
    return graph_def


def _serialized_collection(key: Any, items: Sequence[Any]) -> bytes | None:
    """A collection as a serialized CollectionDef; None, with a warning, where no message can say it."""
    if not isinstance(key, str):
        _log.warning("Only collections with string type keys will be serialized. This key has %s", type(key))
        return None
    try:
        return _collection_def(key, items).SerializeToString()
    except TypeError as error:
        _log.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the items don't match field "
            "type in CollectionDef. Note this is a warning and probably safe to ignore.\n%s", key, error,
        )  # fmt: skip
        return None


def _collection_def(key: str, items: Sequence[Any]) -> CollectionDef:
    """A collection as a message. TypeError for items that are of no kind that it knows, or of several."""
    to_proto, collection = get_to_proto_function(key), CollectionDef()
    if to_proto is not None:
        messages = [to_proto(item) for item in items]
        collection.bytes_list.value.extend([m.SerializeToString() for m in messages if m is not None])
        collection.bytes_list.SetInParent()
        return collection
    kinds = {_kind_of(item) for item in items}
    if len(kinds) > 1:
        raise TypeError(f"items of {len(kinds)} kinds: {', '.join(sorted(kinds))}")
    kind = kinds.pop() if kinds else "node_list"
    values = [item.encode() if isinstance(item, str) else getattr(item, "name", item) for item in items]
    getattr(collection, kind).value.extend(values)
    getattr(collection, kind).SetInParent()
    return collection


def _kind_of(item: Any) -> str:
    if isinstance(item, (str, bytes)):
        return "bytes_list"
    if isinstance(item, int) and not isinstance(item, bool):
        return "int64_list"
    if isinstance(item, float):
        return "float_list"
    if isinstance(item, (Tensor, Operation)) or hasattr(item, "_as_graph_element"):
        return "node_list"
    raise TypeError(f"{type(item).__name__!r} object is not serializable")


def write_graph(graph_or_graph_def: Graph | GraphDef, logdir: Path, name: str, as_text: bool = True) -> str:
    """Write a graph to the file `name` in `logdir`, as text or serialized: its path."""
    told = graph_or_graph_def.as_graph_def() if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    path = os.path.join(os.fspath(logdir), name)
    with as_tensorflow_errors(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write_message(path, told, as_text)
    return path


def write_message(path: str, message: MessageObject, as_text: bool) -> None:
    """Write a message to a file, which then has all of it or what it had before."""
    files.write_whole(path, str(message).encode() if as_text else message.SerializeToString())


# -- in ---------------------------------------------------------------------------------------------------------------


def read_meta_graph_file(filename: Path) -> MetaGraphDef:
    """A MetaGraphDef from a file, serialized or text. Raises OSError where there is none or it is something else."""
    path, told = os.fspath(filename), MetaGraphDef()
    if not os.path.isfile(path):
        raise OSError(f"File {path} does not exist.")
    with as_tensorflow_errors(path), open(path, "rb") as file:
        content = file.read()
    try:
        told.ParseFromString(content)
        return told
    except DecodeError:
        told.Clear()
    try:
        merge(content.decode(), told)
    except ValueError as error:
        raise OSError(f"Cannot parse file {path}: {error}.") from None
    return told


def import_scoped_meta_graph_with_return_elements(
    meta_graph_or_file: MetaGraphDef | Path,
    clear_devices: bool = False,
    import_scope: str | None = None,
    input_map: Mapping[str, Any] | None = None,
    return_elements: Sequence[str] | None = None,
) -> tuple[MetaGraphDef, list[Any] | None]:
    """Add a MetaGraphDef's nodes and collections to the default graph, under ``import_scope/`` if that is given: the
    message, and what `return_elements` names. Raises as `import_graph_def` does."""
    told = meta_graph_or_file
    if not isinstance(told, MetaGraphDef):
        told = read_meta_graph_file(told)
    graph, nodes = get_default_graph(), GraphDef()
    nodes.CopyFrom(told.graph_def)
    if clear_devices:
        for node in nodes.node:
            node.device = ""
    found = import_graph_def(nodes, input_map, return_elements, name=import_scope or "")
    known: dict[bytes, Any] = {}  # the object of each message: a variable is one, in however many collections
    for key, collection in told.collection_def.items():
        _add_collection(graph, key, collection, import_scope, known)
    return told, found


def _add_collection(
    graph: Graph, key: str, collection: CollectionDef, import_scope: str | None, known: dict[bytes, Any]
) -> None:
    kind = collection.WhichOneof("kind")
    if key in (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT):  # the operations themselves tell
        return
    if kind is None:
        _log.warning("Cannot identify data type for collection %s. Skipping.", key)
        return
    values = getattr(collection, kind).value
    from_proto, proto_type = get_from_proto_function(key), get_collection_proto_type(key)
    for value in values:
        if kind == "node_list":
            try:
                item: Any = graph.as_graph_element(prepend_name_scope(value, import_scope))
            except KeyError:
                _log.warning("%s of collection %s is not there by itself: it is inside a condition.", value, key)
                continue
        elif kind == "bytes_list" and from_proto is not None and proto_type is not None:
            if value not in known:
                known[value] = from_proto(proto_type.FromString(value), import_scope=import_scope)
            item = known[value]
        else:
            item = value
        graph.add_to_collection(key, item)
