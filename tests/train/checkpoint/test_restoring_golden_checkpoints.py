"""What TensorFlow wrote goes into variables, whatever its version and its number of files."""

import numpy as np
import pytest
from golden_checkpoints import unpack

import scopeflow as tf


def test_names_that_several_objects_share_are_not_guessed(graph, tmp_path):
    variable = tf.Variable(0, name="Variable")
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError, match="Key Variable not found"):
        tf.train.Saver([variable]).restore(session, unpack("objects", tmp_path))


@pytest.mark.parametrize("name", ["partitioned", "partitioned_v1", "sharded", "sharded_v1", "adam"])
def test_what_tensorflow_wrote_is_restored_whatever_its_version_and_number_of_files(graph, tmp_path, name):
    path = unpack(name, tmp_path)
    assert tf.train.checkpoint_exists(path)
    with tf.train.load_checkpoint(path) as reader:
        wanted = {key: reader.read(key) for key in reader}
    for key, array in wanted.items():
        tf.get_variable(key, array.shape, tf.as_dtype(array.dtype), initializer=tf.zeros_initializer())
    with tf.Session() as session:
        tf.train.Saver().restore(session, path)
        for key, array in wanted.items():
            found = np.asarray(session.run(f"{key}:0"))
            assert found.dtype == array.dtype and found.shape == array.shape
            assert found.tobytes() == array.tobytes()
