"""The median Session.run beside TensorFlow's, same weights and data, in turns within one run.

    python benchmarks/bench_against_tensorflow.py --tensorflow PYTHON [NAMES...]

PYTHON is the interpreter of an environment that has `tensorflow-cpu` and `tf_keras`; there this same file runs as a
child process. First both run every program for some steps and must come to the same numbers; then they take turns, a
short burst of runs each, so that whatever else the machine does meets both. Exits with 1 where a ratio of the medians
is above its goal.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

CHECKED_RUNS = 5  # of each program, whose numbers are compared
BURST_S = 0.05  # a turn lasts about this long
TURNS = 40


class Program(NamedTuple):
    """`build(tf)` gives what to fetch and what to feed; a step runs each (fetches, feeds) once."""

    build: Callable[[Any], list[tuple[Any, dict]]]
    goal: float  # our time over TensorFlow's


def values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def variable(tf: Any, name: str, *shape: int) -> Any:
    """Starting values of Glorot's range, equal under both libraries."""
    bound = np.float32(np.sqrt(6 / (np.prod(shape[:-1]) + np.prod(shape) / shape[-2]))) if len(shape) > 1 else 0
    return tf.get_variable(name, initializer=bound * values(*shape, seed=sum(map(ord, name))))


def dense(tf: Any, x: Any, units: int, name: str) -> Any:
    return tf.matmul(x, variable(tf, f"{name}/w", int(x.shape[1]), units)) + variable(tf, f"{name}/b", units)


def classifier_step(tf: Any, logits: Any, labels: Any, feeds: dict) -> list[tuple[Any, dict]]:
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return [([loss, tf.train.AdamOptimizer(1e-3).minimize(loss)], feeds)]


def trivial(tf: Any) -> list[tuple[Any, dict]]:
    return [(tf.placeholder_with_default(np.float32(1), []) + 1.0, {})]


def mlp(tf: Any) -> list[tuple[Any, dict]]:
    x, y = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.int32, [None])
    hidden = tf.nn.relu(dense(tf, tf.nn.relu(dense(tf, x, 64, "hidden1")), 128, "hidden2"))
    return classifier_step(tf, dense(tf, hidden, 10, "out"), y, {x: values(64, 64), y: np.arange(64) % 10})


def convnet(tf: Any) -> list[tuple[Any, dict]]:
    """LeNet's shape, as TensorFlow's MNIST tutorials had it: 32 and 64 filters of 5 x 5, then 1024 units."""
    x, y = tf.placeholder(tf.float32, [None, 28, 28, 1]), tf.placeholder(tf.int32, [None])
    h = x
    for i, filters in enumerate((32, 64)):
        w = variable(tf, f"conv{i}/w", 5, 5, int(h.shape[3]), filters)
        h = tf.nn.relu(tf.nn.conv2d(h, w, [1, 1, 1, 1], "SAME") + variable(tf, f"conv{i}/b", filters))
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.relu(dense(tf, tf.reshape(h, [-1, 7 * 7 * 64]), 1024, "hidden"))
    feeds = {x: values(64, 28, 28, 1), y: np.arange(64) % 10}
    return classifier_step(tf, dense(tf, h, 10, "out"), y, feeds)


def chain(tf: Any) -> list[tuple[Any, dict]]:
    x = y = tf.placeholder(tf.float32, [])
    for i in range(100):
        y = tf.multiply(y + 0.25, 1.0 - 0.01 * (i % 2))
    return [(y, {x: 0.5})]


def lstm(tf: Any, outputs_of: Callable[[Any, Any], Any]) -> list[tuple[Any, dict]]:
    x, y = tf.placeholder(tf.float32, [None, 28, 28]), tf.placeholder(tf.int32, [None])
    uniform = tf.constant_initializer(0.05 * values(28 + 64, 4 * 64))
    cell = tf.nn.rnn_cell.LSTMCell(64, initializer=uniform)
    logits = dense(tf, outputs_of(cell, x), 10, "out")
    return classifier_step(tf, logits, y, {x: values(32, 28, 28), y: np.arange(32) % 10})


def static_lstm(tf: Any) -> list[tuple[Any, dict]]:
    return lstm(tf, lambda cell, x: tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)[0][-1])


def dynamic_lstm(tf: Any) -> list[tuple[Any, dict]]:
    return lstm(tf, lambda cell, x: tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[0][:, -1])


def dqn(tf: Any) -> list[tuple[Any, dict]]:
    """A step of playing, which asks for the best action in one state, and one of training on a batch."""

    def network(states: Any, name: str) -> Any:
        hidden = tf.nn.relu(dense(tf, states, 64, f"{name}/1"))
        return dense(tf, tf.nn.relu(dense(tf, hidden, 64, f"{name}/2")), 2, f"{name}/3")

    state, following = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 4])
    action, reward = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.float32, [None])
    done = tf.placeholder(tf.float32, [None])
    q, target = network(state, "q"), network(following, "target")
    taken = tf.reduce_sum(q * tf.one_hot(action, 2), 1)
    wanted = tf.stop_gradient(reward + 0.99 * (1.0 - done) * tf.reduce_max(target, 1))
    loss = tf.losses.huber_loss(wanted, taken)
    trained = [v for v in tf.trainable_variables() if v.name.startswith("q/")]
    train = tf.train.AdamOptimizer(1e-3).minimize(loss, var_list=trained)
    batch = {state: values(32, 4), following: values(32, 4, seed=1), action: np.arange(32) % 2}
    batch |= {reward: values(32), done: np.float32(np.arange(32) % 7 == 0)}
    return [(tf.argmax(q, 1), {state: values(1, 4)}), ([loss, train], batch)]


ROWS = values(1000, 784), np.arange(1000) % 10


def following(dataset: Any) -> list[tuple[Any, dict]]:
    return [(dataset.make_one_shot_iterator().get_next(), {})]


def shuffled_input(tf: Any) -> list[tuple[Any, dict]]:
    return following(tf.data.Dataset.from_tensor_slices(ROWS).shuffle(1000, seed=1).repeat().batch(64))


def mapped_input(tf: Any) -> list[tuple[Any, dict]]:
    """What programs do to a picture and its label: six small ops."""

    def prepared(pixels: Any, label: Any) -> Any:
        return tf.reshape(tf.cast(pixels * 255.0, tf.float32) / 127.5 - 1.0, [28, 28, 1]), tf.one_hot(label, 10)

    return following(tf.data.Dataset.from_tensor_slices(ROWS).repeat().map(prepared, num_parallel_calls=2).batch(64))


def cropped_input(tf: Any) -> list[tuple[Any, dict]]:
    pictures = values(100, 40, 40, 3)

    def changed(picture: Any) -> Any:
        return tf.image.random_flip_left_right(tf.random_crop(picture, [32, 32, 3], seed=1), seed=2)

    return following(tf.data.Dataset.from_tensor_slices(pictures).repeat().map(changed).batch(32))


def padded_input(tf: Any) -> list[tuple[Any, dict]]:
    numbers = tf.data.Dataset.range(1000).repeat().map(lambda i: tf.fill([i % 20], tf.cast(i, tf.float32)))
    return following(numbers.padded_batch(32, [None]).map(lambda batch: batch + 1.0))


def generated_input(tf: Any) -> list[tuple[Any, dict]]:
    def generator() -> Iterable[Any]:
        while True:
            yield from zip(*ROWS, strict=True)

    return following(tf.data.Dataset.from_generator(generator, (tf.float32, tf.int64), ([784], [])).batch(64))


def serialized(tf: Any, **features: Any) -> bytes:
    """The bytes of an Example with features of strings, floats or integers."""
    train = tf.train
    kinds = {
        bytes: lambda v: train.Feature(bytes_list=train.BytesList(value=v)),
        float: lambda v: train.Feature(float_list=train.FloatList(value=v)),
        int: lambda v: train.Feature(int64_list=train.Int64List(value=v)),
    }
    made = {name: kinds[type(numbers[0])](numbers) for name, numbers in features.items()}
    return train.Example(features=train.Features(feature=made)).SerializeToString()


def mnist_record(tf: Any) -> list[tuple[Any, dict]]:
    """A picture of 784 bytes and its label, as MNIST is kept in TFRecords."""
    data = serialized(tf, image_raw=[bytes(i % 251 for i in range(784))], label=[7], height=[28], width=[28], depth=[1])
    record = tf.placeholder(tf.string, [])
    features = {"image_raw": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)}
    parsed = tf.parse_single_example(record, features)
    pixels = tf.cast(tf.reshape(tf.decode_raw(parsed["image_raw"], tf.uint8), [784]), tf.float32) / 255 - 0.5
    return [([pixels, parsed["label"]], {record: data})]


def record_of_floats(tf: Any) -> list[tuple[Any, dict]]:
    data, record = serialized(tf, x=[float(v) for v in values(256)], y=[7]), tf.placeholder(tf.string, [])
    features = {"x": tf.FixedLenFeature([256], tf.float32), "y": tf.FixedLenFeature([], tf.int64)}
    parsed = tf.parse_single_example(record, features)
    return [([parsed["x"], parsed["y"]], {record: data})]


PROGRAMS = {
    "trivial fetch": Program(trivial, 0.5),
    "MLP 64-64-128-10, Adam": Program(mlp, 1.0),
    "5x5 convnet, batch 64": Program(convnet, 1.0),
    "chain of 200 scalar ops": Program(chain, 1.5),
    "LSTM, static_rnn": Program(static_lstm, 1.5),
    "LSTM, dynamic_rnn": Program(dynamic_lstm, 1.5),
    "DQN step": Program(dqn, 1.5),
    "input: shuffled rows, batch 64": Program(shuffled_input, 1.5),
    "input: map of six ops, batch 64": Program(mapped_input, 1.5),
    "input: random crops, batch 32": Program(cropped_input, 3.0),  # two draws an element, each of some 15 µs
    "input: padded batch of 32": Program(padded_input, 1.5),
    "input: generator, batch 64": Program(generated_input, 1.5),
    "Example of an MNIST picture": Program(mnist_record, 2.0),
    "Example of 256 floats": Program(record_of_floats, 2.0),
}


class Player:
    """The programs under one library, each in a graph and session of its own."""

    def __init__(self, tf: Any, names: Iterable[str]) -> None:
        self.steps = {name: self._built(tf, PROGRAMS[name]) for name in names}

    @staticmethod
    def _built(tf: Any, program: Program) -> tuple[Any, list[tuple[Any, dict]]]:
        with tf.Graph().as_default() as graph:
            runs = program.build(tf)
            session = tf.Session(graph=graph)
            session.run(tf.global_variables_initializer())
        return session, runs

    def checked(self, name: str) -> list[float]:
        """The first fetch of each of the first runs."""
        session, runs = self.steps[name]
        told = [session.run(fetches, feeds) for _ in range(CHECKED_RUNS) for fetches, feeds in runs]
        return [float(np.ravel(t[0] if isinstance(t, (list, tuple)) else t)[0]) for t in told]

    def burst(self, name: str) -> list[float]:
        """Seconds of each step in about `BURST_S`."""
        session, runs = self.steps[name]
        seconds = []
        end = time.perf_counter() + BURST_S
        while not seconds or time.perf_counter() < end:
            start = time.perf_counter()
            for fetches, feeds in runs:
                session.run(fetches, feeds)
            seconds.append(time.perf_counter() - start)
        return seconds


class Child:
    """A Player in another process."""

    def __init__(self, python: str, names: list[str]) -> None:
        environment = os.environ | {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [python, os.path.abspath(__file__), "--child", *names]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, what: str, name: str) -> list[float]:
        assert self.process.stdin and self.process.stdout
        print(json.dumps([what, name]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"TensorFlow's process ended with {self.process.wait()}: does its environment have tf_keras too?")
        return json.loads(answer)


def serve(names: list[str]) -> None:
    """Answer the parent's questions, a line of JSON each, until its end of the pipe closes."""
    import tensorflow.compat.v1 as tf

    answers, sys.stdout = sys.stdout, sys.stderr  # whatever else prints must not come between
    tf.disable_v2_behavior()
    player = Player(tf, names)
    for line in sys.stdin:
        what, name = json.loads(line)
        print(json.dumps(getattr(player, what)(name)), file=answers, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensorflow", metavar="PYTHON", help="the interpreter that has TensorFlow")
    parser.add_argument("--turns", type=int, default=TURNS, help="of each program under each library (%(default)s)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(PROGRAMS)}")
    options = parser.parse_args()
    names = options.names or list(PROGRAMS)
    if unknown := set(names) - PROGRAMS.keys():
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    if options.child:
        serve(names)
        return 0
    if not options.tensorflow:
        parser.error("--tensorflow is needed: the interpreter of an environment with tensorflow-cpu and tf_keras")
    import scopeflow

    theirs, ours = Child(options.tensorflow, names), Player(scopeflow, names)
    above = 0
    print(f"{'Session.run, median':28}{'TensorFlow':>12}{'scopeflow':>12}{'ratio':>8}{'goal':>7}")
    for name in names:
        np.testing.assert_allclose(ours.checked(name), theirs.ask("checked", name), rtol=1e-3, atol=1e-5)
        seconds: tuple[list[float], list[float]] = [], []
        for _ in range(options.turns):
            seconds[0].extend(theirs.ask("burst", name))
            seconds[1].extend(ours.burst(name))
        their_median, our_median = map(statistics.median, seconds)
        ratio, goal = our_median / their_median, PROGRAMS[name].goal
        above += ratio > goal
        verdict = "" if ratio <= goal else "  above"
        print(f"{name:28}{their_median * 1e6:9.0f} µs{our_median * 1e6:9.0f} µs{ratio:8.2f}{goal:7.1f}{verdict}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
