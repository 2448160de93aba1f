"""The messages of event files: Event, Summary and what they hold; tensors and graphs as TensorFlow writes them.

Their fields are those of TensorFlow's event.proto, summary.proto, tensor.proto, graph.proto and attr_value.proto.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.build import to_array
from ...engine.dtypes import as_dtype
from ..checkpoint.protos import SHAPE, VERSIONS, encode_shape
from ..checkpoint.wire import Field, Message
from .message import MessageObject

TENSOR = Message(
    "TensorProto",
    Field(1, "dtype", "enum"),
    Field(2, "tensor_shape", SHAPE),
    Field(4, "tensor_content", "bytes"),
    Field(5, "float_val", "float", repeated=True),
    Field(6, "double_val", "double", repeated=True),
    Field(7, "int_val", "int32", repeated=True),
    Field(8, "string_val", "bytes", repeated=True),
    Field(10, "int64_val", "int64", repeated=True),
    Field(11, "bool_val", "bool", repeated=True),
)

HISTOGRAM = Message(
    "HistogramProto",
    *(Field(i + 1, name, "double") for i, name in enumerate(("min", "max", "num", "sum", "sum_squares"))),
    Field(6, "bucket_limit", "double", repeated=True),
    Field(7, "bucket", "double", repeated=True),
)
IMAGE = Message(
    "Image",
    Field(1, "height", "int32"),
    Field(2, "width", "int32"),
    Field(3, "colorspace", "int32"),
    Field(4, "encoded_image_string", "bytes"),
)
AUDIO = Message(
    "Audio",
    Field(1, "sample_rate", "float"),
    Field(2, "num_channels", "int64"),
    Field(3, "length_frames", "int64"),
    Field(4, "encoded_audio_string", "bytes"),
    Field(5, "content_type", "string"),
)
PLUGIN_DATA = Message("PluginData", Field(1, "plugin_name", "string"), Field(2, "content", "bytes"))
METADATA = Message(
    "SummaryMetadata",
    Field(1, "plugin_data", PLUGIN_DATA),
    Field(2, "display_name", "string"),
    Field(3, "summary_description", "string"),
    Field(4, "data_class", "enum"),
)
VALUE = Message(
    "Value",
    Field(1, "tag", "string"),
    Field(2, "simple_value", "float", explicit=True),
    Field(4, "image", IMAGE),
    Field(5, "histo", HISTOGRAM),
    Field(6, "audio", AUDIO),
    Field(7, "node_name", "string"),
    Field(8, "tensor", TENSOR),
    Field(9, "metadata", METADATA),
)
SUMMARY = Message("Summary", Field(1, "value", VALUE, repeated=True))
SESSION_LOG = Message(
    "SessionLog", Field(1, "status", "enum"), Field(2, "checkpoint_path", "string"), Field(3, "msg", "string")
)
TAGGED_RUN_METADATA = Message("TaggedRunMetadata", Field(1, "tag", "string"), Field(2, "run_metadata", "bytes"))
SOURCE = Message("SourceMetadata", Field(1, "writer", "string"))


def _event(summary: str | Message) -> Message:
    return Message(
        "Event",
        Field(1, "wall_time", "double"),
        Field(2, "step", "int64"),
        Field(3, "file_version", "string", explicit=True),
        Field(4, "graph_def", "bytes", explicit=True),
        Field(5, "summary", summary, explicit=True),
        Field(7, "session_log", SESSION_LOG),
        Field(8, "tagged_run_metadata", TAGGED_RUN_METADATA),
        Field(9, "meta_graph_def", "bytes", explicit=True),
        Field(10, "source_metadata", SOURCE),
    )


EVENT = _event(SUMMARY)
EVENT_AROUND = _event("bytes")  # the same with its summary as bytes, which a run's result already is

_SHAPE_LIST = Field(7, "shape", SHAPE, repeated=True)
_LISTS = (
    Field(2, "s", "bytes", repeated=True),
    Field(3, "i", "int64", repeated=True),
    Field(4, "f", "float", repeated=True),
    Field(5, "b", "bool", repeated=True),
    Field(6, "type", "enum", repeated=True),
    _SHAPE_LIST,
)
ATTRIBUTE = Message(
    "AttrValue",
    Field(1, "list", Message("ListValue", *_LISTS)),
    *(field._replace(repeated=False, explicit=True) for field in _LISTS),
    Field(8, "tensor", TENSOR),
)
NODE = Message(
    "NodeDef",
    Field(1, "name", "string"),
    Field(2, "op", "string"),
    Field(3, "input", "string", repeated=True),
    Field(4, "device", "string"),
    Field(5, "attr", Message("AttrEntry", Field(1, "key", "string"), Field(2, "value", ATTRIBUTE)), repeated=True),
)
GRAPH = Message("GraphDef", Field(1, "node", NODE, repeated=True), Field(4, "versions", VERSIONS))


class TensorProto(MessageObject):
    """A tensor's dtype, shape and elements."""

    message = TENSOR
    classes = {"tensor_shape": type("TensorShapeProto", (MessageObject,), {
        "message": SHAPE, "classes": {"dim": type("Dim", (MessageObject,), {"message": SHAPE.fields[0].kind})},
    })}  # fmt: skip


class HistogramProto(MessageObject):
    """How many values lie below each limit (and not below the one before it), and their sums."""

    message = HISTOGRAM


class SummaryMetadata(MessageObject):
    """What TensorBoard is to make of the values of a tag."""

    class PluginData(MessageObject):
        message = PLUGIN_DATA

    message = METADATA
    classes = {"plugin_data": PluginData}


class Summary(MessageObject):
    """Values by tag, as TensorBoard shows them: ``Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])``."""

    class Image(MessageObject):
        message = IMAGE

    class Audio(MessageObject):
        message = AUDIO

    class Value(MessageObject):
        message = VALUE
        oneofs = {"value": ("simple_value", "image", "histo", "audio", "tensor")}

    message = SUMMARY
    classes = {"value": Value}
    Value.classes = {
        "image": Image, "audio": Audio, "histo": HistogramProto, "tensor": TensorProto, "metadata": SummaryMetadata,
    }  # fmt: skip


class SessionLog(MessageObject):
    """That a session began, ended, or wrote a checkpoint."""

    STATUS_UNSPECIFIED, START, STOP, CHECKPOINT = range(4)
    message = SESSION_LOG


class TaggedRunMetadata(MessageObject):
    message = TAGGED_RUN_METADATA


class SourceMetadata(MessageObject):
    message = SOURCE


class Event(MessageObject):
    """One record of an event file: when, at which step, and what."""

    message = EVENT
    classes = {
        "summary": Summary, "session_log": SessionLog, "tagged_run_metadata": TaggedRunMetadata,
        "source_metadata": SourceMetadata,
    }  # fmt: skip
    oneofs = {"what": ("file_version", "graph_def", "summary", "session_log", "tagged_run_metadata", "meta_graph_def")}


def tensor_values(array: Any) -> dict[str, Any]:
    """A NumPy array (strings: objects of bytes) as the fields of a TensorProto."""
    array = np.asarray(array)
    dtype = as_dtype(bytes) if array.dtype.kind in "OSU" else as_dtype(array.dtype)
    values: dict[str, Any] = {"dtype": dtype.as_datatype_enum, "tensor_shape": encode_shape(array.shape)}
    if dtype.is_string:
        values["string_val"] = to_array(array, dtype).ravel().tolist()
    else:
        values["tensor_content"] = np.ascontiguousarray(array).tobytes()
    return values
