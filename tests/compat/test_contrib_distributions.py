"""The distributions that contrib alone has, against SciPy's and the papers' formulas."""

import inspect

import numpy as np
import pytest
from scipy import stats

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")
D = tf.contrib.distributions
LEVEL = 1e-4
LOC, TRIL = np.array([1.0, -2.0]), np.array([[2.0, 0.0], [0.5, 0.7]])


def run(tensors):
    with tf.Session() as session:
        return session.run(tensors)


@pytest.mark.parametrize(
    ("make", "covariance"),
    [
        (lambda: D.MultivariateNormalDiag(LOC, np.array([2.0, 0.5])), np.diag([4.0, 0.25])),
        (lambda: D.MultivariateNormalDiag(LOC, np.array([2.0, 0.5]), 0.5), np.diag([6.25, 1.0])),
        (lambda: D.MultivariateNormalDiag(LOC, scale_identity_multiplier=3.0), np.diag([9.0, 9.0])),
        (lambda: D.MultivariateNormalTriL(LOC, TRIL), TRIL @ TRIL.T),
        (lambda: D.MultivariateNormalFullCovariance(LOC, TRIL @ TRIL.T), TRIL @ TRIL.T),
    ],
    ids=["diagonal", "diagonal and more", "multiplier", "triangle", "covariance"],
)
def test_normal_vectors_are_scipys(make, covariance):
    made, peer = make(), stats.multivariate_normal(LOC, covariance)
    assert made.batch_shape == tf.TensorShape([]) and made.event_shape == tf.TensorShape([2])
    places = np.array([[0.0, 0.0], [1.0, -2.0], [3.0, 1.0]])
    tensors = [made.log_prob(places), made.entropy(), made.mean(), made.covariance(), made.variance(), made.stddev()]
    density, entropy, mean, found, variance, stddev = run(tensors)
    np.testing.assert_allclose(density, peer.logpdf(places), rtol=1e-10)
    np.testing.assert_allclose(entropy, peer.entropy(), rtol=1e-10)
    np.testing.assert_allclose(mean, LOC)
    np.testing.assert_allclose(found, covariance, rtol=1e-12)
    np.testing.assert_allclose(variance, np.diag(covariance))
    np.testing.assert_allclose(stddev, np.sqrt(np.diag(covariance)))
    drawn = run(made.sample(20000, seed=1))
    np.testing.assert_allclose(drawn.mean(0), LOC, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.2, rtol=0.05)


def test_a_policy_of_normal_vectors_has_a_batch_and_gradients():
    mean = tf.get_variable("mean", [4, 2], initializer=tf.zeros_initializer())
    policy = D.MultivariateNormalDiag(mean, tf.exp(tf.get_variable("log_std", [2], initializer=tf.zeros_initializer())))
    assert policy.batch_shape == tf.TensorShape([4]) and policy.sample(seed=1).shape.as_list() == [4, 2]
    log_prob, entropy = policy.log_prob(tf.ones([4, 2])), policy.entropy()
    slopes = tf.gradients(tf.reduce_sum(log_prob) + tf.reduce_sum(entropy), tf.trainable_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values, all_entropies, (by_mean, by_std) = session.run([log_prob, entropy, slopes])
    np.testing.assert_allclose(values, np.full(4, -np.log(2 * np.pi) - 1), rtol=1e-6)
    assert all_entropies.shape == (4,)
    np.testing.assert_allclose(by_mean, np.ones((4, 2)), rtol=1e-6)
    np.testing.assert_allclose(by_std, [4.0, 4.0], atol=1e-5)  # (1 - 1) of the density, 1 of each entropy


def test_divergences_are_the_mean_difference_of_logarithms():
    pairs = [
        (D.MultivariateNormalTriL(LOC, TRIL), D.MultivariateNormalDiag(-LOC, np.array([1.0, 3.0]))),
        (D.OneHotCategorical(probs=[0.5, 0.2, 0.3]), D.OneHotCategorical(probs=[0.1, 0.2, 0.7])),
        (D.Independent(D.Normal([0.0, 1.0], [1.0, 2.0]), 1), D.Independent(D.Normal([1.0, 1.0], [2.0, 2.0]), 1)),
    ]
    for a, b in pairs:
        drawn = a.sample(40000, seed=1)
        told, found = run([D.kl_divergence(a, b), a.log_prob(drawn) - b.log_prob(drawn)])
        assert np.shape(told) == () and abs(found.mean() - told) <= 5 * found.std() / 200, (a, b)


def test_classes_as_vectors():
    made = D.OneHotCategorical(probs=[0.5, 0.2, 0.3], dtype=tf.float32)
    drawn, density, mode = run([made.sample(20000, seed=1), made.log_prob([[0.0, 1.0, 0.0]]), made.mode()])
    assert drawn.dtype == np.float32 and np.array_equal(drawn.sum(-1), np.ones(20000))
    assert stats.chisquare(drawn.sum(0), [10000, 4000, 6000]).pvalue > LEVEL
    assert abs(density[0] - np.log(0.2)) <= 1e-6 and mode.tolist() == [1, 0, 0]


def test_relaxed_classes_have_the_density_of_the_paper_and_gradients():
    """The density of Maddison et al. integrates to 1, and the larger share is class 0's as often as class 0 is."""
    logits = tf.constant([0.3, -0.4], tf.float64)
    made = D.RelaxedOneHotCategorical(np.float64(0.7), logits=logits)
    shares = (np.arange(20000) + 0.5) / 20000
    density, drawn = run([made.prob(np.stack([shares, 1 - shares], 1)), made.sample(20000, seed=1)])
    assert abs(density.mean() - 1) <= 2e-3
    first = np.exp(0.3) / (np.exp(0.3) + np.exp(-0.4))
    assert stats.binomtest(int((drawn[:, 0] > 0.5).sum()), 20000, first).pvalue > LEVEL
    cdf = np.cumsum(density) / density.sum()
    assert stats.kstest(drawn[:, 0], lambda x: np.interp(x, shares, cdf)).pvalue > LEVEL
    assert tf.gradients(made.sample(seed=1), logits)[0] is not None


def test_a_relaxed_bernoulli_is_the_relaxed_categorical_of_two():
    one = D.RelaxedBernoulli(0.7, logits=0.7)
    two = D.RelaxedOneHotCategorical(0.7, logits=[0.7, 0.0])
    x = np.array([0.1, 0.5, 0.9], np.float32)
    a, b, drawn = run([one.log_prob(x), two.log_prob(np.stack([x, 1 - x], 1)), one.sample(20000, seed=2)])
    np.testing.assert_allclose(a, b, rtol=1e-5)
    assert stats.binomtest(int((drawn > 0.5).sum()), 20000, 1 / (1 + np.exp(-0.7))).pvalue > LEVEL


def test_poisson_numbers_and_certainty():
    made, certain = D.Poisson(np.array([0.5, 20.0])), D.Deterministic([1.0, 2.0])
    x = np.array([2.0, 17.0])
    density, below, drawn, same, sure = run(
        [made.log_prob(x), made.cdf(x), made.sample(20000, seed=1), certain.sample(3), certain.prob([1.0, 3.0])]
    )
    np.testing.assert_allclose(density, stats.poisson([0.5, 20]).logpmf(x), rtol=1e-10)
    np.testing.assert_allclose(below, stats.poisson([0.5, 20]).cdf(x), rtol=1e-10)
    np.testing.assert_allclose(drawn.mean(0), [0.5, 20], rtol=0.03)
    assert same.tolist() == [[1, 2]] * 3 and sure.tolist() == [1, 0]
    with pytest.raises(ValueError, match="exactly one"):
        D.Poisson()


def test_a_triangle_is_filled_in_a_spiral():
    lower, upper, batch = run([
        D.fill_triangular([1, 2, 3, 4, 5, 6]), D.fill_triangular([1, 2, 3, 4, 5, 6], upper=True),
        D.fill_triangular([[1.0], [2.0]]),
    ])  # fmt: skip
    assert lower.tolist() == [[4, 0, 0], [6, 5, 0], [3, 2, 1]]
    assert upper.tolist() == [[1, 2, 3], [0, 5, 6], [0, 0, 4]]
    assert batch.tolist() == [[[1.0]], [[2.0]]]
    with pytest.raises(ValueError, match="triangular matrix"):
        D.fill_triangular([1, 2])


def test_statistics_keep_what_is_known_of_their_shapes():
    loc, scale = (tf.placeholder(tf.float32, [None, 4, 3]) for _ in range(2))
    normal = tf.contrib.distributions.MultivariateNormalDiag(loc, scale)
    told = [getattr(normal, name)().shape.as_list() for name in ("entropy", "mean", "variance", "stddev")]
    assert told == [[None, 4], [None, 4, 3], [None, 4, 3], [None, 4, 3]]


def test_constructors_tell_their_arguments_to_who_asks_for_them():
    told = inspect.getfullargspec(tf.contrib.distributions.MultivariateNormalDiag.__init__)
    assert told.args[:4] == ["self", "loc", "scale_diag", "scale_identity_multiplier"] and told.varargs is None
