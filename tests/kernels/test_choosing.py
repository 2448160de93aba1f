"""Choices by masks of bits are NumPy's own, bit for bit."""

import numpy as np
import pytest

from scopeflow.kernels.choosing import MANY, choose, kept

DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint32, np.uint64, np.complex64]
OTHERS = [np.bool_, np.int8, np.uint8, np.int16, np.float16, np.complex128, np.object_]
SIZES = [0, 1, 64, MANY - 1, MANY, MANY + 1, 3 * MANY + 5]


def any_bits(size, dtype, seed):
    """Numbers of random bits, so NaNs of all payloads among them, and the values that are special."""
    raw = np.random.default_rng(seed).integers(0, 256, size * np.dtype(dtype).itemsize, np.uint8)
    if dtype is np.object_:
        return np.array([str(b) for b in raw[:size]], object)
    if dtype is np.bool_:
        return raw % 2 == 0
    x = raw.view(dtype)
    if x.dtype.kind == "f":
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-40, -1e-40], dtype)
        x[:: 1 + seed % 2] = np.resize(special, x[:: 1 + seed % 2].shape) if seed % 3 == 0 else x[:: 1 + seed % 2]
    return x


def assert_same_bits(got, wanted):
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    assert isinstance(got, np.ndarray)
    assert got.tolist() == wanted.tolist() if got.dtype.hasobject else got.tobytes() == wanted.tobytes()


def mask(size, seed=9):
    return np.random.default_rng(seed).random(size) < 0.5


@pytest.mark.parametrize("dtype", DTYPES + OTHERS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [3, 5])
def test_a_choice_has_the_bits_of_numpys_where(dtype, size, seed):
    condition, t, e = mask(size), any_bits(size, dtype, seed), any_bits(size, dtype, seed + 1)
    before = condition.copy(), t.copy(), e.copy()
    for some in (condition, ~condition, np.ones_like(condition), np.zeros_like(condition)):
        assert_same_bits(choose(np, some, t, e), np.where(some, t, e))
    for array, copy in zip((condition, t, e), before, strict=True):
        assert_same_bits(array, copy)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars_are_chosen_too(dtype):
    condition, t = mask(MANY), any_bits(MANY, dtype, 5)
    for scalar in (dtype(0), dtype(1), np.zeros((), dtype), any_bits(1, dtype, 8)[0]):
        assert_same_bits(choose(np, condition, t, scalar), np.where(condition, t, scalar))
        assert_same_bits(choose(np, condition, scalar, t), np.where(condition, scalar, t))
        assert_same_bits(choose(np, condition, scalar, dtype(7)), np.where(condition, scalar, dtype(7)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_arrays_that_are_not_contiguous_or_that_overlap_are_chosen_too(dtype):
    many = any_bits(16 * MANY, dtype, 5).reshape(-1, 2, 64)
    views = [many[::2, 0], many[1::2, 1], many[: len(many) // 2, 1, ::-1], many[-(len(many) // 2) :, 0].copy("F")]
    condition = mask(views[0].size).reshape(views[0].shape)
    for some in (condition, np.asfortranarray(condition), condition[::-1]):
        for t in views:
            for e in views:
                assert_same_bits(choose(np, some, t, e), np.where(some, t, e))
                assert_same_bits(choose(np, some.T, t.T, e.T), np.where(some.T, t.T, e.T))


@pytest.mark.parametrize(
    "shapes",
    [((1, 64), (128, 64), (128, 64)), ((128, 1), (128, 64), ()), ((128, 64), (64,), (128, 64)),
     ((), (128, 64), (128, 64)), ((128, 64), (128, 1), (1, 64)), ((1, 8192), (3, 1), ())],
)  # fmt: skip
def test_shapes_that_broadcast_are_chosen_as_before(shapes):
    condition, t, e = (np.random.default_rng(1).standard_normal(shape).astype("f") for shape in shapes)
    assert_same_bits(choose(np, np.asarray(condition > 0), t, e), np.where(condition > 0, t, e))


def test_dtypes_that_differ_meet_as_before():
    condition, t, e = mask(MANY), any_bits(MANY, np.int32, 5), np.float32(0.5)
    assert_same_bits(choose(np, condition, t, e), np.where(condition, t, e))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64])
@pytest.mark.parametrize("size", [0, 5, MANY])
def test_what_is_not_kept_is_zero_whatever_it_was(dtype, size):
    condition, values = mask(size), any_bits(size, dtype, 3)
    assert_same_bits(kept(condition, values), np.where(condition, values, dtype(0)))
