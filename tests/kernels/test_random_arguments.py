"""Bad arguments of every random fill are refused with their values before anything is drawn; odd arrays are filled."""

import re

import ml_dtypes
import numpy as np
import pytest
from kernel_golden import DTYPES, same_bits

from scopeflow import kernels
from scopeflow.kernels import fills, philox

NAN, INF = float("nan"), float("inf")
FAMILIES = ("glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform")
# name: a dtype and a shape that suit it, arguments after the seed
FLOAT_FILLS = {
    "uniform": ("float32", (4, 6), ()),
    "normal": ("float64", (4, 6), ()),
    "truncated_normal": ("float16", (4, 6), ()),
    "bernoulli": ("bfloat16", (4, 6), ()),
    "variance_scaling": ("float32", (4, 6), ()),
    "orthogonal": ("float32", (4, 6), ()),
    **dict.fromkeys(FAMILIES, ("float32", (4, 6), ())),
}
INTEGER_FILLS = {"uniform_int": ("int64", (4, 6), (-3, 99)), "permutation": ("int32", (24,), ())}
FILLS = FLOAT_FILLS | INTEGER_FILLS
every_fill = pytest.mark.parametrize("name", FILLS)


def array_for(name, dtype=None, shape=None):
    """An array that the fill takes, full of ones."""
    usual, usual_shape, _ = FILLS[name]
    dtype = dtype or usual
    return np.ones(usual_shape if shape is None else shape, DTYPES.get(dtype, dtype))


def fill(name, out, seed=7, **keywords):
    getattr(kernels, name)(out, seed, *FILLS[name][2], **keywords)


def refuses(error, says, name, out, seed=7, **keywords):
    """The fill raises this error with this text, and leaves `out` as it was."""
    before = np.array(out, copy=True) if isinstance(out, np.ndarray) else None
    with pytest.raises(error, match=re.escape(says)):
        fill(name, out, seed, **keywords)
    if before is not None:
        same_bits(np.array(out), before)


def test_every_fill_is_looked_at_here():
    assert set(FILLS) == set(fills.__all__)


# --- What is to be filled ---------------------------------------------------------------------------------------------


@every_fill
@pytest.mark.parametrize("out", ([1.0, 2.0], None, 3.0, np.float32(1), memoryview(bytearray(8))))
def test_what_is_no_array_is_refused(name, out):
    refuses(TypeError, f"out must be a NumPy array, not {type(out).__name__}", name, out)


@every_fill
@pytest.mark.parametrize("dtype", ("complex64", "bool", "uint32", "int16", "longdouble", "object", ">f4", ">i8"))
def test_another_dtype_is_refused_by_name(name, dtype):
    refuses(TypeError, f"out has dtype {np.dtype(dtype)}, but this fill draws", name, array_for(name, dtype))


@pytest.mark.parametrize("name", FLOAT_FILLS)
@pytest.mark.parametrize("dtype", ("int32", "int64"))
def test_a_fill_of_floats_refuses_integers(name, dtype):
    says = f"{dtype}, but this fill draws float32, float64, float16, bfloat16"
    refuses(TypeError, says, name, array_for(name, dtype))


@pytest.mark.parametrize("name", INTEGER_FILLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_fill_of_integers_refuses_floats(name, dtype):
    refuses(TypeError, f"{dtype}, but this fill draws int32, int64", name, array_for(name, dtype))


@every_fill
def test_a_read_only_array_is_refused(name):
    out = array_for(name)
    out.flags.writeable = False
    refuses(ValueError, f"out (shape {out.shape}, dtype {out.dtype}) is read-only", name, out)


@every_fill
def test_an_array_whose_elements_share_memory_is_refused(name):
    base = array_for(name, shape=(24,))
    shape = FILLS[name][1]
    step = base.itemsize
    for strides in ([0] * len(shape), [step // 2] * len(shape), [-step] * (len(shape) - 1) + [0]):
        out = np.lib.stride_tricks.as_strided(base[12:], shape, strides)
        refuses(ValueError, f"(shape {shape}, strides {out.strides}) share memory", name, out)


VIEWS = (lambda base: base[::-1], lambda base: base[::2], lambda base: base[-2::-3])


def views_of(name, wrapped=lambda array: array):
    """(base, view) of arrays of ones, in which the fill's elements do not lie side by side."""
    for view in VIEWS:
        if name == "permutation":
            base = wrapped(array_for(name, shape=(31,)))
            yield base, view(base)
        else:
            base = wrapped(array_for(name, shape=(9, 7)))
            yield base, view(base)
            yield base, view(base).T
            yield base, view(base.T)
            base = wrapped(array_for(name, shape=(5, 6, 7)))
            yield base, view(base.swapaxes(0, 1)).swapaxes(0, 1)


@every_fill
def test_any_view_gets_what_a_contiguous_array_gets_and_nothing_beside_it_is_touched(name):
    for base, view in views_of(name):
        expected = np.empty(view.shape, view.dtype)
        fill(name, expected, offset=3)
        fill(name, view, offset=3)
        same_bits(np.array(view, order="C"), expected)
        view[...] = 1
        assert np.all(base == 1)


@every_fill
def test_elements_that_are_not_aligned_are_filled_as_others_are(name):
    dtype, shape, _ = FILLS[name]
    dtype = np.dtype(DTYPES.get(dtype, dtype))
    expected = np.empty(shape, dtype)
    fill(name, expected)
    record = np.zeros(shape, [("byte", "u1"), ("value", dtype)])
    fill(name, record["value"])
    same_bits(np.array(record["value"]), expected)
    assert not np.any(record["byte"])
    beside = np.zeros(expected.nbytes + 2, np.uint8)
    packed = beside[1:-1].view(dtype).reshape(shape)
    assert packed.flags.c_contiguous
    assert not packed.flags.aligned
    fill(name, packed)
    same_bits(np.array(packed), expected)
    assert beside[0] == beside[-1] == 0


@every_fill
def test_nothing_is_drawn_into_an_array_without_elements(name):
    shapes = [(0,)] if name == "permutation" else [(0, 3), (3, 0), (0, 0), (2, 0, 3)]
    for shape in shapes:
        out = array_for(name, shape=shape)
        fill(name, out)
        fill(name, out, offset=philox.TRUNCATED_STREAM_END)
        assert out.shape == shape
        refuses(TypeError, "not 'seven'", name, out, seed="seven")
        refuses(ValueError, "offset=-1", name, out, offset=-1)


# --- Where in which stream --------------------------------------------------------------------------------------------


@every_fill
@pytest.mark.parametrize("seed", (0.5, None, "7", (), (1,), (1, 2, 3), (1, 2.0), (None, 1), {1, 2}, NAN, 1j))
def test_a_seed_that_is_no_integer_nor_two_is_refused(name, seed):
    says = f"a seed is an integer or a pair (graph seed, op seed), not {seed!r}"
    refuses(TypeError, says, name, array_for(name), seed)


@every_fill
@pytest.mark.parametrize("seed", (2**64, -(2**63) - 1, (1, 2**64), (2**64, 1), (-(2**70), 0)))
def test_a_seed_of_more_than_64_bits_is_refused(name, seed):
    worst = seed if isinstance(seed, int) else max(seed, key=abs)
    refuses(ValueError, f"a seed must fit 64 bits, but {seed!r} holds {worst}", name, array_for(name), seed)


def test_the_widest_seeds_are_taken_as_their_twos_complement():
    for one, other in ((-1, 2**64 - 1), ((-(2**63), -5), (2**63, 2**64 - 5)), ([3, 4], (3, 4))):
        first, second = array_for("uniform"), array_for("uniform")
        fill("uniform", first, one)
        fill("uniform", second, other)
        same_bits(first, second)


@every_fill
@pytest.mark.parametrize("offset", (1.0, "3", None, NAN, (1,), 1j))
def test_an_offset_that_is_no_integer_is_refused(name, offset):
    refuses(TypeError, f"offset must be an integer, not {offset!r}", name, array_for(name), offset=offset)


@every_fill
def test_an_offset_before_the_stream_or_past_its_end_is_refused(name):
    out = array_for(name)
    truncated = name in ("truncated_normal", "variance_scaling", "glorot_normal", "he_normal", "lecun_normal")
    end = philox.TRUNCATED_STREAM_END if truncated else philox.STREAM_END
    for offset in (-1, -(2**63), end - out.size + 1, end, 2**63, 2**100):
        says = f"offset={offset} with {out.size} elements lies outside the stream's 0 to {end}"
        refuses(ValueError, says, name, out, offset=offset)
    fill(name, out, offset=end - out.size)
    assert np.any(out != 1)


# --- What each takes besides ------------------------------------------------------------------------------------------

WORDS = ("1", None, 1j, [1.0, 2.0], np.ones(2))
REAL_PARAMETERS = [
    ("uniform", "low"), ("uniform", "high"), ("normal", "mean"), ("normal", "stddev"), ("truncated_normal", "mean"),
    ("truncated_normal", "stddev"), ("bernoulli", "probability"), ("bernoulli", "value"), ("variance_scaling", "scale"),
    ("orthogonal", "gain"),
]  # fmt: skip


@pytest.mark.parametrize("name,parameter", REAL_PARAMETERS)
@pytest.mark.parametrize("value", (NAN, INF, -INF, 10**400, -(10**400)))
def test_a_parameter_that_is_not_finite_is_refused(name, parameter, value):
    refuses(ValueError, f"{parameter}={value}", name, array_for(name), **{parameter: value})


@pytest.mark.parametrize("name,parameter", REAL_PARAMETERS)
@pytest.mark.parametrize("value", WORDS)
def test_a_parameter_that_is_no_number_is_refused(name, parameter, value):
    says = f"{parameter} must be a real number, not {value!r}"
    refuses(TypeError, says, name, array_for(name), **{parameter: value})


@pytest.mark.parametrize("name,parameter", [p for p in REAL_PARAMETERS if p[1] not in ("probability", "scale")])
@pytest.mark.parametrize("dtype,beyond", [("float16", 65520), ("bfloat16", 3.4e38), ("float32", 1e39)])
def test_a_parameter_beyond_the_dtype_is_refused(name, parameter, dtype, beyond):
    says = f"{parameter}={beyond} is not a finite {dtype}"
    more = {"high": INF} if parameter == "low" else {}  # the bound that is wrong first is named
    refuses(ValueError, says, name, array_for(name, dtype), **{parameter: beyond}, **more)


@pytest.mark.parametrize("kind", (int, np.float16, np.float32, np.int8, ml_dtypes.bfloat16, np.array))
def test_a_parameter_may_be_any_kind_of_number(kind):
    out, expected = np.empty((2, 4, 6), np.float64)
    for name, parameter in REAL_PARAMETERS:
        value = 1 if name in ("bernoulli", "variance_scaling") else 2
        value = -value if parameter == "low" else value
        fill(name, expected, **{parameter: float(value)})
        fill(name, out, **{parameter: kind(value)})
        same_bits(out, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("low,high", [(2, 2), (3, -1), (0.5, 0.25), (-1, -1.5), (0.0, -0.0)])
def test_low_must_be_less_than_high(dtype, low, high):
    out = array_for("uniform", dtype)
    refuses(ValueError, f"low={low} must be less than high={high}", "uniform", out, low=low, high=high)


@pytest.mark.parametrize("dtype,most", [("float32", 3e38), ("float64", 1.5e308), ("float16", 6e4), ("bfloat16", 3e38)])
def test_a_range_wider_than_the_dtype_is_refused(dtype, most):
    out = array_for("uniform", dtype)
    refuses(ValueError, f"high - low=inf is not a finite {dtype}", "uniform", out, low=-most, high=most)


@pytest.mark.parametrize("name", ("normal", "truncated_normal"))
@pytest.mark.parametrize("stddev", (-0.1, -1, -1e-300))
def test_a_negative_deviation_is_refused_and_none_gives_the_mean(name, stddev):
    refuses(ValueError, f"stddev={stddev} must not be negative", name, array_for(name), stddev=stddev)
    out = array_for(name)
    fill(name, out, mean=2.5, stddev=0)
    assert np.all(out == 2.5)


@pytest.mark.parametrize("probability", (-0.1, 1.5, -1e-300, 1 + 2**-52))
def test_a_probability_lies_between_zero_and_one(probability):
    says = f"probability={probability} must lie in [0, 1]"
    refuses(ValueError, says, "bernoulli", array_for("bernoulli"), probability=probability)


def refuses_bounds(error, says, dtype, low, high):
    out = np.ones(5, dtype)
    with pytest.raises(error, match=re.escape(says)):
        kernels.uniform_int(out, 7, low, high)
    assert np.all(out == 1)


@pytest.mark.parametrize("dtype", ("int32", "int64"))
def test_bounds_of_integers_must_be_in_order_and_of_the_dtype(dtype):
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    for low, high in ((5, 5), (6, 5), (0, most + 2), (least - 1, 0), (most + 1, most + 2), (0, 2**100), (-(2**100), 0)):
        refuses_bounds(ValueError, f"low={low} and high={high} must hold {least} <= low < high", dtype, low, high)
    refuses_bounds(ValueError, f"low={least} to high={most + 1} is every {dtype}", dtype, least, most + 1)
    for low, high in ((0.5, 2), (0, 2.0), ("0", 2), (None, 2), (0, NAN), (0, [2])):
        refuses_bounds(TypeError, f"low and high must be integers, not {low!r} and {high!r}", dtype, low, high)


@pytest.mark.parametrize("shape", ((), (2, 2), (0, 2), (1, 1)))
def test_a_permutation_has_one_dimension(shape):
    says = f"out must be one-dimensional to become a permutation, but its shape is {shape}"
    refuses(ValueError, says, "permutation", array_for("permutation", shape=shape))


@pytest.mark.parametrize("shape", ((), (4,), (0,)))
def test_an_orthogonal_matrix_has_two_dimensions_at_least(shape):
    says = f"out must have two dimensions at least to be orthogonal, but its shape is {shape}"
    refuses(ValueError, says, "orthogonal", array_for("orthogonal", shape=shape))


@pytest.mark.parametrize("scale", (0, -1, -0.0, NAN))
def test_the_scale_of_a_variance_is_positive(scale):
    says = f"scale={scale} must be positive and finite"
    refuses(ValueError, says, "variance_scaling", array_for("variance_scaling"), scale=scale)


def test_another_mode_or_distribution_is_refused():
    out = array_for("variance_scaling")
    for mode in ("fan", "", None, "FAN_IN"):
        says = f"mode={mode!r} is none of fan_in, fan_out, fan_avg"
        refuses(ValueError, says, "variance_scaling", out, mode=mode)
    for distribution in ("n", None, "Uniform"):
        says = f"distribution={distribution!r} is none of normal, uniform, truncated_normal, untruncated_normal"
        refuses(ValueError, says, "variance_scaling", out, distribution=distribution)


@pytest.mark.parametrize("name", ("variance_scaling", *FAMILIES))
def test_the_shape_that_gives_the_fans_is_one(name):
    for shape in (5, "ab", (2.0, 3), (None, 3), (NAN, 1)):
        refuses(TypeError, f"shape must be a sequence of integers, not {shape!r}", name, array_for(name), shape=shape)
    refuses(ValueError, "shape=(-1, 3) has a negative size", name, array_for(name), shape=(-1, 3))


@pytest.mark.parametrize(
    "call,error,says",
    [
        (lambda: kernels.multinomial(np.zeros(3), 2, 0), ValueError, r"\[batch, classes\].*\(3,\)"),
        (lambda: kernels.multinomial(np.zeros((2, 0)), 2, 0), ValueError, r"\(2, 0\)"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), -1, 0), ValueError, "num_samples=-1"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), 1, 0, dtype=np.int16), TypeError, "int16"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), 1, 0.5), TypeError, r"a seed is .*, not 0\.5"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), 1, 0, offset=-1), ValueError, "offset=-1"),
        (lambda: philox.reserved(3, np.float32, "gamma"), ValueError, "no random fill is called 'gamma'"),
    ],
)
def test_other_bad_arguments_are_refused_with_their_values(call, error, says):
    with pytest.raises(error, match=says):
        call()


# --- Arrays of a device, on the stand-in ------------------------------------------------------------------------------


@every_fill
def test_a_strided_array_of_a_device_gets_what_a_contiguous_one_gets(name, stand_in_cupy, monkeypatch):
    # The stand-in has no triangular solver, which the factor of a device's matrix needs.
    monkeypatch.setattr(fills, "cholesky_qr2", lambda a, xp: xp.asarray(fills.householder(a.get(), np)))
    for base, view in views_of(name, stand_in_cupy.asarray):
        expected = stand_in_cupy.empty(view.shape, view.dtype)
        fill(name, expected, offset=3)
        fill(name, view, offset=3)
        same_bits(np.array(view.get(), order="C"), expected.get())
        view[...] = 1
        assert np.all(base.get() == 1)


@every_fill
@pytest.mark.parametrize(
    "seed,offset,error,says",
    [("7", 0, TypeError, "not '7'"), (2**64, 0, ValueError, "64 bits"), (7, -1, ValueError, "offset=-1")],
)
def test_an_array_of_a_device_is_left_as_it_was_by_what_is_refused(name, seed, offset, error, says, stand_in_cupy):
    out = stand_in_cupy.asarray(array_for(name))
    with pytest.raises(error, match=says):
        fill(name, out, seed, offset=offset)
    assert np.all(out.get() == 1)
    wrong = stand_in_cupy.asarray(array_for(name, "complex64"))
    with pytest.raises(TypeError, match="out has dtype complex64"):
        fill(name, wrong)
