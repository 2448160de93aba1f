"""Distributions against SciPy's: what is drawn, densities, divergences; and who may be asked what."""

import numpy as np
import pytest
from scipy import stats

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")
LEVEL = 1e-4

CONTINUOUS = {
    "normal": (lambda: tf.distributions.Normal(np.float64(1), np.float64(2)), stats.norm(1, 2)),
    "laplace": (lambda: tf.distributions.Laplace(np.float64(1), np.float64(2)), stats.laplace(1, 2)),
    "student": (lambda: tf.distributions.StudentT(np.float64(3), np.float64(1), np.float64(2)), stats.t(3, 1, 2)),
    "uniform": (lambda: tf.distributions.Uniform(np.float64(-1), np.float64(2)), stats.uniform(-1, 3)),
    "gamma": (lambda: tf.distributions.Gamma(np.float64(0.7), np.float64(2)), stats.gamma(0.7, scale=0.5)),
    "exponential": (lambda: tf.distributions.Exponential(np.float64(2)), stats.expon(scale=0.5)),
    "beta": (lambda: tf.distributions.Beta(np.float64(0.7), np.float64(2)), stats.beta(0.7, 2)),
}


def run(tensors):
    with tf.Session() as session:
        return session.run(tensors)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_samples_densities_and_statistics_are_scipys(kind):
    make, peer = CONTINUOUS[kind]
    distribution = make()
    places = peer.ppf(np.array([0.01, 0.2, 0.5, 0.8, 0.99]))
    tensors = [distribution.log_prob(places), distribution.cdf(places), distribution.entropy(), distribution.mean()]
    log_prob, cdf, entropy, mean, variance, drawn = run(
        [*tensors, distribution.variance(), distribution.sample(20000, seed=3)]
    )
    np.testing.assert_allclose(log_prob, peer.logpdf(places), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(cdf, peer.cdf(places), rtol=1e-10)
    np.testing.assert_allclose([entropy, mean, variance], [peer.entropy(), peer.mean(), peer.var()], rtol=1e-9)
    assert stats.kstest(drawn, peer.cdf).pvalue > LEVEL
    assert not stats.kstest(drawn * 1.05, peer.cdf).pvalue > LEVEL, "the test sees 5 %"


def test_counts_come_as_often_as_they_should():
    probs = np.array([0.5, 0.2, 0.3])
    d = tf.distributions
    drawn = {
        "categorical": d.Categorical(probs=probs).sample(20000, seed=1),
        "bernoulli": d.Bernoulli(probs=0.3).sample(20000, seed=2),
        "multinomial": d.Multinomial(np.array([3.0, 5.0]), probs=np.stack([probs, probs[::-1]])).sample(5000, seed=3),
        "dirichlet multinomial": d.DirichletMultinomial(4.0, [1.0, 2.0, 3.0]).sample(5000, seed=4),
        "dirichlet": d.Dirichlet([1.0, 2.0, 3.0]).sample(5000, seed=5),
    }
    got = run(drawn)
    assert stats.chisquare(np.bincount(got["categorical"]), probs * 20000).pvalue > LEVEL
    assert stats.chisquare(np.bincount(got["bernoulli"]), [14000, 6000]).pvalue > LEVEL
    counts = got["multinomial"]
    assert counts.dtype == np.float64 and np.array_equal(counts.sum(-1), np.broadcast_to([3.0, 5.0], (5000, 2)))
    for row, (total, share) in enumerate(((3, probs), (5, probs[::-1]))):
        assert stats.chisquare(counts[:, row].sum(0), 5000 * total * share).pvalue > LEVEL
    assert np.array_equal(got["dirichlet multinomial"].sum(-1), np.full(5000, 4.0))
    shares = np.array([1.0, 2.0, 3.0]) / 6
    covariance = 4 * (1 + 6 / 4) / (1 + 6) * 4 * (np.diag(shares) - np.outer(shares, shares))
    np.testing.assert_allclose(np.cov(got["dirichlet multinomial"].T), covariance, atol=0.06)
    np.testing.assert_allclose(np.cov(got["dirichlet"].T), (np.diag(shares) - np.outer(shares, shares)) / 7, atol=3e-3)


def test_a_divergence_is_the_mean_of_the_logarithms_difference():
    d = tf.distributions
    pairs = [
        (d.Normal(0.0, 1.0), d.Normal(0.5, 2.0)),
        (d.Gamma(2.0, 1.0), d.Gamma(3.0, 0.5)),
        (d.Exponential(2.0), d.Exponential(1.0)),
        (d.Exponential(2.0), d.Gamma(3.0, 0.5)),
        (d.Beta(2.0, 3.0), d.Beta(1.0, 2.0)),
        (d.Dirichlet([1.0, 2.0, 3.0]), d.Dirichlet([2.0, 2.0, 1.0])),
        (d.Bernoulli(probs=0.3), d.Bernoulli(probs=0.6)),
        (d.Categorical(probs=[0.5, 0.2, 0.3]), d.Categorical(probs=[0.1, 0.2, 0.7])),
    ]
    for a, b in pairs:
        drawn = a.sample(40000, seed=1)
        told, found = run([d.kl_divergence(a, b), a.log_prob(drawn) - b.log_prob(drawn)])
        assert abs(found.mean() - told) <= 5 * found.std() / 200, (a, b)


def test_gradients_flow_through_samples_where_they_can():
    loc, scale = tf.constant(1.0), tf.constant(2.0)
    normal = tf.distributions.Normal(loc, scale)
    drawn = normal.sample(5, seed=1)
    slopes = tf.gradients(drawn, [loc, scale])
    value, by_loc, by_scale = run([drawn, *slopes])
    assert by_loc == 5 and abs(by_scale - ((value - 1) / 2).sum()) <= 1e-5
    logits = tf.constant([0.1, 0.2])
    assert tf.gradients(tf.distributions.Bernoulli(logits=logits, dtype=tf.float32).sample(seed=1), logits) == [None]
    assert normal.reparameterization_type is tf.distributions.FULLY_REPARAMETERIZED


def test_a_policy_gradient_is_that_of_the_likelihood():
    """REINFORCE, as PPO and the like write it."""
    logits = tf.get_variable("logits", [2, 3], initializer=tf.zeros_initializer())
    policy = tf.distributions.Categorical(logits=logits)
    loss = -tf.reduce_mean(policy.log_prob([0, 2]) * [1.0, 2.0]) - 0.1 * tf.reduce_mean(policy.entropy())
    slope = tf.gradients(loss, logits)[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run(slope)
    np.testing.assert_allclose(got, [[-1 / 3, 1 / 6, 1 / 6], [1 / 3, 1 / 3, -2 / 3]], atol=1e-6)


def test_a_registered_divergence_serves_subclasses_and_the_nearest_one_wins():
    class A(tf.distributions.Normal):
        pass

    class B(A):
        pass

    @tf.distributions.RegisterKL(A, tf.distributions.Normal)
    def of_a(a, b, name=None):
        return tf.constant(7.0)

    normal = tf.distributions.Normal(0.0, 1.0)
    assert run(tf.distributions.kl_divergence(B(0.0, 1.0), normal)) == 7
    assert run(tf.distributions.kl_divergence(normal, B(0.0, 2.0))) != 7


def test_a_divergence_that_is_nan_raises_where_nan_is_not_allowed():
    broken = tf.distributions.Normal(0.0, float("nan"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="returned NaN values"):
        run(tf.distributions.kl_divergence(broken, broken, allow_nan_stats=False))
    assert np.isnan(run(tf.distributions.kl_divergence(broken, broken)))


def test_arguments_are_kept_with_their_defaults():
    made = tf.distributions.Exponential([1.0, 2.0], name="e")
    assert set(made.parameters) == {"rate", "validate_args", "allow_nan_stats", "name"}
    assert made.parameters["rate"] == [1.0, 2.0] and made.name == "e/"
    assert made.copy(rate=3.0).batch_shape == tf.TensorShape([])
    shapes = tf.distributions.Normal.param_static_shapes([2, 3])
    assert {name: shape.as_list() for name, shape in shapes.items()} == {"loc": [2, 3], "scale": [2, 3]}
