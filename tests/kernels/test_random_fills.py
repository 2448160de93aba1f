"""The random fills: TensorFlow's values, the same for every split and layout, and distributed as they say."""

import hashlib
import itertools
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_golden import ABOUT, DTYPES, cases, close, golden, same_bits
from scipy import stats

from scopeflow import kernels
from scopeflow.kernels import naive, philox, scaling
from scopeflow.kernels.cpu import drawing, threads
from scopeflow.kernels.cpu import random as cpu_random

SEED = (87654321, 7)
FLOAT_FILLS = ("uniform", "normal", "truncated_normal")
EVERY_FILL = [(kind, name) for kind in (*FLOAT_FILLS, "bernoulli") for name in DTYPES] + [
    ("uniform_int", "int32"),
    ("uniform_int", "int64"),
]


def draw(kind, dtype, shape, seed=SEED, offset=0):
    out = np.empty(shape, DTYPES.get(dtype, dtype))
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, seed, *arguments, offset=offset)
    return out


def run_offset(run, count, dtype, kind):
    return run * philox.reserved(count, DTYPES.get(dtype, dtype), kind)


# --- TensorFlow's values ----------------------------------------------------------------------------------------------


def normal_agrees(got, expected):
    """Each dtype's own bound: float32 as documented; 16 bits differ by a step, and only at a near tie."""
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    if got.dtype == np.float32:
        assert np.abs(got - expected).max(initial=0) <= 1e-6
    elif got.dtype == np.float64:
        close(got, expected, 1e-15)
    else:
        wide = expected.astype(np.float64)
        step = np.float64(ml_dtypes.finfo(got.dtype).eps) * np.maximum(np.abs(wide), 2**-14)
        off = np.abs(got.astype(np.float64) - wide)
        assert np.all(off <= step)
        assert np.count_nonzero(off) <= 0.01 * off.size + 1


@pytest.mark.parametrize("case", [case for kind in FLOAT_FILLS for case in cases(kind) if "/" in case[len(kind) + 1 :]])
def test_a_fill_and_its_later_runs_have_tensorflows_values(case):
    kind, dtype, seed, count = case.split("/")
    seed = tuple(int(part) for part in seed.split(","))
    for run in range(ABOUT["runs"]):
        got = draw(kind, dtype, int(count), seed, run_offset(run, int(count), dtype, kind))
        expected = golden(f"{case}/run{run}")
        (same_bits if kind == "uniform" else normal_agrees)(got, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million_uniform_samples_are_tensorflows_bit_for_bit(dtype):
    got = draw("uniform", dtype, ABOUT["large"])
    assert hashlib.sha256(got.tobytes()).hexdigest() == ABOUT["large_uniform_sha256"][dtype]


@pytest.mark.parametrize("kind", ("normal", "truncated_normal"))
@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_of_a_million_normals_are_tensorflows(kind, dtype):
    normal_agrees(draw(kind, dtype, ABOUT["large"])[::9973], golden(f"{kind}/{dtype}/large"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("run", range(ABOUT["runs"]))
def test_bounds_means_and_deviations_round_as_the_ops_of_a_graph_do(dtype, run):
    for kind, arguments in {"uniform": (-1.3, 2.7), "normal": (0.3, 0.02), "truncated_normal": (-2, 3)}.items():
        out = np.empty(67, DTYPES[dtype])
        getattr(kernels, kind)(out, 7, *arguments, offset=run_offset(run, 67, dtype, kind))
        expected = golden(f"scaled_{kind}/{dtype}/run{run}")
        if kind == "uniform":
            same_bits(out, expected)
        else:  # a sample one step off before scaling may be one step of the sum off after it
            close(
                out, expected, {"float32": 4e-7, "float64": 1e-15}.get(dtype, 2 * float(ml_dtypes.finfo(out.dtype).eps))
            )


@pytest.mark.parametrize("case", cases("uniform_int"))
def test_integers_are_tensorflows(case):
    _, dtype, bounds, count = case.split("/")
    low, high = (int(bound) for bound in bounds.split(","))
    for run in range(ABOUT["runs"]):
        out = np.empty(int(count), dtype)
        kernels.uniform_int(out, SEED, low, high, offset=run_offset(run, int(count), dtype, "uniform_int"))
        same_bits(out, golden(f"{case}/run{run}"))


@pytest.mark.parametrize("case", cases("permutation"))
@pytest.mark.parametrize("dtype", ("int32", "int64"))
def test_permutations_are_those_of_random_shuffle(case, dtype):
    count = int(case.split("/")[1])
    for run in range(ABOUT["runs"]):
        out = np.empty(count, dtype)
        kernels.permutation(out, SEED, offset=run_offset(run, count, dtype, "permutation"))
        same_bits(out, golden(f"{case}/run{run}").astype(dtype))


@pytest.mark.parametrize("case", [name for name in cases("multinomial") if "," in name])
@pytest.mark.parametrize("dtype", ("int32", "int64"))
def test_multinomial_draws_tensorflows_classes_and_never_one_that_is_not_finite(case, dtype):
    batch, count = (int(part) for part in case.split("/")[1].split(","))
    logits = golden("multinomial/logits")[:batch]
    for run in range(ABOUT["runs"]):
        offset = run * philox.reserved_multinomial(batch, count)
        same_bits(
            kernels.multinomial(logits, count, SEED, dtype=dtype, offset=offset),
            golden(f"{case}/run{run}").astype(dtype),
        )


@pytest.mark.parametrize("case", cases("orthogonal", depth=0))
def test_orthogonal_matrices_are_tensorflows(case):
    _, shape, gain = case.split("/")
    out = np.empty([int(size) for size in shape.split(",")], np.float32)
    kernels.orthogonal(out, SEED, gain=float(gain))
    close(out, golden(case), 1e-5)


@pytest.mark.parametrize(
    "dtype,tolerance", [("float32", 1e-6), ("float64", 1e-14), ("float16", 2e-3), ("bfloat16", 2e-2)]
)
@pytest.mark.parametrize("shape", [(300, 200), (64, 64), (20, 90), (3, 3, 5, 30)])
def test_the_shorter_side_of_an_orthogonal_matrix_is_orthonormal_times_the_gain(shape, dtype, tolerance):
    out = np.empty(shape, DTYPES[dtype])
    kernels.orthogonal(out, SEED, gain=2.0)
    flat = out.astype(np.float64).reshape(-1, shape[-1]) / 2
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    assert np.abs(gram - np.eye(len(gram))).max() <= tolerance


def test_multinomial_never_draws_a_class_without_weight_even_at_zero(monkeypatch):
    monkeypatch.setattr(cpu_random, "uniform", lambda out, seed, offset: out.fill(0))
    logits = np.array([[-np.inf, np.nan, 0.0, 1.0]])
    np.testing.assert_array_equal(kernels.multinomial(logits, 3, SEED), [[2, 2, 2]])


def test_an_integer_seed_stands_for_the_default_graph_seed_and_itself():
    same_bits(draw("normal", "float32", 50, seed=7), draw("normal", "float32", 50, seed=(87654321, 7)))
    same_bits(draw("normal", "float32", 50, seed=np.int64(7)), draw("normal", "float32", 50, seed=7))


def test_every_bit_of_both_seeds_changes_the_stream():
    base = draw("uniform_int", "int64", 4, (0, 0))
    for bit in range(64):
        for seed in ((1 << bit, 0), (0, 1 << bit)):
            assert not np.any(draw("uniform_int", "int64", 4, seed) == base)


# --- The same for every split, layout and number of threads -----------------------------------------------------------


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_a_fill_in_seven_pieces_is_the_whole_fill(kind, dtype):
    whole = draw(kind, dtype, 9001, offset=5)
    bounds = [0, 1, 2, 1000, 3001, 3004, 8999, 9001]
    pieces = [draw(kind, dtype, end - begin, offset=5 + begin) for begin, end in itertools.pairwise(bounds)]
    same_bits(np.concatenate(pieces), whole)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EVERY_FILL), st.integers(0, 5000), st.integers(0, 40))
def test_an_element_depends_on_seed_and_place_alone(fill, offset, count):
    whole = draw(*fill, 5040)
    same_bits(draw(*fill, count, offset=offset), whole[offset : offset + count])


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_threads_change_nothing(kind, dtype, monkeypatch):
    alone = draw(kind, dtype, 10_007)
    monkeypatch.setattr(drawing, "PIECE", 1000)
    monkeypatch.setattr(threads, "count", lambda: 7)
    same_bits(draw(kind, dtype, 10_007), alone)


LAYOUTS = {
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1, ::-1],
    "every second column": lambda a: a[:, ::2],
    "a column": lambda a: a[:, 1],
    "Fortran's order": lambda a: np.asfortranarray(a),
    "one element, no dimension": lambda a: a[0, 0:1].reshape(()),
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_any_layout_is_filled_in_c_order_and_nothing_beside_it(layout, kind, dtype):
    base = np.zeros((6, 8), DTYPES.get(dtype, dtype))
    out = LAYOUTS[layout](base)
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, SEED, *arguments)
    same_bits(np.ascontiguousarray(out).reshape(out.shape), draw(kind, dtype, out.shape))
    out[...] = 0
    assert not np.any(base)


@pytest.mark.parametrize("offset", range(6))
def test_a_permutation_may_begin_within_a_block(offset):
    out = np.empty(11, np.int64)
    kernels.permutation(out, SEED, offset=offset)
    same_bits(out, naive.permutation(11, SEED, offset))


def test_groups_of_the_truncated_normal_that_need_a_third_block_get_it():
    """The fill draws first and second blocks side by side; one by one, as a group's own function does, is the rule."""
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    group = scalar.truncated_group_float32

    @numba.njit
    def one_by_one(values, k0, k1, c2, c3):
        for j in range(values.size // 4):
            values[4 * j], values[4 * j + 1], values[4 * j + 2], values[4 * j + 3] = group(
                np.uint64(256 * j), k0, k1, c2, c3
            )

    expected = np.empty(2_000_000, np.float32)
    one_by_one(expected, *philox.seed_words(SEED))
    same_bits(draw("truncated_normal", "float32", expected.size), expected)


def test_a_permutation_fills_a_strided_array():
    base = np.full(20, -1)
    kernels.permutation(base[::2], SEED)
    assert sorted(base[::2]) == list(range(10))
    assert np.all(base[1::2] == -1)


# --- The scalar functions ---------------------------------------------------------------------------------------------


def test_philox_gives_the_known_answers_in_plain_python():
    from scopeflow.kernels.selfcheck import KNOWN_ANSWERS

    for counter, key, expected in KNOWN_ANSWERS:
        words = philox.philox_block(*(np.uint64(word) for word in (*counter, *key)))
        assert tuple(int(word) for word in words) == expected
        assert all(isinstance(word, np.uint32) for word in words)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", FLOAT_FILLS)
def test_the_functions_are_the_same_bits_in_plain_python_as_compiled(kind, dtype):
    wide = "float64" if dtype == "float64" else "float32"
    lanes, k = philox.lanes(DTYPES[dtype]), philox.seed_words(SEED)
    expected = np.empty(12, wide)
    for group in range(12 // lanes):
        at = slice(group * lanes, (group + 1) * lanes)
        if kind == "truncated_normal":
            block = np.uint64(group * lanes * philox.BLOCKS_PER_TRUNCATED)
            expected[at] = getattr(philox, f"truncated_group_{wide}")(block, *k)
        else:
            make = philox.__dict__[f"uniform_block_{dtype}" if kind == "uniform" else f"normal_block_{wide}"]
            expected[at] = make(*philox.stream_block(np.uint64(group), *k))
    same_bits(draw(kind, dtype, 12), expected.astype(DTYPES[dtype]))


def ulps(got, exact):
    """The greatest difference in steps of got's dtype; `exact` is wider."""
    return np.max(np.abs(got.astype(exact.dtype) - exact) / np.spacing(np.abs(exact).astype(got.dtype)))


def applied(name, values, part=None):
    """The compiled scalar function of this name (its result number `part`) for each of the values."""
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    function = getattr(scalar, name)
    kind = values.dtype.name
    call = (lambda x: function(x)) if part is None else (lambda x: function(x)[part])
    return numba.vectorize([f"{kind}({kind})"])(call)(values)


EVERY_UNIFORM = np.arange(2**23, dtype=np.float32) * np.float32(2**-23)
EVERY_ANGLE = (2 * np.pi * EVERY_UNIFORM.astype(np.float64)).astype(np.float32)


def test_the_angle_is_tensorflows_float64_product_rounded_for_every_draw():
    same_bits(applied("angle_float32", EVERY_UNIFORM), EVERY_ANGLE)


def test_the_logarithm_is_as_exact_as_it_says_for_every_draw():
    u = np.maximum(EVERY_UNIFORM, np.float32(1e-7))
    assert ulps(applied("log_float32", u), np.log(u.astype(np.float64))) <= 0.85


def test_sine_and_cosine_are_as_exact_as_they_say_for_every_draw():
    for part, exact in enumerate((np.sin, np.cos)):
        assert ulps(applied("sin_cos_float32", EVERY_ANGLE, part), exact(EVERY_ANGLE.astype(np.float64))) <= 1.43


# Where long double is no wider than double, the reference is off by half a step and more of its own.
REFERENCE_ULPS = 0 if np.finfo(np.longdouble).nmant > 52 else 1


def test_the_float64_logarithm_is_as_exact_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 2**52, 2_000_000) * 2.0**-52
    near_one = 1 - rng.integers(1, 2**30, 500_000) * 2.0**-52
    x = np.maximum(np.concatenate([draws, near_one, 2.0 ** -np.arange(1, 24)]), 1e-7)
    assert ulps(applied("log_float64", x), np.log(x.astype(np.longdouble))) <= 0.8 + REFERENCE_ULPS


def test_float64_sine_and_cosine_are_as_exact_as_they_say():
    rng = np.random.default_rng(0)
    draws = 2 * np.pi * (rng.integers(0, 2**52, 2_000_000) * 2.0**-52)
    quarter_turns = (np.pi / 2 * np.arange(5)[:, None] * (1 + np.arange(-1000, 1001) * 2.0**-52)).ravel()
    angle = np.concatenate([draws, np.minimum(quarter_turns, 2 * np.pi)])
    for part, exact in enumerate((np.sin, np.cos)):
        got = applied("sin_cos_float64", angle, part)
        assert ulps(got, exact(angle.astype(np.longdouble))) <= 1.45 + REFERENCE_ULPS


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_plain_fma_rounds_once_as_the_compiled_one_does(dtype):
    import numba

    from scopeflow.kernels import intrinsics

    compiled = numba.njit(lambda a, b, c: intrinsics.fma(a, b, c))
    rng = np.random.default_rng(1)
    twice = 0
    for _ in range(2000):
        a, b = rng.standard_normal(2).astype(dtype)
        nearly_cancelled = dtype(-a * b * dtype(1 + rng.integers(-2, 3) * 2.0**-20))
        for c in (
            nearly_cancelled,
            dtype(rng.standard_normal() * 10.0 ** rng.integers(-30, 5)),
            dtype(-a * b),
            dtype(0),
        ):
            same_bits(np.array(philox.fma(a, b, c)), np.array(compiled(a, b, c), dtype))
            twice += philox.fma(a, b, c) != a * b + c
    assert twice > 2000
    # Their product lies halfway between two float32, and the third decides: in float64 it would be lost.
    a, c = np.float32(1 + 2**-12), np.float32(2**-60)
    assert philox.fma(a, a, c) == np.float32(1 + 2**-11 + 2**-23)
    assert philox.fma(a, a, -c) == np.float32(1 + 2**-11)


def edges_of_float16():
    """Every float16, the float32 halfway to the next, and the neighbours of both."""
    values = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    halfway = (values[:-1] + values[1:]) / 2
    middle = np.concatenate([values, halfway, np.float32([65519.99, 65520, 1e30, np.inf, 1e-30])])
    both = np.concatenate([middle, np.nextafter(middle, np.float32(np.inf)), np.nextafter(middle, np.float32(0))])
    return np.concatenate([both, -both])


def edges_of_bfloat16():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 0x7F80, 20_000, dtype=np.uint32) << 16
    near = np.concatenate([bits + low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]).astype(np.uint32)
    both = np.concatenate([near.view(np.float32), np.float32([0, np.inf, 3.4e38])])
    return np.concatenate([both, -both])


@pytest.mark.parametrize("dtype,edges", [("float16", edges_of_float16), ("bfloat16", edges_of_bfloat16)])
def test_rounding_to_16_bits_is_that_of_the_type(dtype, edges):
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    rounded, bits_of = getattr(scalar, f"round_to_{dtype}"), getattr(scalar, f"{dtype}_bits")
    values = edges()
    with np.errstate(over="ignore"):
        expected = values.astype(DTYPES[dtype])
    same_bits(numba.vectorize(["float32(float32)"])(lambda x: rounded(x))(values), expected.astype(np.float32))
    got = numba.vectorize(["uint16(float32)"])(lambda x: bits_of(rounded(x)))(values)
    same_bits(got, expected.view(np.uint16))


# --- Distributions ----------------------------------------------------------------------------------------------------

LEVEL = 1e-3  # of each test at its fixed seed
EXACT = {
    "uniform": stats.uniform().cdf,
    "normal": stats.norm().cdf,
    "truncated_normal": stats.truncnorm(-2, 2).cdf,
}


def follows(samples, kind):
    """Kolmogorov and Smirnov's verdict."""
    return stats.kstest(samples, EXACT[kind]).pvalue > LEVEL


def words_look_random(words):
    """Bytes equally frequent, neighbours uncorrelated, no 64-bit word twice."""
    octets = words.view(np.uint8)
    frequencies = stats.chisquare(np.bincount(octets, minlength=256)).pvalue > LEVEL
    wide = words.astype(np.float64)
    lags = [stats.pearsonr(wide[:-lag], wide[lag:]).pvalue > LEVEL / 4 for lag in (1, 2, 3, 4)]
    return frequencies and all(lags) and len(np.unique(words)) == len(words)


@pytest.mark.parametrize("kind", FLOAT_FILLS)
@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize("seed", (0, 1, (2**40 + 3, 2**62)))
def test_samples_follow_their_distribution(kind, dtype, seed):
    assert follows(draw(kind, dtype, 1_000_000, seed), kind)


@pytest.mark.parametrize("kind", ("normal", "truncated_normal"))
def test_the_test_of_distributions_sees_a_deviation_off_by_two_percent(kind):
    assert not follows(1.02 * draw(kind, "float32", 1_000_000), kind)
    assert not follows(0.98 * draw(kind, "float32", 1_000_000), kind)


def test_the_test_of_distributions_sees_a_missing_truncation():
    assert not follows(draw("normal", "float32", 1_000_000), "truncated_normal")
    assert not follows(np.clip(draw("normal", "float32", 1_000_000), -2, 2), "truncated_normal")


def full_words(count):
    out = np.empty(count, np.int64)
    kernels.uniform_int(out, SEED, -(2**63), 2**63 - 1)
    return out


def test_the_raw_words_look_random():
    assert words_look_random(full_words(200_000))


def test_the_test_of_words_sees_a_repeated_block_and_a_stuck_bit():
    words = full_words(200_000)
    repeated = words.copy()
    repeated[1000:1002] = words[:2]
    assert not words_look_random(repeated)
    assert not words_look_random(words | 1)


def test_truncated_samples_are_within_two_deviations_and_have_the_cut_normals_own():
    out = np.empty(1_000_000, np.float32)
    kernels.truncated_normal(out, SEED, mean=1, stddev=0.5)
    assert out.min() >= 0
    assert out.max() <= 2
    assert abs(out.std(dtype=np.float64) / (0.5 * 0.87962566103423978) - 1) <= 0.003


def test_permutations_of_three_are_equally_likely():
    out = np.empty(3, np.int32)
    seen = []
    for seed in range(6000):
        kernels.permutation(out, seed)
        seen.append(tuple(out))
    counts = np.unique(seen, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > LEVEL


# --- Masks and initializers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("probability,value", [(0.7, 1 / 0.7), (0.01, -3.0), (0.5, 1.0)])
def test_bernoulli_keeps_the_value_where_the_uniform_sample_reaches_the_rate(dtype, probability, value):
    out = np.empty(10_001, DTYPES[dtype])
    kernels.bernoulli(out, SEED, probability, value, offset=3)
    uniform = draw("uniform", dtype, out.size, offset=3)
    same_bits(
        out, np.where(uniform >= DTYPES[dtype].type(1 - probability), DTYPES[dtype].type(value), 0).astype(out.dtype)
    )


@pytest.mark.parametrize("seed", (0, 1, (2**40 + 3, 2**62)))
def test_bernoulli_draws_as_often_as_it_says(seed):
    out = np.empty(1_000_000, np.float32)
    for probability in (0.1, 0.3, 0.8):
        kernels.bernoulli(out, seed, probability)
        count = np.count_nonzero(out == 1)
        assert count + np.count_nonzero(out == 0) == out.size
        assert stats.binomtest(count, out.size, probability).pvalue > LEVEL
        assert not stats.binomtest(count, out.size, probability * 1.02).pvalue > LEVEL


def test_bernoulli_at_zero_and_one_is_certain():
    out = np.empty(100_000, np.float16)
    kernels.bernoulli(out, 1, 0, 5)
    assert not np.any(out)
    kernels.bernoulli(out, 1, 1, 5)
    assert np.all(out == 5)


INITIALIZERS = {  # name: scale, which fan, distribution, as their papers have them
    "glorot_normal": (1, lambda fan_in, fan_out: (fan_in + fan_out) / 2, "truncated_normal"),
    "glorot_uniform": (1, lambda fan_in, fan_out: (fan_in + fan_out) / 2, "uniform"),
    "he_normal": (2, lambda fan_in, fan_out: fan_in, "truncated_normal"),
    "he_uniform": (2, lambda fan_in, fan_out: fan_in, "uniform"),
    "lecun_normal": (1, lambda fan_in, fan_out: fan_in, "truncated_normal"),
    "lecun_uniform": (1, lambda fan_in, fan_out: fan_in, "uniform"),
}


def standardised(samples, variance, kind):
    """Samples of this variance as those of the plain distribution, if that is what they are."""
    wide = samples.astype(np.float64).ravel()
    if kind == "uniform":
        limit = np.sqrt(3 * variance)
        return (wide + limit) / (2 * limit)
    return wide * (stats.truncnorm(-2, 2).std() if kind == "truncated_normal" else 1) / np.sqrt(variance)


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize(
    "shape,fan_in,fan_out", [((400, 900), 400, 900), ((3, 3, 200, 150), 1800, 1350), ((3000,), 3000, 3000)]
)
def test_initializers_have_the_variance_and_distribution_of_their_papers(name, shape, fan_in, fan_out):
    scale, fan, kind = INITIALIZERS[name]
    out = np.empty(shape, np.float32)
    getattr(kernels, name)(out, SEED)
    variance = scale / fan(fan_in, fan_out)
    assert follows(standardised(out, variance, kind), kind)
    if out.size > 100_000:
        assert not follows(standardised(out, 1.04 * variance, kind), kind)  # a deviation off by two percent
        assert not follows(standardised(out, 2 * variance, kind), kind)
        assert abs(out.var(dtype=np.float64) / variance - 1) <= 6 * np.sqrt(2 / out.size)


@pytest.mark.parametrize("distribution", ("uniform", "truncated_normal", "untruncated_normal"))
@pytest.mark.parametrize("mode,fan", [("fan_in", 600), ("fan_out", 300), ("fan_avg", 450)])
def test_variance_scaling_divides_by_the_fan_it_names(mode, fan, distribution):
    out = np.empty((600, 300), np.float64)
    kernels.variance_scaling(out, SEED, 1.7, mode, distribution)
    kind = "normal" if distribution == "untruncated_normal" else distribution
    assert follows(standardised(out, 1.7 / fan, kind), kind)


def test_fans_count_the_receptive_field_and_a_scalar_has_one():
    assert scaling.fans((3, 5, 7, 11)) == (105, 165)
    assert scaling.fans((4,)) == (4, 4)
    assert scaling.fans(()) == (1, 1)


@pytest.mark.parametrize("name", ["variance_scaling", *INITIALIZERS])
def test_an_initializer_in_seven_pieces_is_the_whole(name):
    shape, fill = (70, 30), getattr(kernels, name)
    whole, pieces = np.empty(shape, np.float32), np.empty(shape, np.float32)
    fill(whole, SEED)
    for piece in range(7):
        fill(pieces[10 * piece : 10 * piece + 10], SEED, offset=300 * piece, shape=shape)
    same_bits(pieces, whole)


def test_normal_is_the_truncated_one_to_variance_scaling_as_in_tensorflow():
    one, other = np.empty((2, 30, 20), np.float32)
    kernels.variance_scaling(one, 3, distribution="normal")
    kernels.variance_scaling(other, 3, distribution="truncated_normal")
    same_bits(one, other)
    assert abs(one).max() < 2 / np.sqrt(30) / 0.8796


# --- Bad arguments ----------------------------------------------------------------------------------------------------

OUT = np.zeros(4, np.float32)
READ_ONLY = np.zeros(4, np.float32)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    "call,error,says",
    [
        (lambda: kernels.uniform([1.0], 0), TypeError, "out must be a NumPy array, not list"),
        (lambda: kernels.uniform(np.zeros(3, np.int32), 0), TypeError, "int32, but this fill draws float32, float64"),
        (lambda: kernels.normal(np.zeros(3, np.complex64), 0), TypeError, "complex64"),
        (lambda: kernels.uniform(np.zeros(3, ">f4"), 0), TypeError, "float32"),
        (lambda: kernels.uniform_int(OUT, 0, 0, 3), TypeError, "float32, but this fill draws int32, int64"),
        (lambda: kernels.normal(READ_ONLY, 0), ValueError, r"shape \(4,\), dtype float32\) is read-only"),
        (lambda: kernels.uniform(OUT, 0, low=2, high=2), ValueError, "low=2 must be less than high=2"),
        (lambda: kernels.uniform(OUT, 0, low=3, high=-1), ValueError, "low=3 must be less than high=-1"),
        (lambda: kernels.uniform(OUT, 0, high=float("nan")), ValueError, "high=nan is not a finite float32"),
        (lambda: kernels.uniform(OUT, 0, -3e38, 3e38), ValueError, "high - low=inf is not a finite float32"),
        (lambda: kernels.normal(OUT.astype(np.float16), 0, mean=1e5), ValueError, "mean=100000.0 is not a finite"),
        (lambda: kernels.normal(OUT, 0, stddev=-0.1), ValueError, "stddev=-0.1 must not be negative"),
        (lambda: kernels.truncated_normal(OUT, 0, stddev=float("inf")), ValueError, "stddev=inf is not a finite"),
        (lambda: kernels.normal(OUT, 0.5), TypeError, r"a seed is an integer or a pair .* not 0\.5"),
        (lambda: kernels.normal(OUT, (1, 2, 3)), TypeError, r"not \(1, 2, 3\)"),
        (lambda: kernels.normal(OUT, None), TypeError, "not None"),
        (lambda: kernels.normal(OUT, 2**64), ValueError, "must fit 64 bits"),
        (lambda: kernels.normal(OUT, 0, offset=-1), ValueError, "offset=-1 with 4 elements"),
        (lambda: kernels.normal(OUT, 0, offset=1.5), TypeError, "offset must be an integer, not 1.5"),
        (lambda: kernels.normal(OUT, 0, offset=2**62 - 3), ValueError, "offset="),
        (lambda: kernels.truncated_normal(OUT, 0, offset=2**56 - 3), ValueError, "offset="),
        (lambda: kernels.uniform_int(np.zeros(3, np.int32), 0, 5, 5), ValueError, "low=5 and high=5"),
        (lambda: kernels.uniform_int(np.zeros(3, np.int32), 0, 0, 2**31 + 1), ValueError, "high=2147483649"),
        (lambda: kernels.uniform_int(np.zeros(3, np.int32), 0, -(2**31), 2**31), ValueError, "is every int32"),
        (lambda: kernels.uniform_int(np.zeros(3, np.int64), 0, 0.5, 2), TypeError, "must be integers, not 0.5 and 2"),
        (lambda: kernels.permutation(np.zeros((2, 2), np.int32), 0), ValueError, r"its shape is \(2, 2\)"),
        (lambda: kernels.bernoulli(OUT, 0, 1.5), ValueError, r"probability=1.5 must lie in \[0, 1\]"),
        (lambda: kernels.bernoulli(OUT, 0, float("nan")), ValueError, "probability=nan"),
        (lambda: kernels.bernoulli(OUT, 0, 0.5, 1e39), ValueError, r"value=1e\+39 is not a finite float32"),
        (lambda: kernels.bernoulli(np.zeros(3, np.int32), 0), TypeError, "int32"),
        (lambda: kernels.variance_scaling(OUT, 0, scale=0), ValueError, "scale=0 must be positive"),
        (lambda: kernels.variance_scaling(OUT, 0, scale=float("nan")), ValueError, "scale=nan must be positive"),
        (lambda: kernels.variance_scaling(OUT, 0, mode="fan"), ValueError, "mode='fan' is none of fan_in, fan_out, "),
        (lambda: kernels.variance_scaling(OUT, 0, distribution="n"), ValueError, "distribution='n' is none of normal"),
        (lambda: kernels.glorot_uniform(READ_ONLY, 0), ValueError, "is read-only"),
        (lambda: kernels.he_normal(np.zeros((2, 2), np.int64), 0), TypeError, "int64"),
        (lambda: kernels.orthogonal(OUT, 0), ValueError, r"two dimensions at least to be orthogonal.*\(4,\)"),
        (lambda: kernels.multinomial(np.zeros(3), 2, 0), ValueError, r"\[batch, classes\].*\(3,\)"),
        (lambda: kernels.multinomial(np.zeros((2, 0)), 2, 0), ValueError, r"\(2, 0\)"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), -1, 0), ValueError, "num_samples=-1"),
        (lambda: kernels.multinomial(np.zeros((2, 3)), 1, 0, dtype=np.int16), TypeError, "int16"),
        (lambda: philox.reserved(3, np.float32, "gamma"), ValueError, "no random fill is called 'gamma'"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_with_their_values(call, error, says):
    with pytest.raises(error, match=says):
        call()
    assert not np.any(OUT)


def test_the_ends_of_the_stream_and_of_the_integers_can_be_drawn():
    for kind, end in (("normal", 2**62), ("truncated_normal", 2**56)):
        last = draw(kind, "float32", 4, offset=end - 4)
        block = (end - 4) // 4 if kind == "normal" else (end - 4) * 64
        expected = naive._normals(naive.words(SEED, block), wide=False)
        if kind == "normal" or max(map(abs, expected)) < 2:
            close(last, np.float32(expected), 1e-6)
    out = np.empty(100, np.int64)
    kernels.uniform_int(out, 1, 2**63 - 1, 2**63)
    assert np.all(out == 2**63 - 1)
    kernels.uniform_int(out, 1, -(2**63), -(2**63) + 1)
    assert np.all(out == -(2**63))


# --- The cache of compiled kernels ------------------------------------------------------------------------------------

DRAW_AND_TELL = """
import numpy as np
from scopeflow import kernels
kernels.uniform(np.empty(3, np.float32), 1)
from scopeflow.kernels.cpu import compiled
print(sum(compiled.fill("uniform", "float32").stats.cache_hits.values()))
"""


def in_a_process(program, cache):
    environment = {"XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache), "PATH": "", "HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_second_process_reads_the_kernel_from_the_cache(tmp_path):
    assert int(in_a_process(DRAW_AND_TELL, tmp_path)) == 0
    assert int(in_a_process(DRAW_AND_TELL, tmp_path)) == 1


DRAW = """
import sys, ml_dtypes, numpy as np
from scopeflow import kernels
for name in {names}:
    out = np.empty(9, np.dtype(name))
    kernels.uniform(out, 7)
    print(name, out.tobytes().hex())
"""


def test_kernels_compiled_by_several_processes_do_not_mix_when_one_reads_them_all(tmp_path):
    names = ("bfloat16", "float32", "float16")
    for name in names:
        in_a_process(DRAW.format(names=(name,)), tmp_path)
    told = dict(line.split() for line in in_a_process(DRAW.format(names=names), tmp_path).splitlines())
    assert told == {name: draw("uniform", name, 9).tobytes().hex() for name in names}
    for name in names:
        expected = naive.uniform(9, SEED, name).astype(DTYPES[name])
        assert told[name] == expected.tobytes().hex()


def test_without_a_place_to_write_a_kernel_is_compiled_and_works(tmp_path):
    no_folder = tmp_path / "file"
    no_folder.write_text("")
    in_a_process(DRAW_AND_TELL, no_folder)
