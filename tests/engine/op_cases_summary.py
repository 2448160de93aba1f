"""Cases of train/summary/ops.py: what a run gives is a serialized message."""

import numpy as np
from op_cases import Case, normal


def case(name, op, build, *inputs):
    return Case(name, (op,), build, inputs, differentiable=False)


CASES = [
    case("scalar_summary", "ScalarSummary", lambda tf, x: tf.summary.scalar("s", x), np.float32(1.5)),
    case("histogram_summary", "HistogramSummary", lambda tf, x: tf.summary.histogram("h", x), normal(3, 4)),
    case("image_summary", "ImageSummary", lambda tf, x: tf.summary.image("i", x), normal(2, 3, 4, 3)),
    case(
        "audio_summary",
        "AudioSummaryV2",
        lambda tf, x: tf.summary.audio("a", x, 8000.0),
        normal(2, 5).astype(np.float32),
    ),
    case("tensor_summary", "TensorSummaryV2", lambda tf, x: tf.summary.tensor_summary("t", x), normal(2, 3)),
    Case(
        "merge_summary",
        ("MergeSummary", "ScalarSummary"),
        lambda tf, x: tf.summary.merge([tf.summary.scalar("a", x), tf.summary.scalar("b", x)]),
        (np.float32(2.5),),
        differentiable=False,
    ),
]
