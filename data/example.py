"""`tf.train.Example` and what it is made of, as in TensorFlow's example.proto and feature.proto."""

from __future__ import annotations

from ..engine.message import MessageObject
from ..engine.wire import Field, Message, map_field

BYTES_LIST = Message("BytesList", Field(1, "value", "bytes", repeated=True))
FLOAT_LIST = Message("FloatList", Field(1, "value", "float", repeated=True))
INT64_LIST = Message("Int64List", Field(1, "value", "int64", repeated=True))
FEATURE = Message(
    "Feature",
    Field(1, "bytes_list", BYTES_LIST),
    Field(2, "float_list", FLOAT_LIST),
    Field(3, "int64_list", INT64_LIST),
)
FEATURES = Message("Features", map_field(1, "feature", FEATURE))
FEATURE_LIST = Message("FeatureList", Field(1, "feature", FEATURE, repeated=True))
FEATURE_LISTS = Message("FeatureLists", map_field(1, "feature_list", FEATURE_LIST))
EXAMPLE = Message("Example", Field(1, "features", FEATURES))
SEQUENCE_EXAMPLE = Message("SequenceExample", Field(1, "context", FEATURES), Field(2, "feature_lists", FEATURE_LISTS))


class BytesList(MessageObject):
    """Strings of bytes: ``BytesList(value=[b"a", b"bc"])``."""

    message = BYTES_LIST


class FloatList(MessageObject):
    """float32 numbers: ``FloatList(value=[0.5, 2])``."""

    message = FLOAT_LIST


class Int64List(MessageObject):
    """int64 numbers: ``Int64List(value=[1, 2])``."""

    message = INT64_LIST


class Feature(MessageObject):
    """The values of one feature, of one of three kinds: ``Feature(int64_list=Int64List(value=[3]))``."""

    message = FEATURE
    classes = {"bytes_list": BytesList, "float_list": FloatList, "int64_list": Int64List}
    oneofs = {"kind": ("bytes_list", "float_list", "int64_list")}


class Features(MessageObject):
    """Features by name, in a map that makes what it is asked for: ``features.feature["label"]``."""

    message = FEATURES
    maps = {"feature": Feature}


class FeatureList(MessageObject):
    """One feature of a sequence: its values at every step."""

    message = FEATURE_LIST
    classes = {"feature": Feature}


class FeatureLists(MessageObject):
    """The features of a sequence, by name."""

    message = FEATURE_LISTS
    maps = {"feature_list": FeatureList}


class Example(MessageObject):
    """One example: named features, each a list of numbers or strings."""

    message = EXAMPLE
    classes = {"features": Features}


class SequenceExample(MessageObject):
    """One example that is a sequence: features of the whole, and lists of features with an entry for each step."""

    message = SEQUENCE_EXAMPLE
    classes = {"context": Features, "feature_lists": FeatureLists}
