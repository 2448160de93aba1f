"""tf.layers.batch_normalization: by a batch's moments in training, by moving averages of them otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import bfloat16, float16, float32
from ..engine.graph import Tensor, control_dependencies, op_scope
from ..engine.ops.activations import relu
from ..engine.ops.basic import cast, identity, ones_like, reshape, stop_gradient, zeros_like
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.math import maximum, minimum, sqrt
from ..engine.ops.state import assign
from ..engine.shapes import TensorShape
from ..scopes.initializers import ones_initializer, zeros_initializer
from ..scopes.scope import get_variable_scope
from . import normalization
from .layer import Layer, builder
from .moving_average import moved_towards
from .weights import known, smart_cond

Initializer = Any
Regularizer = Callable[[Any], Any]
Constraint = Callable[[Any], Any]

_ZEROS, _ONES = zeros_initializer(), ones_initializer()
_CLIPPED = ("rmax", "rmin", "dmax")


class BatchNormalization(Layer):
    """Inputs normalised over all axes but `axis`: by the batch's moments in training, else by moving averages of them.

    `axis` may name several axes. Variables: `gamma`, `beta` (where `scale` and `center`), and `moving_mean`,
    `moving_variance`, of the length of the axis, or for several of the inputs' rank with ones elsewhere. Training
    updates the last two by the operations in UPDATE_OPS: average -= (average - new) * (1 - momentum). `fused` (by
    default where the inputs are images) does it in one op, whose variance has Bessel's correction. Ioffe and
    Szegedy (2015).

    With `renorm` what training makes of a batch, x, becomes x * r + d, which is what moving averages with
    `renorm_momentum` would make of it: r is the ratio of the standard deviations and d the distance of the means in
    standard deviations, neither of which gradients flow through. `renorm_clipping` may say how far they may go, by
    "rmin", "rmax" and "dmax". Further variables: `moving_stddev`, `renorm_mean` and `renorm_stddev`. Ioffe, Batch
    Renormalization (2017). `adjustment` gives a scale and an offset for training, of the shape of the inputs.

    Raises ValueError for other keys of `renorm_clipping`, NotImplementedError for virtual batches.
    """

    min_ndim = 1

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Initializer = _ZEROS,
        gamma_initializer: Initializer = _ONES,
        moving_mean_initializer: Initializer = _ZEROS,
        moving_variance_initializer: Initializer = _ONES,
        beta_regularizer: Regularizer | None = None,
        gamma_regularizer: Regularizer | None = None,
        beta_constraint: Constraint | None = None,
        gamma_constraint: Constraint | None = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if virtual_batch_size is not None:
            raise NotImplementedError("batch_normalization: virtual_batch_size is not offered")
        self.renorm, self.renorm_momentum, self.adjustment = renorm, renorm_momentum, adjustment
        self.renorm_clipping = dict(renorm_clipping or {})
        if renorm and not self.renorm_clipping.keys() <= set(_CLIPPED):
            raise ValueError(
                f"Received invalid keys for `renorm_clipping` argument: {renorm_clipping}. Supported values: "
                f"{list(_CLIPPED)}."
            )
        self.axis = tuple(int(a) for a in np.ravel(axis))
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale, self.fused = center, scale, fused
        self._gamma = (gamma_initializer, gamma_regularizer, gamma_constraint)
        self._beta = (beta_initializer, beta_regularizer, beta_constraint)
        self._moving = (moving_mean_initializer, moving_variance_initializer)

    @builder
    def build(self, input_shape: TensorShape) -> None:
        rank = input_shape.ndims
        if rank is None:
            raise ValueError("Input has undefined rank.")
        axes = tuple(axis + rank if axis < 0 else axis for axis in self.axis)
        if not all(0 <= axis < rank for axis in axes):
            raise ValueError(
                "Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank "
                f"(with inputs.rank={rank}). Received: axis={self.axis}"
            )
        if len(set(axes)) != len(axes):
            raise ValueError(f"Duplicate axis: {self.axis}")
        self.axis = axes
        lengths = {axis: input_shape.as_list()[axis] for axis in axes}
        known_lengths = {axis: length for axis, length in lengths.items() if length is not None}
        if known_lengths != lengths:
            raise ValueError(f"Input has undefined `axis` dimension. Received input with shape {input_shape}.")
        if self.renorm or self.adjustment is not None:
            self.fused = False
        elif self.fused is None:
            self.fused = rank == 4 and axes in ((1,), (3,))
        elif self.fused and not (rank == 4 and axes in ((1,), (3,))):
            raise ValueError("A fused batch normalization needs inputs of rank 4 and `axis` 1 or 3.")
        self._spread = [known_lengths.get(i, 1) for i in range(rank)]
        if len(axes) == 1:
            self._channels = (axes[0], known_lengths[axes[0]])
        self._make_variables(list(known_lengths.values()) if len(axes) == 1 else self._spread)

    def _make_variables(self, shape: list[int]) -> None:
        dtype = float32 if self._dtype in (float16, bfloat16, None) else self._dtype

        def make(name: str, initializer: Any, regularizer: Any, constraint: Any, trainable: bool = True) -> Any:
            return self.add_weight(name, shape, dtype, initializer, regularizer, trainable, constraint)

        self.gamma = make("gamma", *self._gamma) if self.scale else None
        self.beta = make("beta", *self._beta) if self.center else None
        get_variable_scope().set_partitioner(None)  # averages are assigned to, so they stay in one piece
        self.moving_mean = make("moving_mean", self._moving[0], None, None, trainable=False)
        self.moving_variance = make("moving_variance", self._moving[1], None, None, trainable=False)
        if self.renorm:
            mean_initializer, variance_initializer = self._moving

            def root(*args: Any, **kwargs: Any) -> Tensor:
                return sqrt(variance_initializer(*args, **kwargs))

            self.moving_stddev = make("moving_stddev", root, None, None, trainable=False)
            self.renorm_mean = make("renorm_mean", mean_initializer, None, None, trainable=False)
            self.renorm_stddev = make("renorm_stddev", root, None, None, trainable=False)

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        return self._fused_call(inputs, training) if self.fused else self._plain_call(inputs, training)

    def _fused_call(self, inputs: Tensor, training: Any) -> Tensor:
        layout, dtype = "NCHW" if self.axis == (1,) else "NHWC", self.moving_mean.dtype
        length = self.moving_mean.shape.as_list()
        beta = self.beta if self.center else constant(0.0, dtype, shape=length)
        gamma = self.gamma if self.scale else constant(1.0, dtype, shape=length)

        def normalised(is_training: bool) -> tuple[Tensor, Tensor, Tensor]:
            return normalization.fused_batch_norm(
                inputs, gamma, beta, self.moving_mean, self.moving_variance, self.epsilon, layout, is_training
            )

        outputs, mean, variance = smart_cond(training, lambda: normalised(True), lambda: normalised(False))
        if known(training) is not False:
            momentum = smart_cond(training, lambda: constant(self.momentum, dtype), lambda: constant(1.0, dtype))
            for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                self.add_update(moved_towards(variable, value, momentum), inputs=True)
        return outputs

    def _plain_call(self, inputs: Tensor, training: Any) -> Tensor:
        rank = inputs.shape.ndims or 0
        axes = [i for i in range(rank) if i not in self.axis]
        fits = len(self.axis) > 1 or self.axis == (rank - 1,)

        def broadcast(v: Any) -> Any:
            return v if v is None or fits else reshape(v, self._spread)

        gamma, beta = broadcast(self.gamma), broadcast(self.beta)
        if known(training) is not False:
            if self.adjustment is not None:
                gamma, beta = _composed(*self._adjusted(inputs, training), gamma, beta)
            mean, variance = new_mean, new_variance = self._batch_moments(inputs, axes, training)
            if self.renorm:
                r, d, new_mean, new_variance = self._correction(mean, variance, training)
                r, d = stop_gradient(r, name="renorm_r"), stop_gradient(d, name="renorm_d")
                gamma, beta = _composed(broadcast(r), broadcast(d), gamma, beta)
            self._follow(new_mean, new_variance, training)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        mean, variance = broadcast(mean), broadcast(variance)
        outputs = normalization.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def _batch_moments(self, inputs: Tensor, axes: list[int], training: Any) -> tuple[Tensor, Tensor]:
        """The moments to normalise by."""

        def used(batch_value: Tensor, variable: Any) -> Tensor:
            value = cast(batch_value, variable.dtype)
            return smart_cond(training, lambda: value, lambda: convert_to_tensor(variable))

        mean, variance = normalization.moments(inputs, axes, keepdims=len(self.axis) > 1)
        return used(mean, self.moving_mean), used(variance, self.moving_variance)

    def _follow(self, mean: Tensor, variance: Tensor, training: Any) -> None:
        """Add the updates of the moving averages; of the variance, with `renorm`, by way of its root."""

        def moved_root() -> Tensor:
            root = moved_towards(self.moving_stddev, sqrt(variance + self.epsilon), self.momentum)
            with op_scope(None, "AssignNewValue") as scope:
                return assign(self.moving_variance, relu(root * root - self.epsilon), name=scope)

        move_mean = partial(moved_towards, self.moving_mean, mean, self.momentum)
        move_variance = (
            moved_root if self.renorm else partial(moved_towards, self.moving_variance, variance, self.momentum)
        )
        for variable, move in ((self.moving_mean, move_mean), (self.moving_variance, move_variance)):
            self.add_update(smart_cond(training, move, partial(convert_to_tensor, variable)), inputs=True)

    def _adjusted(self, inputs: Tensor, training: Any) -> tuple[Tensor, Tensor]:
        """The scale and the offset of training."""
        scale, offset = self.adjustment(shape_of(inputs))
        return (
            smart_cond(training, lambda: scale, lambda: ones_like(scale)),
            smart_cond(training, lambda: offset, lambda: zeros_like(offset)),
        )

    def _correction(self, mean: Tensor, variance: Tensor, training: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(r, d, the moments once more, for updates that come after those of the averages that r and d are made of).

        Out of training r is 1 and d is 0.
        """
        stddev = sqrt(variance + self.epsilon)
        of_average = maximum(self.renorm_stddev, math.sqrt(self.epsilon))  # which may have been near zero so far
        r, d = stddev / of_average, (mean - self.renorm_mean) / of_average
        with control_dependencies([r, d]):
            mean, stddev = identity(mean), identity(stddev)
        r, d = self._clipped(r, d)
        r = smart_cond(training, lambda: r, lambda: ones_like(r))
        d = smart_cond(training, lambda: d, lambda: zeros_like(d))
        updates = [
            smart_cond(
                training,
                partial(moved_towards, variable, identity(value), self.renorm_momentum),
                partial(identity, variable),
            )
            for variable, value in ((self.renorm_mean, mean), (self.renorm_stddev, stddev))
        ]
        with control_dependencies(updates):
            return r, d, identity(mean), identity(variance)

    def _clipped(self, r: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        least, most, distance = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        if least is not None:
            r = maximum(r, least)
        if most is not None:
            r = minimum(r, most)
        return r, d if distance is None else minimum(maximum(d, -distance), distance)


def _composed(scale: Tensor, offset: Tensor, then_scale: Any, then_offset: Any) -> tuple[Tensor, Tensor]:
    """One scale and offset for two in turn, of which the second may be missing."""
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    return scale, offset if then_offset is None else offset + then_offset


def batch_normalization(
    inputs: Any,
    axis: int | Sequence[int] = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Initializer = _ZEROS,
    gamma_initializer: Initializer = _ONES,
    moving_mean_initializer: Initializer = _ZEROS,
    moving_variance_initializer: Initializer = _ONES,
    beta_regularizer: Regularizer | None = None,
    gamma_regularizer: Regularizer | None = None,
    beta_constraint: Constraint | None = None,
    gamma_constraint: Constraint | None = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> Tensor:
    """`BatchNormalization`, applied. Run the operations in UPDATE_OPS with each training step."""
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
        moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm,
        renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name,
        _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs, training=training)


__all__ = ["BatchNormalization", "batch_normalization"]
