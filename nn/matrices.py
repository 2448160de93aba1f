"""Functions of matrices made of others: least squares, the exponential, pseudo-inverses, ranks, norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.build import convert_to_tensor
from ..engine.dtypes import int32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.basic import cast, expand_dims, shape, zeros_like
from ..engine.ops.control_flow import while_loop
from ..engine.ops.decompositions import cholesky, cholesky_solve, matrix_solve, svd
from ..engine.ops.diagonals import eye, matrix_diag_part, matrix_set_diag
from ..engine.ops.linalg import matmul, norm
from ..engine.ops.math import abs as absolute
from ..engine.ops.math import ceil, greater, log, maximum, where_v2
from ..engine.ops.reduce import reduce_max, reduce_sum


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """[..., n, k]: x of least |matrix x - rhs|^2 + l2_regularizer |x|^2, for matrix [..., m, n] and rhs [..., m, k].

    Of several, where m < n, the shortest. `fast` solves the normal equations by Cholesky, which squares the condition
    number; otherwise by singular values, which takes no regularizer (ValueError) and has no gradient by the matrix.
    """
    with op_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        matrix = convert_to_tensor(matrix, name="matrix")
        rhs = convert_to_tensor(rhs, matrix.dtype, name="rhs")
        if not fast:
            if not isinstance(l2_regularizer, (int, float)) or l2_regularizer != 0:
                raise ValueError("l2_regularizer needs fast=True")
            return matmul(pinv(matrix), rhs)
        sizes = matrix.shape.with_rank_at_least(2)
        rows, columns = sizes[-2].value, sizes[-1].value
        if rows is None or columns is None:
            raise ValueError("matrix_solve_ls needs to know the matrices' sizes.")
        under = rows < columns
        gram = matmul(matrix, matrix, adjoint_a=not under, adjoint_b=under)
        gram = matrix_set_diag(gram, matrix_diag_part(gram) + convert_to_tensor(l2_regularizer, matrix.dtype))
        if under:
            return matmul(matrix, cholesky_solve(cholesky(gram), rhs), adjoint_a=True)
        return cholesky_solve(cholesky(gram), matmul(matrix, rhs, adjoint_a=True))


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """[..., n, m]: the pseudo-inverses of matrices [..., m, n]; there is no gradient.

    Singular values up to `rcond` (10 times the larger size times the dtype's precision) of the largest count as zero.
    """
    with op_scope(name, "pinv", [a]):
        a = convert_to_tensor(a, name="a")
        if rcond is None:
            sizes = cast(reduce_max(shape(a)[-2:]), a.dtype)
            rcond = 10.0 * sizes * np.finfo(a.dtype.as_numpy_dtype).eps
        rcond = convert_to_tensor(rcond, a.dtype, name="rcond")
        values, left, right = svd(a)
        counted = greater(values, expand_dims(rcond * reduce_max(values, axis=-1), -1))
        inverted = where_v2(counted, 1.0 / where_v2(counted, values, 1.0 + zeros_like(values)), zeros_like(values))
        return matmul(right * expand_dims(inverted, -2), left, adjoint_b=True)


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """[...]: how many singular values are above `tol`: by default the precision times the larger size times the
    largest one; int32.
    """
    with op_scope(name, "matrix_rank", [a]):
        a = convert_to_tensor(a, name="a")
        values = svd(a, compute_uv=False)
        if tol is None:
            sizes = cast(reduce_max(shape(a)[-2:]), a.dtype)
            tol = np.finfo(a.dtype.as_numpy_dtype).eps * sizes * reduce_max(values, axis=-1, keepdims=True)
        return reduce_sum(cast(greater(values, tol), int32), axis=-1)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Tensor, Tensor]:
    """(The tensor over its norm, the norm), as for `norm`."""
    with op_scope(name, "normalize", [tensor]):
        tensor = convert_to_tensor(tensor)
        size = cast(norm(tensor, ord, axis, keepdims=True), tensor.dtype)
        return tensor / size, size


# The Padé approximation of exp of degree 13 over 13, and how large a matrix may be for it to be exact in float64.
_PADE = [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
]  # fmt: skip
_LARGEST = 5.371920351148152


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponentials of square matrices [..., n, n].

    By scaling and squaring with a Padé approximation: N. Higham, The scaling and squaring method for the matrix
    exponential revisited (2005).
    """
    with op_scope(name, "matrix_exponential", [input]):
        a = convert_to_tensor(input, name="matrix")
        largest = reduce_max(reduce_sum(absolute(a), axis=-2))
        halvings = maximum(ceil(log(maximum(largest, 1e-30) / _LARGEST) / math.log(2.0)), 0.0)
        a = a / 2.0**halvings
        coefficients = [c / _PADE[0] for c in _PADE]
        one = eye(shape(a)[-1], dtype=a.dtype)
        square = matmul(a, a)
        powers = [one, square, matmul(square, square)]
        powers.append(matmul(powers[2], square))

        def series(begin: int) -> Tensor:
            c = coefficients[begin::2]
            high = c[6] * powers[3] + c[5] * powers[2] + c[4] * powers[1]
            return matmul(powers[3], high) + c[3] * powers[3] + c[2] * powers[2] + c[1] * powers[1] + c[0] * one

        odd, even = matmul(a, series(1)), series(0)
        result = matrix_solve(even - odd, even + odd)
        count = cast(halvings, int32)
        shapes = [convert_to_tensor(0).shape, result.shape]
        return while_loop(
            lambda i, _: i < count, lambda i, x: (i + 1, matmul(x, x)), (0, result), shape_invariants=shapes
        )[1]


lstsq = matrix_solve_ls


__all__ = ["expm", "lstsq", "matrix_rank", "matrix_solve_ls", "normalize", "pinv"]
