"""Summaries: their names and tags, and the very bytes that a run gives."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

LARGE = 1e30


def wide(seed, size):
    """Numbers of every magnitude and either sign, made without libm."""
    state = np.random.RandomState(seed)
    return state.uniform(-1, 1, size) * 10.0 ** state.randint(-14, 22, size)


NUMBERS = {
    "one": np.float32(1.5),
    "zero": np.float32(0),
    "negative": np.float64(-1e-3),
    "too large for a float": np.float64(1e300),
    "nan": np.float32("nan"),
    "infinity": np.float64("-inf"),
    "int32": np.int32(-7),
    "int64": np.int64(2**62 + 1),
    "uint8": np.uint8(255),
    "uint64": np.uint64(2**64 - 1),
    "float16": np.float16(0.1),
    "a third": np.float64(1) / 3,
}


@golden(rows=NUMBERS)
def scalar(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        return {"bytes": session.run(tf.summary.scalar("loss", row)).hex()}


DISTRIBUTIONS = {
    "one": np.float32(1.0),
    "none": np.zeros((0, 3), np.float32),
    "zeros": np.zeros(5, np.float32),
    "a few": np.array([1.0, 2.0, 3.0]),
    "both signs": np.array([[-1.0, 0.5], [3.0, -1e-20]]),
    "negative zero": np.array([-0.0, 0.0]),
    "on the limits": np.array([1e-12, -1e-12, 1.1e-12, 1.1 * 1e-12, -1.1 * 1e-12, 0.0]),
    "beyond the limits": np.array([1e20, -1e20, LARGE, -LARGE, 1e308, 9.9e19]),
    "many": uniform(7, 11, 7, seed=3),
    "wide": wide(4, 4000),
    "wide floats": wide(5, 100).astype(np.float32),
    "uint8": np.arange(256, dtype=np.uint8),
    "int64": np.array([-(2**63), 2**63 - 1, 0, 17]),
    "float16": np.array([0.1, 65504.0, 6e-8], np.float16),
    "sums that round": np.full(1000, 0.1),
}


@golden(rows=DISTRIBUTIONS)
def histogram(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        return {"bytes": np.frombuffer(session.run(tf.summary.histogram("h", row)), np.uint8)}


SOUNDS = {
    "mono": np.array([[0, 0.5, -1, 1, 0.999, 2, -3, 0.1, 1e-5]], np.float32),
    "halves": np.array([[0.5, 1.5, 2.5, -0.5, -1.5, -2.5]], np.float32) / 32768,
    "stereo": uniform(4, 5, 2, seed=1),
    "no sound": np.zeros((1, 0), np.float32),
}


@golden(rows=SOUNDS)
def audio(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        three = tf.summary.audio("sound", row, 44100.0)
        one = tf.summary.audio("first", row, 22050, max_outputs=1, family="f")
        return {"bytes": [value.hex() for value in session.run([three, one])]}


TENSORS = {
    "text": lambda tf: tf.summary.text("t", tf.constant("some *text*")),
    "texts": lambda tf: tf.summary.text("t", tf.constant([["a", "b"], ["", "ü"]])),
    "numbers": lambda tf: tf.summary.tensor_summary("t", tf.constant([1.5, 2.5]), "what it is", display_name="shown"),
    "family": lambda tf: tf.summary.tensor_summary("t", tf.constant([[1, 2]], tf.int64), family="f"),
    "metadata": lambda tf: tf.summary.tensor_summary(
        "t",
        tf.constant([True, False]),
        summary_metadata=tf.SummaryMetadata(
            display_name="d", plugin_data=tf.SummaryMetadata.PluginData(plugin_name="p", content=b"\x01")
        ),
    ),
}


@golden(rows=TENSORS)
def tensor(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        return {"bytes": session.run(row(tf)).hex()}


@golden()
def names_and_tags(tf):
    """Tags are full names; a family stands before; what a name cannot have becomes an underscore."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        made = [
            tf.summary.scalar("loss", 1.0),
            tf.summary.scalar("loss", 2.0),
            tf.summary.scalar("/with slashes/and: colons", 3.0),
        ]
        with tf.name_scope("tower"):
            made += [
                tf.summary.scalar("loss", 4.0),
                tf.summary.scalar("loss", 5.0, family="losses here"),
                tf.summary.histogram("w", [1.0], family="losses here"),
                tf.summary.histogram("w", [1.0], collections=["mine", "others"]),
                tf.summary.image("pictures", np.zeros((2, 1, 1, 1), np.uint8)),
                tf.summary.image("picture", np.zeros((2, 1, 1, 3), np.uint8), max_outputs=1, family="f"),
                tf.summary.audio("sound", np.zeros((1, 2), np.float32), 8000.0, collections=[]),
                tf.summary.text("words", tf.constant("w")),
            ]
            merged = [tf.summary.merge(made[:2], name="two"), tf.summary.merge(made[3:5], ["merged"])]
        merged += [tf.summary.merge_all(), tf.summary.merge_all("mine"), tf.summary.merge_all(scope="tower/loss")]
        summaries = [tf.Summary.FromString(value) for value in session.run(made + merged)]
        return {
            "made": described(made + merged),
            "operations": [op.name for op in graph.get_operations()],
            "types": [tensor.op.type for tensor in made + merged],
            "tags": [[value.tag for value in summary.value] for summary in summaries],
            "kinds": [[value.WhichOneof("value") for value in summary.value] for summary in summaries],
            "collections": [
                [t.name for t in tf.get_collection(key)] for key in ("summaries", "mine", "others", "merged")
            ],
            "nothing": [tf.summary.merge_all("nothing there"), tf.summary.merge_all(scope="nowhere")],
        }


REFUSED = {
    "a vector for a scalar": (
        lambda tf, s: s.run(tf.summary.scalar("v", [1.0, 2.0])),
        ["tags and values are not the same shape: ", r"\[\] != \[2\] \(tag 'v'\)"],
    ),
    "nan in a histogram": (
        lambda tf, s: s.run(tf.summary.histogram("h", [np.nan])),
        ["Nan in summary histogram for: h"],
    ),
    "infinity in a histogram": (
        lambda tf, s: s.run(tf.summary.histogram("h", [1.0, np.inf])),
        ["Infinity in Histogram for: h"],
    ),
    "a tag twice": (
        lambda tf, s: s.run(tf.summary.merge([tf.summary.scalar("a", 1.0)] * 2)),
        ["Duplicate tag a found in summary inputs"],
    ),
    "text as a number": (
        lambda tf, s: tf.summary.scalar("a", tf.constant("1")),
        ["Value passed to parameter 'values' has DataType string not in list of allowed values"],
    ),
    "two channels": (
        lambda tf, s: s.run(tf.summary.image("i", np.zeros((1, 2, 2, 2), np.float32))),
        [r"Tensor must be 4-D with last dim 1, 3, or 4, not \[1,2,2,2\]"],
    ),
    "no batch": (
        lambda tf, s: s.run(tf.summary.image("i", np.zeros((2, 2, 1), np.float32))),
        [r"Tensor must be 4-D with last dim 1, 3, or 4, not \[2,2,1\]"],
    ),
    "no pixels": (
        lambda tf, s: s.run(tf.summary.image("i", np.zeros((1, 0, 2, 1), np.float32))),
        ["input tensor must have non-zero dims. Found: "],
    ),
    "integers as an image": (
        lambda tf, s: tf.summary.image("i", tf.zeros((1, 2, 2, 1), tf.int32)),
        ["Value passed to parameter 'tensor' has DataType int32 not in list of allowed values: uint8, float32, "],
    ),
    "text as an image": (
        lambda tf, s: tf.summary.image("i", tf.constant("i")),
        ["has DataType string not in list of allowed"],
    ),
    "no images": (
        lambda tf, s: tf.summary.image("i", np.zeros((1, 2, 2, 1), np.float32), max_outputs=0),
        ["passed 0 less than minimum 1"],
    ),
    "a number as text": (
        lambda tf, s: tf.summary.text("t", tf.constant(1.0)),
        ["Expected tensor Const:0 to have dtype string, got "],
    ),
    "nothing to merge": (lambda tf, s: tf.summary.merge([]), ["with length 0 shorter than minimum length 1"]),
    "no name": (
        lambda tf, s: tf.summary.scalar(None, 1.0),
        [r"At least one of name \(None\) and default_name \(None\) must be provided"],
    ),
    "no rate": (
        lambda tf, s: s.run(tf.summary.audio("a", np.zeros((1, 2), np.float32), 0.0)),
        ["sample_rate must be > 0"],
    ),
    "a graph that is none": (
        lambda tf, s: tf.summary.FileWriter(tempfile.mkdtemp(), "graph"),
        ["The passed graph must be an instance of `Graph`"],
    ),
}


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default(), tf.Session() as session:
        return {"said": said(lambda: call(tf, session), *parts)}


@golden()
def written_and_read(tf):
    """What one writer leaves: a version, then events in their order, with each tag's metadata once."""
    with tf.Graph().as_default(), tf.Session() as session, tempfile.TemporaryDirectory() as folder:
        number = tf.summary.scalar("a", 1.5)
        both = tf.summary.merge([number, tf.summary.text("t", tf.constant("x"))])
        writer = tf.summary.FileWriter(folder, filename_suffix=".mine")
        writer.add_summary(session.run(number), 7)
        writer.add_summary(session.run(both), np.int64(8))
        writer.add_summary(session.run(both))
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="own", simple_value=2.5)]), 9)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.CHECKPOINT, checkpoint_path="there"), 10)
        writer.close()
        (name,) = os.listdir(folder)
        events = list(tf.train.summary_iterator(os.path.join(folder, name)))
        return {
            "named": [name.startswith("events.out.tfevents."), name.endswith(".mine")],
            "kinds": [event.WhichOneof("what") for event in events],
            "steps": [event.step for event in events],
            "version": events[0].file_version,
            "values": [
                [[v.tag, v.simple_value, v.metadata.plugin_data.plugin_name] for v in e.summary.value] for e in events
            ],
            "log": [events[-1].session_log.status, events[-1].session_log.checkpoint_path],
        }
