"""Images and sounds as TensorFlow turns them into bytes; pixels below were read off TensorFlow 2.21's own PNGs."""

import io
import wave

import numpy as np
import pytest
from PIL import Image

import scopeflow as tf


def decoded(value):
    return np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))


def pictures(array, **arguments):
    """(The values of the summary of a fed batch, their pixels)."""
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(np.asarray(array).dtype)
        summary = tf.Summary.FromString(session.run(tf.summary.image("i", fed, **arguments), {fed: array}))
    return list(summary.value), [decoded(value) for value in summary.value]


def row(*values, dtype=np.float32):
    return np.array(values, dtype).reshape(1, 1, -1, 1)


FROM_TENSORFLOW = {
    "none negative": (row(0, 0.5, 1.0), [0, 127, 255]),
    "fractions": (row(0.3, 0.7, 0.9, 0.123), [85, 198, 255, 34]),
    "negative": (row(-1, 0.5, 1.0), [1, 191, 255]),
    "more positive": (row(-1, 0.5, 3), [85, 149, 255]),
    "negative fractions": (row(-0.3, 0.7, 0.9, 0.123), [85, 226, 255, 145]),
    "zeros": (row(0, 0, 0), [0, 0, 0]),
    "tiny": (row(1e-40, 2e-40), [0, 0]),
    "nearly zero": (row(1e-7, 5e-7), [0, 0]),
    "nearly zero and negative": (row(-1e-7, 5e-7), [128, 128]),
    "nan": (row(0, np.nan, 2, -1), [128, 255, 255, 64]),
    "infinity": (row(0, np.inf, 2), [0, 255, 255]),
    "float64": (row(0, np.inf, 2, dtype=np.float64), [0, 255, 255]),
    "float16": (row(0, 1.5, 2, dtype=np.float16), [0, 191, 255]),
    "uint8": (np.array([0, 7, 255, 9], np.uint8).reshape(1, 2, 2, 1), [0, 7, 255, 9]),
    "three channels": (
        np.array([0, 7, np.nan, 9, 1, 2], np.float32).reshape(1, 2, 1, 3), [255, 0, 0, 255, 28, 56],
    ),
    "four channels": (
        np.array([0, 7, np.nan, 9, 1, 2, 3, 4], np.float32).reshape(1, 2, 1, 4), [255, 0, 0, 255, 63, 127, 191, 255],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("batch", "pixels"), FROM_TENSORFLOW.values(), ids=FROM_TENSORFLOW)
def test_pixels_are_those_of_tensorflow(batch, pixels):
    (value,), (image,) = pictures(batch)
    height, width, channels = batch.shape[1:]
    assert (value.image.height, value.image.width, value.image.colorspace) == (height, width, channels)
    assert image.dtype == np.uint8 and image.shape == ((height, width) if channels == 1 else (height, width, channels))
    assert image.ravel().tolist() == pixels


def test_each_image_of_a_batch_is_scaled_on_its_own():
    _, images = pictures(np.array([[1.0], [10.0]], np.float32).reshape(2, 1, 1, 1))
    assert [image.tolist() for image in images] == [[[255]], [[255]]]


def test_uint8_images_come_back_pixel_by_pixel():
    batch = np.random.default_rng(0).integers(0, 256, (5, 17, 31, 3), np.uint8)
    values, images = pictures(batch, max_outputs=4)
    assert [value.tag for value in values] == [f"i/image/{n}" for n in range(4)]
    assert len(images) == 4
    assert all((image == batch[n]).all() for n, image in enumerate(images))


def test_an_empty_batch_has_no_images():
    assert pictures(np.zeros((0, 2, 2, 1), np.float32)) == ([], [])


def test_a_single_image_has_no_number():
    values, _ = pictures(np.zeros((3, 2, 2, 1), np.uint8), max_outputs=1)
    assert [value.tag for value in values] == ["i/image"]


def test_integers_that_are_no_tensor_become_floats():
    """As in TensorFlow, which tries the op's default dtype; uint8 stays."""
    with tf.Graph().as_default():
        kinds = [np.uint8, np.int32, np.float64, np.int64]
        made = [tf.summary.image("i", np.zeros((1, 1, 1, 1), kind)).op.inputs[1].dtype.name for kind in kinds]
    assert made == ["uint8", "float32", "float64", "float32"]


def test_sounds_are_wav_files():
    frames = np.array([[0.0, 0.5], [-1.0, 1.0], [0.25, -0.25]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        summary = tf.Summary.FromString(session.run(tf.summary.audio("a", frames[np.newaxis], 8000.0)))
    (value,) = summary.value
    assert (value.audio.sample_rate, value.audio.num_channels, value.audio.length_frames) == (8000.0, 2, 3)
    with wave.open(io.BytesIO(value.audio.encoded_audio_string)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()) == (8000, 2, 2, 3)
        samples = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert samples.tolist() == [[0, 16384], [-32768, 32767], [8192, -8192]]


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(tf.errors.UnknownError, match=r"pip install 'scopeflow\[images\]'"):
        pictures(row(0, 1))
