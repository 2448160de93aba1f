"""Sessions that several threads run at once."""

import sys
import threading

import numpy as np
import pytest

import scopeflow as tf

THREADS = 8


def at_once(*calls):
    """Run the calls in threads of their own that begin together; raises what the first of them raised."""
    errors, gate = [], threading.Barrier(len(calls))

    def run(call):
        try:
            gate.wait(10)
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


@pytest.fixture
def graph():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads come between each other's lines all the time
    with tf.Graph().as_default() as graph:
        yield graph
    sys.setswitchinterval(interval)


def test_no_thread_loses_another_ones_update(graph):
    small, large = tf.Variable(0), tf.Variable(tf.zeros([300_000]))
    steps = [tf.assign_add(small, 1), tf.assign_add(large, tf.ones([300_000]))]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        at_once(*[lambda: [sess.run([s.op for s in steps]) for _ in range(25)]] * THREADS)
        assert sess.run(small) == 25 * THREADS
        np.testing.assert_array_equal(sess.run(large), np.full(300_000, 25.0 * THREADS, np.float32))


def test_counting_up_gives_every_number_once(graph):
    count = tf.count_up_to(tf.Variable(0), 400)
    seen = []

    def take():
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 400"):
            while True:
                seen.append(int(sess.run(count)))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        at_once(*[take] * THREADS)
    assert sorted(seen) == list(range(400))


def test_every_thread_has_its_own_feeds_and_results(graph):
    x = tf.placeholder(tf.float32, [None, 3])
    weights = tf.constant(np.arange(12, dtype=np.float32).reshape(3, 4))
    fetches = [tf.nn.relu(tf.matmul(x, weights) - 3.0), tf.reduce_sum(x, 1), tf.shape(x)]

    def use(seed):
        values = np.random.default_rng(seed)
        for n in range(1, 60):
            fed = values.standard_normal((n, 3)).astype(np.float32)
            product, total, shape = sess.run(fetches, {x: fed})
            want = np.maximum(fed @ np.arange(12, dtype=np.float32).reshape(3, 4) - 3, 0)
            np.testing.assert_allclose(product, want, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(total, fed.sum(1), rtol=1e-5, atol=1e-5)
            assert shape.tolist() == [n, 3]

    with tf.Session() as sess:
        at_once(*[lambda seed=seed: use(seed) for seed in range(THREADS)])


def test_a_plan_is_drawn_up_once_though_many_ask_for_it(graph, monkeypatch):
    from scopeflow.engine import session as module

    made = []
    plan = module.Plan
    monkeypatch.setattr(module, "Plan", lambda *args, **kwargs: made.append(args[1]) or plan(*args, **kwargs))
    tensors = [tf.constant(2.0) * tf.placeholder_with_default(float(i), []) for i in range(30)]
    with tf.Session() as sess:
        at_once(*[lambda: [sess.run(t) for t in tensors]] * THREADS)
    assert len(made) == len(tensors)


def test_training_in_several_threads_takes_every_step(graph):
    """Every step is counted, none leaves anything but finite numbers behind, and the loss falls."""
    x, y = tf.placeholder(tf.float32, [None, 8]), tf.placeholder(tf.float32, [None, 1])
    hidden = tf.layers.dense(x, 16, tf.nn.tanh, kernel_initializer=tf.glorot_uniform_initializer(seed=1))
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1, name="last"))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.003).minimize(loss, step)
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((64, 8)).astype(np.float32)
    feed = {x: inputs, y: inputs[:, :1] * inputs[:, 1:2]}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = sess.run(loss, feed)

        def watch():
            for _ in range(100):
                assert np.isfinite(sess.run(loss, feed))

        at_once(*[lambda: [sess.run(train, feed) for _ in range(40)]] * THREADS, watch)
        assert sess.run(step) == 40 * THREADS
        assert all(np.isfinite(value).all() for value in sess.run(tf.global_variables()))
        assert sess.run(loss, feed) < 0.9 * before


def test_random_draws_of_several_threads_are_pieces_of_one_stream(graph):
    draw = tf.random_uniform([4], seed=3)
    drawn = []
    with tf.Session() as sess:
        at_once(*[lambda: [drawn.append(tuple(sess.run(draw).tolist())) for _ in range(20)]] * THREADS)
    with tf.Session() as sess:
        assert sorted(drawn) == sorted(tuple(sess.run(draw).tolist()) for _ in range(20 * THREADS))


def test_a_run_that_takes_too_long_says_so(graph):
    slow = tf.py_func(lambda: threading.Event().wait(0.05) or np.float32(1), [], tf.float32)
    with tf.Session() as sess:
        assert sess.run(slow, options=tf.RunOptions(timeout_in_ms=20_000)) == 1
        with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting for notification"):
            sess.run(slow, options=tf.RunOptions(timeout_in_ms=5))
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.make_callable(slow)(options=tf.RunOptions(timeout_in_ms=5))
        assert sess.run(slow) == 1
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=5)) as sess:
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(slow)
        assert sess.run(slow, options=tf.RunOptions(timeout_in_ms=20_000)) == 1
