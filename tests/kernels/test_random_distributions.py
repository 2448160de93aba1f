"""The random fills follow their distributions, their raw words look random, and the tests of that see what is wrong."""

import numpy as np
import pytest
from filling import FLOAT_FILLS, SEED, draw
from kernel_golden import DTYPES, same_bits
from scipy import stats

from scopeflow import kernels
from scopeflow.kernels import scaling

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
