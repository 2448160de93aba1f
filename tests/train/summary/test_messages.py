"""The messages of event files behave as `protobuf`'s own objects of the same messages (which come with tensorboard)."""

import numpy as np
import pytest
from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2

import scopeflow as tf
from scopeflow.engine import protos
from scopeflow.train.summary import messages


def a_summary(kind):
    summary = kind()
    value = summary.value.add(tag="loss", simple_value=0.0)
    value.node_name = "node"
    other = summary.value.add()
    other.tag = "histogram"
    other.histo.min, other.histo.max = -1.5, 2.0
    other.histo.bucket_limit.extend([1.0, 2.0])
    other.histo.bucket.append(3)
    picture = kind.Value(tag="é", image=kind.Image(height=3, width=2, encoded_image_string=b"\x00\xff"))
    summary.value.append(picture)
    picture.tag = "changed later"
    return summary


def test_what_a_program_builds_has_protobufs_bytes():
    assert a_summary(tf.Summary).SerializeToString() == a_summary(summary_pb2.Summary).SerializeToString()


def an_event(kind, log, summary):
    event = kind(wall_time=1.25, step=-3)
    event.summary.value.add(tag="a", simple_value=1.0)
    event.session_log.CopyFrom(log(status=3, checkpoint_path="p", msg="m"))
    kinds = [event.WhichOneof("what"), event.HasField("summary"), event.HasField("session_log")]
    event.summary.CopyFrom(summary())
    kinds += [event.WhichOneof("what"), event.HasField("session_log"), len(event.summary.value)]
    event.file_version = ""
    kinds += [event.WhichOneof("what"), event.HasField("summary"), event.summary.value == []]
    return event, kinds


def test_a_oneof_has_what_was_set_last():
    mine, kinds = an_event(tf.Event, tf.SessionLog, lambda: a_summary(tf.Summary))
    theirs, wanted = an_event(event_pb2.Event, event_pb2.SessionLog, lambda: a_summary(summary_pb2.Summary))
    assert kinds[:8] == wanted[:8]
    assert mine.SerializeToString() == theirs.SerializeToString()


def test_reading_a_field_does_not_set_it():
    value = tf.Summary.Value(tag="t")
    assert value.histo.num == 0.0 and value.simple_value == 0.0 and list(value.histo.bucket) == []
    assert value.WhichOneof("value") is None and not value.HasField("histo")
    value.histo.num = 1.0
    assert value.WhichOneof("value") == "histo"


def test_messages_are_read_merged_and_compared():
    theirs = a_summary(summary_pb2.Summary)
    mine = tf.Summary.FromString(theirs.SerializeToString())
    assert mine == a_summary(tf.Summary) and mine != tf.Summary()
    assert [value.tag for value in mine.value] == ["loss", "histogram", "é"]
    assert mine.value[0].HasField("simple_value") and mine.value[0].simple_value == 0.0
    assert list(mine.value[1].histo.bucket_limit) == [1.0, 2.0]
    more = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="more")])
    theirs.MergeFrom(more)
    mine.MergeFrom(tf.Summary.FromString(more.SerializeToString()))
    assert mine.SerializeToString() == theirs.SerializeToString()
    value, wanted = tf.Summary.Value(simple_value=1.0), summary_pb2.Summary.Value(simple_value=1.0)
    for kind, into in ((tf.Summary, value), (summary_pb2.Summary, wanted)):
        into.MergeFrom(kind.Value(image=kind.Image(height=2)))
        into.MergeFrom(kind.Value(image=kind.Image(width=5)))
    assert value.SerializeToString() == wanted.SerializeToString() and value.WhichOneof("value") == "image"


def test_a_message_says_itself_in_protobufs_text_format():
    ours = str(tf.Summary(value=[tf.Summary.Value(tag='a"b\n', simple_value=0.5, image=None)]))
    assert ours == 'value {\n  tag: "a\\"b\\n"\n  simple_value: 0.5\n}\n'
    assert str(tf.Summary()) == ""


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: tf.Summary(values=[]), ValueError, 'Protocol message Summary has no "values" field.'),
        (lambda: tf.Summary().values, AttributeError, 'Protocol message Summary has no "values" field.'),
        (
            lambda: setattr(tf.Summary(), "value", []),
            AttributeError,
            "Assignment not allowed to message, map, or repea",
        ),
        (
            lambda: setattr(tf.Summary.Value(), "nothing", 1),
            AttributeError,
            'Protocol message Value has no "nothing" field.',
        ),
        (lambda: tf.Summary(value=[3]), TypeError, "must be dict or instance of same class: expected Value got int"),
        (lambda: tf.Summary.Value().WhichOneof("what"), ValueError, 'has no oneof "what"'),
        (lambda: tf.Summary().HasField("value"), ValueError, "Field Summary.value does not have presence"),
        (lambda: tf.Summary.FromString(b"\x0a\xff"), ValueError, "a number runs past the end"),
    ],
)
def test_mistakes_are_told(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


PAIRS = [
    (messages.EVENT, event_pb2.Event),
    (messages.EVENT_AROUND, event_pb2.Event),
    (messages.SUMMARY, summary_pb2.Summary),
    (messages.VALUE, summary_pb2.Summary.Value),
    (protos.GRAPH, graph_pb2.GraphDef),
]
KINDS = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 12: "bytes", 13: "uint32",
    14: "enum",
}  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[ours.name for ours, _ in PAIRS])
def test_every_field_has_the_number_the_name_and_the_kind_that_tensorboard_knows(ours, theirs):
    waiting, seen = [(ours, theirs.DESCRIPTOR)], set()
    while waiting:
        message, descriptor = waiting.pop()
        if descriptor.full_name in seen:
            continue
        seen.add(descriptor.full_name)
        for field in message.fields:
            known = descriptor.fields_by_number[field.number]
            assert known.name == field.name
            repeated = known.is_repeated if hasattr(known, "is_repeated") else known.label == known.LABEL_REPEATED
            assert repeated == field.repeated, field
            if known.message_type is None:
                assert field.kind == KINDS[known.type], field
            elif field.kind != "bytes":
                waiting.append((field.kind, known.message_type))


def test_tensors_are_read_by_tensorboard():
    from tensorboard.compat.proto import tensor_pb2
    from tensorboard.util import tensor_util

    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array(3.5),
        np.zeros((0, 2), np.int64),
        np.array([True, False]),
        np.array([b"a", b"\xff"], object),
    ]
    for array in arrays:
        encoded = protos.TENSOR.encode(protos.tensor_values(array))
        read = tensor_util.make_ndarray(tensor_pb2.TensorProto.FromString(encoded))
        assert read.shape == array.shape and (read == array).all()
        assert read.dtype == array.dtype or array.dtype == object
