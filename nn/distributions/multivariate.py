"""Normal distributions of vectors, and distributions whose events are those of another one taken together."""

from __future__ import annotations

import math
from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.graph import Tensor, op_scope
from ...engine.ops.array import concat, reverse
from ...engine.ops.basic import cast, expand_dims, ones, reshape, shape, zeros
from ...engine.ops.decompositions import cholesky
from ...engine.ops.diagonals import matrix_band_part, matrix_diag_part
from ...engine.ops.math import square
from ...engine.ops.random import random_normal
from ...engine.ops.rearranging import broadcast_dynamic_shape, broadcast_static_shape
from ...engine.ops.reduce import reduce_sum
from ...engine.shapes import TensorShape
from ..linear_operators import LinearOperator, LinearOperatorDiag, LinearOperatorLowerTriangular
from .base import FULLY_REPARAMETERIZED, Distribution, RegisterKL, keeps_arguments, positive


class _MultivariateNormal(Distribution):
    """loc + scale z, where z is a vector of independent standard normal numbers and scale a linear operator."""

    def __init__(
        self, loc: Any, scale: LinearOperator, validate_args: bool, allow_nan_stats: bool, scope: str | None
    ) -> None:
        self._scale = scale
        self._loc = None if loc is None else convert_to_tensor(loc, scale.dtype, name="loc")
        parents = [*([] if self._loc is None else [self._loc]), *scale.graph_parents]
        given = scale.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, parents, scope)

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _batch_shape_tensor(self) -> Tensor:
        own = self._scale.batch_shape_tensor()
        return own if self._loc is None else broadcast_dynamic_shape(own, shape(self._loc)[:-1])

    def _batch_shape(self) -> TensorShape:
        own = self._scale.batch_shape
        return own if self._loc is None else broadcast_static_shape(own, self._loc.shape[:-1])

    def _event_shape_tensor(self) -> Tensor:
        return expand_dims(self._scale.range_dimension_tensor(), 0)

    def _event_shape(self) -> TensorShape:
        return TensorShape([self._scale.range_dimension])

    def _whole_shape(self) -> Tensor:
        return concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)

    def _moved(self, x: Tensor) -> Tensor:
        return x if self._loc is None else x + self._loc

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        normal = random_normal(concat([[n], self._whole_shape()], 0), dtype=self.dtype, seed=seed)
        return self._moved(self._scale.matvec(normal))

    def _dimensions(self) -> Tensor:
        return cast(self.event_shape_tensor()[0], self.dtype)

    def _standardized(self, x: Tensor) -> Tensor:
        x = x if self._loc is None else x - self._loc
        return self._scale.solvevec(x + zeros(self._whole_shape(), self.dtype))

    def _log_prob(self, x: Tensor) -> Tensor:
        density = -0.5 * reduce_sum(square(self._standardized(x)), -1)
        return density - 0.5 * math.log(2 * math.pi) * self._dimensions() - self._scale.log_abs_determinant()

    def _entropy(self) -> Tensor:
        own = 0.5 * (1.0 + math.log(2 * math.pi)) * self._dimensions() + self._scale.log_abs_determinant()
        return own + zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self) -> Tensor:
        return self._moved(zeros(self._whole_shape(), self.dtype))

    def _mode(self) -> Tensor:
        return self._mean()

    def _covariance(self) -> Tensor:
        return self._scale.matmul(self._scale.to_dense(), adjoint_arg=True)

    def _variance(self) -> Tensor:
        return reduce_sum(square(self._scale.to_dense()), -1) + zeros(self._whole_shape(), self.dtype)


class MultivariateNormalDiag(_MultivariateNormal):
    """Independent normal numbers of means `loc` [..., k] and standard deviations `scale_diag` [..., k].

    `scale_identity_multiplier` [...] is added to each of these; where it is given alone it is all of them. Raises
    ValueError where nothing says what k is.
    """

    @keeps_arguments
    def __init__(
        self, loc: Any = None, scale_diag: Any = None, scale_identity_multiplier: Any = None,
        validate_args: bool = False, allow_nan_stats: bool = True, name: str = "MultivariateNormalDiag",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as scope:
            if loc is None and scale_diag is None:
                raise ValueError("Cannot infer the event shape: give `loc` or `scale_diag`.")
            if scale_diag is not None:
                diag = convert_to_tensor(scale_diag, name="scale_diag")
            else:
                like = convert_to_tensor(loc, name="loc")
                diag = ones(shape(like)[-1:], like.dtype)
                diag.set_shape(like.shape[-1:])
            if scale_identity_multiplier is not None:
                multiplier = expand_dims(convert_to_tensor(scale_identity_multiplier, diag.dtype), -1)
                diag = diag * multiplier if scale_diag is None else diag + multiplier
            with positive(validate_args, diag):
                scale = LinearOperatorDiag(diag, is_non_singular=True, is_positive_definite=True)
        super().__init__(loc, scale, validate_args, allow_nan_stats, scope)

    def _stddev(self) -> Tensor:
        return self._scale.diag_part() + zeros(self._whole_shape(), self.dtype)

    def _variance(self) -> Tensor:
        return square(self._stddev())


class MultivariateNormalTriL(_MultivariateNormal):
    """Normal vectors of mean `loc` [..., k] and the covariance s s', for the lower triangle s of `scale_tril`."""

    @keeps_arguments
    def __init__(
        self, loc: Any = None, scale_tril: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:  # fmt: skip
        if scale_tril is None:
            raise ValueError("MultivariateNormalTriL needs `scale_tril`.")
        with op_scope(name, values=[loc, scale_tril]) as scope:
            tril = convert_to_tensor(scale_tril, name="scale_tril")
            with positive(validate_args, matrix_diag_part(tril) if validate_args else tril):
                scale = LinearOperatorLowerTriangular(tril, is_non_singular=True)
        super().__init__(loc, scale, validate_args, allow_nan_stats, scope)


class MultivariateNormalFullCovariance(_MultivariateNormal):
    """Normal vectors of mean `loc` [..., k] and covariance `covariance_matrix` [..., k, k], positive definite."""

    @keeps_arguments
    def __init__(
        self, loc: Any = None, covariance_matrix: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "MultivariateNormalFullCovariance",
    ) -> None:  # fmt: skip
        if covariance_matrix is None:
            raise ValueError("MultivariateNormalFullCovariance needs `covariance_matrix`.")
        with op_scope(name, values=[loc, covariance_matrix]) as scope:
            matrix = convert_to_tensor(covariance_matrix, name="covariance_matrix")
            scale = LinearOperatorLowerTriangular(cholesky(matrix), is_non_singular=True)
        super().__init__(loc, scale, validate_args, allow_nan_stats, scope)


@RegisterKL(_MultivariateNormal, _MultivariateNormal)
def _vectors(a: _MultivariateNormal, b: _MultivariateNormal, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_mvn_mvn"):
        ratio = b.scale.solve(a.scale.to_dense() + zeros(concat([b.batch_shape_tensor(), [1, 1]], 0), a.dtype))
        apart = b._standardized(a.mean())
        squares = reduce_sum(square(ratio), [-1, -2]) + reduce_sum(square(apart), -1) - a._dimensions()
        return 0.5 * squares + b.scale.log_abs_determinant() - a.scale.log_abs_determinant()


class Independent(Distribution):
    """A distribution whose last `reinterpreted_batch_ndims` batch dimensions (all but the first) are the event's."""

    @keeps_arguments
    def __init__(
        self, distribution: Distribution, reinterpreted_batch_ndims: int | None = None, validate_args: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        rank = distribution.batch_shape.ndims
        if reinterpreted_batch_ndims is None:
            if rank is None:
                raise ValueError("reinterpreted_batch_ndims must be given where the batch's rank is not known.")
            reinterpreted_batch_ndims = max(rank - 1, 0)
        if rank is not None and reinterpreted_batch_ndims > rank:
            raise ValueError(
                f"reinterpreted_batch_ndims({reinterpreted_batch_ndims}) cannot exceed batch_ndims({rank})"
            )
        self._of, self._ndims = distribution, int(reinterpreted_batch_ndims)
        super().__init__(
            distribution.dtype, distribution.reparameterization_type, validate_args, distribution.allow_nan_stats,
            self.given, [], name or "Independent" + distribution.name.rstrip("/").rpartition("/")[2],
        )  # fmt: skip

    distribution = property(lambda self: self._of)
    reinterpreted_batch_ndims = property(lambda self: self._ndims)

    def _batch_shape_tensor(self) -> Tensor:
        sizes = self._of.batch_shape_tensor()
        return sizes[: shape(sizes)[0] - self._ndims]

    def _batch_shape(self) -> TensorShape:
        own = self._of.batch_shape
        return own if own.ndims is None else own[: own.ndims - self._ndims]

    def _event_shape_tensor(self) -> Tensor:
        sizes = self._of.batch_shape_tensor()
        return concat([sizes[shape(sizes)[0] - self._ndims :], self._of.event_shape_tensor()], 0)

    def _event_shape(self) -> TensorShape:
        own = self._of.batch_shape
        return (
            TensorShape(None) if own.ndims is None else own[own.ndims - self._ndims :].concatenate(self._of.event_shape)
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return self._of.sample(n, seed)

    def _summed(self, x: Tensor) -> Tensor:
        return reduce_sum(x, list(range(-self._ndims, 0))) if self._ndims else x

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._summed(self._of.log_prob(x))

    def _entropy(self) -> Tensor:
        return self._summed(self._of.entropy())

    def _mean(self) -> Tensor:
        return self._of.mean()

    def _variance(self) -> Tensor:
        return self._of.variance()

    def _stddev(self) -> Tensor:
        return self._of.stddev()

    def _mode(self) -> Tensor:
        return self._of.mode()


@RegisterKL(Independent, Independent)
def _independents(a: Independent, b: Independent, name: str | None = None) -> Tensor:
    if a._ndims != b._ndims:
        raise NotImplementedError("KL between Independents with different event shapes not supported.")
    with op_scope(name, "kl_independents"):
        return a._summed(a.distribution.kl_divergence(b.distribution))


def fill_triangular(x: Any, upper: bool = False, name: str | None = None) -> Tensor:
    """[..., n, n]: a triangle of the numbers [..., n (n + 1) / 2], in a spiral: 1 to 6 gives 4; 6, 5; 3, 2, 1.

    Raises ValueError where their number is known and no such n exists.
    """
    with op_scope(name, "fill_triangular", [x]):
        x = convert_to_tensor(x, name="x")
        count = x.shape.with_rank_at_least(1)[-1].value
        if count is None:
            raise ValueError("fill_triangular needs a known last dimension.")
        n = (math.isqrt(8 * count + 1) - 1) // 2
        if n * (n + 1) // 2 != count:
            raise ValueError(f"Input right-most shape ({count}) does not correspond to a triangular matrix.")
        pieces = [x, reverse(x[..., n:], [-1])] if upper else [x[..., n:], reverse(x, [-1])]
        square_of = reshape(concat(pieces, -1), concat([shape(x)[:-1], [n, n]], 0))
        square_of.set_shape(x.shape[:-1].concatenate([n, n]))
        return matrix_band_part(square_of, *((0, -1) if upper else (-1, 0)))


__all__ = [
    "Independent", "MultivariateNormalDiag", "MultivariateNormalFullCovariance", "MultivariateNormalTriL",
    "fill_triangular",
]  # fmt: skip
