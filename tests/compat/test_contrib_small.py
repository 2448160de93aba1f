"""Small parts of tf.contrib: the projector's configuration, tensors as messages, layers of unusual shapes."""

import numpy as np
import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def test_the_projector_is_told_of_embeddings_beside_the_events(tmp_path):
    from scopeflow.compat.stand_in import sources_of

    (projector,) = sources_of("tensorflow.contrib.tensorboard.plugins.projector")
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name, embedding.metadata_path = "words:0", 'a "b".tsv'
    embedding.sprite.image_path = "sprite.png"
    embedding.sprite.single_image_dim.extend([28, 14])
    config.embeddings.add(tensor_name="more")
    writer = tf.summary.FileWriter(str(tmp_path))
    projector.visualize_embeddings(writer, config)
    writer.close()
    wanted = """embeddings {
  tensor_name: "words:0"
  metadata_path: "a \\"b\\".tsv"
  sprite {
    image_path: "sprite.png"
    single_image_dim: 28
    single_image_dim: 14
  }
}
embeddings {
  tensor_name: "more"
}
"""
    assert (tmp_path / "projector_config.pbtxt").read_text() == wanted

    class Nowhere:
        def get_logdir(self):
            return None

    with pytest.raises(ValueError, match="Summary writer must have a logdir"):
        projector.visualize_embeddings(Nowhere(), config)


def test_what_tensorboard_reads_of_the_projector_is_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from google.protobuf import text_format
    from tensorboard.plugins.projector import projector_config_pb2

    projector = tf.contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig(model_checkpoint_path="m.ckpt")
    config.embeddings.add(tensor_name="w", tensor_shape=[3, 2], tensor_path="t", bookmarks_path="b")
    read = text_format.Parse(str(config), projector_config_pb2.ProjectorConfig())
    assert read.SerializeToString() == config.SerializeToString() and read.embeddings[0].tensor_shape == [3, 2]


def test_tensors_become_messages_and_constants_are_known_before_a_run():
    util = tf.contrib.util
    message = util.make_tensor_proto([[1, 2], [3, 4]], tf.int64)
    assert util.make_ndarray(message).tolist() == [[1, 2], [3, 4]]
    assert util.constant_value(tf.constant([1, 2]) + 1).tolist() == [2, 3]
    assert util.constant_value(tf.placeholder(tf.float32)) is None


def test_old_dense_layers_take_more_dimensions_and_refuse_what_they_cannot():
    layers = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 3, 4])
    y = layers.legacy_fully_connected(x, 2, weight_init=tf.ones_initializer(), bias_init=tf.ones_initializer())
    assert y.shape.as_list() == [None, 3, 2]
    given = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(y, {x: given}).tolist() == (given.sum(2, keepdims=True) + np.ones(2)).tolist()
    for shape, message in (([3], "rank of x must be at least 2 not: 1"), ([3, None], "last dimension of x"),
                           (None, "dims of x must be known")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            layers.legacy_fully_connected(tf.placeholder(tf.float32, shape), 2)


def test_spatial_softmax_refuses_unknown_channels_and_formats():
    with pytest.raises(ValueError, match="num_channels dimension of the inputs to `spatial_softmax` should be defined"):
        tf.contrib.layers.spatial_softmax(tf.placeholder(tf.float32, [2, 3, 3, None]))
    with pytest.raises(ValueError, match="data_format has to be either"):
        tf.contrib.layers.spatial_softmax(tf.zeros([2, 3, 3, 1]), data_format="CHWN")
