"""tf.contrib.opt against the papers' update rules in NumPy, and SciPy's own minimisers."""

import logging

import numpy as np
import pytest

import scopeflow as tf

opt = tf.contrib.opt
START = np.random.RandomState(0).uniform(-1, 1, (4, 3))
TARGET = np.random.RandomState(1).uniform(-1, 1, (4, 3))
ROWS = [2, 0, 2]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def trained(optimizer, sparse, steps=4, **minimize):
    """The variable after each step down the gradient of a loss of all of it, or of some rows (one of them twice)."""
    w = tf.Variable(START, name="w", dtype=tf.float64)
    seen, wanted = (tf.gather(w, ROWS), TARGET[ROWS]) if sparse else (w, TARGET)
    step = optimizer.minimize(tf.reduce_sum(tf.square(seen - wanted)), **minimize)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [_after(session, step, w) for _ in range(steps)]


def _after(session, step, w):
    session.run(step)
    return session.run(w)


def gradient(w, sparse):
    if not sparse:
        return 2 * (w - TARGET)
    g = np.zeros_like(w)
    for row in ROWS:
        g[row] += 2 * (w[row] - TARGET[row])
    return g


def touched(sparse):
    return np.isin(np.arange(4), ROWS)[:, None] if sparse else np.ones((4, 1), bool)


def adam(w, m, v, g, t, sparse, lr=0.1, b1=0.8, b2=0.9, eps=1e-3):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    return w - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps), m, v


def lazy_adam(w, m, v, g, t, sparse):
    new = adam(w, m, v, g, t, sparse)
    return [np.where(touched(sparse), a, b) for a, b in zip(new, (w, m, v), strict=True)]


def nadam(w, m, v, g, t, sparse, lr=0.1, b1=0.8, b2=0.9, eps=1e-3):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    moved = lr * np.sqrt(1 - b2**t) / (1 - b1**t) * (b1 * m + (1 - b1) * g) / (np.sqrt(v) + eps)
    return w - np.where(touched(sparse), moved, 0), m, v


def adamax(w, m, v, g, t, sparse, lr=0.1, b1=0.8, b2=0.9, eps=1e-3):
    new_m, new_v = b1 * m + (1 - b1) * g, np.maximum(b2 * v, np.abs(g))
    new = w - lr / (1 - b1**t) * new_m / (new_v + eps), new_m, new_v
    return [np.where(touched(sparse), a, b) for a, b in zip(new, (w, m, v), strict=True)]


def adamw(w, m, v, g, t, sparse):
    return adam(w - 0.05 * w * touched(sparse), m, v, g, t, sparse)


RULES = {
    "LazyAdam": (opt.LazyAdamOptimizer, (), lazy_adam),
    "Nadam": (opt.NadamOptimizer, (), nadam),
    "AdaMax": (opt.AdaMaxOptimizer, (), adamax),
    "AdamW": (opt.AdamWOptimizer, (0.05,), adamw),
    "extended": (opt.extend_with_decoupled_weight_decay(tf.train.AdamOptimizer), (lambda: 0.05,), adamw),
}


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "rows"])
@pytest.mark.parametrize("name", RULES)
def test_steps_follow_their_rules(name, sparse):
    make, first, rule = RULES[name]
    optimizer = make(*first, 0.1, 0.8, 0.9, 1e-3)
    found = trained(optimizer, sparse)
    w, m, v = START, np.zeros_like(START), np.zeros_like(START)
    for t, after in enumerate(found, 1):
        w, m, v = rule(w, m, v, gradient(w, sparse), t, sparse)
        assert not np.abs(after - w).max() > 1e-7  # the hyperparameters are float32's
    kind = name if name in ("AdaMax", "AdamW") else "Adam"
    slots = [v.name for v in tf.global_variables() if v.name.startswith("w/")]
    assert slots == [f"w/{kind}:0", f"w/{kind}_1:0"]
    powers = ["beta1_power:0"] if name == "AdaMax" else ["beta1_power:0", "beta2_power:0"]
    assert [v.name for v in tf.global_variables() if "power" in v.name] == powers


def test_momentum_with_a_decay_of_weights_decays_first():
    found = trained(opt.MomentumWOptimizer(0.05, 0.1, 0.9, use_nesterov=True), False)
    w, a = START, 0
    for after in found:
        g = 2 * (w - TARGET)
        w, a = w - 0.05 * w, 0.9 * a + g
        w = w - 0.1 * (g + 0.9 * a)
        assert not np.abs(after - w).max() > 1e-6


@pytest.mark.parametrize("way", ["minimize", "apply_gradients"])
def test_only_the_variables_that_are_listed_decay(way):
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    optimizer = opt.extend_with_decoupled_weight_decay(tf.train.GradientDescentOptimizer)(0.25, learning_rate=0.0)
    if way == "minimize":
        step = optimizer.minimize(a * b, decay_var_list=[a])
    else:
        step = optimizer.apply_gradients(optimizer.compute_gradients(a * b), decay_var_list=[a])
    every = optimizer.apply_gradients(optimizer.compute_gradients(a * b))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run([a, b]) == [1.5, 3.0]
        session.run(every)
        assert session.run([a, b]) == [1.125, 2.25]


def test_a_swapping_saver_keeps_averages_under_the_names_of_their_variables(tmp_path):
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    optimizer = opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0), average_decay=0.5)
    with pytest.raises(RuntimeError, match="Must call apply_gradients or minimize before"):
        optimizer.swapping_saver()
    step = optimizer.minimize(tf.reduce_sum(w))
    saver = optimizer.swapping_saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run(w).tolist() == [0, 1]
        path = saver.save(session, str(tmp_path / "model"))
        saver.restore(session, path)
        assert session.run(w).tolist() == [0, 1]
    reader = tf.train.NewCheckpointReader(path)
    assert reader.get_tensor("w").tolist() == [0.5, 1.5]
    assert reader.get_tensor("w/ExponentialMovingAverage").tolist() == [0, 1]
    with pytest.raises(ValueError, match="This breaks swapping_saver"):
        optimizer.swapping_saver([w])


# -- SciPy ----------------------------------------------------------------------------------------------------------


def rosenbrock(x):
    return tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1]))


def test_scipy_finds_the_least_of_a_loss_and_tells_of_its_steps(caplog):
    x, shift = tf.Variable([[-1.0, 0.5], [0.0, 2.0]], dtype=tf.float64), tf.placeholder(tf.float64, [])
    unused = tf.Variable(5.0, dtype=tf.float64)
    loss = rosenbrock(tf.reshape(x, [-1])) + shift
    steps, losses = [], []
    optimizer = opt.ScipyOptimizerInterface(loss, [x, unused], options={"maxiter": 500})
    with tf.Session() as session, caplog.at_level(logging.INFO, "scopeflow"):
        session.run(tf.global_variables_initializer())
        first = session.run(loss, {shift: 2.0})
        optimizer.minimize(
            session, {shift: 2.0}, [loss, shift], lambda values: steps.append(values.copy()),
            lambda value, at: losses.append((value, at)),
        )  # fmt: skip
        found, untouched = session.run([x, unused])
    assert not np.abs(found - 1).max() > 1e-4 and untouched == 5
    assert losses[0] == (first, 2) and not losses[-1][0] > 2 + 1e-8
    assert len(losses) >= len(steps) > 5 and steps[0].shape == (5,)
    assert "Optimization terminated with:" in caplog.text and "Number of functions evaluations" in caplog.text


def test_bounds_and_constraints_are_kept():
    x = tf.Variable([7.0, 7.0])
    loss = tf.reduce_sum(tf.square(x))
    bounded = opt.ScipyOptimizerInterface(loss, var_to_bounds={x: ([1, 2], np.inf)})
    constrained = opt.ScipyOptimizerInterface(loss, equalities=[x[0] + x[1] - 5], inequalities=[x[1] - 4],
                                              method="SLSQP")  # fmt: skip
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        bounded.minimize(session)
        assert not np.abs(session.run(x) - [1, 2]).max() > 1e-5
        with session.as_default():
            constrained.minimize()
        assert not np.abs(session.run(x) - [1, 4]).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "message"), [("bounds", "using the var_to_bounds argument"), ("jac", "'jac' is set automatically")]
)
def test_arguments_that_are_set_here_are_refused(name, message):
    x = tf.Variable([1.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(ValueError, match=message):
            opt.ScipyOptimizerInterface(tf.reduce_sum(x * x), **{name: 1}).minimize(session)
        with pytest.raises(NotImplementedError, match="subclass from it"):
            opt.ExternalOptimizerInterface(tf.reduce_sum(x * x)).minimize(session)
