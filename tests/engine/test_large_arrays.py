"""Ops whose large arrays a CPU's threads take in parts compute what they compute of small ones."""

import math

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.ops import basic
from scopeflow.kernels.cpu import threads

SHAPE = (1001, 7, 83)  # no whole number of parts
POSITIVE = {tf.lgamma, tf.digamma}


@pytest.fixture
def shared(monkeypatch):
    """How many tasks were shared out."""
    counts, share = [], threads.share
    monkeypatch.setattr(threads, "share", lambda tasks, work: counts.append(tasks) or share(tasks, work))
    return counts


def values(dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(dtype)


@pytest.mark.parametrize("op", [tf.erf, tf.erfc, tf.lgamma, tf.digamma])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_an_op_of_one_array_and_its_gradient_are_those_of_its_rows(op, dtype, shared):
    x = abs(values(dtype)) + dtype(0.1) if op in POSITIVE else values(dtype)
    assert x.size > basic.LARGE
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(dtype, [None, *SHAPE[1:]])
        y = op(fed)
        grad = tf.gradients(y, fed)[0]
        whole = session.run([y, grad], {fed: x})
        assert max(shared, default=0) >= x.size // basic.PART
        for begin in range(0, len(x), 100):
            rows = slice(begin, begin + 100)
            some = session.run([y, grad], {fed: x[rows]})
            for large, small in zip(whole, some, strict=True):
                assert large.dtype == small.dtype == dtype
                np.testing.assert_allclose(large[rows], small, rtol=4 * np.finfo(dtype).eps)


def test_what_is_not_a_number_or_not_contiguous_goes_through(shared):
    x = values()
    x[3, 2, 1], x[900, 0, 0] = np.nan, np.inf
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, SHAPE)
        y = session.run(tf.erfc(fed), {fed: x})
        turned = session.run(tf.erfc(tf.transpose(fed)), {fed: x})
    assert np.isnan(y[3, 2, 1]) and y[900, 0, 0] == 0 and np.isnan(y).sum() == 1
    np.testing.assert_allclose(turned.T, y, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32])
@pytest.mark.parametrize("kept", [(83,), (7, 83), (1, 83), ()])
def test_the_gradient_of_a_broadcast_is_the_sum(dtype, kept, shared):
    g = (values() * 3).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        summed = session.run(basic.sum_to_shape(tf.constant(g), list(kept)))
    axes = tuple(i for i, size in enumerate((1,) * (3 - len(kept)) + kept) if size != SHAPE[i])
    expected = np.sum(g, axis=axes, dtype=np.float64).reshape(kept)
    magnitude = np.sum(abs(g), axis=axes, dtype=np.float64).reshape(kept)
    assert summed.dtype == dtype
    unit = np.finfo(dtype).eps if np.dtype(dtype).kind == "f" else 0
    assert np.all(abs(summed.astype(np.float64) - expected) <= unit * abs(expected) + 4e-7 * magnitude * (unit > 0))


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_the_gradient_of_a_bias_is_the_sum(data_format, shared):
    g = values().reshape(1001, 7, 83, 1) if data_format == "NCHW" else values().reshape(1001, 1, 7, 83)
    axis = 1 if data_format == "NCHW" else 3
    with tf.Graph().as_default(), tf.Session() as session:
        bias = tf.zeros([g.shape[axis]])
        y = tf.nn.bias_add(tf.zeros(g.shape), bias, data_format=data_format)
        made = session.run(tf.gradients(y, bias, grad_ys=tf.constant(g))[0])
    axes = tuple(i for i in range(4) if i != axis)
    bound = 4e-7 * np.sum(abs(g), axis=axes, dtype=np.float64)
    assert np.all(abs(made - np.sum(g, axis=axes, dtype=np.float64)) <= bound)
    assert bool(shared) == (data_format == "NHWC")


def test_sums_have_equal_bits_on_any_number_of_threads(monkeypatch):
    made = set()
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        with tf.Graph().as_default(), tf.Session() as session:
            made.add(session.run(basic.sum_to_shape(tf.constant(values()), [83])).tobytes())
    assert len(made) == 1


def test_a_long_sum_keeps_its_small_numbers():
    """One after the other, ones stop to count in float32 at 2 to the 24th."""
    ones = np.ones((1 << 25, 1), np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, [None, 1])
        assert session.run(basic.sum_to_shape(fed, [1]), {fed: ones})[0] == math.prod(ones.shape)
