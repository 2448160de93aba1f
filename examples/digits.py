"""Two towers share one small convolutional net and learn to read 1797 scanned digits. Run: make demo"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
from pictures import draw_filters, draw_training
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import scopeflow as tf
from scopeflow.scopes.tree import variable_tree

TOWERS = 2


def conv_relu(input, kernel_shape, bias_shape):
    """A convolution whose variables are named by the scope it is called in: <scope>/weights and <scope>/biases."""
    weights = tf.get_variable("weights", kernel_shape, initializer=tf.truncated_normal_initializer(stddev=0.1))
    biases = tf.get_variable("biases", bias_shape, initializer=tf.constant_initializer(0.1))
    return tf.nn.relu(tf.nn.conv2d(input, weights, strides=[1, 1, 1, 1], padding="SAME") + biases)


def digit_net(images, keep_prob):
    """Images [N, 8, 8, 1] to logits [N, 10]; a feature is dropped with probability 1 - `keep_prob`."""
    with tf.variable_scope("conv1"):
        x = conv_relu(images, [5, 5, 1, 32], [32])
    x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")  # [N, 4, 4, 32]
    with tf.variable_scope("conv2"):
        x = conv_relu(x, [5, 5, 32, 64], [64])
    x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")  # [N, 2, 2, 64]
    x = tf.nn.dropout(tf.reshape(x, [-1, 2 * 2 * 64]), keep_prob)
    with tf.variable_scope("dense"):
        weights = tf.get_variable("weights", [2 * 2 * 64, 10])
        biases = tf.get_variable("biases", [10], initializer=tf.zeros_initializer())
        return tf.matmul(x, weights) + biases


def build(images, labels, keep_prob):
    """Each tower reads its part of the batch with the same variables. Returns (loss, accuracy) over the batch."""
    losses, logits = [], []
    parts = zip(tf.split(images, TOWERS), tf.split(labels, TOWERS), strict=True)
    with tf.variable_scope(tf.get_variable_scope()) as scope:
        for tower, (some_images, some_labels) in enumerate(parts):
            with tf.name_scope(f"tower_{tower}"):
                logits.append(digit_net(some_images, keep_prob))
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=some_labels, logits=logits[-1])
                losses.append(tf.reduce_mean(loss))
            scope.reuse_variables()  # from here on get_variable finds what the first tower made
    hits = tf.equal(tf.argmax(tf.concat(logits, 0), 1), labels)
    return tf.reduce_mean(tf.stack(losses)), tf.reduce_mean(tf.cast(hits, tf.float32))


def load_data():
    """Scans of handwritten digits, grey levels scaled from 0..16 to [0, 1]: (images, labels) to learn, and to test."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=450, random_state=0, stratify=labels)
    return (train_x, train_y), (test_x, test_y)


def batches(images, labels, size, steps):
    """A random batch for each step; every epoch takes the images in an order of its own."""
    order, rng = np.empty(0, int), np.random.default_rng(0)
    for _ in range(steps):
        while len(order) < size:
            order = np.concatenate([order, rng.permutation(len(images))])
        taken, order = order[:size], order[size:]
        yield images[taken], labels[taken]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400, help="training steps (default %(default)s)")
    parser.add_argument("--batch", type=int, default=128, help="images a step, an even number (default %(default)s)")
    parser.add_argument("--device", default=None, help="where the graph lives, such as /cpu:0 or /gpu:0")
    parser.add_argument(
        "--checkpoints", type=Path, default=None, help="where to keep them, and to go on from the newest"
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"), help="folder of the pictures")
    args = parser.parse_args()
    if args.steps < 1 or args.batch < TOWERS or args.batch % TOWERS:
        parser.error(f"--steps must be at least 1, and --batch a multiple of the {TOWERS} towers")

    train, test = load_data()
    tf.set_random_seed(0)
    with tf.device(args.device):
        images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
        labels = tf.placeholder(tf.int64, [None], name="labels")
        keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
        loss, accuracy = build(images, labels, keep_prob)
        step = tf.train.get_or_create_global_step()
        train_step = tf.train.AdamOptimizer(2e-3).minimize(loss, global_step=step)
    saver = tf.train.Saver(random_streams=True)

    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log file has no width of its own
    shared = [v.op.name for v in tf.trainable_variables()]
    assert shared == [f"{scope}/{name}" for scope in ("conv1", "conv2", "dense") for name in ("weights", "biases")]
    console.print(f"{TOWERS} towers, each variable once: {', '.join(shared)}")

    history = []  # (loss, accuracy) of each step's batch
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[state]}")
    with tf.Session() as session, Progress("training", *columns, console=console) as progress:
        session.run(tf.global_variables_initializer())
        newest = args.checkpoints and tf.train.latest_checkpoint(args.checkpoints)
        if newest:
            saver.restore(session, newest)
            console.print(f"going on from {newest}")
        done = tf.train.global_step(session, step)
        if done >= args.steps:
            parser.error(f"{newest} has gone {done} steps already")
        task = progress.add_task("", total=args.steps, completed=done, state="")
        start = time.perf_counter()
        for number, (x, y) in enumerate(
            itertools.islice(batches(*train, args.batch, args.steps), done, None), done + 1
        ):
            feeds = {images: x, labels: y, keep_prob: 0.5}
            _, *measured = session.run([train_step, loss, accuracy], feeds)
            history.append(measured)
            recent = np.mean(history[-20:], axis=0)
            progress.update(task, advance=1, state=f"loss {recent[0]:.4f}  accuracy {recent[1]:.1%}")
            if args.checkpoints and (number % 100 == 0 or number == args.steps):
                saver.save(session, args.checkpoints / "digits", global_step=step)
        seconds = time.perf_counter() - start
        progress.stop()
        test_accuracy = session.run(accuracy, feed_dict={images: test[0], labels: test[1]})
        with tf.variable_scope("conv1", reuse=True):
            filters = session.run(tf.get_variable("weights"))
        console.print(variable_tree(session=session))

    args.output.mkdir(parents=True, exist_ok=True)
    draw_filters(filters, args.output / "filters.png")
    draw_training(np.array(history), test_accuracy, args.output / "training.png")
    console.print(f"wrote {args.output / 'filters.png'} and {args.output / 'training.png'}")
    console.print(f"{len(history) * args.batch / seconds:,.0f} images per second")
    console.print(f"test accuracy {100 * test_accuracy:.1f} %")


if __name__ == "__main__":
    main()
