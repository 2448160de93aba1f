"""Every op's value and gradients on small inputs: broadcasting, negative axes, nothing at all, ties, infinities."""

import numpy as np

from ..cases import golden
from ..helpers import said, shape_of, uniform

F = np.float32
INF, NAN = np.inf, np.nan

A = uniform(2, 3, seed=1)  # two of one shape,
B = uniform(2, 3, seed=2)
ROW = uniform(3, seed=3)  # and what broadcasts with them
COL = uniform(2, 1, seed=4)
BIG = uniform(2, 3, 4, seed=5)
POSITIVE = uniform(2, 3, seed=6, low=0.1, high=2.0)
WIDE = uniform(2, 5, seed=7, low=-4.0, high=4.0)
SQUARE = uniform(2, 3, 3, seed=8)
EMPTY = np.zeros((0, 3), F)
STEPS = np.array([-2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5], F)
EDGES = np.array([-INF, -1e30, -1.0, -0.0, 0.0, 1e-30, 1.0, 1e30, INF, NAN], F)
TIES = np.array([[1, 3, 3, 2], [5, 5, 0, 5], [-1, -1, -1, -1]], F)
INTS = np.array([-7, -6, -1, 0, 1, 6, 7], np.int32)
BOOLS = np.array([[True, False, True], [False, False, True]])
IMAGE = uniform(1, 4, 4, 2, seed=9)


def outputs_and_gradients(tf, build, arrays):
    """Values, static shapes, and the gradients by each float input under fixed weights ("none" where there is none)."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(a) for a in arrays]
        made = build(tf, *inputs)
        ys = list(made) if isinstance(made, list | tuple) else [made]
        values = session.run(ys)
        answers = {f"y{i}": value for i, value in enumerate(values)} | {"shapes": [shape_of(y) for y in ys]}
        floats = [i for i, y in enumerate(ys) if y.dtype.is_floating]
        by = [x for x in inputs if x.dtype.is_floating]
        if floats and by:
            weights = [tf.constant(uniform(*values[i].shape, seed=90 + i).astype(values[i].dtype)) for i in floats]
            try:
                gradients = tf.gradients([ys[i] for i in floats], by, grad_ys=weights)
            except LookupError:
                return answers | {"gradients": "LookupError: the op has none"}
            for i, gradient in enumerate(gradients):
                answers[f"dx{i}"] = "none" if gradient is None else session.run(tf.convert_to_tensor(gradient))
        return answers


def unary(*names):
    return {name: (lambda tf, x, n=name: _find(tf, n)(x)) for name in names}


def _find(tf, name):
    for part in name.split("."):
        tf = getattr(tf, part)
    return tf


def on(array, functions):
    return {f"{name} on {label}": (function, [array[label]]) for name, function in functions.items() for label in array}


SMOOTH = unary(
    "exp", "expm1", "square", "sin", "cos", "tanh", "sigmoid", "nn.softplus", "nn.softsign", "nn.elu", "nn.selu", "erf",
    "log_sigmoid", "nn.relu", "nn.relu6", "nn.leaky_relu", "abs", "negative", "sign", "floor", "ceil", "round", "rint",
    "identity", "stop_gradient", "is_finite", "is_nan", "is_inf", "zeros_like", "ones_like",
)  # fmt: skip
OF_POSITIVE = unary("log", "log1p", "sqrt", "rsqrt", "reciprocal")
ELEMENTWISE = (
    on({"values": WIDE, "steps": STEPS, "nothing": EMPTY, "edges": EDGES}, SMOOTH)
    | on({"values": POSITIVE, "nothing": EMPTY, "edges": EDGES}, OF_POSITIVE)
    | {
        "nn.leaky_relu alpha": (lambda tf, x: tf.nn.leaky_relu(x, 0.01), [WIDE]),
        "asin acos atan": (lambda tf, x: [tf.asin(x), tf.acos(x), tf.atan(x)], [A]),
        "sinh cosh": (lambda tf, x: [tf.sinh(x), tf.cosh(x)], [A]),
        "tan": (lambda tf, x: tf.tan(x), [A]),
        "atan2": (lambda tf, x, y: tf.atan2(x, y), [A, B]),
        "square of integers": (lambda tf, x: tf.square(x), [INTS]),
        "abs and sign of integers": (lambda tf, x: [tf.abs(x), tf.sign(x), -x], [INTS]),
    }
)

BINARY = {
    name: (lambda tf, x, y, n=name: _find(tf, n)(x, y))
    for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "squared_difference", "floordiv", "mod")
}
PAIRS = {"same": (A, POSITIVE), "row": (A, ROW), "outer": (COL, ROW), "empty": (EMPTY, ROW), "scalar": (A, F(0.7))}
ARITHMETIC = {f"{name} {label}": (f, list(pair)) for name, f in BINARY.items() for label, pair in PAIRS.items()} | {
    "pow": (lambda tf, x, y: tf.pow(x, y), [POSITIVE, B]),
    "pow broadcast": (lambda tf, x, y: tf.pow(x, y), [POSITIVE, ROW]),
    "pow of zero": (lambda tf, x, y: tf.pow(x, y), [np.zeros(4, F), np.array([0, 1, 2, 0.5], F)]),
    "pow of negative": (lambda tf, x, y: tf.pow(x, y), [np.array([-2, -2, -1.5], F), np.array([2, 3, 1], F)]),
    "x ** 2": (lambda tf, x: x**2, [A]),
    "x ** 0.5": (lambda tf, x: x**0.5, [POSITIVE]),
    "2 ** x": (lambda tf, x: 2.0**x, [A]),
    "operators": (lambda tf, x, y: [x + y, x - y, x * y, x / y, x // y, x % y, -x, abs(x)], [A, POSITIVE]),
    "operators with numbers": (lambda tf, x: [1 + x, 1 - x, 2 * x, 1 / x, 3 // x, 5 % x, x + 1, x / 2], [POSITIVE]),
    "add_n": (lambda tf, x, y: tf.add_n([x, y, x]), [A, B]),
    "maximum ties": (lambda tf, x, y: [tf.maximum(x, y), tf.minimum(x, y)], [STEPS, np.abs(STEPS)]),
    "maximum with nan": (
        lambda tf, x, y: [tf.maximum(x, y), tf.minimum(x, y)], [F([NAN, 1, NAN]), F([1, NAN, NAN])]
    ),
    "clip_by_value": (lambda tf, x: tf.clip_by_value(x, -1.0, 1.0), [STEPS]),
    "clip_by_value by tensors": (lambda tf, x, y: tf.clip_by_value(x, y, y + 0.5), [A, B]),
    "where": (lambda tf, x, y: tf.where(BOOLS, x, y), [A, B]),
    "where rows": (lambda tf, x, y: tf.where([True, False], x, y), [A, B]),
    "where scalar": (lambda tf, x, y: tf.where(tf.constant(True), x, y), [A, B]),
    "where alone": (lambda tf, c: tf.where(c), [BOOLS]),
    "where of floats": (lambda tf, x: tf.where(x > 0.0), [A]),
    "divide by zero": (lambda tf, x, y: [x / y, tf.divide(x, y)], [F([1, -1, 0]), F([0, 0, 0])]),
    "div_no_nan": (lambda tf, x, y: tf.div_no_nan(x, y), [F([1, -1, 0, 3]), F([0, 2, 0, 4])]),
    "scalar_mul": (lambda tf, x: tf.scalar_mul(3.0, x), [A]),
    "accumulate_n": (lambda tf, x, y: tf.accumulate_n([x, y]), [A, B]),
}  # fmt: skip

INTEGERS = {
    "div": lambda tf, x, y: tf.div(x, y),
    "floordiv": lambda tf, x, y: tf.floordiv(x, y),
    "floor_div": lambda tf, x, y: tf.floor_div(x, y),
    "truncatediv": lambda tf, x, y: tf.truncatediv(x, y),
    "truediv": lambda tf, x, y: tf.truediv(x, y),
    "divide": lambda tf, x, y: tf.divide(x, y),
    "mod": lambda tf, x, y: tf.mod(x, y),
    "floormod": lambda tf, x, y: tf.floormod(x, y),
    "truncatemod": lambda tf, x, y: tf.truncatemod(x, y),
    "/": lambda tf, x, y: x / y,
    "//": lambda tf, x, y: x // y,
    "%": lambda tf, x, y: x % y,
    "maximum": lambda tf, x, y: tf.maximum(x, y),
    "subtract": lambda tf, x, y: x - y,
    "multiply": lambda tf, x, y: x * y,
    "comparisons": lambda tf, x, y: [x < y, x <= y, x > y, x >= y, tf.equal(x, y), tf.not_equal(x, y)],
}
OF_INTEGERS = {
    f"{name} by {d} {kind}": (f, [INTS.astype(kind), np.full(INTS.shape, d, kind)])
    for name, f in INTEGERS.items()
    for kind in ("int32", "int64")
    for d in (3, -3)
} | {
    "pow": (lambda tf, x, y: tf.pow(x, y), [INTS, np.array([0, 1, 2, 3, 4, 2, 1], np.int32)]),
    "uint8 wraps": (lambda tf, x: [x + x, x * x, x - np.uint8(5)], [np.array([1, 200, 255], np.uint8)]),
    "int32 wraps": (lambda tf, x: [x + x, x * x], [np.array([2**31 - 1, -(2**31)], np.int32)]),
    "div of floats": (lambda tf, x, y: [tf.div(x, y), tf.truediv(x, y)], [A, POSITIVE]),
    "floormod of floats": (
        lambda tf, x, y: [tf.floormod(x, y), x // y],
        [STEPS, STEPS * 0 + F(0.75)],
    ),
    "floordiv by a negative float": (lambda tf, x: [x // -0.75, x % -0.75], [STEPS]),
}

LOGIC = {
    "logical": (
        lambda tf, x, y: [tf.logical_and(x, y), tf.logical_or(x, y), tf.logical_xor(x, y), tf.logical_not(x)],
        [BOOLS, BOOLS[:, ::-1]],
    ),
    "operators": (lambda tf, x, y: [x & y, x | y, x ^ y, ~x], [BOOLS, BOOLS[:1]]),
    "comparisons": (lambda tf, x, y: [x < y, x <= y, x > y, x >= y, tf.equal(x, y), tf.not_equal(x, y)], [A, ROW]),
    "comparisons with nan": (
        lambda tf, x: [x < 1.0, x >= 1.0, tf.equal(x, x), tf.not_equal(x, x)], [F([NAN, 1.0, INF])]
    ),
    "equal of bools": (lambda tf, x: tf.equal(x, [True, True, False]), [BOOLS]),
    "reduce_any": (lambda tf, x: [tf.reduce_any(x), tf.reduce_any(x, 0), tf.reduce_any(x, [1], True)], [BOOLS]),
    "reduce_all": (lambda tf, x: [tf.reduce_all(x), tf.reduce_all(x, 0), tf.reduce_all(x, -1)], [BOOLS]),
    "reduce of nothing": (lambda tf, x: [tf.reduce_any(x), tf.reduce_all(x)], [np.zeros((0, 2), bool)]),
}  # fmt: skip

CASTS = {
    f"{a} to {b}": (
        lambda tf, x, b=b: tf.cast(x, getattr(tf, b)),
        [np.array([-2.7, -1.0, 0.0, 0.5, 1.9, 100.0]).astype(a)],
    )
    for a in ("float32", "float64", "float16", "int32", "int64")
    for b in ("float32", "float64", "float16", "bfloat16", "int32", "int64", "int8", "bool")
} | {
    "bool to float": (lambda tf, x: [tf.to_float(x), tf.cast(x, tf.int32), tf.to_int64(x)], [BOOLS]),
    "saturate": (lambda tf, x: [tf.saturate_cast(x, tf.uint8), tf.saturate_cast(x, tf.int8)], [F([-5, 0, 100, 300])]),
    "uint8 to float": (lambda tf, x: tf.cast(x, tf.float32) / 255.0, [np.array([0, 128, 255], np.uint8)]),
    "same type": (lambda tf, x: tf.cast(x, tf.float32), [A]),
    "through float64": (lambda tf, x: tf.cast(tf.cast(x, tf.float64) * 3.0, tf.float32), [A]),
}


def matrix(*shape, seed=20):
    return uniform(*shape, seed=seed)


PRODUCTS = {
    "matmul": (lambda tf, a, b: tf.matmul(a, b), [matrix(2, 3), matrix(3, 4, seed=21)]),
    "matmul transpose_a": (lambda tf, a, b: tf.matmul(a, b, transpose_a=True), [matrix(3, 2), matrix(3, 4, seed=21)]),
    "matmul transpose_b": (lambda tf, a, b: tf.matmul(a, b, transpose_b=True), [matrix(2, 3), matrix(4, 3, seed=21)]),
    "matmul both": (lambda tf, a, b: tf.matmul(a, b, True, True), [matrix(3, 2), matrix(4, 3, seed=21)]),
    "matmul adjoint": (lambda tf, a, b: tf.matmul(a, b, adjoint_a=True), [matrix(3, 2), matrix(3, 4, seed=21)]),
    "matmul batch": (lambda tf, a, b: tf.matmul(a, b), [matrix(5, 2, 3), matrix(5, 3, 4, seed=21)]),
    "matmul batch transposed": (lambda tf, a, b: tf.matmul(a, b, True), [matrix(5, 3, 2), matrix(5, 3, 4, seed=21)]),
    "matmul batch both": (lambda tf, a, b: tf.matmul(a, b, True, True), [matrix(5, 3, 2), matrix(5, 4, 3, seed=21)]),
    "matmul broadcast": (lambda tf, a, b: tf.matmul(a, b), [matrix(5, 2, 3), matrix(3, 4, seed=21)]),
    "matmul broadcast both": (lambda tf, a, b: tf.matmul(a, b), [matrix(5, 1, 2, 3), matrix(6, 3, 2, seed=21)]),
    "matmul of nothing": (lambda tf, a, b: tf.matmul(a, b), [matrix(2, 0), matrix(0, 3)]),
    "matmul of no rows": (lambda tf, a, b: tf.matmul(a, b), [matrix(0, 2), matrix(2, 3)]),
    "matmul int32": (lambda tf, a: tf.matmul(a, a), [np.arange(9, dtype=np.int32).reshape(3, 3)]),
    "tensordot 1": (lambda tf, a, b: tf.tensordot(a, b, 1), [BIG, matrix(4, 2)]),
    "tensordot 0": (lambda tf, a, b: tf.tensordot(a, b, 0), [ROW, COL]),
    "tensordot 2": (lambda tf, a, b: tf.tensordot(a, b, 2), [BIG, matrix(3, 4, 2)]),
    "tensordot axes": (lambda tf, a, b: tf.tensordot(a, b, [[1], [0]]), [BIG, matrix(3, 2)]),
    "tensordot axes crossed": (lambda tf, a, b: tf.tensordot(a, b, [[2, 0], [0, 1]]), [BIG, matrix(4, 2, 5)]),
    "tensordot negative": (lambda tf, a, b: tf.tensordot(a, b, [[-1], [-1]]), [BIG, matrix(2, 4)]),
    "einsum matmul": (lambda tf, a, b: tf.einsum("ij,jk->ik", a, b), [matrix(2, 3), matrix(3, 4, seed=21)]),
    "einsum implicit": (lambda tf, a, b: tf.einsum("ij,jk", a, b), [matrix(2, 3), matrix(3, 4, seed=21)]),
    "einsum batch": (lambda tf, a, b: tf.einsum("bij,bjk->bik", a, b), [matrix(2, 2, 3), matrix(2, 3, 4, seed=21)]),
    "einsum mixed": (lambda tf, a, b: tf.einsum("bij,kj->bki", a, b), [matrix(2, 2, 3), matrix(4, 3, seed=21)]),
    "einsum dot": (lambda tf, a, b: tf.einsum("i,i->", a, b), [ROW, matrix(3)]),
    "einsum outer": (lambda tf, a, b: tf.einsum("i,j->ij", a, b), [ROW, matrix(2)]),
    "einsum transpose": (lambda tf, a: tf.einsum("ijk->kij", a), [BIG]),
    "einsum sum": (lambda tf, a: tf.einsum("ijk->j", a), [BIG]),
    "einsum elementwise": (lambda tf, a, b: tf.einsum("ij,ij->ij", a, b), [A, B]),
    "einsum attention": (lambda tf, a, b: tf.einsum("bqhd,bkhd->bhqk", a, b), [matrix(2, 3, 2, 2), matrix(2, 4, 2, 2)]),
    "einsum ellipsis": (lambda tf, a, b: tf.einsum("...ij,jk->...ik", a, b), [BIG, matrix(4, 2)]),
    "einsum trace": (lambda tf, a: tf.einsum("ii->", a), [matrix(3, 3)]),
    "einsum of three": (lambda tf, a, b, c: tf.einsum("ij,jk,k->i", a, b, c), [matrix(2, 3), matrix(3, 2), matrix(2)]),
    "xw_plus_b": (lambda tf, x, w, b: tf.nn.xw_plus_b(x, w, b), [matrix(2, 3), matrix(3, 4), matrix(4)]),
}

REDUCED = {
    name: (lambda tf, x, n=name, **k: _find(tf, n)(x, **k))
    for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_logsumexp")
}
FORMS = {
    "all": (BIG, {}),
    "axis 1": (BIG, {"axis": 1}),
    "axis -1": (BIG, {"axis": -1}),
    "axes kept": (BIG, {"axis": [0, -1], "keepdims": True}),
    "no axes": (BIG, {"axis": []}),
    "scalar": (F(3.0), {}),
    "ties": (TIES, {"axis": 1}),
}
REDUCTIONS = {
    f"{name} {label}": ((lambda tf, x, f=f, k=k: f(tf, x, **k)), [array])
    for name, f in REDUCED.items()
    for label, (array, k) in FORMS.items()
} | {
    "reduce_sum of nothing": (lambda tf, x: [tf.reduce_sum(x), tf.reduce_sum(x, 0), tf.reduce_prod(x, 0)], [EMPTY]),
    "reduce_max of nothing": (lambda tf, x: [tf.reduce_max(x, 0), tf.reduce_min(x, 0)], [EMPTY]),
    "reduce_mean of nothing": (lambda tf, x: [tf.reduce_mean(x), tf.reduce_mean(x, 1)], [EMPTY]),
    "reduce_prod with a zero": (lambda tf, x: tf.reduce_prod(x, 1), [F([[1, 0, 3], [0, 0, 2]])]),
    "reduce_prod of axes": (lambda tf, x: tf.reduce_prod(x, [0, 2]), [BIG]),
    "of integers": (
        lambda tf, x: [f(x) for f in (tf.reduce_sum, tf.reduce_mean, tf.reduce_max, tf.reduce_min, tf.reduce_prod)],
        [INTS],
    ),
    "of bool cast": (lambda tf, x: tf.reduce_mean(tf.cast(x, tf.float32)), [BOOLS]),
    "reduce_max with nan": (lambda tf, x: [tf.reduce_max(x), tf.reduce_sum(x)], [F([1, NAN, 3])]),
    "reduction_indices": (lambda tf, x: tf.reduce_sum(x, reduction_indices=[1], keep_dims=True), [BIG]),
    "reduce_logsumexp large": (lambda tf, x: tf.reduce_logsumexp(x, 1), [F([[1000, 1000], [-1000, -1001]])]),
    "reduce_logsumexp infinite": (lambda tf, x: tf.reduce_logsumexp(x, 1), [F([[-INF, -INF], [INF, 1]])]),
    "axis from a tensor": (lambda tf, x: tf.reduce_sum(x, axis=tf.constant([0, 2])), [BIG]),
    "argmax ties": (lambda tf, x: [tf.argmax(x, 1), tf.argmax(x, 0), tf.argmin(x, 1), tf.argmin(x)], [TIES]),
    "argmax -1": (lambda tf, x: [tf.argmax(x, -1), tf.argmin(x, axis=-1, output_type=tf.int32)], [BIG]),
    "arg_max": (lambda tf, x: [tf.arg_max(x, 1), tf.arg_min(x, 0)], [A]),
    "argmax of integers": (lambda tf, x: tf.argmax(x, 0), [INTS]),
    "top_k": (lambda tf, x: list(tf.nn.top_k(x, 2)), [BIG]),
    "top_k ties": (lambda tf, x: list(tf.nn.top_k(x, 3)), [TIES]),
    "top_k of integers": (lambda tf, x: list(tf.nn.top_k(x, 7)), [INTS]),
    "top_k default": (lambda tf, x: list(tf.nn.top_k(x)), [TIES]),
    "in_top_k": (lambda tf, x: tf.nn.in_top_k(x, [2, 1, 3], 2), [TIES]),
    "in_top_k 1": (lambda tf, x: tf.nn.in_top_k(x, [1, 2], 1), [F([[1, 3, 2], [4, 5, NAN]])]),
    "cumsum": (lambda tf, x: tf.cumsum(x), [BIG]),
    "cumsum exclusive": (lambda tf, x: tf.cumsum(x, 1, exclusive=True), [BIG]),
    "cumsum reverse": (lambda tf, x: tf.cumsum(x, -1, reverse=True), [BIG]),
    "cumsum both": (lambda tf, x: tf.cumsum(x, 1, exclusive=True, reverse=True), [BIG]),
    "cumprod": (lambda tf, x: tf.cumprod(x, 1), [BIG]),
    "cumprod exclusive": (lambda tf, x: tf.cumprod(x, 1, exclusive=True), [BIG]),
    "cumsum of integers": (lambda tf, x: tf.cumsum(x), [INTS]),
    "count_nonzero": (lambda tf, x: [tf.count_nonzero(x), tf.count_nonzero(x, 0)], [TIES - 3]),
    "zero_fraction": (lambda tf, x: tf.nn.zero_fraction(x), [TIES - 3]),
    "norm": (lambda tf, x: [tf.norm(x), tf.norm(x, axis=1), tf.norm(x, ord=1, axis=-1), tf.norm(x, ord=INF)], [A]),
    "l2_loss": (lambda tf, x: tf.nn.l2_loss(x), [BIG]),
    "softmax": (lambda tf, x: tf.nn.softmax(x), [BIG]),
    "softmax axis": (lambda tf, x: tf.nn.softmax(x, axis=1), [BIG]),
    "softmax large": (lambda tf, x: tf.nn.softmax(x), [F([[1000, 999], [-1000, -1000]])]),
    "log_softmax": (lambda tf, x: tf.nn.log_softmax(x), [BIG]),
    "log_softmax axis": (lambda tf, x: tf.nn.log_softmax(x, 0), [BIG]),
}  # fmt: skip

INDEX = np.array([[0, 2], [1, 1]], np.int32)
PIECES = {
    "reshape": (lambda tf, x: [tf.reshape(x, [4, -1]), tf.reshape(x, [-1]), tf.reshape(x, [2, 1, 12])], [BIG]),
    "reshape to a scalar": (lambda tf, x: tf.reshape(x, []), [F([3.0])]),
    "reshape of nothing": (lambda tf, x: tf.reshape(x, [3, 0]), [EMPTY]),
    "reshape by a tensor": (lambda tf, x: tf.reshape(x, tf.stack([tf.shape(x)[0], 12])), [BIG]),
    "transpose": (lambda tf, x: [tf.transpose(x), tf.transpose(x, [1, 0, 2])], [BIG]),
    "matrix_transpose": (lambda tf, x: tf.matrix_transpose(x), [BIG]),
    "concat": (lambda tf, x, y: [tf.concat([x, y], 0), tf.concat([x, y, x], -1)], [A, B]),
    "concat uneven": (lambda tf, x, y: tf.concat([x, y, x], 1), [A, COL]),
    "concat with nothing": (lambda tf, x, y: tf.concat([x, y], 0), [A, EMPTY]),
    "split": (lambda tf, x: tf.split(x, 2, -1), [BIG]),
    "split sizes": (lambda tf, x: tf.split(x, [1, 0, 3], 2), [BIG]),
    "split sizes rest": (lambda tf, x: tf.split(x, [1, -1], 2), [BIG]),
    "stack": (lambda tf, x, y: [tf.stack([x, y]), tf.stack([x, y], -1), tf.stack([x, y], axis=1)], [A, B]),
    "unstack": (lambda tf, x: tf.unstack(x, axis=1), [BIG]),
    "unstack -1": (lambda tf, x: tf.unstack(x, 4, -1), [BIG]),
    "slice": (lambda tf, x: tf.slice(x, [0, 1, 1], [-1, 2, 2]), [BIG]),
    "x[0]": (lambda tf, x: [x[0], x[-1], x[1, 2, 3], x[0, -1]], [BIG]),
    "x[a:b]": (lambda tf, x: [x[:1], x[1:], x[:, 1:3], x[..., 1:], x[:, :, :-1]], [BIG]),
    "x[a:b:c]": (lambda tf, x: [x[::2], x[:, ::-1], x[..., ::-2], x[:, 2:0:-1, 1::2]], [BIG]),
    "x[..., None]": (lambda tf, x: [x[..., None], x[None], x[:, None, 1], x[tf.newaxis, ..., tf.newaxis, 0]], [BIG]),
    "x[...]": (lambda tf, x: [x[...], x[1, ...], x[..., 1], x[0, ..., 1]], [BIG]),
    "x out of range": (lambda tf, x: [x[5:], x[:, 1:100], x[:, 2:1]], [BIG]),
    "x[tensor]": (lambda tf, x: x[tf.constant(1), : tf.constant(2)], [BIG]),
    "strided_slice": (lambda tf, x: tf.strided_slice(x, [0, 0, 1], [2, 3, 4], [1, 2, 1]), [BIG]),
    "strided_slice begin_mask": (lambda tf, x: tf.strided_slice(x, [1, 1, 1], [2, 3, 4], begin_mask=5), [BIG]),
    "strided_slice end_mask": (lambda tf, x: tf.strided_slice(x, [0, 1, 1], [1, 2, 2], end_mask=6), [BIG]),
    "strided_slice shrink": (lambda tf, x: tf.strided_slice(x, [1, 0, 1], [2, 3, 4], shrink_axis_mask=5), [BIG]),
    "strided_slice new_axis": (lambda tf, x: tf.strided_slice(x, [0, 0, 0], [1, 2, 2], new_axis_mask=2), [BIG]),
    "strided_slice ellipsis": (lambda tf, x: tf.strided_slice(x, [0, 1], [0, 3], ellipsis_mask=1), [BIG]),
    "strided_slice backwards": (
        lambda tf, x: tf.strided_slice(x, [-1, -1, -1], [-3, -3, -4], [-1, -1, -2], begin_mask=1), [BIG]
    ),
    "squeeze": (lambda tf, x: [tf.squeeze(x), tf.squeeze(x, [1]), tf.squeeze(x, -1)], [uniform(2, 1, 3, 1)]),
    "expand_dims": (lambda tf, x: [tf.expand_dims(x, 0), tf.expand_dims(x, -1), tf.expand_dims(x, axis=1)], [A]),
    "tile": (lambda tf, x: [tf.tile(x, [2, 3]), tf.tile(x, [1, 0])], [A]),
    "pad": (lambda tf, x: tf.pad(x, [[1, 0], [2, 3]]), [A]),
    "pad value": (lambda tf, x: tf.pad(x, [[1, 0], [2, 3]], constant_values=7.0), [A]),
    "pad reflect": (lambda tf, x: tf.pad(x, [[1, 0], [2, 1]], "REFLECT"), [A]),
    "pad symmetric": (lambda tf, x: tf.pad(x, [[2, 1], [3, 0]], "SYMMETRIC"), [A]),
    "pad lower case": (lambda tf, x: tf.pad(x, [[0, 1], [1, 1]], mode="reflect"), [A]),
    "reverse": (lambda tf, x: [tf.reverse(x, [1]), tf.reverse(x, [0, -1]), tf.reverse(x, axis=[2])], [BIG]),
    "gather": (lambda tf, x: tf.gather(x, [2, 0, 2]), [matrix(4, 2)]),
    "gather of scalar": (lambda tf, x: tf.gather(x, 1), [matrix(4, 2)]),
    "gather of matrix": (lambda tf, x: tf.gather(x, INDEX), [matrix(4, 2)]),
    "gather axis": (lambda tf, x: [tf.gather(x, [1, 1], axis=1), tf.gather(x, INDEX, axis=-1)], [BIG]),
    "gather nothing": (lambda tf, x: tf.gather(x, np.zeros(0, np.int32)), [matrix(4, 2)]),
    "gather batch_dims": (lambda tf, x: tf.gather(x, INDEX, axis=1, batch_dims=1), [BIG]),
    "gather_nd": (lambda tf, x: tf.gather_nd(x, [[0, 1], [1, 2], [0, 1]]), [BIG]),
    "gather_nd scalars": (lambda tf, x: tf.gather_nd(x, [[0, 1, 3], [1, 2, 0]]), [BIG]),
    "gather_nd nested": (lambda tf, x: tf.gather_nd(x, [[[0]], [[1]]]), [BIG]),
    "scatter_nd": (lambda tf, u: tf.scatter_nd([[1], [3], [1]], u, [5]), [ROW]),
    "scatter_nd rows": (lambda tf, u: tf.scatter_nd([[2], [0]], u, [4, 3]), [A]),
    "one_hot": (lambda tf, i: [tf.one_hot(i, 4), tf.one_hot(i, 3, axis=0), tf.one_hot(i, 3, axis=1)], [INDEX]),
    "one_hot out of range": (lambda tf, i: tf.one_hot(i, 3), [np.array([-1, 0, 3], np.int32)]),
    "one_hot values": (lambda tf, i: tf.one_hot(i, 3, on_value=5.0, off_value=-1.0), [INDEX]),
    "one_hot integers": (lambda tf, i: [tf.one_hot(i, 3, dtype=tf.int32), tf.one_hot(i, 3, True, False)], [INDEX]),
    "range": (lambda tf: [tf.range(*a) for a in ((5,), (2, 11, 3), (5, 0, -2), (3.0,), (0, 1, 0.25))], []),
    "range int64": (lambda tf: [tf.range(3, dtype=tf.int64), tf.range(0)], []),
    "linspace": (lambda tf: [tf.linspace(0.0, 1.0, 5), tf.linspace(2.0, -1.0, 4), tf.lin_space(1.0, 2.0, 1)], []),
    "fill": (lambda tf: [tf.fill([2, 3], 7), tf.fill([], 1.5), tf.fill([0, 2], True)], []),
    "zeros and ones": (lambda tf: [tf.zeros([2, 3]), tf.ones([2], tf.int64), tf.zeros([], tf.bool), tf.ones([0])], []),
    "like": (lambda tf, x: [tf.zeros_like(x), tf.ones_like(x, tf.float64), tf.zeros_like(x, tf.bool)], [INDEX]),
    "eye": (lambda tf: [tf.eye(3), tf.eye(2, 4), tf.eye(2, batch_shape=[2]), tf.eye(3, dtype=tf.int32)], []),
    "shape size rank": (lambda tf, x: [tf.shape(x), tf.size(x), tf.rank(x), tf.shape(x, out_type=tf.int64)], [BIG]),
    "boolean_mask": (lambda tf, x: [tf.boolean_mask(x, BOOLS), tf.boolean_mask(x, [True, False])], [A]),
    "boolean_mask rows": (lambda tf, x: tf.boolean_mask(x, BOOLS), [BIG]),
    "boolean_mask axis": (lambda tf, x: tf.boolean_mask(x, [True, False, True], axis=1), [BIG]),
    "boolean_mask of none": (lambda tf, x: tf.boolean_mask(x, [False, False]), [A]),
    "sequence_mask": (
        lambda tf: [tf.sequence_mask([1, 3, 0], 4), tf.sequence_mask([1, 3], None, tf.float32), tf.sequence_mask(2, 3)],
        [],
    ),
    "sequence_mask of matrix": (lambda tf, n: tf.sequence_mask(n, 3, tf.int32), [INDEX]),
    "matrix_band_part": (
        lambda tf, x: [tf.matrix_band_part(x, *band) for band in ((-1, 0), (0, -1), (0, 0), (1, 1), (-1, -1))], [SQUARE]
    ),
    "matrix_band_part wide": (lambda tf, x: tf.matrix_band_part(x, 0, 1), [BIG]),
    "diag": (lambda tf, x: tf.diag(x), [ROW]),
    "diag of matrix": (lambda tf, x: tf.diag(x), [A]),
    "diag_part": (lambda tf, x: tf.diag_part(x), [matrix(3, 3)]),
    "matrix_diag": (lambda tf, x: tf.matrix_diag(x), [A]),
    "matrix_diag_part": (lambda tf, x: tf.matrix_diag_part(x), [SQUARE]),
    "broadcast_to": (lambda tf, x: tf.broadcast_to(x, [2, 2, 3]), [ROW]),
    "space_to_depth": (lambda tf, x: tf.space_to_depth(x, 2), [IMAGE]),
    "depth_to_space": (lambda tf, x: tf.depth_to_space(x, 2), [uniform(1, 2, 2, 8)]),
    "unique": (lambda tf, x: list(tf.unique(x)), [np.array([3, 1, 3, 2, 1], np.int32)]),
    "sort": (lambda tf, x: [tf.sort(x), tf.sort(x, axis=0, direction="DESCENDING")], [A]),
    "argsort": (lambda tf, x: [tf.argsort(x), tf.argsort(x, direction="DESCENDING", stable=True)], [A]),
    "embedding_lookup": (lambda tf, x: tf.nn.embedding_lookup(x, INDEX), [matrix(4, 2)]),
    "embedding_lookup in shards": (lambda tf, x, y: tf.nn.embedding_lookup([x, y], [0, 1, 2, 3]), [A, B]),
    "embedding_lookup max_norm": (lambda tf, x: tf.nn.embedding_lookup(x, INDEX, max_norm=0.5), [matrix(4, 2)]),
    "dynamic shapes": (lambda tf, x: tf.reshape(tf.where(x > 0.0), [-1]), [A]),
    "Print and identity": (lambda tf, x: tf.identity(tf.check_numerics(x, "no")), [A]),
    "invert_permutation": (lambda tf, x: tf.invert_permutation(x), [np.array([2, 0, 1], np.int32)]),
    "segment_sum": (lambda tf, x: tf.segment_sum(x, [0, 0, 1, 3]), [matrix(4, 2)]),
    "unsorted_segment_sum": (lambda tf, x: tf.unsorted_segment_sum(x, [1, 0, 1, 3], 5), [matrix(4, 2)]),
    "meshgrid": (lambda tf, x, y: tf.meshgrid(x, y), [ROW, matrix(2)]),
}  # fmt: skip


ULPS = "float32 functions and short sums of another library: a few units in the last place"


@golden(rows=ELEMENTWISE, rtol=4e-6, atol=1e-7, reason="TensorFlow's float32 polynomials for exp, tanh, erf and others")
def elementwise(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=ARITHMETIC, rtol=2e-6, atol=2e-7, reason=ULPS)
def arithmetic(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=OF_INTEGERS, rtol=1e-6, atol=2e-7, reason=ULPS)
def of_integers(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=LOGIC)
def logic(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=CASTS)
def cast(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=PRODUCTS, rtol=2e-6, atol=1e-6, reason="short float32 sums in another order")
def product(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=REDUCTIONS, rtol=4e-6, atol=1e-6, reason=ULPS)
def reduction(tf, row):
    return outputs_and_gradients(tf, *row)


@golden(rows=PIECES, rtol=1e-6, atol=5e-7, reason="values are moved, but a gradient may be a sum of a few")
def piece(tf, row):
    return outputs_and_gradients(tf, *row)


OF_KINDS = {
    "arithmetic": lambda tf, x, y: [x + y, x - y, x * y, x / y, tf.maximum(x, y)],
    "functions": lambda tf, x, y: [tf.exp(x), tf.tanh(x), tf.sigmoid(x), tf.sqrt(y), tf.log(y), tf.nn.softplus(x)],
    "relus": lambda tf, x, y: [tf.nn.relu(x), tf.nn.elu(x), tf.nn.relu6(x)],
    "matmul": lambda tf, x, y: tf.matmul(x, y, transpose_b=True),
    "softmax": lambda tf, x, y: [tf.nn.softmax(x), tf.nn.log_softmax(x)],
    "pieces": lambda tf, x, y: [tf.concat([x, y], 0), tf.transpose(x), x[:, 1:], tf.gather(x, [1, 0, 1])],
    "numbers": lambda tf, x, y: [x * 0.1, 1.0 - x, 2.0 / y],
    "entropy": lambda tf, x, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.stop_gradient(y), logits=x),
}


def of_kind(tf, build, kind):
    """Values, gradients and dtypes of a program whose inputs are cast to `kind`."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = (tf.cast(tf.constant(a), getattr(tf, kind)) for a in (A, POSITIVE))
        made = build(tf, x, y)
        outputs = list(made) if isinstance(made, list) else [made]
        gradients = [g for g in tf.gradients(outputs, [x, y]) if g is not None]
        told = session.run(outputs + [tf.convert_to_tensor(g) for g in gradients])
        return {f"{i}": value for i, value in enumerate(told)}


@golden(
    rows={name: name for name in OF_KINDS}, rtol=2e-14, atol=1e-15, reason="functions of float64 differ by a few units"
)
def in_double(tf, row):
    return of_kind(tf, OF_KINDS[row], "float64")


@golden(
    rows={name: name for name in OF_KINDS},
    rtol=2**-9,
    atol=2**-9,
    reason="float16: two units in the last place, of one where terms cancel",
)
def in_half(tf, row):
    return of_kind(tf, OF_KINDS[row], "float16")


@golden(
    rows={name: name for name in OF_KINDS},
    rtol=2**-6,
    atol=2**-6,
    reason="bfloat16: two units in the last place, of one where terms cancel",
)
def in_bfloat16(tf, row):
    return of_kind(tf, OF_KINDS[row], "bfloat16")


SCATTERS = ("scatter_update", "scatter_add", "scatter_sub", "scatter_mul", "scatter_div", "scatter_max", "scatter_min")


@golden(rows={name: name for name in SCATTERS}, rtol=1e-6, reason="a product of two in another order")
def scatter(tf, row):
    """Updates of rows of a variable; indices that come twice count twice."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(uniform(4, 2, seed=1, low=0.5))
        scalars = tf.Variable(uniform(4, seed=2, low=0.5))
        twice = [3, 1] if row == "scatter_update" else [3, 3]
        made = [_find(tf, row)(v, twice, uniform(2, 2, seed=3, low=0.5)), _find(tf, row)(scalars, 2, 0.25)]
        nested = _find(tf, row)(v, [[0], [2]], uniform(2, 1, 2, seed=4, low=0.5))
        session.run(tf.global_variables_initializer())
        first = session.run(made)
        return {"rows": first[0], "scalar": first[1], "nested": session.run(nested), "after": session.run(v)}


@golden(rows={name: name for name in ("scatter_nd_update", "scatter_nd_add", "scatter_nd_sub")})
def scatter_nd(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(np.arange(8, dtype=F).reshape(4, 2))
        made = _find(tf, row)(v, [[0, 1], [3, 0]], [10.0, 20.0])
        session.run(tf.global_variables_initializer())
        return {"made": session.run(made), "after": session.run(v)}


@golden()
def assignments(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        session.run(v.initializer)
        answers = {
            "assign": session.run(v.assign([3.0, 4.0])),
            "assign_add": session.run(tf.assign_add(v, [1.0, 1.0])),
            "assign_sub": session.run(v.assign_sub([0.5, 0.25])),
            "value": session.run(v),
            "initialized": session.run(tf.is_variable_initialized(v)),
        }
        v.load([9.0, 8.0], session)
        answers["loaded"] = v.eval(session)
        other = tf.Variable(v.initialized_value() * 2.0)
        session.run(other.initializer)
        answers["from another"] = session.run(other)
        free = tf.Variable([1.0], validate_shape=False)
        session.run(free.initializer)
        answers["another shape"] = session.run(tf.assign(free, [[1.0, 2.0]], validate_shape=False))
        answers["wrong shape"] = said(lambda: v.assign([1.0, 2.0, 3.0]))
        return answers


CONDITIONS = {
    "cond": lambda tf, x, c: tf.cond(c, lambda: x * 2.0, lambda: x * x),
    "cond of two": lambda tf, x, c: tf.cond(c, lambda: [x, x * 3.0], lambda: [x * x, -x])[1],
    "cond of one branch": lambda tf, x, c: tf.cond(c, lambda: tf.exp(x), lambda: tf.zeros_like(x)),
    "nested cond": lambda tf, x, c: tf.cond(
        c,
        lambda: tf.cond(tf.logical_not(c), lambda: x, lambda: x * 5.0),
        lambda: tf.cond(c, lambda: x, lambda: x * 7.0),
    ),
    "cond with a capture": lambda tf, x, c: (lambda y: y + tf.cond(c, lambda: y * x, lambda: y))(x * 4.0),
    "case": lambda tf, x, c: tf.case([(c, lambda: x * 2.0), (tf.constant(True), lambda: x * 3.0)], default=lambda: x),
    "loop in cond": lambda tf, x, c: tf.cond(
        c, lambda: tf.while_loop(lambda i, t: i < 2, lambda i, t: (i + 1, t * x), [0, x])[1], lambda: x
    ),
}


@golden(rows=CONDITIONS, rtol=1e-6, atol=1e-7, reason=ULPS)
def condition(tf, row):
    """Both ways, with gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, c = tf.constant(A), tf.placeholder(tf.bool, [])
        y = row(tf, x, c)
        gradient = tf.gradients(y, x)[0]
        answers = {"shape": shape_of(y)}
        for fed in (True, False):
            answers[f"{fed}"], answers[f"gradient {fed}"] = session.run([y, gradient], {c: fed})
        return answers


LOOPS = {
    "counting": lambda tf, x: tf.cast(tf.while_loop(lambda i: i < 5, lambda i: i + 2, [0]), tf.float32) * x,
    "powers": lambda tf, x: tf.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t * x), [0, x])[1],
    "sums": lambda tf, x: tf.while_loop(lambda i, t: i < 3, lambda i, t: [i + 1, t + tf.sin(x)], [tf.constant(0), x])[
        1
    ],
    "until large": lambda tf, x: tf.while_loop(lambda t: tf.reduce_sum(t * t) < 50.0, lambda t: t * 2.0, [x]),
    "never": lambda tf, x: tf.while_loop(lambda i, t: i < 0, lambda i, t: (i + 1, t * 9.0), [0, x])[1],
    "growing": lambda tf, x: tf.stop_gradient(
        tf.while_loop(
            lambda i, t: i < 3,
            lambda i, t: (i + 1, tf.concat([t, x], 0)),
            [tf.constant(0), x],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])],
        )[1]
    ),
    "nested": lambda tf, x: tf.while_loop(
        lambda i, t: i < 2,
        lambda i, t: (i + 1, tf.while_loop(lambda j, u: j < 2, lambda j, u: (j + 1, u * x), [0, t])[1]),
        [0, x],
    )[1],
    "maximum_iterations": lambda tf, x: tf.while_loop(lambda t: True, lambda t: t + x, [x], maximum_iterations=3),
    "parallel_iterations": lambda tf, x: tf.while_loop(
        lambda i, t: i < 3, lambda i, t: (i + 1, t * 1.5), [0, x], parallel_iterations=1, back_prop=True
    )[1],
    "structure": lambda tf, x: tf.while_loop(
        lambda i, pair: i < 2, lambda i, pair: (i + 1, (pair[1], pair[0] + pair[1])), (0, (x, x * 2.0))
    )[1][1],
    "map_fn": lambda tf, x: tf.map_fn(lambda r: r * r + 1.0, x),
    "map_fn to scalars": lambda tf, x: tf.map_fn(lambda r: tf.reduce_sum(r * r), x),
    "map_fn of two": lambda tf, x: tf.map_fn(lambda p: p[0] * p[1], (x, x + 1.0), dtype=tf.float32),
    "map_fn to two": lambda tf, x: tf.add(*tf.map_fn(lambda r: (r, r * r), x, dtype=(tf.float32, tf.float32))),
    "map_fn with a capture": lambda tf, x: tf.map_fn(lambda i: tf.gather(x, i) * 2.0, tf.range(2), dtype=tf.float32),
    "scan": lambda tf, x: tf.scan(lambda a, r: a * r + 1.0, x),
    "scan from a start": lambda tf, x: tf.scan(lambda a, r: a + tf.reduce_sum(r), x, initializer=tf.constant(2.0)),
    "scan reverse": lambda tf, x: tf.scan(lambda a, r: a * r, x, reverse=True),
    "scan of two": lambda tf, x: tf.scan(
        lambda a, r: (a[0] + r[0], a[1] * r[1]), (x, x + 2.0), initializer=(x[0], tf.ones([3]))
    )[1],
    "foldl": lambda tf, x: tf.foldl(lambda a, r: a * 2.0 + r, x),
    "foldr": lambda tf, x: tf.foldr(lambda a, r: a * 2.0 + r, x),
}


@golden(rows=LOOPS, rtol=2e-6, atol=1e-6, reason=ULPS)
def loop(tf, row):
    return outputs_and_gradients(tf, row, [A])


def gradients_of(tf, build, *arrays):
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(a) for a in arrays]
        gradients = build(tf, *inputs)
        return {f"g{i}": "none" if g is None else session.run(tf.convert_to_tensor(g)) for i, g in enumerate(gradients)}


def second(tf, y, x):
    """Gradient of the squared gradient."""
    first = tf.convert_to_tensor(tf.gradients(y, x)[0])
    return tf.gradients(tf.reduce_sum(first * first), x)


def hung(tf, x):
    y = x * 2.0
    z = y * y
    return tf.gradients(z, [x, y], stop_gradients=[y])


GRADIENTS = {
    "sum of ys": (lambda tf, x, y: tf.gradients([x * y, x + y], [x, y]), [A, B]),
    "grad_ys": (lambda tf, x, y: tf.gradients([x * y, x], [x, y], grad_ys=[y, None]), [A, B]),
    "grad_ys list": (lambda tf, x, y: tf.gradients(x * y, [x], grad_ys=[tf.ones([2, 3]) * 3.0]), [A, B]),
    "unreached": (lambda tf, x, y: tf.gradients(x * 2.0, [x, y]), [A, B]),
    "by itself": (lambda tf, x: tf.gradients(x, x), [A]),
    "unconnected zero": (
        lambda tf, x, y: tf.gradients(x * 2.0, [y], unconnected_gradients=tf.UnconnectedGradients.ZERO), [A, B]
    ),
    "stop_gradient": (lambda tf, x: tf.gradients(x * tf.stop_gradient(x), x), [A]),
    "stop_gradients": (hung, [A]),
    "stop_gradients at x": (lambda tf, x: tf.gradients(x * x, [x], stop_gradients=[x]), [A]),
    "by an inner tensor": (lambda tf, x: (lambda h: tf.gradients(h * h, [h, x]))(tf.sin(x)), [A]),
    "through integers": (lambda tf, x: tf.gradients(tf.cast(tf.cast(x, tf.int32), tf.float32), x), [A]),
    "through argmax": (lambda tf, x: tf.gradients(tf.to_float(tf.argmax(x, 1)), x), [A]),
    "diamond": (lambda tf, x: (lambda h: tf.gradients(h * h + tf.exp(h) * x, x))(x * 3.0), [A]),
    "many uses": (lambda tf, x: tf.gradients(tf.add_n([x * float(i) for i in range(6)]), x), [A]),
    "second of x**3": (lambda tf, x: tf.gradients(tf.gradients(x**3, x)[0], x), [A]),
    "third of x**4": (lambda tf, x: tf.gradients(tf.gradients(tf.gradients(x**4.0, x), x), x), [A]),
    "second of tanh": (lambda tf, x: second(tf, tf.tanh(x), x), [A]),
    "second of sigmoid": (lambda tf, x: second(tf, tf.sigmoid(x), x), [A]),
    "second of softplus": (lambda tf, x: second(tf, tf.nn.softplus(x), x), [A]),
    "second of exp and log": (lambda tf, x: second(tf, tf.exp(x) * tf.log(x), x), [POSITIVE]),
    "second of sqrt": (lambda tf, x: second(tf, tf.sqrt(x) + tf.rsqrt(x), x), [POSITIVE]),
    "second of division": (lambda tf, x, y: second(tf, x / y, y), [A, POSITIVE]),
    "second of pow": (lambda tf, x, y: second(tf, tf.pow(x, y), y), [POSITIVE, B]),
    "second of matmul": (lambda tf, x, y: second(tf, tf.square(tf.matmul(x, y, transpose_b=True)), x), [A, B]),
    "second of batched matmul": (lambda tf, x: second(tf, tf.square(tf.matmul(x, x)), x), [SQUARE]),
    "second of relu": (lambda tf, x: second(tf, tf.square(tf.nn.relu(x)), x), [A]),
    "second of elu": (lambda tf, x: second(tf, tf.nn.elu(x), x), [A]),
    "second of softmax": (lambda tf, x: second(tf, tf.nn.softmax(x)[:, 0], x), [A]),
    "second of log_softmax": (lambda tf, x: second(tf, tf.nn.log_softmax(x)[:, 0], x), [A]),
    "second of cross entropy": (
        lambda tf, x: second(tf, tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax(B), logits=x), x), [A]
    ),
    "second of sigmoid cross entropy": (
        lambda tf, x: second(tf, tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid(B), logits=x), x), [A]
    ),
    "second of max": (lambda tf, x: second(tf, tf.square(tf.reduce_max(x, 1)), x), [A]),
    "second of mean": (lambda tf, x: second(tf, tf.square(tf.reduce_mean(x, 0)), x), [A]),
    "second of gather": (lambda tf, x: second(tf, tf.gather(x, [1, 1, 0]) ** 3, x), [A]),
    "second of slices": (lambda tf, x: second(tf, x[:, 1:] ** 3, x), [A]),
    "second of concat": (lambda tf, x: second(tf, tf.concat([x, x * x], 0) ** 2, x), [A]),
    "second of broadcast": (lambda tf, x, y: second(tf, tf.square(x * y), y), [A, ROW]),
    "second of norm": (lambda tf, x: second(tf, tf.nn.l2_normalize(x, 1)[:, 0], x), [A]),
    "second of transpose": (lambda tf, x: second(tf, tf.transpose(x) ** 3, x), [A]),
    "second of reshape": (lambda tf, x: second(tf, tf.reshape(x, [-1]) ** 3, x), [A]),
    "gradient penalty": (
        lambda tf, x, w: tf.gradients(
            tf.reduce_mean((tf.norm(tf.gradients(tf.tanh(tf.matmul(x, w, False, True)), x)[0], axis=1) - 1.0) ** 2), w
        ),
        [A, B],
    ),
    "of a gather is slices": (
        lambda tf, x: [getattr(tf.gradients(tf.gather(x, [0, 2, 0]), x)[0], part) for part in ("values", "indices")],
        [matrix(4, 2)],
    ),
}  # fmt: skip


@golden(rows=GRADIENTS, rtol=1e-5, atol=2e-6, reason=ULPS + ", through several ops")
def gradient(tf, row):
    build, arrays = row
    return gradients_of(tf, build, *arrays)


@golden()
def no_gradient(tf):
    """What tf.gradients says of ops that have none, and of what is not float."""
    with tf.Graph().as_default():
        x = tf.constant(A)
        n = tf.constant([1, 2])
        return {
            "of integers": ["none" if g is None else "some" for g in tf.gradients(tf.to_float(n), [n])],
            "of comparison": ["none" if g is None else "some" for g in tf.gradients(tf.to_float(x > 0.0), [x])],
            "wrong number of grad_ys": said(lambda: tf.gradients([x], [x], grad_ys=[x, x])),
        }


@golden()
def control_dependencies_order_a_run(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(1.0)
        with tf.control_dependencies([v.assign_add(10.0)]):
            read = tf.identity(v.read_value())
            with tf.control_dependencies([read]):
                later = tf.group(v.assign(read * 2.0))
                with tf.control_dependencies(None):
                    free = tf.constant(3.0)
        session.run(v.initializer)
        return {
            "read": session.run(read),
            "after later": [session.run(later), float(session.run(v))][1],
            "free": session.run(free),
            "tuple": session.run(tf.stack(tf.tuple([tf.constant(1.0), tf.constant(2.0)]))),
        }


@golden()
def reads_that_depend_on_an_update_see_it(tf):
    """However the variable is read: so `with control_dependencies([train]): average.apply(variables)` is right."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        w = tf.get_variable("w", initializer=[1.0, 2.0])
        with tf.control_dependencies([v.assign_add([10.0, 10.0]), tf.scatter_update(w, [0], [5.0])]):
            reads = [v + 0.0, tf.identity(v), v * 2.0, v.read_value(), tf.square(v)[0], w + 0.0, tf.gather(w, [0])]
        session.run(tf.global_variables_initializer())
        return {f"{i}": value for i, value in enumerate(session.run(reads))}


@golden(rtol=1e-6, reason="one float32 rounding a step, fused or not")
def averages_follow_the_step_that_they_depend_on(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(v * v))
        average = tf.train.ExponentialMovingAverage(0.5)
        with tf.control_dependencies([train]):
            update = average.apply([v])
        session.run(tf.global_variables_initializer())
        told = []
        for _ in range(3):
            session.run(update)
            told.append(session.run(tf.stack([v, average.average(v)])))
        return {"variable and average": np.stack(told)}


@golden()
def python_functions_in_the_graph(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(A)
        y = tf.py_func(lambda a: (a * 2, a.sum(axis=0)), [x], [tf.float32, tf.float32])
        one = tf.py_func(lambda a, b: a + b, [x, 1.0], tf.float32)
        nothing = tf.py_func(lambda: None, [], [])
        values = session.run([y[0], y[1], one])
        return {"twice": values[0], "sum": values[1], "one": values[2], "shapes": [shape_of(t) for t in [*y, one]]} | {
            "nothing": type(nothing).__name__
        }
