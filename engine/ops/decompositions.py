"""Solving with matrices and taking them apart: inverse, determinant, Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, Rule, check_equal, define, no_gradient
from ..shapes import TensorShape, broadcast_sizes
from .arithmetic import subtract
from .basic import expand_dims, sum_like
from .diagonals import matrix_band_part, matrix_diag, matrix_diag_part, matrix_set_diag
from .linalg import matmul, matrix_sizes, matrix_transpose
from .math import div_no_nan, log
from .reduce import reduce_sum

Array = Any  # numpy.ndarray or cupy.ndarray
_TYPES = {"T": (dtypes.float32, dtypes.float64)}  # what LAPACK and cuSOLVER take


# -- what they share ------------------------------------------------------------------------------------------------


def _batch(shape: TensorShape) -> TensorShape:
    """A shape of rank 2 or more without its last two lengths."""
    return TensorShape(None) if shape.sizes is None else TensorShape(shape.sizes[:-2])


def _check_matrix(x: Tensor) -> None:
    if x.shape.ndims is not None and x.shape.ndims < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {x.shape.ndims}")


def _square(x: Tensor, **_: Any) -> TensorShape:
    """The shape of an input that must be square matrices. Raises ValueError where they are not."""
    _check_matrix(x)
    check_equal(*matrix_sizes(x.shape))
    return x.shape


def _solved(compute: Rule, refusal: str) -> Rule:
    """A kernel that turns LAPACK's refusal of a matrix into InvalidArgumentError."""

    def kernel(k: Any, *arrays: Array, **attrs: Any) -> Any:
        try:
            return compute(k, *arrays, **attrs)
        except np.linalg.LinAlgError:
            raise InvalidArgumentError(None, None, refusal) from None

    return kernel


def _of_square(type: str, shape: Rule, kernel: Rule, grad: Rule) -> OpDef:
    return define(type, "input:T -> output:T", shape=shape, kernel=kernel, grad=grad, types=_TYPES)


def _transposed(x: Array, wanted: bool) -> Array:
    return x.swapaxes(-1, -2) if wanted else x


# -- inverse and determinant ----------------------------------------------------------------------------------------


def _inverse_gradient(op: Operation, g: Tensor) -> Tensor:
    """For y = 1/x: dx = -y' g y'; where x entered transposed, dx' = the same."""
    y = op.outputs[0]
    if op.attrs["adjoint"]:
        return -matmul(y, matmul(g, y, transpose_a=True))
    return -matmul(y, matmul(g, y, transpose_b=True), transpose_a=True)


def _times_inverse_transpose(x: Tensor, factor: Tensor) -> Tensor:
    """The gradient of log det, which is the transposed inverse, times a number for each matrix."""
    return expand_dims(expand_dims(factor, -1), -1) * matrix_inverse(x, adjoint=True)


MatrixInverse = _of_square(
    "MatrixInverse",
    _square,
    _solved(lambda k, x, adjoint: k.xp.linalg.inv(_transposed(x, adjoint)), "Input is not invertible."),
    _inverse_gradient,
)

MatrixDeterminant = _of_square(
    "MatrixDeterminant",
    lambda x: _batch(_square(x)),
    lambda k, x: k.cast(k.xp.linalg.det(x), x.dtype),
    lambda op, g: _times_inverse_transpose(op.inputs[0], g * op.outputs[0]),
)

LogMatrixDeterminant = define(
    "LogMatrixDeterminant",
    "input:T -> sign:T, log_abs_determinant:T",
    shape=lambda x: [_batch(_square(x))] * 2,
    kernel=lambda k, x: [k.cast(part, x.dtype) for part in k.xp.linalg.slogdet(x)],
    grad=lambda op, sign, g: _times_inverse_transpose(op.inputs[0], g),
    types=_TYPES,
)


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverses of square matrices [..., n, n] (of their transposes, if `adjoint`).

    A matrix that has none raises InvalidArgumentError in a run.
    """
    return MatrixInverse(input, adjoint=adjoint, name=name)


def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """[...]: the determinants of square matrices [..., n, n]. The gradient needs them to be invertible."""
    return MatrixDeterminant(input, name=name)


class SignAndLog(NamedTuple):
    """What `slogdet` gives."""

    sign: Tensor
    log_abs_determinant: Tensor


def slogdet(input: Any, name: str | None = None) -> SignAndLog:
    """The sign and the logarithm of the absolute value of determinants, which neither over- nor underflow."""
    return SignAndLog(*LogMatrixDeterminant(input, name=name))


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """log(det) of positive definite matrices, from their Cholesky factor."""
    with op_scope(name, "logdet", [matrix]):
        return 2.0 * reduce_sum(log(matrix_diag_part(cholesky(matrix))), [-1])


# -- solving --------------------------------------------------------------------------------------------------------


def _solution_shape(matrix: Tensor, rhs: Tensor, **_: Any) -> TensorShape:
    _square(matrix)
    _check_matrix(rhs)
    check_equal(matrix_sizes(matrix.shape)[0], matrix_sizes(rhs.shape)[0])
    return rhs.shape


def _outer(op: Operation, grad_rhs: Tensor) -> Tensor:
    """The gradient of the matrix of a system: -grad_rhs x', or its transpose where the matrix entered transposed."""
    x = op.outputs[0]
    return -(matmul(x, grad_rhs, transpose_b=True) if op.attrs["adjoint"] else matmul(grad_rhs, x, transpose_b=True))


def _solve_gradient(op: Operation, g: Tensor) -> list[Tensor]:
    grad_rhs = matrix_solve(op.inputs[0], g, adjoint=not op.attrs["adjoint"])
    return [_outer(op, grad_rhs), grad_rhs]


def _triangular_gradient(op: Operation, g: Tensor) -> list[Tensor]:
    matrix, rhs = op.inputs
    lower = op.attrs["lower"]
    grad_rhs = matrix_triangular_solve(matrix, g, lower=lower, adjoint=not op.attrs["adjoint"])
    grad_matrix = matrix_band_part(_outer(op, grad_rhs), *((-1, 0) if lower else (0, -1)))
    return [sum_like(grad_matrix, matrix), sum_like(grad_rhs, rhs)]


def _triangular_solution_shape(matrix: Tensor, rhs: Tensor, lower: bool, adjoint: bool) -> TensorShape:
    _solution_shape(matrix, rhs)
    return broadcast_sizes(_batch(matrix.shape), _batch(rhs.shape)).concatenate(matrix_sizes(rhs.shape))


def _triangular_solve(k: Any, matrix: Array, rhs: Array, lower: bool, adjoint: bool) -> Array:
    triangle = k.xp.tril(matrix) if lower else k.xp.triu(matrix)
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    triangle = k.xp.broadcast_to(_transposed(triangle, adjoint), (*batch, *matrix.shape[-2:]))
    return k.xp.linalg.solve(triangle, k.xp.broadcast_to(rhs, (*batch, *rhs.shape[-2:])))


MatrixSolve = define(
    "MatrixSolve",
    "matrix:T, rhs:T -> output:T",
    shape=_solution_shape,
    kernel=_solved(
        lambda k, matrix, rhs, adjoint: k.xp.linalg.solve(_transposed(matrix, adjoint), rhs),
        "Input matrix is not invertible.",
    ),
    grad=_solve_gradient,
    types=_TYPES,
)

MatrixTriangularSolve = define(
    "MatrixTriangularSolve",
    "matrix:T, rhs:T -> output:T",
    shape=_triangular_solution_shape,
    kernel=_solved(_triangular_solve, "Input matrix is not invertible."),
    grad=_triangular_gradient,
    types=_TYPES,
)


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """x [..., n, m] with matrix x = rhs (or matrix' x = rhs, if `adjoint`), for matrices [..., n, n].

    A matrix that cannot be inverted raises InvalidArgumentError in a run.
    """
    return MatrixSolve(matrix, rhs, adjoint=adjoint, name=name)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """`matrix_solve` with the lower (or upper) triangle of the matrices alone; batch dimensions broadcast."""
    with op_scope(name, "triangular_solve", [matrix, rhs]):
        return MatrixTriangularSolve(matrix, rhs, lower=lower, adjoint=adjoint)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """x with a x = rhs, where `chol` is the Cholesky factor of a."""
    with op_scope(name, "cholesky_solve", [chol, rhs]):
        half = MatrixTriangularSolve(chol, rhs, lower=True, adjoint=False)
        return MatrixTriangularSolve(chol, half, lower=True, adjoint=True)


# -- Cholesky -------------------------------------------------------------------------------------------------------


def _cholesky_gradient(op: Operation, g: Tensor) -> Tensor:
    """Symmetrized, after Murray, Differentiation of the Cholesky decomposition (arXiv:1602.07527), equation 10."""
    factor = op.outputs[0]
    middle = matmul(factor, matrix_band_part(g, -1, 0), transpose_a=True)
    middle = matrix_band_part(matrix_set_diag(middle, 0.5 * matrix_diag_part(middle)), -1, 0)
    left = matrix_triangular_solve(factor, middle, adjoint=True)
    whole = matrix_transpose(matrix_triangular_solve(factor, matrix_transpose(left), adjoint=True))
    return (whole + matrix_transpose(whole)) * 0.5


Cholesky = _of_square(
    "Cholesky",
    _square,
    _solved(
        lambda k, x: k.xp.linalg.cholesky(x),
        "Cholesky decomposition was not successful. The input might not be valid.",
    ),
    _cholesky_gradient,
)


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular factors l, with l l' = x, of positive definite matrices x [..., n, n].

    Only the lower triangle of x is read. A matrix that is not positive definite raises InvalidArgumentError in a run.
    """
    return Cholesky(input, name=name)


# -- QR, eigenvalues, singular values -------------------------------------------------------------------------------


def _qr_shapes(x: Tensor, full_matrices: bool) -> list[TensorShape]:
    _check_matrix(x)
    rows, columns = matrix_sizes(x.shape)
    least = None if rows is None or columns is None else min(rows, columns)
    inner = rows if full_matrices else least
    return [_batch(x.shape).concatenate(sizes) for sizes in ([rows, inner], [inner, columns])]


Qr = define(
    "Qr",
    "input:T -> q:T, r:T",
    shape=_qr_shapes,
    kernel=lambda k, x, full_matrices: k.xp.linalg.qr(x, mode="complete" if full_matrices else "reduced"),
    grad=no_gradient("the derivative of a QR decomposition is not written yet"),
    types=_TYPES,
)


class QrFactors(NamedTuple):
    """What `qr` gives."""

    q: Tensor
    r: Tensor


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> QrFactors:
    """q [..., m, p] with orthonormal columns and upper triangular r [..., p, n] whose product is the input.

    p is the smaller of m and n; with `full_matrices`, m. There is no gradient.
    """
    return QrFactors(*Qr(input, full_matrices=full_matrices, name=name))


def _eigen_shapes(x: Tensor, compute_v: bool) -> list[Any]:
    shape = _square(x)
    return [_batch(shape).concatenate(matrix_sizes(shape)[:1]), shape if compute_v else [0]]


def _eigen(k: Any, x: Array, compute_v: bool) -> Sequence[Array]:
    return k.xp.linalg.eigh(x) if compute_v else (k.xp.linalg.eigvalsh(x), k.xp.zeros(0, x.dtype))


def _eigen_gradient(op: Operation, grad_values: Tensor, grad_vectors: Tensor) -> Tensor:
    """After Giles, Collected matrix derivative results (2008), section 3.1; only the lower triangle was read."""
    if op.attrs["compute_v"]:
        values, vectors = op.outputs
        gaps = subtract(expand_dims(values, -2), expand_dims(values, -1))
        turned = div_no_nan(matmul(vectors, grad_vectors, transpose_a=True), gaps)
        middle = matrix_set_diag(turned, grad_values)
    else:
        _, vectors = self_adjoint_eig(op.inputs[0])
        middle = matrix_diag(grad_values)
    whole = matmul(vectors, matmul(middle, vectors, transpose_b=True))
    lower = matrix_band_part(whole + matrix_transpose(whole), -1, 0)
    return matrix_set_diag(lower, 0.5 * matrix_diag_part(lower))


SelfAdjointEigV2 = define(
    "SelfAdjointEigV2",
    "input:T -> e:T, v:T",
    shape=_eigen_shapes,
    kernel=_solved(_eigen, "Self-adjoint eigen decomposition was not successful. The input might not be valid."),
    grad=_eigen_gradient,
    types=_TYPES,
)


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Eigenvalues [..., n], ascending, and eigenvectors (the columns of [..., n, n]) of symmetric matrices.

    Only the lower triangle is read. The gradient needs eigenvalues that differ.
    """
    values, vectors = SelfAdjointEigV2(tensor, compute_v=True, name=name)
    return values, vectors


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues alone of `self_adjoint_eig`."""
    return SelfAdjointEigV2(tensor, compute_v=False, name=name)[0]


def _svd_shapes(x: Tensor, compute_uv: bool, full_matrices: bool) -> list[Any]:
    _check_matrix(x)
    rows, columns = matrix_sizes(x.shape)
    least = None if rows is None or columns is None else min(rows, columns)
    batch = _batch(x.shape)
    values = batch.concatenate([least])
    if not compute_uv:
        return [values, [0], [0]]
    wide, deep = (rows, columns) if full_matrices else (least, least)
    return [values, batch.concatenate([rows, wide]), batch.concatenate([columns, deep])]


def _svd(k: Any, x: Array, compute_uv: bool, full_matrices: bool) -> Sequence[Array]:
    if not compute_uv:
        return k.xp.linalg.svd(x, compute_uv=False), k.xp.zeros(0, x.dtype), k.xp.zeros(0, x.dtype)
    u, s, vh = k.xp.linalg.svd(x, full_matrices=full_matrices)
    return s, u, vh.swapaxes(-1, -2)


def _svd_gradient(op: Operation, grad_s: Tensor, grad_u: Tensor, grad_v: Tensor) -> Tensor:
    if op.attrs["compute_uv"]:
        raise LookupError(
            f"No gradient defined for operation {op.name!r} (op type: Svd): the derivative of singular vectors is not "
            "written yet; svd(x, compute_uv=False) has one."
        )
    _, u, v = svd(op.inputs[0])
    return matmul(u, matmul(matrix_diag(grad_s), v, transpose_b=True))


Svd = define(
    "Svd",
    "input:T -> s:T, u:T, v:T",
    shape=_svd_shapes,
    kernel=_solved(_svd, "The singular values did not converge."),
    grad=_svd_gradient,
    types=_TYPES,
)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """(s, u, v) with u diag(s) v' = x, for x [..., m, n]: s [..., p] descending, u [..., m, p], v [..., n, p].

    p is the smaller of m and n; with `full_matrices` u and v are square. Without `compute_uv`, s alone, and only then
    is there a gradient (of the first order).
    """
    tensor = convert_to_tensor(tensor, name="tensor")
    s, u, v = Svd(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (s, u, v) if compute_uv else s


__all__ = [
    "cholesky", "cholesky_solve", "logdet", "matrix_determinant", "matrix_inverse", "matrix_solve",
    "matrix_triangular_solve", "qr", "self_adjoint_eig", "self_adjoint_eigvals", "slogdet", "svd",
]  # fmt: skip
