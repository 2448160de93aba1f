"""Cases of engine/ops/random.py, all with seeds."""

import numpy as np
from op_cases import Case, normal

SEED = np.array([2, -3])


def drawn(name, op, build, *inputs):
    return Case(name, (op,), build, inputs, differentiable=False)


CASES = [
    drawn("random_uniform", "RandomUniform", lambda tf: tf.random_uniform([2, 3], seed=1)),
    drawn("random_uniform_double", "RandomUniform", lambda tf: tf.random_uniform([5], -1, 2.0, tf.float64, seed=1)),
    drawn("random_uniform_bfloat16", "RandomUniform", lambda tf: tf.random_uniform([5], dtype=tf.bfloat16, seed=1)),
    drawn("random_uniform_scalar", "RandomUniform", lambda tf: tf.random_uniform([], seed=1)),
    drawn(
        "random_uniform_of_a_fed_shape",
        "RandomUniform",
        lambda tf, s: tf.random_uniform(s, seed=1),
        np.int32([2, 0, 3]),
    ),
    drawn("random_uniform_int", "RandomUniformInt", lambda tf: tf.random_uniform([7], -3, 9, tf.int64, seed=1)),
    drawn("random_normal", "RandomStandardNormal", lambda tf: tf.random_normal([3, 2], 1.0, 0.5, seed=1)),
    drawn("random_normal_half", "RandomStandardNormal", lambda tf: tf.random_normal([9], dtype=tf.float16, seed=1)),
    drawn("truncated_normal", "TruncatedNormal", lambda tf: tf.truncated_normal([30], seed=1)),
    drawn("random_shuffle", "RandomShuffle", lambda tf, x: tf.random_shuffle(x, seed=1), normal(6, 2)),
    drawn("random_shuffle_scalar", "RandomShuffle", lambda tf, x: tf.random_shuffle(x, seed=1), np.float64(3)),
    drawn("multinomial", "Multinomial", lambda tf, x: tf.multinomial(x, 4, seed=1), normal(3, 5)),
    drawn("categorical_int32", "Multinomial", lambda tf, x: tf.categorical(x, 4, tf.int32, 1), normal(3, 5)),
    drawn("random_gamma", "RandomGamma", lambda tf, a: tf.random_gamma([3], a, seed=1), np.float32([[0.5, 1.0, 7.0]])),
    drawn(
        "random_gamma_slope",
        "RandomGammaGrad",
        lambda tf, a: tf.gradients(tf.random_gamma([3], a, 2.0, tf.float64, seed=1), a),
        np.array([0.5, 1.0, 7.0]),
    ),
    drawn(
        "random_poisson",
        "RandomPoissonV2",
        lambda tf, rate: tf.random_poisson(rate, [2, 3], tf.int32, seed=1),
        np.array([0.5, 9.0, 11.0, 1e4]),
    ),
    drawn("stateless_uniform", "StatelessRandomUniform", lambda tf, s: tf.random.stateless_uniform([2, 3], s), SEED),
    drawn("stateless_normal", "StatelessRandomNormal", lambda tf, s: tf.random.stateless_normal([3], s, 1.0), SEED),
    drawn(
        "stateless_truncated_normal",
        "StatelessTruncatedNormal",
        lambda tf, s: tf.random.stateless_truncated_normal([9], s, dtype=tf.float64),
        SEED,
    ),
    drawn(
        "stateless_uniform_int",
        "StatelessRandomUniformInt",
        lambda tf, s: tf.random.stateless_uniform([9], s, -3, 9, tf.int64),
        SEED,
    ),
    drawn(
        "stateless_multinomial",
        "StatelessMultinomial",
        lambda tf, x, s: tf.random.stateless_multinomial(x, 4, s, tf.int32),
        normal(3, 5),
        SEED,
    ),
    drawn("random_crop", "RandomUniformInt", lambda tf, x: tf.random_crop(x, [2, 3], seed=1), normal(4, 5)),
]
