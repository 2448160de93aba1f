"""tf.linalg: products, factors and parts of matrices, under their later names."""

from ..engine.ops.clip import global_norm
from ..engine.ops.decompositions import cholesky, cholesky_solve, logdet, qr, slogdet, svd
from ..engine.ops.decompositions import matrix_determinant as det
from ..engine.ops.decompositions import matrix_inverse as inv
from ..engine.ops.decompositions import matrix_solve as solve
from ..engine.ops.decompositions import matrix_triangular_solve as triangular_solve
from ..engine.ops.decompositions import self_adjoint_eig as eigh
from ..engine.ops.decompositions import self_adjoint_eigvals as eigvalsh
from ..engine.ops.diagonals import diag as tensor_diag
from ..engine.ops.diagonals import diag_part as tensor_diag_part
from ..engine.ops.diagonals import eye, trace
from ..engine.ops.diagonals import matrix_band_part as band_part
from ..engine.ops.diagonals import matrix_diag as diag
from ..engine.ops.diagonals import matrix_diag_part as diag_part
from ..engine.ops.diagonals import matrix_set_diag as set_diag
from ..engine.ops.einsum import einsum
from ..engine.ops.linalg import adjoint, matmul, matrix_transpose, matvec, norm, tensordot
from ..engine.ops.linalg import matrix_transpose as transpose
from ..engine.ops.math import cross
from ..nn.linear_operators import (
    LinearOperator,
    LinearOperatorAdjoint,
    LinearOperatorComposition,
    LinearOperatorDiag,
    LinearOperatorFullMatrix,
    LinearOperatorIdentity,
    LinearOperatorInversion,
    LinearOperatorLowerTriangular,
    LinearOperatorScaledIdentity,
)
from ..nn.matrices import expm, lstsq, matrix_rank, normalize, pinv
from ..nn.normalization import l2_normalize

__all__ = [
    "LinearOperator", "LinearOperatorAdjoint", "LinearOperatorComposition", "LinearOperatorDiag",
    "LinearOperatorFullMatrix", "LinearOperatorIdentity", "LinearOperatorInversion",
    "LinearOperatorLowerTriangular", "LinearOperatorScaledIdentity", "adjoint", "band_part", "cholesky",
    "cholesky_solve", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh", "einsum", "expm", "eye",
    "global_norm", "inv", "l2_normalize", "logdet", "lstsq", "matmul", "matrix_rank", "matrix_transpose", "matvec",
    "norm", "normalize", "pinv", "qr", "set_diag", "slogdet", "solve", "svd", "tensor_diag", "tensor_diag_part",
    "tensordot", "trace", "transpose", "triangular_solve",
]  # fmt: skip
