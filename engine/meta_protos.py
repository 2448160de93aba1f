"""TensorFlow's messages of what goes with a graph: collections, variables, savers; and what makes objects of them.

Their fields are those of its meta_graph.proto, variable.proto and saver.proto.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .graph_objects import GraphDef
from .message import MessageObject
from .protos import GRAPH
from .wire import Field, Message, map_field


class SaveSliceInfoDef(MessageObject):
    """Which part of a partitioned variable one variable is."""

    message = Message(
        "SaveSliceInfoDef",
        Field(1, "full_name", "string"),
        Field(2, "full_shape", "int64", repeated=True),
        Field(3, "var_offset", "int64", repeated=True),
        Field(4, "var_shape", "int64", repeated=True),
    )


class VariableDef(MessageObject):
    """A variable: the names of its tensor, its initializer, what reads it and its initial value."""

    message = Message(
        "VariableDef",
        Field(1, "variable_name", "string"),
        Field(2, "initializer_name", "string"),
        Field(3, "snapshot_name", "string"),
        Field(4, "save_slice_info_def", SaveSliceInfoDef.message),
        Field(5, "is_resource", "bool"),
        Field(6, "initial_value_name", "string"),
        Field(7, "trainable", "bool"),
        Field(8, "synchronization", "enum"),
        Field(9, "aggregation", "enum"),
    )
    classes = {"save_slice_info_def": SaveSliceInfoDef}


class SaverDef(MessageObject):
    """A Saver's settings, and the names of what feeds and runs it in a graph."""

    LEGACY, V1, V2 = range(3)
    message = Message(
        "SaverDef",
        Field(1, "filename_tensor_name", "string"),
        Field(2, "save_tensor_name", "string"),
        Field(3, "restore_op_name", "string"),
        Field(4, "max_to_keep", "int32"),
        Field(5, "sharded", "bool"),
        Field(6, "keep_checkpoint_every_n_hours", "float"),
        Field(7, "version", "enum"),
    )
    enums = {"version": {0: "LEGACY", 1: "V1", 2: "V2"}}


class CollectionDef(MessageObject):
    """A collection: names of nodes, serialized messages or strings, or numbers."""

    class NodeList(MessageObject):
        message = Message("NodeList", Field(1, "value", "string", repeated=True))

    class BytesList(MessageObject):
        message = Message("BytesList", Field(1, "value", "bytes", repeated=True))

    class Int64List(MessageObject):
        message = Message("Int64List", Field(1, "value", "int64", repeated=True))

    class FloatList(MessageObject):
        message = Message("FloatList", Field(1, "value", "float", repeated=True))

    message = Message(
        "CollectionDef",
        Field(1, "node_list", NodeList.message),
        Field(2, "bytes_list", BytesList.message),
        Field(3, "int64_list", Int64List.message),
        Field(4, "float_list", FloatList.message),
    )
    classes = {
        "node_list": NodeList, "bytes_list": BytesList, "int64_list": Int64List, "float_list": FloatList,
    }  # fmt: skip
    oneofs = {"kind": ("node_list", "bytes_list", "int64_list", "float_list")}


class MetaGraphDef(MessageObject):
    """A graph with its collections and its saver."""

    class MetaInfoDef(MessageObject):
        message = Message(
            "MetaInfoDef",
            Field(1, "meta_graph_version", "string"),
            Field(4, "tags", "string", repeated=True),
            Field(5, "tensorflow_version", "string"),
            Field(6, "tensorflow_git_version", "string"),
            Field(7, "stripped_default_attrs", "bool"),
        )

    message = Message(
        "MetaGraphDef",
        Field(1, "meta_info_def", MetaInfoDef.message),
        Field(2, "graph_def", GRAPH),
        Field(3, "saver_def", SaverDef.message),
        map_field(4, "collection_def", CollectionDef.message),
    )
    classes = {
        "meta_info_def": MetaInfoDef, "graph_def": GraphDef, "saver_def": SaverDef, "collection_def": CollectionDef,
    }  # fmt: skip
    maps = {"collection_def": CollectionDef}


# -- what the objects of a collection are in a MetaGraphDef -----------------------------------------------------------

ToProto = Callable[..., Any]  # to_proto(object, export_scope=...) -> message, or None where it is left out
FromProto = Callable[..., Any]  # from_proto(message, import_scope=...) -> object

_PROTO_FUNCTIONS: dict[str, tuple[type[MessageObject], ToProto | None, FromProto | None]] = {}


def register_proto_function(
    collection_name: str,
    proto_type: Any = None,
    to_proto: ToProto | None = None,
    from_proto: FromProto | None = None,
) -> None:
    """Say how the objects of a collection become messages in a MetaGraphDef, and how these become objects."""
    if to_proto is not None and not callable(to_proto):
        raise TypeError("to_proto must be callable.")
    if from_proto is not None and not callable(from_proto):
        raise TypeError("from_proto must be callable.")
    _PROTO_FUNCTIONS[collection_name] = (proto_type, to_proto, from_proto)


def get_collection_proto_type(collection_name: str) -> Any:
    """The class of a collection's messages; None if there is none."""
    return _PROTO_FUNCTIONS.get(collection_name, (None,))[0]


def get_to_proto_function(collection_name: str) -> ToProto | None:
    return _PROTO_FUNCTIONS.get(collection_name, (None, None))[1]


def get_from_proto_function(collection_name: str) -> FromProto | None:
    return _PROTO_FUNCTIONS.get(collection_name, (None, None, None))[2]


# -- names in another scope -------------------------------------------------------------------------------------------


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """The name of a node ("^x" and "loc:@x" too) that was put into a scope."""
    if not import_scope:
        return name
    mark = next((mark for mark in ("^", "loc:@") if name.startswith(mark)), "")
    return f"{mark}{import_scope.rstrip('/')}/{name[len(mark) :]}"


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """The name that a node of a scope has in it; of any other node its own."""
    if not export_scope:
        return name
    mark = next((mark for mark in ("^", "loc:@") if name.startswith(mark)), "")
    return mark + name[len(mark) :].removeprefix(f"{export_scope.rstrip('/')}/")
