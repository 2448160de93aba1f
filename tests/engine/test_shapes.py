"""Static shapes and dimensions, and their algebra."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import scopeflow as tf
from scopeflow.engine.shapes import broadcast_sizes

sizes = st.lists(st.integers(0, 4), max_size=4)
partial = st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=4)


def test_a_dimension_is_a_number_or_unknown():
    assert int(tf.Dimension(3)) == 3 and tf.Dimension(None).value is None
    assert tf.Dimension(2) * 3 == 6 and (7 - tf.Dimension(2)).value == 5 and (tf.Dimension(7) // 2).value == 3
    assert (tf.Dimension(None) + 1).value is None
    assert (tf.Dimension(None) == 3) is None and (tf.Dimension(3) < 4) is True
    assert str(tf.Dimension(None)) == "?" and [0, 1, 2][tf.Dimension(1)] == 1
    with pytest.raises(ValueError, match=r"Dimension -1 must be >= 0"):
        tf.Dimension(-1)
    with pytest.raises(TypeError, match="must be integer or None"):
        tf.Dimension("4")
    with pytest.raises(ValueError, match=r"Dimensions 2 and 3 are not compatible"):
        tf.Dimension(2).merge_with(3)


def test_a_shape_can_be_known_in_part():
    shape = tf.TensorShape([None, 784])
    assert shape.as_list() == [None, 784] and shape.ndims == 2 and not shape.is_fully_defined()
    assert shape[0].value is None and shape[1] == 784 and shape[1:] == tf.TensorShape([784])
    assert shape.num_elements() is None and tf.TensorShape([2, 3]).num_elements() == 6
    assert str(shape) == "(?, 784)" and str(tf.TensorShape([3])) == "(3,)" and str(tf.TensorShape(None)) == "<unknown>"
    assert repr(shape) == "TensorShape([Dimension(None), Dimension(784)])"


def test_merging_keeps_what_either_side_knows():
    assert tf.TensorShape([None, 3]).merge_with([2, None]) == tf.TensorShape([2, 3])
    assert tf.TensorShape(None).merge_with([2]) == tf.TensorShape([2])
    with pytest.raises(ValueError, match=r"Shapes \(2, 3\) and \(2, 4\) are not compatible"):
        tf.TensorShape([2, 3]).merge_with([2, 4])


def test_an_unknown_rank_refuses_what_needs_it():
    unknown = tf.TensorShape(None)
    assert unknown.ndims is None and not unknown and unknown[3].value is None and unknown[1:4].ndims == 3
    with pytest.raises(ValueError, match="as_list"):
        unknown.as_list()
    with pytest.raises(ValueError, match="unknown rank"):
        len(unknown)
    assert unknown.with_rank(2).as_list() == [None, None]
    with pytest.raises(ValueError, match=r"Shape \(2,\) must have rank 3"):
        tf.TensorShape([2]).with_rank(3)
    with pytest.raises(ValueError, match="at least 3"):
        tf.TensorShape([2]).with_rank_at_least(3)


@given(sizes, sizes)
def test_broadcasting_is_numpys(a, b):
    try:
        wanted = np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        with pytest.raises(ValueError, match="broadcasting"):
            broadcast_sizes(tf.TensorShape(a), tf.TensorShape(b))
    else:
        assert broadcast_sizes(tf.TensorShape(a), tf.TensorShape(b)).as_list() == list(wanted)


@given(partial, sizes, st.data())
def test_broadcasting_of_a_partly_known_shape_allows_every_shape_it_may_become(known, other, data):
    actual = [data.draw(st.integers(0, 4)) if d is None else d for d in known]
    try:
        result = np.broadcast_shapes(tuple(actual), tuple(other))
    except ValueError:
        return
    assert broadcast_sizes(tf.TensorShape(known), tf.TensorShape(other)).is_compatible_with(result)


@given(partial, partial)
def test_merging_is_symmetric_and_compatible_with_both(a, b):
    x, y = tf.TensorShape(a), tf.TensorShape(b)
    if x.is_compatible_with(y):
        merged = x.merge_with(y)
        assert merged == y.merge_with(x) and merged.is_compatible_with(x) and merged.is_compatible_with(y)
    else:
        with pytest.raises(ValueError, match="not compatible"):
            x.merge_with(y)


def test_dtypes_know_themselves():
    assert tf.float32 == np.float32 and tf.float32 == "float32" and tf.float32 != tf.float64
    assert tf.as_dtype(float) is tf.float32 and tf.as_dtype(np.int64) is tf.int64 and tf.as_dtype("half") is tf.float16
    assert tf.bfloat16.is_floating and tf.bfloat16.size == 2 and np.dtype(tf.bfloat16.as_numpy_dtype).name == "bfloat16"
    assert tf.int8.min == -128 and tf.uint16.max == 65535 and float(tf.float32.max) == np.finfo(np.float32).max
    assert tf.int32.is_integer and not tf.bool.is_integer and tf.string.as_numpy_dtype is np.object_
    assert repr(tf.float32) == "tf.float32" and str(tf.float32) == "<dtype: 'float32'>"
    with pytest.raises(TypeError, match="Cannot convert value 'nonsense' to a TensorFlow DType"):
        tf.as_dtype("nonsense")


def test_a_whole_float_is_a_length_as_for_programs_of_python_2(graph):
    assert tf.Dimension(8 / 2).value == 4 and tf.TensorShape([None, 28 * 28 / 1, np.float32(3)]).as_list() == [
        None, 784, 3,
    ]  # fmt: skip
    assert tf.get_variable("w", [3, 8 / 2]).shape.as_list() == [3, 4] and tf.Dimension(4) * 2.0 == 8
    assert tf.layers.conv2d(tf.zeros([1, 5, 5, 2]), 8 / 2, 3).shape.as_list() == [1, 3, 3, 4]
    for bad in (4.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Ambiguous dimension"):
            tf.TensorShape([bad])
    with pytest.raises(ValueError, match="Dimension -2 must be >= 0"):
        tf.Dimension(-2.0)
