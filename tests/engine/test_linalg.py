"""Products, einsum, diagonals and decompositions: values, shapes, refusals."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import fed, run, same

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

BFLOAT16 = ml_dtypes.bfloat16


def unknown(function, *values):
    """The result of `function` on placeholders whose very rank is unknown."""
    tensors = [tf.placeholder(np.asarray(v).dtype) for v in values]
    return run(function(*tensors), dict(zip(tensors, values, strict=True)))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def product_by_loops(a, b):
    result = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for n in range(a.shape[1]):
                result[i, j] += float(a[i, n]) * float(b[n, j])
    return result


# -- products -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float16, 2e-3), (BFLOAT16, 1.6e-2), (np.float32, 1e-6), (np.float64, 1e-14)]
)
def test_matmul_is_the_sum_of_products(transpose_a, transpose_b, dtype, tolerance):
    a, b = normal(3, 5).astype(dtype), normal(5, 4, seed=1).astype(dtype)
    wanted = product_by_loops(a, b)
    found = fed(
        lambda x, y: tf.matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b),
        a.T if transpose_a else a,
        b.T if transpose_b else b,
    )
    assert found.dtype == dtype
    assert not (np.abs(found.astype(np.float64) - wanted) > tolerance * np.maximum(np.abs(wanted), 1)).any()


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16])
def test_matmul_adds_half_floats_up_in_float32(dtype):
    ones = np.full((1, 4096), 0.25, dtype)
    same(fed(lambda x: tf.matmul(x, x, transpose_b=True), ones), np.array([[256]], dtype))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_matmul_multiplies_integers_exactly(dtype):
    a = np.array([[1, 2], [3, 4]], dtype)
    same(fed(lambda x: tf.matmul(x, x), a), np.array([[7, 10], [15, 22]], dtype))


def test_matmul_broadcasts_batches_and_says_their_shape():
    a, b = normal(4, 1, 2, 3), normal(5, 6, 3, seed=1)
    product = tf.matmul(
        tf.placeholder(tf.float64, [4, 1, 2, 3]), tf.placeholder(tf.float64, [None, 6, 3]), adjoint_b=True
    )
    assert product.shape.as_list() == [4, None, 2, 6] and product.op.type == "BatchMatMulV2"
    wanted = a @ b.swapaxes(-1, -2)
    for how in (fed, unknown):
        np.testing.assert_allclose(how(lambda x, y: tf.matmul(x, y, transpose_b=True), a, b), wanted, rtol=1e-12)
    np.testing.assert_allclose(unknown(lambda x, y: x @ y, a[0, 0], b[0].T), a[0, 0] @ b[0].T, rtol=1e-12)


def test_matmul_refuses_shapes_with_the_op_both_shapes_and_the_users_line():
    a, b = tf.zeros([2, 3]), tf.zeros([4, 5])
    with pytest.raises(ValueError) as caught:
        tf.matmul(a, b, name="product")
    text = str(caught.value)
    assert (
        "Dimensions must be equal, but are 3 and 4 for 'product' (op: 'MatMul') with input shapes: [2,3], [4,5]."
        in text
    )
    assert "test_linalg.py" in text
    with pytest.raises(ValueError, match="Shape must be rank 2 but is rank 1"):
        tf.matmul(a, tf.zeros([3]))
    with pytest.raises(ValueError, match=r"Only one of `transpose_a` and `adjoint_a` can be True."):
        tf.matmul(a, b, transpose_a=True, adjoint_a=True)
    with pytest.raises(
        TypeError, match="Value passed to parameter 'a' has DataType bool not in list of allowed values"
    ):
        tf.matmul([[True]], [[True]])
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 2"):
        tf.matmul(tf.zeros([5, 2, 3]), tf.zeros([5, 2, 3]))
    v = tf.placeholder(tf.float32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Matrix size-incompatible: In\[0\]: \[2,3\], In\[1\]: \[4,5\]"
    ):
        run(tf.matmul(v, b), {v: np.zeros((2, 3))})


def test_matvec_multiplies_matrices_by_vectors():
    a, b = normal(2, 3), normal(3, seed=1)
    np.testing.assert_allclose(fed(tf.matvec, a, b), a @ b, rtol=1e-12)
    np.testing.assert_allclose(fed(lambda x, y: tf.matvec(x, y, transpose_a=True), a, b[:2]), a.T @ b[:2], rtol=1e-12)


@st.composite
def contractions(draw):
    count = draw(st.integers(0, 2))
    shared = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    free = [draw(st.lists(st.integers(1, 3), max_size=2)) for _ in range(2)]
    operands, axes = [], []
    for own in free:
        sizes = [*own, *shared]
        order = draw(st.permutations(range(len(sizes))))
        operands.append([sizes[i] for i in order])
        places = [order.index(len(own) + n) for n in range(count)]
        axes.append([p - len(sizes) if draw(st.booleans()) else p for p in places])
    return operands, axes


@settings(max_examples=40, deadline=None)
@given(contractions())
def test_tensordot_is_numpys_however_much_is_known(case):
    (shape_a, shape_b), axes = case
    a, b = normal(*shape_a), normal(*shape_b, seed=1)
    wanted = np.tensordot(a, b, axes)
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float64, shape_a), tf.placeholder(tf.float64, shape_b)
        partly_x, partly_y = tf.placeholder(tf.float64, [None] * a.ndim), tf.placeholder(tf.float64, [None] * b.ndim)
        free_x, free_y = tf.placeholder(tf.float64), tf.placeholder(tf.float64)
        moving = tf.placeholder(tf.int32, [2, None])
        results = [
            tf.tensordot(x, y, axes),
            tf.tensordot(partly_x, partly_y, axes),
            tf.tensordot(free_x, free_y, axes),
            tf.tensordot(x, partly_y, moving),
        ]
        assert results[0].shape.as_list() == list(wanted.shape)
        assert results[1].shape.ndims == wanted.ndim
        feeds = {x: a, partly_x: a, free_x: a, y: b, partly_y: b, free_y: b, moving: np.reshape(axes, (2, -1))}
        for found in run(results, feeds):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_tensordot_takes_a_number_of_axes():
    a, b = normal(2, 3, 4), normal(3, 4, 5, seed=1)
    for how in (fed, unknown):
        np.testing.assert_allclose(how(lambda x, y: tf.tensordot(x, y, 2), a, b), np.tensordot(a, b, 2), rtol=1e-12)


def test_tensordot_refuses_axes_that_do_not_fit_together():
    x = tf.zeros([2, 3])
    refusals = [
        (-1, r"`axes` must be at least 0. Received: -1."),
        (
            3,
            r"`axes` must not be larger than the number of dimensions of tensor .* Received 3, vs tensor dimensions 2.",
        ),
        ([0], r"`axes` must be an integer or have length 2. Received \[0\]."),
        ([[0], [0, 1]], r"Different number of contraction axes `a` and `b`, 1 != 2."),
        ([[0], [1]], "Dimensions must be equal, but are 2 and 3"),
    ]
    for axes, text in refusals:
        with pytest.raises(ValueError, match=text):
            tf.tensordot(x, x, axes)


# -- einsum ---------------------------------------------------------------------------------------------------------


@st.composite
def equations(draw):
    sizes = dict(zip("abcde", draw(st.lists(st.integers(1, 3), min_size=5, max_size=5)), strict=True))
    count = draw(st.integers(1, 3))
    inputs = ["".join(draw(st.lists(st.sampled_from("abcde"), max_size=3))) for _ in range(count)]
    present = sorted(set("".join(inputs)))
    output = "".join(draw(st.lists(st.sampled_from(present), unique=True))) if present else ""
    text = ",".join(inputs) + (f"->{output}" if draw(st.booleans()) else "")
    return text, [[sizes[label] for label in labels] for labels in inputs]


@settings(max_examples=150, deadline=None)
@given(equations())
def test_einsum_is_numpys(case):
    equation, shapes = case
    values = [normal(*shape, seed=i) for i, shape in enumerate(shapes)]
    wanted = np.einsum(equation, *values)
    with tf.Graph().as_default():
        known = [tf.placeholder(tf.float64, shape) for shape in shapes]
        free = [tf.placeholder(tf.float64) for _ in shapes]
        results = [tf.einsum(equation, *known), tf.einsum(equation, *free)]
        assert results[0].shape.as_list() == list(wanted.shape)
        assert results[1].shape.ndims == wanted.ndim
        for found in run(results, {**dict(zip(known, values, strict=True)), **dict(zip(free, values, strict=True))}):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("...ij,...jk->...ik", [(4, 1, 2, 3), (5, 3, 2)]),
        ("...ij,jk->...ik", [(2, 3), (3, 2)]),
        ("i...,...i->...", [(3, 1), (4, 3)]),
        ("i...j,...jk->k...i", [(2, 4, 3), (3, 5)]),
        ("...,...->...", [(2, 1, 3), (4, 1)]),
        ("b...k,...k->b...", [(2, 1, 3), (1, 3)]),
    ],
)
def test_an_ellipsis_broadcasts(equation, shapes):
    values = [normal(*shape, seed=i) for i, shape in enumerate(shapes)]
    wanted = np.einsum(equation, *values)
    result = tf.einsum(equation, *(tf.placeholder(tf.float64, shape) for shape in shapes))
    assert result.shape.as_list() == list(wanted.shape)
    for how in (fed, unknown):
        found = how(lambda *t: tf.einsum(equation, *t), *values)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_einsum_takes_spaces_and_integers_and_half_floats():
    a = np.int32([[1, 2], [3, 4]])
    same(fed(lambda x: tf.einsum(" i j , j k -> i k ", x, x), a), a @ a)
    half = np.full(4096, 0.25, np.float16)
    same(fed(lambda x: [tf.einsum("i,i->", x, x), tf.einsum("i->", x)], half), np.float16([256, 1024]))


@pytest.mark.parametrize(
    ("equation", "count", "text"),
    [
        ("ij,jk->ik", 2, r"Dimensions must be equal, but are 3 and 2 for 'einsum/Einsum'"),
        ("ij,ij->ij", 1, 'Got 1 inputs for equation "ij,ij->ij", expecting 2'),
        ("ijk->ik", 1, "Shape must be rank 3 but is rank 2"),
        ("...ijk->...", 1, "Shape must be at least rank 3 but is rank 2"),
        ("ij->ik", 1, r"Output subscripts contain the label k not present in the input subscripts."),
        ("ij->ii", 1, "Output subscripts contain a label appearing more than once: ij->ii"),
        ("...i->i", 1, r"without ellipsis \(...\) in the output subscripts"),
        ("ij->i1", 1, "Subscripts have incorrect format: ij->i1"),
        ("ij-ik", 1, "Subscripts have incorrect format: ij-ik"),
        ("i..j->ij", 1, r"Subscripts have incorrect format: i..j->ij"),
    ],
)
def test_einsum_refuses_equations_that_do_not_fit(equation, count, text):
    with pytest.raises(ValueError, match=text):
        tf.einsum(equation, *[tf.zeros([2, 3])] * count)


def test_einsum_refuses_lengths_that_differ_in_a_run():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected dimension 3 at label 'j' but got dimension 2"):
        run(tf.einsum("ij,jk->ik", x, y), {x: np.ones((2, 3)), y: np.ones((2, 3))})


# -- transposes and norms -------------------------------------------------------------------------------------------


def test_matrix_transpose_swaps_the_last_two_dimensions():
    x = normal(2, 3, 4)
    for how in (fed, unknown):
        same(how(tf.matrix_transpose, x), x.swapaxes(1, 2))
    with pytest.raises(ValueError, match="should be a \\(batch\\) matrix with rank >= 2"):
        tf.matrix_transpose([1.0])


@pytest.mark.parametrize("order", ["euclidean", 1, 2, 3.5, np.inf])
def test_the_norm_of_vectors_is_numpys(order):
    x = normal(3, 4)
    numpys = None if order == "euclidean" else order
    np.testing.assert_allclose(fed(lambda t: tf.norm(t, order, axis=1), x), np.linalg.norm(x, numpys, 1), rtol=1e-12)
    np.testing.assert_allclose(fed(lambda t: tf.norm(t, order), x), np.linalg.norm(x.ravel(), numpys), rtol=1e-12)


@pytest.mark.parametrize("order", ["fro", 1, 2, np.inf])
def test_the_norm_of_matrices_is_numpys(order):
    x = normal(3, 4, 5)
    for axes in ([0, 1], (-1, 0)):
        for keep in (False, True):
            found = fed(lambda t, a=axes, k=keep: tf.norm(t, order, axis=a, keepdims=k), x)
            np.testing.assert_allclose(found, np.linalg.norm(x, order, tuple(axes), keepdims=keep), rtol=1e-12)


def test_norms_that_are_none_are_refused():
    x = tf.zeros([2, 3])
    for order in ("fro", "nuclear", -1):
        with pytest.raises(ValueError, match="'ord' must be a supported vector norm"):
            tf.norm(x, order)
    with pytest.raises(ValueError, match="'ord' must be a supported matrix norm"):
        tf.norm(x, 3, axis=[0, 1])
    with pytest.raises(ValueError, match="'axis' must be None, an integer, or a tuple of 2 unique integers"):
        tf.norm(x, axis=[0, 1, 2])


# -- diagonals ------------------------------------------------------------------------------------------------------

X = np.float32([[1, 2, 3], [4, 5, 6]])


def test_bands_are_taken_as_tensorflow_aligns_them():  # values of TensorFlow 2.21
    same(fed(lambda t: tf.matrix_diag_part(t, k=(-1, 1)), X), np.float32([[2, 6], [1, 5], [4, 0]]))
    found = fed(lambda t: tf.matrix_diag_part(t, k=(-1, 2), align="LEFT_RIGHT", padding_value=9), X)
    same(found, np.float32([[3, 9], [2, 6], [1, 5], [9, 4]]))


def test_matrices_are_made_of_bands_as_tensorflow_aligns_them():  # values of TensorFlow 2.21
    bands = [[1, 2, 3], [4, 5, 6]]
    cases = [
        ({"diagonal": bands, "k": (-1, 0)}, [[1, 0, 0], [4, 2, 0], [0, 5, 3]]),
        ({"diagonal": bands, "k": (0, 1)}, [[4, 2, 0], [0, 5, 3], [0, 0, 6]]),
        ({"diagonal": [1, 2], "num_rows": 3}, [[1, 0], [0, 2], [0, 0]]),
        ({"diagonal": [1, 2], "k": -1}, [[0, 0, 0], [1, 0, 0], [0, 2, 0]]),
        ({"diagonal": [1, 2], "k": 1, "padding_value": 7}, [[7, 1, 7], [7, 7, 2], [7, 7, 7]]),
    ]
    for arguments, wanted in cases:
        result = tf.matrix_diag(**arguments)
        assert result.shape.as_list() == list(np.shape(wanted))
        same(run(result), np.int32(wanted))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(-3, 3),
    st.integers(0, 3),
    st.sampled_from(["LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"]),
)
def test_a_band_taken_out_and_set_again_changes_nothing(rows, columns, low, width, align):
    high = low + width
    if low <= -rows or high >= columns or low >= columns or high <= -rows:
        return
    x = np.arange(1, rows * columns + 1, dtype=np.int32).reshape(rows, columns)
    for_each = [np.diagonal(x, d) for d in range(high, low - 1, -1)]
    with tf.Graph().as_default():
        t = tf.placeholder(tf.int32, [rows, columns])
        part = tf.matrix_diag_part(t, k=(low, high), align=align)
        again, blank = (
            tf.matrix_set_diag(t, part, k=(low, high), align=align),
            tf.matrix_set_diag(t, tf.zeros_like(part), k=(low, high), align=align),
        )
        found, whole, holed = run([part, again, blank], {t: x})
    same(whole, x)
    same(
        holed,
        np.where(
            (np.arange(columns) - np.arange(rows)[:, None] > high)
            | (np.arange(columns) - np.arange(rows)[:, None] < low),
            x,
            0,
        ),
    )
    for row, diagonal in zip(np.atleast_2d(found), for_each, strict=True):
        same(np.sort(row)[len(row) - len(diagonal) :], np.sort(diagonal))


def test_the_places_of_diagonals_are_checked():
    t = tf.constant(X)
    refusals = [
        (lambda: tf.matrix_diag_part(t, k=5), r"lower_diag_index is out of bound."),
        (lambda: tf.matrix_diag_part(t, k=(1, 0)), "lower_diag_index is greater than upper_diag_index"),
        (lambda: tf.matrix_diag([1, 2], num_rows=1), "num_rows is too small"),
        (lambda: tf.matrix_diag([1, 2], num_rows=3, num_cols=4), "num_rows and num_cols are not consistent"),
        (lambda: tf.matrix_diag(3.0), "Shape must be at least rank 1 but is rank 0"),
        (lambda: tf.matrix_diag([1], align="UP"), "align must be one of"),
        (lambda: tf.diag_part(t), "Dimensions must be equal, but are 2 and 3"),
        (lambda: tf.diag_part([1.0]), "Input must have even and non-zero rank, input rank is 1"),
    ]
    for build, text in refusals:
        with pytest.raises(ValueError, match=text):
            build()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"The diagonal has shape \(3,\), but \(2,\) is wanted"):
        run(tf.matrix_set_diag(t, [7.0, 8.0, 9.0]))


def test_diag_and_diag_part_undo_each_other_in_any_rank():
    x = normal(2, 3)
    spread = fed(tf.diag, x)
    assert spread.shape == (2, 3, 2, 3)
    same(spread.reshape(6, 6), np.diag(x.ravel()))
    same(fed(tf.diag_part, spread), x)


def test_band_part_keeps_what_is_asked_for():
    x = np.arange(1.0, 13).reshape(3, 4)
    for lower, upper, wanted in [
        (0, -1, np.triu(x)),
        (-1, 0, np.tril(x)),
        (1, 1, np.triu(np.tril(x, 1), -1)),
        (-1, -1, x),
    ]:
        same(
            fed(lambda t, a=lower, b=upper: tf.matrix_band_part(t, a, b), np.stack([x, -x])),
            np.stack([wanted, -wanted]),
        )
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"num_lower must be negative or less or equal to number of rows \(3\) got: 5",
    ):
        run(tf.matrix_band_part(tf.constant(x), 5, 0))


def test_unit_matrices_have_any_shape():
    same(run(tf.eye(3)), np.eye(3, dtype=np.float32))
    same(run(tf.eye(2, 3, batch_shape=[2], dtype=tf.int32)), np.stack([np.eye(2, 3, dtype=np.int32)] * 2))
    n, batch = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [1])
    same(run(tf.eye(n, 2, batch_shape=batch), {n: 3, batch: [1]}), np.eye(3, 2, dtype=np.float32)[None])
    assert run(tf.eye(0)).shape == (0, 0)


def test_the_trace_is_the_sum_of_the_diagonal():
    x = normal(2, 3, 4)
    np.testing.assert_allclose(fed(tf.trace, x), [np.trace(m) for m in x], rtol=1e-12)


# -- decompositions -------------------------------------------------------------------------------------------------

SQUARE = normal(2, 3, 3) + 3 * np.eye(3)
POSITIVE = SQUARE @ SQUARE.swapaxes(1, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices_are_solved_and_inverted(dtype):
    a, b = SQUARE.astype(dtype), normal(2, 3, 2).astype(dtype)
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    found = fed(lambda x, y: [tf.matrix_solve(x, y), tf.matrix_solve(x, y, adjoint=True), tf.matrix_inverse(x)], a, b)
    assert all(f.dtype == dtype for f in found)
    for value, wanted in zip(
        [a @ found[0], a.swapaxes(1, 2) @ found[1], a @ found[2]], [b, b, np.stack([np.eye(3)] * 2)], strict=True
    ):
        np.testing.assert_allclose(value, wanted, atol=tolerance)
    for lower in (True, False):
        triangle = np.tril(a) if lower else np.triu(a)
        solved = fed(lambda x, y, low=lower: tf.matrix_triangular_solve(x, y, lower=low), a, b[0])
        np.testing.assert_allclose(triangle @ solved, np.stack([b[0]] * 2), atol=tolerance)


def test_determinants_are_numpys():
    found = fed(lambda x: [tf.matrix_determinant(x), *tf.slogdet(x)], SQUARE)
    np.testing.assert_allclose(found[0], np.linalg.det(SQUARE), rtol=1e-12)
    np.testing.assert_allclose(found[1] * np.exp(found[2]), np.linalg.det(SQUARE), rtol=1e-12)
    np.testing.assert_allclose(fed(tf.logdet, POSITIVE), np.log(np.linalg.det(POSITIVE)), rtol=1e-12)


def test_factors_multiply_to_what_they_came_from():
    lower = fed(tf.cholesky, POSITIVE)
    np.testing.assert_allclose(lower @ lower.swapaxes(1, 2), POSITIVE, rtol=1e-10)
    np.testing.assert_allclose(POSITIVE @ fed(tf.cholesky_solve, lower, SQUARE), SQUARE, rtol=1e-8, atol=1e-8)
    x = normal(2, 4, 3)
    for full in (False, True):
        with tf.Graph().as_default():
            t = tf.placeholder(tf.float64, x.shape)
            tensors = [*tf.qr(t, full_matrices=full), *tf.svd(t, full_matrices=full)]
            q, r, s, u, v = run(tensors, {t: x})
        assert [tuple(t.shape.as_list()) for t in tensors] == [q.shape, r.shape, s.shape, u.shape, v.shape]
        np.testing.assert_allclose(q @ r, x, atol=1e-12)
        np.testing.assert_allclose((u[..., :3] * s[:, None]) @ v.swapaxes(1, 2), x, atol=1e-12)
        assert (s[:, :-1] >= s[:, 1:]).all()


def test_eigenvalues_ascend_and_come_from_the_lower_triangle():
    values, vectors = fed(tf.self_adjoint_eig, np.float64([[1, 9], [3, 4]]))
    np.testing.assert_allclose(values, [-0.8541020, 5.8541020], atol=1e-6)
    np.testing.assert_allclose((vectors * values) @ vectors.T, [[1, 3], [3, 4]], atol=1e-12)
    np.testing.assert_allclose(fed(tf.self_adjoint_eigvals, np.float64([[1, 9], [3, 4]])), values, rtol=1e-12)


def test_matrices_that_cannot_be_inverted_are_refused():
    zero = np.zeros((2, 2), np.float32)
    for build, text in [
        (tf.matrix_inverse, "Input is not invertible."),
        (lambda x: tf.matrix_solve(x, tf.ones([2, 1])), "Input matrix is not invertible."),
        (
            lambda x: tf.cholesky(x - tf.eye(2)),
            "Cholesky decomposition was not successful. The input might not be valid.",
        ),
    ]:
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            fed(build, zero)
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 2 and 3"):
        tf.matrix_inverse(tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 2 and 3"):
        tf.matrix_solve(tf.zeros([2, 2]), tf.zeros([3, 1]))


def test_decompositions_without_a_gradient_say_so():
    x = tf.constant(SQUARE)
    with pytest.raises(LookupError, match=r"No gradient defined for operation 'Qr' \(op type: Qr\)"):
        tf.gradients(tf.qr(x)[0], x)
    with pytest.raises(LookupError, match=r"svd\(x, compute_uv=False\) has one"):
        tf.gradients(tf.svd(x)[1], x)
