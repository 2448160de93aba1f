"""Complex numbers and discrete Fourier transforms: values, gradients, names, static shapes, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 3e-5, "atol": 2e-5, "reason": "float32 sums and functions rounded otherwise"}


def whole(*shape, seed=0):
    return (uniform(*shape, seed=seed) + 1j * uniform(*shape, seed=seed + 50)).astype(np.complex64)


FUNCTIONS = {
    "real": lambda tf, z: tf.real(z),
    "imag": lambda tf, z: tf.imag(z, name="mine"),
    "conj": lambda tf, z: tf.conj(z),
    "abs": lambda tf, z: tf.abs(z),
    "angle": lambda tf, z: tf.angle(z),
    "complex": lambda tf, z: tf.complex(tf.real(z), 2.0),
    "negative": lambda tf, z: -z,
    "square": lambda tf, z: tf.square(z),
    "power": lambda tf, z: z**2,
    "power of a number": lambda tf, z: 2.0**z,
    "reciprocal": lambda tf, z: tf.reciprocal(z),
    "sqrt": lambda tf, z: tf.sqrt(z),
    "rsqrt": lambda tf, z: tf.rsqrt(z),
    "exp": lambda tf, z: tf.exp(z),
    "expm1": lambda tf, z: tf.expm1(z),
    "log": lambda tf, z: tf.log(z),
    "log1p": lambda tf, z: tf.log1p(z),
    "sin": lambda tf, z: tf.sin(z),
    "cos": lambda tf, z: tf.cos(z),
    "sinh": lambda tf, z: tf.sinh(z),
    "cosh": lambda tf, z: tf.cosh(z),
    "tanh": lambda tf, z: tf.tanh(z),
    "sum": lambda tf, z: tf.reduce_sum(z, 1),
    "mean": lambda tf, z: tf.reduce_mean(z, keepdims=True),
    "plus": lambda tf, z: tf.add(z, [1.0, 2j, 3 + 1j]),
    "minus": lambda tf, z: 1.0 - z,
    "times": lambda tf, z: z * z[:1] * 2.0,
    "over": lambda tf, z: z / tf.conj(z[1]),
    "divided": lambda tf, z: tf.div(z, 1j),
    "sums of many": lambda tf, z: tf.add_n([z, z, tf.conj(z)]),
    "matmul": lambda tf, z: tf.matmul(z, z, transpose_b=True),
    "adjoint": lambda tf, z: tf.matmul(z, z, adjoint_a=True),
    "batches": lambda tf, z: tf.matmul(tf.stack([z, 1j * z]), z[None], adjoint_b=True),
    "transposed": lambda tf, z: tf.transpose(z, conjugate=True),
    "adjoint of a matrix": lambda tf, z: tf.linalg.adjoint(z),
    "norm": lambda tf, z: tf.norm(z, axis=1),
    "variance": lambda tf, z: tf.math.reduce_variance(z, 1),
    "deviation": lambda tf, z: tf.math.reduce_std(z),
    "einsum": lambda tf, z: tf.einsum("ij,kj->ik", z, z * 1j),
    "products of tensors": lambda tf, z: tf.tensordot(z, z, [[1], [1]]),
    "sums so far": lambda tf, z: tf.cumsum(z, 1),
    "cast": lambda tf, z: tf.cast(z, tf.float32),
    "widened": lambda tf, z: tf.cast(tf.cast(tf.real(z), tf.complex128) * 1j, tf.complex64),
    "sliced": lambda tf, z: tf.concat([z[:, 1:], tf.zeros_like(z)], 1),
    "equal": lambda tf, z: tf.equal(z, tf.conj(z)),
}


@golden(rows=FUNCTIONS, **SUMS)
def functions_of_complex_numbers(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        z = tf.placeholder(tf.complex64, [2, 3], name="z")
        y, x = row(tf, z), whole(2, 3, seed=1)
        answers = {"y": described(y), "value": session.run(y, {z: x})}
        if y.dtype == tf.bool:
            return answers
        side = whole(*y.shape.as_list(), seed=7)
        side = side if y.dtype.is_complex else side.real
        slope = tf.gradients(y, z, grad_ys=[tf.constant(side)])[0]
        return answers | {"slope": session.run(slope, {z: x})}


@golden(rtol=1e-6, reason="float32 functions rounded otherwise")
def corners_of_complex_numbers(tf):
    """At zero, of real numbers, in double precision, of constants and variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        z = tf.constant([0j, 1 + 0j, -2 + 0j, 0 - 1j])
        real = tf.constant([-1.0, 2.0])
        v = tf.Variable(z * 2.0)
        found = [
            tf.gradients(tf.abs(z), z)[0], tf.angle(z), tf.abs(z), tf.complex(real, real), tf.angle(real),
            tf.imag(real), tf.real(real), tf.conj(real), tf.abs(tf.constant([3 + 4j], tf.complex128)),
            tf.complex(tf.constant(1.0, tf.float64), tf.constant([2.0], tf.float64)), tf.cast(real, tf.complex128),
        ]  # fmt: skip
        session.run(v.initializer)
        session.run(tf.assign_add(v, z))
        return {
            "names": described(found[1:]),
            **{str(i): value for i, value in enumerate(session.run(found))},
            "variable": session.run(v),
            "abs": described(abs(z)),
        }


# The last says whether TensorFlow has a gradient that works.
TRANSFORMS = {
    "fft": (lambda tf, z: tf.fft(z), [2, 5], "c", True),
    "fft2d": (lambda tf, z: tf.fft2d(z), [2, 3, 4], "c", True),
    "fft3d": (lambda tf, z: tf.fft3d(z), [3, 2, 2], "c", True),
    "ifft": (lambda tf, z: tf.ifft(z, name="mine"), [2, 6], "c", True),
    "ifft2d": (lambda tf, z: tf.spectral.ifft2d(z), [2, 3, 4], "c", True),
    "ifft3d": (lambda tf, z: tf.signal.ifft3d(z), [3, 2, 2], "c", True),
    "rfft": (lambda tf, x: tf.spectral.rfft(x), [2, 5], "r", True),
    "rfft cut off": (lambda tf, x: tf.signal.rfft(x, [4]), [2, 7], "r", False),
    "rfft filled up": (lambda tf, x: tf.signal.rfft(x, [9], name="mine"), [2, 7], "r", True),
    "rfft2d": (lambda tf, x: tf.spectral.rfft2d(x), [2, 3, 4], "r", True),
    "rfft2d cut off and filled up": (lambda tf, x: tf.spectral.rfft2d(x, [2, 6]), [3, 4], "r", False),
    "rfft3d": (lambda tf, x: tf.signal.rfft3d(x), [2, 3, 2], "r", False),
    "irfft": (lambda tf, z: tf.signal.irfft(z), [2, 5], "c", True),
    "irfft of odd length": (lambda tf, z: tf.signal.irfft(z, [5]), [2, 3], "c", True),
    "irfft cut off": (lambda tf, z: tf.spectral.irfft(z, [4]), [2, 6], "c", False),
    "irfft filled up": (lambda tf, z: tf.spectral.irfft(z, [10]), [2, 3], "c", True),
    "irfft2d": (lambda tf, z: tf.spectral.irfft2d(z), [2, 3, 3], "c", True),
    "irfft2d of a length": (lambda tf, z: tf.spectral.irfft2d(z, [4, 3]), [2, 3, 3], "c", False),
    "irfft3d": (lambda tf, z: tf.signal.irfft3d(z), [2, 3, 3], "c", False),
}


@golden(rows=TRANSFORMS, **SUMS)
def transforms(tf, row):
    build, shape, kind, sloped = row
    with tf.Graph().as_default(), tf.Session() as session:
        values = whole(*shape, seed=1) if kind == "c" else uniform(*shape, seed=1)
        x = tf.placeholder(values.dtype, shape, name="x")
        y = build(tf, x)
        free = build(tf, tf.placeholder(values.dtype, [None] * len(shape)))
        answers = {"names": described([y, free]), "value": session.run(y, {x: values})}
        if sloped:
            side = whole(*y.shape.as_list(), seed=7)
            side = side if y.dtype.is_complex else side.real
            answers["slope"] = session.run(tf.gradients(y, x, grad_ys=[tf.constant(side)])[0], {x: values})
        return answers


@golden(rows={"of any length": [None, None], "of any batch": [None, 6], "of any rank": None}, **SUMS)
def transforms_of_unknown_shape(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x, z = tf.placeholder(tf.float32, row), tf.placeholder(tf.complex64, row)
        found = [tf.signal.rfft(x, [8]), tf.signal.irfft(z, [10]), tf.fft(z)]
        if row:
            found += [tf.signal.rfft(x), tf.signal.irfft(z)]
        slopes = [tf.gradients(tf.abs(y), x if i in (0, 3) else z)[0] for i, y in enumerate(found)]
        feed = {x: uniform(2, 6, seed=1), z: whole(2, 6, seed=2)}
        return {
            "shapes": [str(y.shape.as_list()) if y.shape.ndims is not None else "unknown" for y in found],
            **{str(i): value for i, value in enumerate(session.run(found + slopes, feed))},
        }


REFUSED = {
    "real numbers": (lambda tf: tf.fft(tf.ones([3])), "float32"),
    "integers": (lambda tf: tf.signal.rfft(tf.constant([1, 2])), "RFFT requires tf.float32 or tf.float64 inputs"),
    "no complex numbers": (lambda tf: tf.signal.irfft(tf.ones([3])), "IRFFT requires tf.complex64 or tf.complex128"),
    "rank": (lambda tf: tf.fft2d(tf.constant([1j])), "at least"),
    "mixed": (lambda tf: tf.complex(1.0, tf.constant(2.0, tf.float64)), "must be consistent|incorrect types"),
    "of integers": (lambda tf: tf.complex(tf.constant(1), tf.constant(2)), "incorrect types|must be consistent"),
    "beside real numbers": (lambda tf: tf.constant([1j]) * tf.constant([1.0]), "type float32 .*does not match"),
    "greater": (lambda tf: tf.greater(tf.constant([1j]), 1j), "complex128 not in list of allowed values"),
    "gradient": (lambda tf: tf.gradients(*[tf.constant([1j]) * 2.0] * 2), "must set grad_ys"),
}


@golden(rows=REFUSED)
def refused_complex(tf, row):
    call, sentence = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), f"({sentence})")}
