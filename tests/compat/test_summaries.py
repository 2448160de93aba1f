"""Summaries by their names before TensorFlow 1.0: the tags are what was given, whatever the ops are called."""

import numpy as np

import scopeflow as tf


def test_tags_are_given_and_scopes_do_not_change_them(graph):
    with tf.name_scope("tower"):
        made = [
            tf.scalar_summary("loss", 1.5),
            tf.scalar_summary(["a", "b"], [1.0, 2.0], name="two"),
            tf.histogram_summary("weights", [1.0, 2.0]),
            tf.image_summary("pictures", np.zeros((2, 1, 1, 3), np.float32), max_images=1),
            tf.audio_summary("sound", np.zeros((1, 4), np.float32), 8000.0, collections=["mine"]),
        ]
    assert [tensor.name for tensor in made] == [
        "tower/ScalarSummary:0", "tower/two:0", "tower/HistogramSummary:0", "tower/ImageSummary:0",
        "tower/AudioSummary:0",
    ]  # fmt: skip
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == made[:4] and tf.get_collection("mine") == made[4:]
    with tf.Session() as session:
        values = session.run([*made, tf.merge_summary(made[:2]), tf.merge_all_summaries()])
    tags = [[value.tag for value in tf.Summary.FromString(one).value] for one in values]
    assert tags[:5] == [
        ["loss"], ["a", "b"], ["weights"], ["pictures/image"], ["sound/audio/0"],
    ]  # fmt: skip
    assert tags[5] == ["loss", "a", "b"] and tags[6] == [
        "loss",
        "a",
        "b",
        "weights",
        "pictures/image",
    ]
    assert [v.simple_value for v in tf.Summary.FromString(values[1]).value] == [1.0, 2.0]


def test_without_summaries_there_is_nothing_to_merge(graph):
    assert tf.merge_all_summaries() is None


def test_the_old_writer_is_the_new_one():
    assert tf.train.SummaryWriter is tf.summary.FileWriter
