"""Optimizers that keep weights sparse, step by step."""

from ..cases import golden
from ..helpers import uniform
from .training import CLOSE, dense_loss, five_steps

OPTIMIZERS = {
    "ProximalGradientDescent": lambda tf, rate: tf.train.ProximalGradientDescentOptimizer(rate),
    "ProximalGradientDescent l1, l2": lambda tf, rate: tf.train.ProximalGradientDescentOptimizer(rate, 0.3, 0.2),
    "ProximalAdagrad": lambda tf, rate: tf.train.ProximalAdagradOptimizer(rate),
    "ProximalAdagrad l1, l2": lambda tf, rate: tf.train.ProximalAdagradOptimizer(rate, 0.2, 0.3, 0.2),
    "AdagradDA": lambda tf, rate: tf.train.AdagradDAOptimizer(rate, tf.train.get_global_step()),
    "AdagradDA l1, l2": lambda tf, rate: tf.train.AdagradDAOptimizer(
        rate, tf.train.get_global_step(), 0.2, l1_regularization_strength=0.02, l2_regularization_strength=0.2
    ),
}


@golden(rows=OPTIMIZERS, **CLOSE)
def dense_trajectory(tf, row):
    return five_steps(tf, row, dense_loss, [uniform(4, 3, seed=3), uniform(3, seed=4)])


@golden(rows=OPTIMIZERS, **CLOSE)
def sparse_trajectory(tf, row):
    """Rows looked up twice, and rows never looked up."""

    def loss_of(tf, table):
        rows = tf.nn.embedding_lookup(table, [[1, 3], [3, 6], [3, 1]])
        return tf.reduce_sum(tf.square(rows - uniform(3, 2, 2, seed=5)))

    return five_steps(tf, row, loss_of, [uniform(8, 2, seed=6)])
