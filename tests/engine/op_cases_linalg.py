"""Cases of engine/ops/linalg.py, einsum.py, diagonals.py and decompositions.py."""

import numpy as np
from op_cases import Case, normal

SQUARE = normal(2, 3, 3, seed=4) + 3 * np.eye(3)  # far from singular
SYMMETRIC = np.diag([1.0, 2.0, 4.0]) + 0.1 * normal(3, 3, seed=5)  # symmetrized in the cases: eigenvalues far apart


def symmetric(tf, x):
    return (x + tf.matrix_transpose(x)) / 2


def products():
    for ta in (False, True):
        for tb in (False, True):
            a, b = normal(*((3, 2) if ta else (2, 3))), normal(*((4, 3) if tb else (3, 4)), seed=1)
            label = f"{'_a' * ta}{'_b' * tb}_transposed" if ta or tb else ""

            def build(tf, x, y, ta=ta, tb=tb):
                return tf.matmul(x, y, transpose_a=ta, transpose_b=tb)

            yield Case(f"matmul{label}", ("MatMul",), build, (a, b))
            yield Case(f"batch_matmul{label}", ("BatchMatMulV2",), build, (np.stack([a, a + 1]), np.stack([b, -b])))
            yield Case(
                f"matmul_broadcast{label}", ("BatchMatMulV2",), build, (np.stack([[a], [a + 1]]), np.stack([b, -b]))
            )


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("ij,kj", (2, 3), (4, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)),
    (",->", (), ()),
    (",ij->ji", (), (2, 3)),
    ("ij->ji", (2, 3)),
    ("ij->j", (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii->", (3, 3)),
    ("iij->ji", (2, 2, 3)),
    ("ijk,k->i", (2, 3, 4), (4,)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
    ("i...,...j->j...i", (2, 3), (3, 2)),
    ("i...j,jk->...ik", (2, 5, 3), (3, 2)),
    ("i...->...i", (2, 3, 4)),
    ("b...k,...k->...", (2, 3, 4), (3, 4)),
]


def sums():
    for i, (equation, *shapes) in enumerate(EQUATIONS):
        yield Case(
            f"einsum_{i}_{equation}",
            ("Einsum",),
            lambda tf, *t, equation=equation: tf.einsum(equation, *map(tf.square, t)),
            tuple(normal(*shape, seed=i + n) for n, shape in enumerate(shapes)),
        )


CASES = [
    *products(),
    *sums(),
    Case("matmul_of_integers", ("MatMul",), lambda tf, x: tf.matmul(x, x), (np.int32([[1, 2], [3, 4]]),), False),
    Case(
        "einsum_of_three",
        ("Einsum",),
        lambda tf, x, y, z: tf.einsum("ij,jk,kl->il", x, y, z),
        (normal(2, 3), normal(3, 2), normal(2, 4)),
    ),
    Case("matvec", ("MatMul",), lambda tf, x, y: tf.matvec(x, y), (normal(2, 3), normal(3))),
    Case(
        "tensordot", ("MatMul",), lambda tf, x, y: tf.tensordot(x, y, [[2, 0], [0, 1]]), (normal(2, 3, 4), normal(4, 2))
    ),
    Case("tensordot_outer", ("MatMul",), lambda tf, x, y: tf.tensordot(x, y, 0), (normal(2), normal(3, 2))),
    Case("matrix_transpose", (), lambda tf, x: tf.square(tf.matrix_transpose(x)), (normal(2, 3, 4),)),
    Case("norm", (), lambda tf, x: tf.norm(x, axis=1), (normal(2, 3),)),
    Case("norm_3", (), lambda tf, x: tf.norm(x, 3, axis=1), (normal(2, 3),)),
    Case("spectral_norm", ("Svd",), lambda tf, x: tf.norm(x, 2, axis=[2, 0]), (normal(2, 3, 4),), second_order=False),
    Case("diag", ("Diag",), lambda tf, x: tf.diag(tf.square(x)), (normal(2, 3),)),
    Case("diag_part", ("DiagPart",), lambda tf, x: tf.diag_part(tf.square(x)), (normal(2, 3, 2, 3),)),
    Case(
        "matrix_diag",
        ("MatrixDiagV3",),
        lambda tf, x, p: tf.matrix_diag(tf.square(x), num_rows=4, padding_value=p),
        (normal(2, 3), np.float64(0.5)),
    ),
    Case(
        "matrix_diag_of_a_band",
        ("MatrixDiagV3",),
        lambda tf, x: tf.matrix_diag(tf.square(x), k=(-1, 1), align="LEFT_RIGHT"),
        (normal(3, 4),),
    ),
    Case(
        "matrix_diag_part", ("MatrixDiagPartV3",), lambda tf, x: tf.matrix_diag_part(tf.square(x)), (normal(2, 3, 4),)
    ),
    Case(
        "matrix_diag_part_of_a_band",
        ("MatrixDiagPartV3",),
        lambda tf, x: tf.matrix_diag_part(tf.square(x), k=(-2, 1), padding_value=7.0),
        (normal(3, 4),),
    ),
    Case(
        "matrix_set_diag",
        ("MatrixSetDiagV3",),
        lambda tf, x, d: tf.matrix_set_diag(tf.square(x), tf.square(d), k=(0, 1)),
        (normal(2, 3, 4), normal(2, 2, 3)),
    ),
    Case("matrix_band_part", ("MatrixBandPart",), lambda tf, x: tf.matrix_band_part(x * x, 1, 0), (normal(2, 3, 4),)),
    Case("eye", ("MatrixDiagV3",), lambda tf: tf.eye(3, dtype=tf.float64), (), False),
    Case("eye_of_batches", ("MatrixSetDiagV3",), lambda tf: tf.eye(2, 3, batch_shape=[2]), (), False),
    Case("trace", ("MatrixDiagPartV3",), lambda tf, x: tf.trace(tf.square(x)), (normal(2, 3, 3),)),
    Case("matrix_inverse", ("MatrixInverse",), lambda tf, x: tf.matrix_inverse(x), (SQUARE,)),
    Case("matrix_inverse_adjoint", ("MatrixInverse",), lambda tf, x: tf.matrix_inverse(x, adjoint=True), (SQUARE,)),
    Case("matrix_determinant", ("MatrixDeterminant",), lambda tf, x: tf.matrix_determinant(x), (SQUARE,)),
    Case("slogdet", ("LogMatrixDeterminant",), lambda tf, x: tf.slogdet(x)[1], (SQUARE,)),
    Case("logdet", ("Cholesky",), lambda tf, x: tf.logdet(symmetric(tf, x)), (SYMMETRIC,)),
    Case("cholesky", ("Cholesky",), lambda tf, x: tf.cholesky(symmetric(tf, x)), (SYMMETRIC,)),
    *(
        Case(
            f"matrix_solve{'_adjoint' * adjoint}",
            ("MatrixSolve",),
            lambda tf, x, y, adjoint=adjoint: tf.matrix_solve(x, y, adjoint=adjoint),
            (SQUARE, normal(2, 3, 2)),
        )
        for adjoint in (False, True)
    ),
    *(
        Case(
            f"matrix_triangular_solve{'_lower' * lower}{'_adjoint' * adjoint}",
            ("MatrixTriangularSolve",),
            lambda tf, x, y, lower=lower, adjoint=adjoint: tf.matrix_triangular_solve(x, y, lower, adjoint),
            (SQUARE, normal(3, 2)),
        )
        for lower in (False, True)
        for adjoint in (False, True)
    ),
    Case("cholesky_solve", (), lambda tf, x, y: tf.cholesky_solve(x, y), (SQUARE[0], normal(3, 2))),
    Case("qr", ("Qr",), lambda tf, x: list(tf.qr(x)), (normal(4, 3),), False),
    Case(
        "self_adjoint_eig",
        ("SelfAdjointEigV2",),
        lambda tf, x: [t * t for t in tf.self_adjoint_eig(symmetric(tf, x))],  # squared: the signs are free
        (SYMMETRIC,),
    ),
    Case(
        "self_adjoint_eigvals",
        ("SelfAdjointEigV2",),
        lambda tf, x: tf.self_adjoint_eigvals(symmetric(tf, x)),
        (SYMMETRIC,),
    ),
    Case(
        "singular_values", ("Svd",), lambda tf, x: tf.svd(x, compute_uv=False), (normal(2, 4, 3),), second_order=False
    ),
    Case("svd", ("Svd",), lambda tf, x: list(tf.svd(x, full_matrices=True)), (normal(4, 3),), False),
]
