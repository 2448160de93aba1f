"""Corners of the engine: empty tensors, half precision, odd numbers, what runs together, what is kept."""

import numpy as np
import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetch, feeds=None):
    with tf.Session() as session:
        return session.run(fetch, feeds)


# -- values ---------------------------------------------------------------------------------------------------------


def test_integers_beyond_int64_become_uint64_as_they_do_in_tensorflow():
    for number in (2**63, 2**64 - 1):
        constant = tf.constant([number])
        assert constant.dtype is tf.uint64 and run(constant)[0] == number
    assert tf.constant(-(2**63)).dtype is tf.int64 and tf.constant(-(2**31)).dtype is tf.int32


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_the_gradient_of_a_broadcast_in_half_precision_is_added_up_in_float32(dtype):
    row = tf.placeholder(dtype, [4])
    gradient = tf.gradients(tf.ones([1000, 4], dtype) + row, row)[0]
    assert gradient.dtype is dtype
    np.testing.assert_array_equal(run(gradient, {row: np.zeros(4)}).astype(np.float64), [1000] * 4)


def test_complex_numbers_lose_their_imaginary_part_without_a_warning():
    x = tf.placeholder(tf.complex64, [2])
    with np.testing.assert_no_warnings():
        assert run(tf.cast(x, tf.float32), {x: [1 + 2j, -3j]}).tolist() == [1, 0]


def test_each_nan_is_a_value_of_its_own():
    x = tf.placeholder(tf.float32, [None])
    y, idx, count = run(tf.unique_with_counts(x), {x: [np.nan, 1, np.nan, 1]})
    np.testing.assert_array_equal(y, [np.nan, 1, np.nan])
    assert idx.tolist() == [0, 1, 2, 1] and count.tolist() == [1, 2, 1]


def test_zeros_like_strings_are_empty_strings():
    x = tf.placeholder(tf.string, [None])
    assert run(tf.zeros_like(x), {x: ["a", "b"]}).tolist() == [b"", b""]


# -- shapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted", "result"),
    [
        ((0, 3), [0, -1], (0, 3)),
        ((0, 3), [-1, 0], (3, 0)),
        ((0, 3, 0), [0, -1], (0, 3)),
        ((0, 6), [0, -1, 2], (0, 3, 2)),
        ((5, 3, 0), [-1, 0], (15, 0)),
        ((0, 3), [-1, 3], (0, 3)),
        ((0,), [-1], (0,)),
    ],
)
def test_reshape_finds_the_missing_length_of_a_tensor_without_elements(given, wanted, result):
    for static in (given, [None] * len(given), None):
        x = tf.placeholder(tf.float32, static)
        y = tf.reshape(x, wanted)
        assert y.shape.is_compatible_with(result)
        assert run(y, {x: np.zeros(given)}).shape == result


def test_reshape_puts_no_elements_where_there_is_no_room():
    with pytest.raises(ValueError, match=r"Cannot reshape a tensor with 6 elements to shape \[0,\?\] \(0 elements\)"):
        tf.reshape(tf.zeros([2, 3]), [0, -1])
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="requires a multiple of 0"):
        run(tf.reshape(x, [0, -1]), {x: np.zeros((2, 3))})


def test_expand_dims_takes_a_vector_of_one_axis_and_no_other():
    assert tf.expand_dims(tf.zeros([2, 3]), [1]).shape.as_list() == [2, 1, 3]
    axis = tf.placeholder(tf.int32)
    assert run(tf.expand_dims(tf.zeros([2, 3]), axis), {axis: [-1]}).shape == (2, 3, 1)
    for axes in ([0, 1], np.zeros(0, np.int32)):
        with pytest.raises(ValueError, match="'dim' input must be a tensor with a single value"):
            tf.expand_dims(tf.zeros([2, 3]), axes)


def test_a_static_value_whose_parts_meet_again_is_found_in_no_time():
    length = tf.constant(1)
    for _ in range(60):  # paths through the graph: 2 ** 60
        length = length * length
    assert tf.zeros(tf.stack([length, 5])).shape.as_list() == [1, 5]
