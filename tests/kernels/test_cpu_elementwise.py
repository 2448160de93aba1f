"""Loops over large arrays give the bits of NumPy's functions, one after the other, whoever does which part."""

import numpy as np
import pytest

from scopeflow.engine.ops.training import _adam
from scopeflow.kernels.cpu import elementwise, threads

ODD = elementwise.MANY + 7
STRANGE = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38, -3e38], np.float32)


def numbers(seed, size=ODD):
    """Normal numbers, and all pairs of strange ones with the others' seeds."""
    x = np.random.RandomState(seed).normal(size=size).astype(np.float32)
    pairs = np.meshgrid(STRANGE, STRANGE)[seed % 2].ravel()
    x[-pairs.size :] = pairs
    return x


def bits(x):
    """Those of the numbers; all NaN are one."""
    return np.where(np.isnan(x), np.float32(np.nan), x).view(np.int32)


@pytest.fixture(params=[1, 3], autouse=True)
def processors(request, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: request.param)
    monkeypatch.setattr(elementwise, "TASK_FLOATS", 1000)


def test_the_gradient_of_relu_is_numpys_product():
    dy, y = numbers(0), numbers(1)
    with np.errstate(all="ignore"):
        expected = dy * (y > 0)
    assert (bits(elementwise.relu_grad(dy, y)) == bits(expected)).all()


def test_a_step_of_adam_is_that_of_the_rule():
    var, m, v, grad = (numbers(seed) for seed in range(4))
    v = np.abs(v)
    beta1_power, beta2_power, lr, beta1, beta2, epsilon = map(np.float32, (0.729, 0.997, 1e-2, 0.9, 0.999, 1e-7))
    expected, moved = ([array.copy() for array in (var, m, v)] for _ in range(2))
    with np.errstate(all="ignore"):
        _adam(
            np, [np.empty_like(var)], *expected, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad
        )  # fmt: skip
        size = lr * np.sqrt(1 - beta2_power) / (1 - beta1_power)
    elementwise.adam(*moved, grad, size, 1 - beta1, 1 - beta2, epsilon)
    for name, ours, theirs, before in zip(("var", "m", "v"), moved, expected, (var, m, v), strict=True):
        assert (bits(ours) == bits(theirs)).all(), name
        assert not (bits(ours) == bits(before)).all(), name


def test_what_is_not_alike_does_not_suit():
    x = numbers(0)
    assert elementwise.suits(x, x)
    assert not elementwise.suits(x[:100], x[:100])
    assert not elementwise.suits(x, x.astype(np.float64))
    assert not elementwise.suits(x, x[:-1])
    assert not elementwise.suits(x[::2].repeat(2)[::1], x[::-1])
    assert not elementwise.suits(np.broadcast_to(x[:1], x.shape), x)
    assert not elementwise.suits(x, x.reshape(1, -1))


@pytest.mark.parametrize("shape", [(1, 1 << 17), (8192, 16), (1531, 97), (9001, 33), (200, 700)], ids=str)
def test_sums_of_rows_are_those_of_float64_whoever_adds_up_what(shape, monkeypatch):
    x = np.random.RandomState(0).normal(1, size=shape).astype(np.float32)
    assert elementwise.suits_sum(x)
    made = elementwise.sum_rows(x)
    bound = 200 * 2.0**-24 * abs(x.astype(np.float64)).sum(0)
    assert np.all(abs(made - x.astype(np.float64).sum(0)) <= bound)
    monkeypatch.setattr(threads, "count", lambda: 5)
    assert made.tobytes() == elementwise.sum_rows(x).tobytes()


def test_a_strange_number_is_in_its_columns_sum_alone():
    x = np.ones((9001, 33), np.float32)
    x[77, 5], x[9000, 32], x[0, 0] = np.nan, np.inf, -np.inf
    expected = np.full(33, 9001.0)
    expected[[5, 32, 0]] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(elementwise.sum_rows(x), expected)


def test_few_columns_and_few_rows_are_left_to_numpy():
    assert not elementwise.suits_sum(np.ones((1 << 17, 3), np.float32))
    assert not elementwise.suits_sum(np.ones((100, 64), np.float32))
    assert not elementwise.suits_sum(np.ones((9001, 64), np.float64))
