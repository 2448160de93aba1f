"""Random gamma and Poisson numbers: their distributions, their slopes, where they stand in the stream."""

import numpy as np
import pytest
from scipy import integrate, special, stats

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")
LEVEL = 1e-4  # of a right sampler, one in ten thousand fails; the seeds are fixed, so none does


def run(tensors, feeds=None):
    with tf.Session() as session:
        return session.run(tensors, feeds)


@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.999, 1.0, 1.001, 3.0, 50.0, 1e4])
def test_gamma_numbers_have_the_gamma_distribution(alpha):
    drawn = run(tf.random_gamma([20000], alpha, 2.0, tf.float64, seed=5))
    assert stats.kstest(drawn, stats.gamma(alpha, scale=0.5).cdf).pvalue > LEVEL
    assert not stats.kstest(drawn, stats.gamma(alpha * 1.05, scale=0.5).cdf).pvalue > LEVEL, "the test sees 5 %"


@pytest.mark.parametrize("rate", [0.1, 1.0, 9.99, 10.0, 37.5, 1e4])
def test_poisson_numbers_have_the_poisson_distribution(rate):
    drawn = run(tf.random_poisson(rate, [20000], tf.int64, seed=6))
    edges = np.unique(stats.poisson(rate).ppf(np.linspace(0.02, 0.98, 25)))
    inner = np.diff(stats.poisson(rate).cdf(edges))
    expected = np.array([stats.poisson(rate).cdf(edges[0]), *inner, stats.poisson(rate).sf(edges[-1])]) * drawn.size
    found = np.histogram(drawn, [-1, *(edges + 0.5), np.inf])[0]
    assert stats.chisquare(found, expected).pvalue > LEVEL
    assert not stats.chisquare(np.roll(found, 1), expected).pvalue > LEVEL, "the test sees a shift"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gamma_numbers_slope_holds_its_quantile_still(dtype):
    """dx/da = -(dP/da) / p(x), where dP/da is the integral of d/da of the density, done by quadrature."""
    alphas = np.repeat(np.array([[0.2, 1.0, 2.5, 40.0]], dtype), 6, axis=0)
    alpha = tf.constant(alphas)
    drawn = tf.random_gamma([], alpha, dtype=dtype, seed=3)
    x, slopes = run([drawn, tf.gradients(drawn, alpha)[0]])

    def expected(a, value):
        density = stats.gamma(a)
        low, high = np.log(value) - 45 / min(a, 1), np.log(value)  # of w = log t, in which nothing is singular
        by_a = integrate.quad(
            lambda w: density.pdf(np.exp(w)) * np.exp(w) * (w - special.psi(a)), low, high, limit=400, epsabs=1e-14
        )[0]
        return -by_a / density.pdf(value)

    wanted = np.array([expected(*pair) for pair in zip(alphas.ravel().tolist(), x.ravel().tolist(), strict=True)])
    tolerance = 2e-5 if dtype is np.float32 else 1e-6
    off = np.abs(slopes.ravel() - wanted)
    assert np.all(off <= tolerance * np.maximum(np.abs(wanted), 0.1)), (off, wanted)


def test_the_slopes_of_a_large_sample_are_those_of_the_mean():
    """E x = a / b, so the mean of the slopes is 1 / b by a and -a / b**2 by b."""
    a, b = tf.constant(3.0, tf.float64), tf.constant(2.0, tf.float64)
    slopes = run(tf.gradients(tf.reduce_mean(tf.random_gamma([20000], a, b, tf.float64, seed=1)), [a, b]))
    assert abs(slopes[0] - 0.5) <= 0.01 and abs(slopes[1] + 0.75) <= 0.02


def test_runs_go_on_in_the_stream_and_sessions_begin_it_anew():
    drawn = tf.random_gamma([3], [0.5, 2.0], seed=1)
    whole = tf.random_gamma([3], [0.5, 2.0], seed=1)
    with tf.Session() as session:
        first, second = session.run(drawn), session.run(drawn)
        assert np.array_equal(session.run(whole), first)
    assert not np.array_equal(first, second)
    assert np.array_equal(run(drawn), first)


def test_what_has_no_distribution_is_nan_and_does_not_hang():
    gammas = run(tf.random_gamma([2], [-1.0, np.nan, 2.0], dtype=tf.float64, seed=1))
    assert np.isnan(gammas[:, :2]).all() and not np.isnan(gammas[:, 2]).any()
    counts = run(tf.random_poisson([-1.0, np.inf, np.nan, 2.0], [2], seed=1))
    assert np.isnan(counts[:, :3]).all() and not np.isnan(counts[:, 3]).any()


def test_no_samples_and_no_parameters():
    assert run(tf.random_gamma([0], [1.0, 2.0], seed=1)).shape == (0, 2)
    assert run(tf.random_poisson(np.zeros((0, 3)), [2], seed=1)).shape == (2, 0, 3)
    assert run(tf.random_gamma([], 1.5, seed=1)).shape == ()


def test_a_stateless_op_draws_the_same_at_every_run_and_by_its_seed_alone():
    seed = tf.placeholder(tf.int64, [2])
    drawn = [tf.random.stateless_normal([4], seed), tf.random.stateless_normal([4], seed)]
    with tf.Session() as session:
        a, b = session.run(drawn, {seed: [1, 2]})
        c, _ = session.run(drawn, {seed: [1, 3]})
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    with pytest.raises(ValueError, match="seed must have shape"):
        tf.random.stateless_uniform([3], [1, 2, 3])
    with pytest.raises(ValueError, match="Must specify maxval"):
        tf.random.stateless_uniform([3], [1, 2], dtype=tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="minval < maxval"):
        run(tf.random.stateless_uniform([3], [1, 2], 5, 5, tf.int32))
