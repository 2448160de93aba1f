"""What building a graph, differentiating it and drawing up its plan cost an operation."""

import time

import pytest

import scopeflow as tf

LENGTHS = (1_000, 10_000)  # operations before the gradient


def deep_network(length):
    """(variables, output) of products, sums, rectifiers and reshapes in turn, about `length` operations."""
    graph = tf.get_default_graph()
    weights = [tf.get_variable(f"w{i}", [8, 8]) for i in range(20)]
    y = tf.placeholder(tf.float32, [None, 8])
    layers = 0
    while graph.version < length:
        y = tf.nn.relu(tf.matmul(y, weights[layers % 20]) + 1.0)
        if layers % 5 == 0:
            y = tf.reshape(y, [-1, tf.shape(y)[1]])
        layers += 1
    return weights, y


def costs(length):
    """CPU microseconds an operation takes to build, to differentiate (an operation of the gradient), to plan."""
    with tf.Graph().as_default() as graph:
        start = time.process_time()
        weights, y = deep_network(length)
        built, forward = time.process_time(), graph.version
        gradients = tf.gradients(tf.reduce_sum(y), weights)
        differentiated, both = time.process_time(), graph.version
        tf.Session().make_callable(gradients)
        planned = time.process_time()
    seconds = (
        (built - start) / forward,
        (differentiated - built) / (both - forward),
        (planned - differentiated) / both,
    )
    return [1e6 * s for s in seconds]


@pytest.mark.parametrize("length", LENGTHS)
def test_costs_an_operation(length, capsys):
    build, differentiate, plan = (min(each) for each in zip(*(costs(length) for _ in range(3)), strict=True))
    with capsys.disabled():
        print(f"\n{length} ops: {build:.1f} µs to build, {differentiate:.1f} to differentiate, {plan:.1f} to plan each")
