"""tf.distributions: densities, statistics, divergences, samples and their gradients, and what is refused."""

import numpy as np

from ..cases import golden
from ..helpers import described, said

LIBM = {"rtol": 5e-6, "atol": 2e-6, "reason": "float32 logarithms, gamma and beta functions of another library"}
DENSITIES = ("prob", "log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function")
STATISTICS = ("entropy", "mean", "variance", "stddev", "covariance", "mode")
COUNTS, EITHER = [[1.0, 2.0, 1.0], [0.0, 2.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]
KINDS = (
    "normal", "laplace", "student", "few degrees", "uniform", "gamma", "exponential", "beta", "dirichlet", "bernoulli",
    "bernoulli of floats", "categorical", "categorical of int64", "multinomial", "multinomial of probs",
    "dirichlet multinomial",
)  # fmt: skip


def _made(tf, kind):
    """A distribution, events, another distribution to compare it with (or None), and its float parameters."""
    d, parameters = tf.distributions, []

    def c(*values):
        parameters.append(tf.constant(np.array(values, np.float32)))
        return parameters[-1]

    made = {
        "normal": lambda: (d.Normal(c(0.1, -2.0), c([1.0], [3.0])), [0.3, -1.2], lambda: d.Normal(0.0, 2.0)),
        "laplace": lambda: (d.Laplace(c(0.1, -2.0), c([1.0], [3.0])), [0.3, -1.2], None),
        "student": lambda: (d.StudentT(c(3.0, 30.0), c(0.1, -2.0), c(1.0, 3.0)), [0.3, -1.2], None),
        "few degrees": lambda: (d.StudentT(c(0.7, 1.5), c(0.1, -2.0), c(1.0, 3.0)), [0.3, -1.2], None),
        "uniform": lambda: (d.Uniform(c(0.1, -2.0), c([1.0], [3.0])), [0.3, -2.2], None),
        "gamma": lambda: (d.Gamma(c(0.5, 2.0), c([1.0], [3.0])), [0.3, 1.2], lambda: d.Gamma(2.0, 0.4)),
        "exponential": lambda: (d.Exponential(c(0.5, 2.0)), [0.3, 1.2], lambda: d.Exponential([0.7, 1.0])),
        "beta": lambda: (d.Beta(c(0.5, 2.0), c(1.5, 3.0)), [0.3, 0.8], lambda: d.Beta([2.0, 1.0], [1.0, 3.0])),
        "dirichlet": lambda: (
            d.Dirichlet(c([1.5, 2.0, 3.0], [2.0, 2.0, 4.0])),
            [[0.3, 0.5, 0.2], [0.1, 0.1, 0.8]],
            lambda: d.Dirichlet([1.0, 2.0, 3.0]),
        ),
        "bernoulli": lambda: (d.Bernoulli(logits=c(0.5, -2.0)), [1, 0], lambda: d.Bernoulli(probs=[0.2, 0.9])),
        "bernoulli of floats": lambda: (
            d.Bernoulli(probs=c(0.5, 0.2), dtype=tf.float32),
            EITHER,
            None,
        ),
        "categorical": lambda: (
            d.Categorical(logits=c([0.5, 2.0, 3.0], [2.0, 2.0, 4.0])),
            [1, 2],
            lambda: d.Categorical(probs=[0.2, 0.3, 0.5]),
        ),
        "categorical of int64": lambda: (d.Categorical(probs=c(0.5, 0.2, 0.3), dtype=tf.int64), [1, 2, 0], None),
        "multinomial": lambda: (
            d.Multinomial(c(4.0, 5.0), logits=c([0.5, 2.0, 3.0], [2.0, 2.0, 4.0])),
            [[1.0, 2.0, 1.0], [0.0, 2.0, 3.0]],
            None,
        ),
        "multinomial of probs": lambda: (
            d.Multinomial(4.0, probs=c(0.5, 0.2, 0.3)),
            COUNTS,
            None,
        ),
        "dirichlet multinomial": lambda: (
            d.DirichletMultinomial(4.0, c([0.5, 2.0, 3.0], [2.0, 2.0, 4.0])),
            COUNTS,
            None,
        ),
    }
    distribution, events, other = made[kind]()
    return distribution, events, other and other(), parameters


def _each(names, call):
    """What `call(name)` gives for each name, and the names for which it gives nothing."""
    found, missing = {}, []
    for name in names:
        try:
            found[name] = call(name)
        except NotImplementedError:
            missing.append(name)
    return found, missing


@golden(rows={kind: kind for kind in KINDS}, **LIBM)
def densities_and_statistics(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        distribution, events, other, parameters = _made(tf, row)
        events = tf.constant(events)
        densities, no_densities = _each(DENSITIES, lambda name: getattr(distribution, name)(events))
        asked = [name for name in STATISTICS if (row, name) != ("dirichlet", "mode")]  # fails there for such a batch
        statistics, no_statistics = _each(asked, lambda name: getattr(distribution, name)())
        by = {f"by parameter {i}": g for i, g in enumerate(tf.gradients(densities["log_prob"], parameters))}
        between = {"kl": distribution.kl_divergence(other), "cross": distribution.cross_entropy(other)} if other else {}
        shapes = {"batch": distribution.batch_shape_tensor(), "event": distribution.event_shape_tensor()}
        slopes = {name: slope for name, slope in by.items() if slope is not None}
        got = session.run(densities | statistics | between | shapes | slopes)
    static = [distribution.name, str(distribution.batch_shape), str(distribution.event_shape), str(distribution)]
    return got | {
        "static": [*static, distribution.dtype.name, str(distribution.reparameterization_type)[-24:-1]],
        "parameters": sorted(distribution.parameters),
        "missing": no_densities + no_statistics,
        "shapes": [f"{name} {tensor.shape}" for name, tensor in (densities | statistics).items()],
    }


@golden(rows={kind: kind for kind in KINDS if kind != "multinomial"}, **LIBM)
def samples(tf, row):
    """A batch of multinomials is left out: TensorFlow's loop draws its rows in no order that it promises."""
    with tf.Graph().as_default(), tf.Session() as session:
        distribution, _, _, parameters = _made(tf, row)
        drawn = [distribution.sample(seed=3), distribution.sample(3, seed=4), distribution.sample([2, 1], seed=5)]
        slopes = tf.gradients(drawn[1], parameters)
        runs = [session.run(drawn) for _ in range(2)]
        values = {f"sample {i} of run {j}": value for j, run in enumerate(runs) for i, value in enumerate(run)}
        found = {f"slope {i}": slope for i, slope in enumerate(slopes) if slope is not None}
        fresh = tf.Session()
        return values | fresh.run(found) | {"shapes": [str(t.shape) for t in drawn], "slopes": list(found)}


@golden(**LIBM)
def far_out(tf):
    """Where a probability underflows or rounds to 1, its logarithm is still exact."""
    places = np.array([-60.0, -20.0, -9.9, -5.0, -0.5, 0.0, 0.5, 4.9, 5.1, 9.0, 30.0])
    with tf.Graph().as_default(), tf.Session() as session:
        results = {}
        for dtype in (np.float32, np.float64):
            x = tf.constant(places.astype(dtype))
            for kind in (tf.distributions.Normal, tf.distributions.Laplace):
                standard = kind(dtype(0.0), dtype(1.0))
                for name in ("cdf", "log_cdf", "log_survival_function"):
                    results[f"{kind.__name__} {name} {np.dtype(dtype).name}"] = getattr(standard, name)(x)
        results["quantile"] = tf.distributions.Normal(1.0, 2.0).quantile([0.01, 0.5, 0.9])
        return session.run(results)


@golden(**LIBM)
def unknown_shapes(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        loc, scale = tf.placeholder(tf.float32), tf.placeholder(tf.float32, [None])
        logits = tf.placeholder(tf.float32, [None, 3])
        normal = tf.distributions.Normal(loc, scale, name="n")
        categorical = tf.distributions.Categorical(logits=logits)
        counts = tf.placeholder(tf.int32, [1])
        tensors = {
            "normal": normal.sample(counts, seed=1),
            "scalar batch": normal.is_scalar_batch(),
            "batch": normal.batch_shape_tensor(),
            "log_prob": normal.log_prob(0.5),
            "categorical": categorical.sample(4, seed=2),
            "likelihood": categorical.log_prob([1, 2]),
            "mode": categorical.mode(),
        }
        feeds = {loc: [[0.5], [1.0]], scale: [1.0, 2.0], logits: [[0.5, 1.0, 2.0], [3.0, 1.0, 0.0]], counts: [2]}
        got = session.run(tensors, feeds)
    return got | {"what": described(list(tensors.values())), "shapes": [str(normal.batch_shape), str(categorical)]}


@golden()
def refused(tf):
    d = tf.distributions

    def run(build):
        with tf.Graph().as_default(), tf.Session() as session:
            session.run(build())

    return {
        "both": said(lambda: d.Bernoulli(logits=1.0, probs=0.5), "Must pass probs or logits, but not both"),
        "neither": said(lambda: d.Categorical(), "Must pass probs or logits, but not both"),
        "integers": said(lambda: d.Bernoulli(logits=[1]), "logits must having floating type"),
        "dtypes": said(lambda: d.Normal(np.float32(1), np.float64(1))),
        "integer scale": said(lambda: d.Normal(1, 1)),
        "scale": said(lambda: run(lambda: d.Normal(0.0, -1.0, validate_args=True).sample())),
        "probs": said(lambda: run(lambda: d.Bernoulli(probs=1.5, validate_args=True).mean())),
        "no mode": said(lambda: run(lambda: d.Gamma(0.5, 1.0, allow_nan_stats=False).mode())),
        "no mean": said(lambda: run(lambda: d.StudentT(0.5, 1.0, 1.0, allow_nan_stats=False).mean())),
        "no divergence": said(
            lambda: d.kl_divergence(d.Normal(0.0, 1.0), d.Gamma(1.0, 1.0)),
            "No KL.distribution_a .. distribution_b. registered for distribution_a type Normal and .* type Gamma",
        ),
        "no formula": said(lambda: d.Normal(0.0, 1.0).covariance(), "covariance is not implemented: Normal"),
        "twice": said(
            lambda: d.RegisterKL(d.Normal, d.Normal)(lambda a, b, name=None: None), "already been registered"
        ),
    }


@golden(**LIBM)
def a_subclass_and_a_copy(tf):
    class Half(tf.distributions.Distribution):
        def __init__(self, name="Half"):
            super().__init__(tf.float32, tf.distributions.NOT_REPARAMETERIZED, False, True, {}, [], name)

        def _log_prob(self, x):
            return -2.0 * x

        def _batch_shape(self):
            return tf.TensorShape([])

        def _event_shape(self):
            return tf.TensorShape([])

    with tf.Graph().as_default(), tf.Session() as session:
        normal = tf.distributions.Normal(1.0, 2.0)
        other = normal.copy(scale=3.0, name="other")
        tensors = [Half().prob(0.5), other.stddev(), tf.distributions.kl_divergence(normal, other)]
        got = session.run(tensors)
    return {"prob": got[0], "stddev": got[1], "kl": got[2], "names": [other.name, tensors[0].name]}
