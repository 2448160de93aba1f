"""Cases of complex numbers and of transforms, with real numbers in and out: their slopes are held to differences."""

from op_cases import Case, normal, positive

from scopeflow.engine.ops import spectral


def _whole(tf, x, y):
    return tf.complex(x, y)


def _parts(tf, z):
    return [tf.real(z), tf.imag(z)]


def _function(name, function, *, shape=(2, 3), ops=()):
    """A function of complex numbers, as one of two real ones with two real results."""
    return Case(
        f"complex_{name}",
        ("Complex", "Real", "Imag", *ops),
        lambda tf, x, y: _parts(tf, function(tf, _whole(tf, x, y))),
        (positive(*shape), normal(*shape, seed=1)),
    )


def _binary(name, function, left=(2, 3), right=(3,), ops=()):
    return Case(
        f"complex_{name}",
        ("Complex", "Real", "Imag", *ops),
        lambda tf, a, b, c, d: _parts(tf, function(tf, _whole(tf, a, b), _whole(tf, c, d))),
        (positive(*left), normal(*left, seed=1), positive(*right, seed=2), normal(*right, seed=3)),
    )


_FUNCTIONS = {
    name: lambda tf, z, name=name: getattr(tf, name)(z)
    for name in (
        "square", "reciprocal", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "sinh", "cosh", "tanh",
        "negative", "reduce_sum", "reduce_mean",
    )
}  # fmt: skip


def _transform(name, shape, lengths=None, dimensions=1):
    op = getattr(spectral, name.upper())
    if name.startswith("rfft"):
        return Case(
            f"{name}_{lengths}",
            (op.type, "Real", "Imag"),
            lambda tf, x: _parts(tf, getattr(tf.signal, name)(x, lengths)),
            (normal(*shape),),
        )
    if name.startswith("irfft"):
        return Case(
            f"{name}_{lengths}",
            (op.type, "Complex"),
            lambda tf, x, y: getattr(tf.signal, name)(tf.complex(x, y), lengths),
            (normal(*shape), normal(*shape, seed=1)),
        )
    return _function(name, lambda tf, z: getattr(tf, name)(z), shape=shape, ops=(op.type,))


CASES = [
    *(_function(name, function) for name, function in _FUNCTIONS.items()),
    _function("conj", lambda tf, z: tf.conj(z) * z * z, ops=("Conj",)),
    _function("pow", lambda tf, z: z**3),
    _function("cast", lambda tf, z: tf.cast(tf.cast(z, tf.float64), tf.complex128) * z),
    Case(
        "complex_abs", ("ComplexAbs",), lambda tf, x, y: tf.abs(tf.complex(x, y)), (normal(2, 3), normal(2, 3, seed=1))
    ),
    Case("complex_angle", ("Angle",), lambda tf, x, y: tf.angle(tf.complex(x, y)), (normal(2, 3), normal(3, seed=1))),
    _binary("add", lambda tf, a, b: a + b),
    _binary("subtract", lambda tf, a, b: a - b),
    _binary("multiply", lambda tf, a, b: a * b),
    _binary("divide", lambda tf, a, b: a / b),
    _binary("power", lambda tf, a, b: tf.pow(a, b)),
    _binary("add_n", lambda tf, a, b: tf.add_n([a, b, a]), right=(2, 3)),
    _binary("matmul", lambda tf, a, b: tf.matmul(a, b), right=(3, 2)),
    _binary("matmul_adjoint", lambda tf, a, b: tf.matmul(a, b, adjoint_b=True), right=(4, 3)),
    _binary("matmul_transposed", lambda tf, a, b: tf.matmul(a, b, transpose_a=True, adjoint_b=True), right=(4, 2)),
    _binary("batch_matmul", lambda tf, a, b: tf.matmul(a, b, adjoint_a=True), left=(2, 3, 2), right=(1, 3, 2)),
    _binary("einsum", lambda tf, a, b: tf.einsum("ij,kj->ik", a, b), right=(4, 3)),
    _function("cumsum", lambda tf, z: tf.cumsum(z, 1, exclusive=True, reverse=True)),
    _function("adjoint", lambda tf, z: tf.linalg.adjoint(z) * [1j, 2.0], ops=("ConjugateTranspose",)),
    _function("norm", lambda tf, z: tf.norm(z, axis=1)),
    Case(
        "complex_variance",
        ("Complex", "Real"),
        lambda tf, x, y: tf.math.reduce_variance(tf.complex(x, y), 1),
        (normal(2, 3), normal(3, seed=1)),
    ),
    _transform("fft", (2, 5)),
    _transform("fft2d", (2, 3, 4)),
    _transform("fft3d", (2, 3, 2)),
    _transform("ifft", (2, 5)),
    _transform("ifft2d", (2, 3, 4)),
    _transform("ifft3d", (2, 3, 2)),
    _transform("rfft", (2, 5)),
    _transform("rfft", (2, 6), [4]),
    _transform("rfft", (2, 4), [7]),
    _transform("rfft2d", (2, 3, 4)),
    _transform("rfft2d", (3, 4), [2, 5]),
    _transform("rfft3d", (2, 3, 4)),
    _transform("irfft", (2, 4)),
    _transform("irfft", (2, 4), [5]),
    _transform("irfft", (2, 3), [7]),
    _transform("irfft2d", (2, 3, 3)),
    _transform("irfft2d", (3, 4), [2, 5]),
    _transform("irfft3d", (2, 3, 3)),
]
