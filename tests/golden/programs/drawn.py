"""Random gamma and Poisson numbers and their gradients, and random ops without a state."""

import numpy as np

from ..cases import golden
from ..helpers import described, said

LIBM = {"rtol": 3e-6, "reason": "logarithms, sines and powers of another libm, in float64, rounded to float32"}
ALPHA = np.array([[0.3, 1.0, 2.5], [0.05, 7.0, 30.0]], np.float32)
RATES = np.array([0.5, 3.0, 9.9, 10.0, 15.0, 100.0, 1e4])


@golden(rows={"float32": np.float32, "float64": np.float64}, **LIBM)
def gamma(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = tf.random_gamma([3], ALPHA.astype(row), dtype=row, seed=3)
        scaled = tf.random_gamma([2, 1], ALPHA[0], beta=np.array([[2.0], [3.0]]), dtype=row, seed=4, name="g")
        runs = [session.run([drawn, scaled]) for _ in range(2)]
    values = {
        f"{name} {i}": value for i, run in enumerate(runs) for name, value in zip(("one", "two"), run, strict=True)
    }
    return values | {"what": described([drawn, scaled])}


@golden(rtol=1e-4, reason="TensorFlow fits polynomials for the slope in float32")
def slopes_of_gamma(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        alpha, beta = tf.constant(ALPHA), tf.constant(2.0)
        drawn = tf.random_gamma([20], alpha, beta, seed=3)
        by_alpha, by_beta = session.run(tf.gradients(drawn, [alpha, beta]))
        wide = tf.constant(ALPHA.astype(np.float64))
        in_float64 = session.run(tf.gradients(tf.random_gamma([20], wide, dtype=tf.float64, seed=3), wide))[0]
    return {"alpha": by_alpha, "beta": by_beta, "float64": in_float64}


@golden(rows={name: name for name in ("float32", "float64", "int32", "int64")})
def poisson(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = tf.random_poisson(RATES, [4], dtype=row, seed=5)
        narrow = tf.random.poisson(RATES.astype(np.float32), [2, 2], dtype=row, seed=6)
        runs = [session.run([drawn, narrow]) for _ in range(2)]
    values = {
        f"{name} {i}": value for i, run in enumerate(runs) for name, value in zip(("one", "two"), run, strict=True)
    }
    return values | {"what": described([drawn, narrow])}


@golden(**LIBM)
def without_state(tf):
    logits = np.log(np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]], np.float32))
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = {
            "uniform": tf.random.stateless_uniform([3, 2], [2, 3]),
            "range": tf.random.stateless_uniform([3, 2], [2, 3], -1.0, 2.0),
            "float64": tf.random.stateless_uniform([5], [2, 3], dtype=tf.float64),
            "int32": tf.random.stateless_uniform([7], [2, -3], 5, 100, tf.int32),
            "int64": tf.random.stateless_uniform([7], np.array([2**40, -3]), 5, 2**50, tf.int64),
            "normal": tf.random.stateless_normal([7], [2, 3], 1.0, 0.5),
            "truncated": tf.random.stateless_truncated_normal([9], [2, 3], dtype=tf.float64),
            "multinomial": tf.random.stateless_multinomial(logits, 9, [3, 4]),
            "categorical": tf.random.stateless_categorical(logits, 3, [3, 4], tf.int32),
        }
        shapes = [str(tensor.shape) for tensor in drawn.values()]
        return session.run(drawn) | {"shapes": shapes}


@golden()
def refused(tf):
    return {
        "no largest": said(lambda: tf.random.stateless_uniform([3], [1, 2], dtype=tf.int32)),
        "seeds": said(lambda: tf.random.stateless_uniform([3], [1, 2, 3])),
    }
