"""The messages of event files: Event, Summary and what they hold, of event.proto and summary.proto."""

from __future__ import annotations

from ...engine.graph_objects import TensorProto
from ...engine.message import MessageObject
from ...engine.protos import TENSOR
from ...engine.wire import Field, Message

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
