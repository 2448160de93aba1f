"""What a Session.run of a small cached graph costs beyond NumPy's own time: so much a run, so much an op."""

import time

import numpy as np
import pytest

import scopeflow as tf

RUN_BUDGET_S = 30e-6
OP_BUDGET_S = 3e-6
LENGTHS = (1, 10, 100)  # ops in the chain

X = np.linspace(-1, 1, 8, dtype=np.float32)
ADDEND, FACTOR = np.float32(0.25), np.float32(0.5)


def session_chain(length):
    """A call without arguments that runs a chain of `length` element-wise ops, adding and multiplying in turn."""
    with tf.Graph().as_default() as graph:
        x = y = tf.placeholder(tf.float32, [8])
        for i in range(length):
            y = tf.multiply(y, FACTOR) if i % 2 else tf.add(y, ADDEND)
    session = tf.Session(graph=graph)
    return lambda: session.run(y, {x: X})


def numpy_chain(length):
    """The same NumPy calls in a plain Python loop."""

    def run():
        y = X
        for i in range(length):
            y = np.multiply(y, FACTOR) if i % 2 else np.add(y, ADDEND)
        return y

    return run


def best_seconds(call, repeats=15, calls=200):
    """Seconds a call takes: the best of `repeats` means over `calls`, as other processes can only make it slower."""
    for _ in range(20):
        call()
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - start) / calls)
    return best


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("chain", [numpy_chain, session_chain])
def test_chain(benchmark, chain, length):
    run = chain(length)
    np.testing.assert_array_equal(run(), numpy_chain(length)())
    benchmark.group = f"chain of {length} ops"
    benchmark(run)


def test_overheads_keep_to_their_budgets(capsys):
    overheads = [best_seconds(session_chain(n)) - best_seconds(numpy_chain(n)) for n in LENGTHS]
    per_op, per_run = np.polyfit(LENGTHS, overheads, 1)
    with capsys.disabled():
        print(f"\nSession.run beyond NumPy: {per_run * 1e6:.1f} µs a run + {per_op * 1e6:.2f} µs an op")
        print("\n".join(f"  {n:4d} ops: {1e6 * o:8.1f} µs" for n, o in zip(LENGTHS, overheads, strict=True)))
    assert overheads[0] <= RUN_BUDGET_S + OP_BUDGET_S
    assert per_op <= OP_BUDGET_S
