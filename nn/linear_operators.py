"""Linear operators: matrices known by their kind, whose products, solutions and determinants use it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine.build import convert_to_tensor, is_tensor_like
from ..engine.dtypes import as_dtype, float32, int32
from ..engine.graph import Operation, Tensor, op_scope
from ..engine.ops.array import concat
from ..engine.ops.basic import broadcast_to, cast, expand_dims, no_op, ones, shape, squeeze, zeros
from ..engine.ops.checks import assert_equal, assert_positive
from ..engine.ops.decompositions import (
    cholesky,
    cholesky_solve,
    matrix_determinant,
    matrix_solve,
    matrix_triangular_solve,
    self_adjoint_eigvals,
    slogdet,
    svd,
)
from ..engine.ops.diagonals import eye, matrix_band_part, matrix_diag, matrix_diag_part, matrix_set_diag
from ..engine.ops.effects import Assert
from ..engine.ops.linalg import matmul, matrix_transpose
from ..engine.ops.math import abs as absolute
from ..engine.ops.math import log, not_equal
from ..engine.ops.rearranging import broadcast_dynamic_shape, broadcast_static_shape
from ..engine.ops.reduce import reduce_all, reduce_max, reduce_min, reduce_prod, reduce_sum
from ..engine.shapes import TensorShape, as_shape


class LinearOperator:
    """A batch of matrices [..., m, n] by what can be done with them.

    A subclass has `_shape` and `_to_dense` at least; what it knows to do better than with the dense matrix it has as
    `_matmul`, `_solve`, `_determinant`, `_log_abs_determinant`, `_diag_part`, `_trace`.

    Args:
        dtype: that of the matrices.
        graph_parents: the tensors that it stands on.
        is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is known of it: True, False, or None;
            nothing checks it. What is self-adjoint and positive definite is solved by its Cholesky factor.
        name: the scope of its operations.

    Raises ValueError for hints that contradict each other.
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: Sequence[Any] | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        if as_dtype(dtype).is_complex:
            raise NotImplementedError("Linear operators of complex numbers are not offered")
        if is_positive_definite and is_non_singular is False:
            raise ValueError("A positive definite matrix is always non-singular.")
        needs_square = is_non_singular or is_self_adjoint or is_positive_definite
        if needs_square and is_square is False:
            raise ValueError(
                "Cannot have a non-square operator that is non-singular, self-adjoint or positive definite."
            )
        self._dtype, self._name = as_dtype(dtype), name or type(self).__name__
        self._graph_parents = list(graph_parents or [])
        self._is_non_singular = True if is_positive_definite else is_non_singular
        self._is_self_adjoint, self._is_positive_definite = is_self_adjoint, is_positive_definite
        self._is_square_given = True if needs_square else is_square
        self._parameters = dict(parameters or {})

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    graph_parents = property(lambda self: self._graph_parents)
    parameters = property(lambda self: dict(self._parameters))
    is_non_singular = property(lambda self: self._is_non_singular)
    is_self_adjoint = property(lambda self: self._is_self_adjoint)
    is_positive_definite = property(lambda self: self._is_positive_definite)

    @property
    def is_square(self) -> bool | None:
        rows, columns = self.range_dimension.value, self.domain_dimension.value
        if None in (rows, columns):
            return self._is_square_given
        if self._is_square_given is not None and self._is_square_given != (rows == columns):
            raise ValueError(f"User provided hint is_square={self._is_square_given}, but the shape is {self.shape}")
        return rows == columns

    @contextmanager
    def _scope(self, name: str, values: Sequence[Any] = ()) -> Iterator[str]:
        with op_scope(self._name), op_scope(name, values=[*values, *self._graph_parents]) as scope:
            yield scope

    # -- shapes -----------------------------------------------------------------------------------------------------

    def _shape(self) -> TensorShape:
        raise NotImplementedError(f"_shape is not implemented: {type(self).__name__}")

    def _shape_tensor(self) -> Tensor:
        return shape(self._to_dense())

    def _to_dense(self) -> Tensor:
        raise NotImplementedError(f"_to_dense is not implemented: {type(self).__name__}")

    @property
    def shape(self) -> TensorShape:
        return self._shape()

    @property
    def batch_shape(self) -> TensorShape:
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int | None:
        return self.shape.ndims

    @property
    def range_dimension(self) -> Any:
        """m, as a Dimension."""
        return self.shape.with_rank_at_least(2)[-2]

    @property
    def domain_dimension(self) -> Any:
        """n, as a Dimension."""
        return self.shape.with_rank_at_least(2)[-1]

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """The shape, int32."""
        with self._scope(name):
            if self.shape.is_fully_defined():
                return convert_to_tensor(self.shape.as_list(), int32)
            return self._shape_tensor()

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape without the matrices' own, int32."""
        with self._scope(name):
            return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        with self._scope(name):
            return shape(self.shape_tensor())[0]

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """m."""
        with self._scope(name):
            return self.shape_tensor()[-2]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """n."""
        with self._scope(name):
            return self.shape_tensor()[-1]

    # -- products and solutions -------------------------------------------------------------------------------------

    def _argument(self, x: Any, name: str) -> Tensor:
        x = convert_to_tensor(x, name=name)
        if x.dtype is not self.dtype:
            raise TypeError(f"Input argument {name} was not of the operator's dtype: {x.dtype.name}, {self.dtype.name}")
        return x

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrices, as a tensor."""
        with self._scope(name):
            return self._to_dense()

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """The product with matrices x [..., n, k]; either may be transposed before. Of an operator, an operator."""
        if isinstance(x, LinearOperator):
            left = self.adjoint() if adjoint else self
            return LinearOperatorComposition([left, x.adjoint() if adjoint_arg else x])
        with self._scope(name, [x]):
            return self._matmul(self._argument(x, "x"), adjoint, adjoint_arg)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """The product with vectors x [..., n]."""
        with self._scope(name, [x]):
            return squeeze(self._matmul(expand_dims(self._argument(x, "x"), -1), adjoint, False), axis=-1)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """x with (this operator) x = rhs [..., n, k]; either may be transposed before.

        Raises NotImplementedError for what is known not to be square, or not to be invertible.
        """
        if self.is_non_singular is False or self.is_square is False:
            raise NotImplementedError("Exact solve not implemented for an operator that is expected to be singular.")
        with self._scope(name, [rhs]):
            return self._solve(self._argument(rhs, "rhs"), adjoint, adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        rhs = matrix_transpose(rhs) if adjoint_arg else rhs
        dense, rhs = _same_batch(self._to_dense(), rhs)
        if self._has_cholesky():
            return cholesky_solve(cholesky(dense), rhs)
        return matrix_solve(dense, rhs, adjoint=adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """x [..., n] with (this operator) x = rhs [..., n]."""
        with self._scope(name, [rhs]):
            return squeeze(self._solve(expand_dims(self._argument(rhs, "rhs"), -1), adjoint, False), axis=-1)

    def _has_cholesky(self) -> bool:
        return bool(self.is_self_adjoint and self.is_positive_definite)

    # -- determinants, diagonals, eigenvalues -----------------------------------------------------------------------

    def _need_square(self) -> None:
        if self.is_square is False:
            raise NotImplementedError(f"Determinant and inverse need a square operator, not {self.shape}.")

    def determinant(self, name: str = "det") -> Tensor:
        """[...]: the determinants."""
        self._need_square()
        with self._scope(name):
            return self._determinant()

    def _determinant(self) -> Tensor:
        return matrix_determinant(self._to_dense())

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """[...]: the logarithms of the absolute values of the determinants."""
        self._need_square()
        with self._scope(name):
            return self._log_abs_determinant()

    def _log_abs_determinant(self) -> Tensor:
        if self._has_cholesky():
            return 2.0 * reduce_sum(log(matrix_diag_part(cholesky(self._to_dense()))), axis=[-1])
        return slogdet(self._to_dense()).log_abs_determinant

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """[..., min(m, n)]: the diagonals."""
        with self._scope(name):
            return self._diag_part()

    def _diag_part(self) -> Tensor:
        return matrix_diag_part(self._to_dense())

    def trace(self, name: str = "trace") -> Tensor:
        """[...]: the sums of the diagonals."""
        with self._scope(name):
            return self._trace()

    def _trace(self) -> Tensor:
        return reduce_sum(self._diag_part(), axis=-1)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """The sum with matrices x [..., m, n]."""
        with self._scope(name, [x]):
            return self._to_dense() + self._argument(x, "x")

    def eigvals(self, name: str = "eigvals") -> Tensor:
        """[..., n]: the eigenvalues, ascending. Raises NotImplementedError for what is not known to be self-adjoint."""
        if not self.is_self_adjoint:
            raise NotImplementedError("Only self-adjoint matrices are supported.")
        with self._scope(name):
            return self_adjoint_eigvals(self._to_dense())

    def cond(self, name: str = "cond") -> Tensor:
        """[...]: the largest singular value over the smallest."""
        with self._scope(name):
            values = svd(self._to_dense(), compute_uv=False)
            return reduce_max(values, -1) / reduce_min(values, -1)

    # -- other operators --------------------------------------------------------------------------------------------

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The conjugate transpose, an operator too: this one, where it is its own."""
        return self if self.is_self_adjoint else LinearOperatorAdjoint(self)

    H = property(lambda self: self.adjoint())

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The inverse, an operator too. Raises ValueError for what is known to have none."""
        if self.is_square is False or self.is_non_singular is False:
            raise ValueError("Cannot take the inverse of an operator that is not square, or singular.")
        return LinearOperatorInversion(self)

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The Cholesky factor, an operator. ValueError for what is not known to be self-adjoint, positive definite."""
        if not self._has_cholesky():
            raise ValueError("Cannot take the Cholesky decomposition: not a positive definite self adjoint matrix.")
        with self._scope(name):
            return LinearOperatorLowerTriangular(cholesky(self._to_dense()), is_non_singular=True, is_square=True)

    # -- checks in a run --------------------------------------------------------------------------------------------

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        """Raises InvalidArgumentError in a run where a matrix is singular, to the dtype's precision."""
        with self._scope(name):
            limit = 1 / np.finfo(self.dtype.as_numpy_dtype).eps
            return Assert(reduce_all(self.cond() < limit), ["Singular matrix up to precision epsilon."])

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        """Raises InvalidArgumentError in a run where a Cholesky factor does not exist."""
        with self._scope(name):
            diagonal = matrix_diag_part(cholesky(self._to_dense()))
            return assert_positive(diagonal, message="Matrix was not positive definite.")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        """Raises InvalidArgumentError in a run where a matrix is not its transpose."""
        with self._scope(name):
            dense = self._to_dense()
            return assert_equal(dense, matrix_transpose(dense), message="Matrix was not equal to its adjoint.")


def _same_batch(matrix: Tensor, rhs: Tensor) -> tuple[Tensor, Tensor]:
    """Both with batch dimensions that broadcast to one shape."""
    a, b = matrix.shape, rhs.shape
    if a.is_fully_defined() and b.is_fully_defined() and a[:-2] == b[:-2]:
        return matrix, rhs
    batch = broadcast_dynamic_shape(shape(matrix)[:-2], shape(rhs)[:-2])
    spread = [broadcast_to(x, concat([batch, shape(x)[-2:]], 0)) for x in (matrix, rhs)]
    if a.ndims is not None and b.ndims is not None:
        static = broadcast_static_shape(a[:-2], b[:-2])
        for x, own in zip(spread, (a, b), strict=True):
            x.set_shape(static.concatenate(own[-2:]))
    return spread[0], spread[1]


def _matrix(value: Any, name: str) -> Tensor:
    matrix = convert_to_tensor(value, name=name)
    if not matrix.dtype.is_floating:
        raise TypeError(f"Argument {name} must have a floating dtype, not {matrix.dtype.name}.")
    if matrix.shape.ndims is not None and matrix.shape.ndims < 2:
        raise ValueError(f"Argument {name} must have at least 2 dimensions.  Found: {matrix}")
    return matrix


class LinearOperatorFullMatrix(LinearOperator):
    """A dense matrix [..., m, n], of which no more is known than the hints say."""

    def __init__(
        self, matrix: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:  # fmt: skip
        given = {"matrix": matrix, "name": name}
        with op_scope(name, values=[matrix]):
            self._given = _matrix(matrix, "matrix")
        hints = is_non_singular, is_self_adjoint, is_positive_definite, is_square
        super().__init__(self._given.dtype, [self._given], *hints, name, given)

    def _shape(self) -> TensorShape:
        return self._given.shape

    def _to_dense(self) -> Tensor:
        return self._given


class LinearOperatorLowerTriangular(LinearOperator):
    """The lower triangles of matrices [..., n, n], whatever stands above their diagonals."""

    def __init__(
        self, tril: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:  # fmt: skip
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with op_scope(name, values=[tril]):
            self._given = _matrix(tril, "tril")
            self._tril = matrix_band_part(self._given, -1, 0)
        hints = is_non_singular, is_self_adjoint, is_positive_definite, True
        super().__init__(self._given.dtype, [self._given], *hints, name, {"tril": tril, "name": name})

    def _shape(self) -> TensorShape:
        return self._tril.shape

    def _to_dense(self) -> Tensor:
        return self._tril

    def _diag_part(self) -> Tensor:
        return matrix_diag_part(self._given)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        rhs = matrix_transpose(rhs) if adjoint_arg else rhs
        return matrix_triangular_solve(self._tril, rhs, lower=True, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag_part(), axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce_sum(log(absolute(self._diag_part())), axis=[-1])

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        return _assert_nonzero(self, self._diag_part(), "Singular operator:  Diagonal contained zero values.", name)


def _assert_nonzero(operator: LinearOperator, values: Tensor, message: str, name: str) -> Operation:
    with operator._scope(name):
        return Assert(reduce_all(not_equal(values, 0)), [message])


class LinearOperatorDiag(LinearOperator):
    """Diagonal matrices of the diagonals `diag` [..., n]."""

    def __init__(
        self, diag: Any, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None, name: str = "LinearOperatorDiag",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[diag]):
            self._diag = convert_to_tensor(diag, name="diag")
            if self._diag.shape.ndims == 0:
                raise ValueError(f"Argument diag must have at least 1 dimension.  Found: {self._diag}")
        if is_self_adjoint is False:
            raise ValueError("A real diagonal operator is always self adjoint.")
        if is_square is False:
            raise ValueError("Only square diagonal operators currently supported.")
        hints = is_non_singular, True, is_positive_definite, True
        super().__init__(self._diag.dtype, [self._diag], *hints, name, {"diag": diag, "name": name})

    diag = property(lambda self: self._diag)

    def _shape(self) -> TensorShape:
        return self._diag.shape.concatenate(self._diag.shape[-1:])

    def _shape_tensor(self) -> Tensor:
        sizes = shape(self._diag)
        return concat([sizes, sizes[-1:]], 0)

    def _to_dense(self) -> Tensor:
        return matrix_diag(self._diag)

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return expand_dims(self._diag, -1) * (matrix_transpose(x) if adjoint_arg else x)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return (matrix_transpose(rhs) if adjoint_arg else rhs) / expand_dims(self._diag, -1)

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce_sum(log(absolute(self._diag)), axis=[-1])

    def _diag_part(self) -> Tensor:
        return self._diag

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        with self._scope(name, [x]):
            x = self._argument(x, "x")
            return matrix_set_diag(x, matrix_diag_part(x) + self._diag)

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        return _assert_nonzero(self, self._diag, "Singular operator:  Diagonal contained zero values.", name)

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        with self._scope(name):
            return assert_positive(self._diag, message="Operator diagonal contained non-positive entries.")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        with self._scope(name):
            return no_op(name=name)


class _OfRows(LinearOperator):
    """What the identities share: their number of rows."""

    def _take_rows(self, num_rows: Any) -> None:
        known = num_rows if not is_tensor_like(num_rows) else None
        if known is not None and (not isinstance(known, (int, np.integer)) or isinstance(known, bool)):
            raise TypeError(f"Argument num_rows must be integer type.  Found: {num_rows}")
        if known is not None and known < 0:
            raise ValueError(f"Argument num_rows must be non-negative.  Found: {num_rows}")
        self._known_rows = None if known is None else int(known)
        self._num_rows = convert_to_tensor(num_rows, name="num_rows")

    def _rows(self) -> Tensor:
        return cast(self._num_rows, int32)

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        return no_op(name="no_op")


class LinearOperatorIdentity(_OfRows):
    """Identity matrices of `num_rows` rows, of batch shape `batch_shape` (none by default), float32 by default."""

    def __init__(
        self, num_rows: Any, batch_shape: Any = None, dtype: Any = None, is_non_singular: bool | None = True,
        is_self_adjoint: bool | None = True, is_positive_definite: bool | None = True, is_square: bool | None = True,
        assert_proper_shapes: bool = False, name: str = "LinearOperatorIdentity",
    ) -> None:  # fmt: skip
        if not (is_self_adjoint and is_non_singular and is_positive_definite and is_square):
            raise ValueError("An identity operator is always self adjoint, non-singular, positive definite and square.")
        given = {"num_rows": num_rows, "batch_shape": batch_shape, "dtype": dtype, "name": name}
        with op_scope(name):
            self._take_rows(num_rows)
            static = None if is_tensor_like(batch_shape) else as_shape([] if batch_shape is None else batch_shape)
            self._static_batch = static
            self._batch = convert_to_tensor(
                batch_shape if static is None else static.as_list() or zeros([0], int32), int32
            )
        super().__init__(float32 if dtype is None else dtype, [], True, True, True, True, name, given)

    def _shape(self) -> TensorShape:
        batch = TensorShape(None) if self._static_batch is None else self._static_batch
        return batch.concatenate([self._known_rows, self._known_rows])

    def _shape_tensor(self) -> Tensor:
        return concat([self._batch, [self._rows(), self._rows()]], 0)

    def _to_dense(self) -> Tensor:
        batch: Any = self._batch if self._static_batch is None else self._static_batch.as_list()
        return eye(self._rows() if self._known_rows is None else self._known_rows, batch_shape=batch, dtype=self.dtype)

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        x = matrix_transpose(x) if adjoint_arg else x
        if self._static_batch is not None and not self._static_batch.ndims:
            return x
        return x + zeros(concat([self._batch, [1, 1]], 0), self.dtype)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _determinant(self) -> Tensor:
        return ones(self._batch, self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return zeros(self._batch, self.dtype)

    def _diag_part(self) -> Tensor:
        return ones(self._shape_tensor()[:-1], self.dtype)

    def _trace(self) -> Tensor:
        return cast(self._rows(), self.dtype) * ones(self._batch, self.dtype)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        with self._scope(name, [x]):
            x = self._argument(x, "x")
            return matrix_set_diag(x, matrix_diag_part(x) + 1)

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        return no_op(name="no_op")

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        return no_op(name="no_op")

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return self

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        return self


class LinearOperatorScaledIdentity(_OfRows):
    """Identity matrices of `num_rows` rows, each times one of `multiplier` [...]."""

    def __init__(
        self, num_rows: Any, multiplier: Any, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None, is_square: bool | None = True,
        assert_proper_shapes: bool = False, name: str = "LinearOperatorScaledIdentity",
    ) -> None:  # fmt: skip
        if not is_square:
            raise ValueError("A ScaledIdentity operator is always square.")
        if is_self_adjoint is False:
            raise ValueError("A real diagonal operator is always self adjoint.")
        given = {"num_rows": num_rows, "multiplier": multiplier, "name": name}
        with op_scope(name, values=[multiplier]):
            self._take_rows(num_rows)
            self._multiplier = convert_to_tensor(multiplier, name="multiplier")
        hints = is_non_singular, True, is_positive_definite, True
        super().__init__(self._multiplier.dtype, [self._multiplier], *hints, name, given)

    multiplier = property(lambda self: self._multiplier)

    def _factor(self) -> Tensor:
        return expand_dims(expand_dims(self._multiplier, -1), -1)

    def _shape(self) -> TensorShape:
        return self._multiplier.shape.concatenate([self._known_rows, self._known_rows])

    def _shape_tensor(self) -> Tensor:
        return concat([shape(self._multiplier), [self._rows(), self._rows()]], 0)

    def _to_dense(self) -> Tensor:
        return matrix_diag(self._diag_part())

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return (matrix_transpose(x) if adjoint_arg else x) * self._factor()

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return (matrix_transpose(rhs) if adjoint_arg else rhs) / self._factor()

    def _determinant(self) -> Tensor:
        return self._multiplier ** cast(self._rows(), self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return cast(self._rows(), self.dtype) * log(absolute(self._multiplier))

    def _diag_part(self) -> Tensor:
        return expand_dims(self._multiplier, -1) * ones([self._rows()], self.dtype)

    def _trace(self) -> Tensor:
        return cast(self._rows(), self.dtype) * self._multiplier

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        with self._scope(name, [x]):
            x = self._argument(x, "x")
            return matrix_set_diag(x, matrix_diag_part(x) + expand_dims(self._multiplier, -1))

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        return _assert_nonzero(self, self._multiplier, "LinearOperator was singular", name)

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        with self._scope(name):
            return assert_positive(self._multiplier, message="LinearOperator was not positive definite.")


# -- operators of operators -----------------------------------------------------------------------------------------


def _either(given: bool | None, own: bool | None) -> bool | None:
    return own if given is None else given


class LinearOperatorAdjoint(LinearOperator):
    """The conjugate transpose of an operator."""

    def __init__(
        self, operator: LinearOperator, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._operator = operator
        super().__init__(
            operator.dtype,
            operator.graph_parents,
            _either(is_non_singular, operator.is_non_singular),
            _either(is_self_adjoint, operator.is_self_adjoint),
            _either(is_positive_definite, operator.is_positive_definite),
            _either(is_square, operator.is_square),
            name or f"{operator.name}_adjoint",
        )

    operator = property(lambda self: self._operator)

    def _shape(self) -> TensorShape:
        own = self._operator.shape.with_rank_at_least(2)
        return own if own.ndims is None else own[:-2].concatenate([own[-1], own[-2]])

    def _to_dense(self) -> Tensor:
        return matrix_transpose(self._operator.to_dense())

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._operator.matmul(x, not adjoint, adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._operator.solve(rhs, not adjoint, adjoint_arg)

    def _determinant(self) -> Tensor:
        return self._operator.determinant()

    def _log_abs_determinant(self) -> Tensor:
        return self._operator.log_abs_determinant()

    def _diag_part(self) -> Tensor:
        return self._operator.diag_part()

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        return self._operator


class LinearOperatorInversion(LinearOperator):
    """The inverse of an operator: it multiplies by solving."""

    def __init__(
        self, operator: LinearOperator, is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        if is_non_singular is False or operator.is_non_singular is False:
            raise ValueError(f"operator should have supplied hint is_non_singular=True. Found: {operator.name}")
        self._operator = operator
        super().__init__(
            operator.dtype,
            operator.graph_parents,
            True,
            _either(is_self_adjoint, operator.is_self_adjoint),
            _either(is_positive_definite, operator.is_positive_definite),
            True,
            name or f"{operator.name}_inv",
        )

    operator = property(lambda self: self._operator)

    def _shape(self) -> TensorShape:
        return self._operator.shape

    def _to_dense(self) -> Tensor:
        return self._operator.solve(eye(self._operator.domain_dimension_tensor(), dtype=self.dtype))

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._operator.solve(x, adjoint, adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        return self._operator.matmul(rhs, adjoint, adjoint_arg)

    def _determinant(self) -> Tensor:
        return 1.0 / self._operator.determinant()

    def _log_abs_determinant(self) -> Tensor:
        return -self._operator.log_abs_determinant()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return self._operator


class LinearOperatorComposition(LinearOperator):
    """The product of operators, the last of which works first."""

    def __init__(
        self, operators: Sequence[LinearOperator], is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self._operators = list(operators)
        if not self._operators:
            raise ValueError("Expected a non-empty list of operators.")
        if len({operator.dtype for operator in self._operators}) > 1:
            raise TypeError("Expected all operators to have the same dtype.")
        if is_non_singular is None and all(operator.is_non_singular for operator in self._operators):
            is_non_singular = True
        parents = [parent for operator in self._operators for parent in operator.graph_parents]
        hints = is_non_singular, is_self_adjoint, is_positive_definite, is_square
        name = name or "_o_".join(operator.name for operator in self._operators)
        super().__init__(self._operators[0].dtype, parents, *hints, name)

    operators = property(lambda self: list(self._operators))

    def _shape(self) -> TensorShape:
        batch = self._operators[0].batch_shape
        for left, right in zip(self._operators, self._operators[1:], strict=False):
            if not left.domain_dimension.is_compatible_with(right.range_dimension):
                raise ValueError(f"Operators do not fit together: {left.shape} and {right.shape}")
            batch = broadcast_static_shape(batch, right.batch_shape)
        return batch.concatenate([self._operators[0].range_dimension, self._operators[-1].domain_dimension])

    def _to_dense(self) -> Tensor:
        dense = self._operators[-1].to_dense()
        for operator in reversed(self._operators[:-1]):
            dense = operator.matmul(dense)
        return dense

    def _matmul(self, x: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        ordered = self._operators if adjoint else self._operators[::-1]
        x = ordered[0].matmul(x, adjoint, adjoint_arg)
        for operator in ordered[1:]:
            x = operator.matmul(x, adjoint)
        return x

    def _solve(self, rhs: Tensor, adjoint: bool, adjoint_arg: bool) -> Tensor:
        ordered = self._operators[::-1] if adjoint else self._operators
        rhs = ordered[0].solve(rhs, adjoint, adjoint_arg)
        for operator in ordered[1:]:
            rhs = operator.solve(rhs, adjoint)
        return rhs

    def _determinant(self) -> Tensor:
        result = self._operators[0].determinant()
        for operator in self._operators[1:]:
            result = result * operator.determinant()
        return result

    def _log_abs_determinant(self) -> Tensor:
        result = self._operators[0].log_abs_determinant()
        for operator in self._operators[1:]:
            result = result + operator.log_abs_determinant()
        return result


__all__ = [
    "LinearOperator", "LinearOperatorAdjoint", "LinearOperatorComposition", "LinearOperatorDiag",
    "LinearOperatorFullMatrix", "LinearOperatorIdentity", "LinearOperatorInversion", "LinearOperatorLowerTriangular",
    "LinearOperatorScaledIdentity",
]  # fmt: skip
