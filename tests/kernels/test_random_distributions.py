"""The random fills follow their distributions, their raw words look random, and the tests of that see what is wrong."""

import numpy as np
import pytest
from filling import FLOAT_FILLS, SEED, draw
from kernel_golden import DTYPES, same_bits
from scipy import special, stats

from scopeflow import kernels
from scopeflow.kernels import scaling

# --- Distributions ----------------------------------------------------------------------------------------------------

LEVEL = 1e-3  # of each test at its fixed seed
COUNT = 1_000_000
EXACT = {"uniform": stats.uniform(), "normal": stats.norm(), "truncated_normal": stats.truncnorm(-2, 2)}
CDF = {
    "uniform": lambda x: np.clip(x, 0, 1),
    "normal": special.ndtr,
    "truncated_normal": lambda x: (special.ndtr(np.clip(x, -2, 2)) - special.ndtr(-2)) / (1 - 2 * special.ndtr(-2)),
}


def follows(samples, kind):
    """Kolmogorov and Smirnov's verdict."""
    return stats.kstest(samples, CDF[kind]).pvalue > LEVEL


def has_the_moments(samples, kind):
    """The means of the first four powers, each as near to its expected value as so many samples make likely."""
    wide, exact = samples.astype(np.float64), EXACT[kind]
    for power in (1, 2, 3, 4):
        mean = exact.moment(power)
        error = np.sqrt((exact.moment(2 * power) - mean * mean) / wide.size)
        if not abs((wide**power).mean() - mean) <= stats.norm.isf(LEVEL / 8) * error:
            return False
    return True


def are_independent(samples):
    """Neighbours in no linear relation, nor their squares, up to four places apart; and no block of four twice."""
    wide = samples.astype(np.float64)
    for values in (wide, wide * wide):
        if not all(stats.pearsonr(values[:-lag], values[lag:]).pvalue > LEVEL / 8 for lag in (1, 2, 3, 4)):
            return False
    blocks = samples[: samples.size & ~3].reshape(-1, 4)
    return len(np.unique(blocks.view(f"V{4 * samples.itemsize}"))) == len(blocks)


def is_as_it_should_be(samples, kind):
    return follows(samples, kind) and has_the_moments(samples, kind) and are_independent(samples)


@pytest.mark.parametrize("kind", FLOAT_FILLS)
@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize("seed", (0, 1, (2**40 + 3, 2**62)))
def test_samples_follow_their_distribution_and_are_independent(kind, dtype, seed):
    assert is_as_it_should_be(draw(kind, dtype, COUNT, seed), kind)


@pytest.mark.parametrize("kind", ("normal", "truncated_normal"))
@pytest.mark.parametrize("factor", (1.02, 0.98))
def test_each_test_of_distributions_sees_a_deviation_off_by_two_percent(kind, factor):
    samples = draw(kind, "float32", COUNT)
    assert is_as_it_should_be(samples, kind)
    assert not follows(factor * samples, kind)
    assert not has_the_moments(factor * samples, kind)


@pytest.mark.parametrize("kind", FLOAT_FILLS)
def test_each_test_of_distributions_sees_a_shift_of_one_percent(kind):
    samples = draw(kind, "float32", COUNT)
    assert not follows(samples + np.float32(0.01), kind)
    assert not has_the_moments(samples + np.float32(0.01), kind)


def test_each_test_of_distributions_sees_a_missing_truncation():
    samples = draw("normal", "float32", COUNT)
    for wrong in (samples, np.clip(samples, -2, 2)):
        assert not follows(wrong, "truncated_normal")
        assert not has_the_moments(wrong, "truncated_normal")
    assert not has_the_moments(draw("truncated_normal", "float32", COUNT), "normal")


def box_muller(radius_words, angle, first, second):
    """Pairs of samples from uniform ones, with these functions for sine and cosine."""
    radius = np.sqrt(-2 * np.log(np.maximum(radius_words, 1e-7)))
    return np.stack([first(angle) * radius, second(angle) * radius], axis=1).ravel()


WRONG_PAIRS = {
    "the sine twice": (np.sin, np.sin),
    "the cosine from the sine": (np.sin, lambda angle: np.sqrt(1 - np.sin(angle) ** 2)),
    "sine and cosine of half the circle": (lambda angle: np.sin(angle / 2), lambda angle: np.cos(angle / 2)),
    "sine and the double angle's cosine": (np.sin, lambda angle: np.cos(2 * angle)),
}


@pytest.mark.parametrize("wrong", WRONG_PAIRS)
def test_the_tests_of_distributions_see_a_wrong_pair_of_sine_and_cosine(wrong):
    uniform = draw("uniform", "float64", COUNT)
    radius_words, angle = uniform[::2], 2 * np.pi * uniform[1::2]
    assert is_as_it_should_be(box_muller(radius_words, angle, np.sin, np.cos), "normal")
    assert not is_as_it_should_be(box_muller(radius_words, angle, *WRONG_PAIRS[wrong]), "normal")


@pytest.mark.parametrize("kind", FLOAT_FILLS)
def test_the_test_of_independence_sees_a_repeated_block_and_repeated_words(kind):
    samples = draw(kind, "float32", COUNT)
    assert are_independent(samples)
    block = samples.copy()
    block[4000:4004] = samples[:4]
    assert not are_independent(block)
    for apart in (1, 2, 4):  # every word, pair, block drawn twice
        assert not are_independent(np.repeat(samples.reshape(-1, apart)[::2], 2, axis=0).ravel())


@pytest.mark.parametrize("dtype,values", [("float16", 1024), ("bfloat16", 128)])
@pytest.mark.parametrize("seed", (0, 1, (2**40 + 3, 2**62)))
def test_the_uniform_samples_of_16_bits_are_equally_frequent(dtype, values, seed):
    counts = np.bincount((draw("uniform", dtype, COUNT, seed).astype(np.float64) * values).astype(int))
    assert counts.size == values
    assert stats.chisquare(counts).pvalue > LEVEL


@pytest.mark.parametrize("kind", ("normal", "truncated_normal"))
@pytest.mark.parametrize("dtype", ("float16", "bfloat16"))
def test_the_normal_samples_of_16_bits_are_those_of_float32_rounded(kind, dtype):
    same_bits(draw(kind, dtype, 100_003), draw(kind, "float32", 100_003).astype(DTYPES[dtype]))


@pytest.mark.parametrize("dtype", ("int32", "int64"))
@pytest.mark.parametrize("width", (2, 3, 10, 1000))
def test_integers_are_equally_frequent(dtype, width):
    out = np.empty(COUNT, dtype)
    kernels.uniform_int(out, SEED, -7, width - 7)
    counts = np.bincount(out + 7, minlength=width)
    assert counts.size == width
    assert stats.chisquare(counts).pvalue > LEVEL
    assert not stats.chisquare(np.append(counts, 0)).pvalue > LEVEL  # one more than can come


def test_classes_are_drawn_as_often_as_their_weights_say():
    logits = np.array([[0.0, 1.0, -1.0, -np.inf, 2.0], [5.0, 5.0, 5.0, 5.0, 5.0]])
    drawn = kernels.multinomial(logits, 200_000, SEED)
    for row, weights in zip(drawn, np.exp(logits), strict=True):
        counts, expected = np.bincount(row, minlength=5), weights / weights.sum() * row.size
        possible = expected > 0
        assert not np.any(counts[~possible])
        assert stats.chisquare(counts[possible], expected[possible]).pvalue > LEVEL
        skewed = expected * np.where(np.arange(5) == 0, 1.05, 1)  # one class a twentieth too often
        skewed *= row.size / skewed.sum()
        assert not stats.chisquare(counts[possible], skewed[possible]).pvalue > LEVEL


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


@pytest.mark.parametrize("dtype", DTYPES)
def test_bernoulli_keeps_the_value_where_the_uniform_sample_is_the_rate_itself(dtype):
    uniform, out = draw("uniform", dtype, 50), np.empty(50, DTYPES[dtype])
    for i, rate in enumerate(uniform.astype(np.float64)):
        kernels.bernoulli(out, SEED, 1 - rate)
        same_bits(out, (uniform >= uniform[i]).astype(out.dtype))


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
