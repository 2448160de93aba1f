"""Learning rates that fall as the global step grows: each gives a scalar tensor of the rate's dtype."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import int32, int64
from ..engine.graph import Tensor, op_scope
from ..engine.ops import math as ops
from ..engine.ops.array import stack
from ..engine.ops.basic import cast
from ..engine.ops.indexing import gather
from ..engine.ops.reduce import reduce_sum


def _start(learning_rate: Any, global_step: Any, caller: str) -> Tensor:
    """The initial rate as a tensor. Raises ValueError where no step is given."""
    if global_step is None:
        raise ValueError(f"global_step is required for {caller}.")
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """learning_rate · decay_rate ^ (global_step / decay_steps), the exponent rounded down with `staircase`."""
    with op_scope(name, "ExponentialDecay", [learning_rate, global_step, decay_steps, decay_rate]) as scope:
        rate = _start(learning_rate, global_step, "exponential_decay")
        decay_steps, decay_rate = cast(decay_steps, rate.dtype), cast(decay_rate, rate.dtype)
        return ops.multiply(rate, ops.pow(decay_rate, _periods(global_step, decay_steps, staircase)), name=scope)


def _periods(global_step: Any, decay_steps: Tensor, staircase: bool) -> Tensor:
    passed = cast(global_step, decay_steps.dtype) / decay_steps
    return ops.floor(passed) if staircase else passed


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """learning_rate · exp(-decay_rate · global_step / decay_steps), the quotient rounded down with `staircase`."""
    if global_step is None:
        raise ValueError("global_step is required for natural_exp_decay.")
    factor = ops.exp(ops.negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: Any = None
) -> Tensor:
    """learning_rate / (1 + decay_rate · global_step / decay_steps), the quotient rounded down with `staircase`."""
    with op_scope(name, "InverseTimeDecay", [learning_rate, global_step, decay_rate]) as scope:
        rate = _start(learning_rate, global_step, "inverse_time_decay")
        decay_steps, decay_rate = cast(decay_steps, rate.dtype), cast(decay_rate, rate.dtype)
        passed = _periods(global_step, decay_steps, staircase)
        one = cast(constant(1), rate.dtype)
        return ops.divide(rate, ops.add(one, ops.multiply(decay_rate, passed)), name=scope)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: Any = None,
) -> Tensor:
    """(learning_rate - end) · (1 - global_step / decay_steps) ^ power + end, and `end_learning_rate` from then on.

    With `cycle`, `decay_steps` grows instead to its next multiple that the step has not passed.
    """
    inputs = [learning_rate, global_step, decay_steps, end_learning_rate, power]
    with op_scope(name, "PolynomialDecay", inputs) as scope:
        rate = _start(learning_rate, global_step, "polynomial_decay")
        end, power = cast(end_learning_rate, rate.dtype), cast(power, rate.dtype)
        step, steps = cast(global_step, rate.dtype), cast(decay_steps, rate.dtype)
        if cycle:  # at step 0 the first cycle has begun
            cycles = ops.where_v2(ops.equal(step, 0), 1.0, ops.ceil(step / decay_steps))
            steps = ops.multiply(steps, cycles)
        else:
            step = ops.minimum(step, steps)
        left = ops.pow(1 - step / steps, power)
        return ops.add(ops.multiply(rate - end, left), end, name=scope)


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: Any = None) -> Tensor:
    """values[i] where boundaries[i - 1] < x <= boundaries[i]; the last of the values beyond all boundaries.

    Raises ValueError unless there is one value more than boundaries, each list of one dtype, the boundaries' that of
    `x` (int32 boundaries serve an int64 step).
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with op_scope(name, "PiecewiseConstant", [x, boundaries, values]):
        step = convert_to_tensor(x)
        limits = [convert_to_tensor(b) for b in boundaries]
        for i, limit in enumerate(limits):
            if limit.dtype is int32 and step.dtype is int64:
                limits[i] = cast(limit, step.dtype)
            elif limit.dtype is not step.dtype:
                raise ValueError(f"Boundaries ({limit.dtype}) must have the same dtype as x ({step.dtype}).")
        rates = [convert_to_tensor(v) for v in values]
        for rate in rates:
            if rate.dtype is not rates[0].dtype:
                raise ValueError(
                    f"Values must have elements all with the same dtype ({rates[0].dtype} vs {rate.dtype})."
                )
        if not limits:
            return rates[0]
        return gather(stack(rates), reduce_sum(cast(ops.greater(step, stack(limits)), int32)))


piecewise_constant_decay = piecewise_constant


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: Any = None
) -> Tensor:
    """Half a cosine from `learning_rate` down to ``alpha · learning_rate`` over `decay_steps`, then level.

    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017), one period of equation 5.
    """
    with op_scope(name, "CosineDecay", [learning_rate, global_step]):
        rate = _start(learning_rate, global_step, "cosine_decay")
        steps = cast(decay_steps, rate.dtype)
        done = ops.minimum(cast(global_step, rate.dtype), steps) / steps
        decayed = (1 - alpha) * (0.5 * (1.0 + ops.cos(constant(math.pi, rate.dtype) * done))) + alpha
        return ops.multiply(rate, decayed)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: Any = None,
) -> Tensor:
    """`cosine_decay` over and over: each period `t_mul` times as long as the last, from `m_mul` times its height.

    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017).
    """
    with op_scope(name, "SGDRDecay", [learning_rate, global_step]) as scope:
        rate = _start(learning_rate, global_step, "cosine_decay_restarts")
        steps, alpha, t_mul, m_mul = (cast(v, rate.dtype) for v in (first_decay_steps, alpha, t_mul, m_mul))
        done = cast(global_step, rate.dtype) / steps
        # Period n starts at 1 + t + … + tⁿ⁻¹ = (1 - tⁿ) / (1 - t) first periods, or n of them where t is 1.
        even = ops.equal(t_mul, 1.0)
        ratio = ops.where_v2(even, 2.0, t_mul)
        period = ops.where_v2(even, ops.floor(done), ops.floor(ops.log(1.0 - done * (1.0 - ratio)) / ops.log(ratio)))
        start = ops.where_v2(even, period, (1.0 - ratio**period) / (1.0 - ratio))
        length = ops.where_v2(even, 1.0, ratio**period)
        wave = 0.5 * m_mul**period * (1.0 + ops.cos(constant(math.pi, rate.dtype) * ((done - start) / length)))
        return ops.multiply(rate, (1 - alpha) * wave + alpha, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: Any = None,
) -> Tensor:
    """learning_rate · ((alpha + linear) · cosine + beta) over `decay_steps`, then level.

    `linear` falls from one to zero; `cosine` is (1 + cos 2π·num_periods·t) / 2 for t from zero to one. Bello, Zoph,
    Vasudevan and Le, Neural optimizer search with reinforcement learning (2017).
    """
    with op_scope(name, "LinearCosineDecay", [learning_rate, global_step]) as scope:
        rate = _start(learning_rate, global_step, "linear_cosine_decay")
        steps, periods, alpha, beta = (cast(v, rate.dtype) for v in (decay_steps, num_periods, alpha, beta))
        step = ops.minimum(cast(global_step, rate.dtype), steps)
        linear = (steps - step) / steps
        cosine = 0.5 * (1.0 + ops.cos(constant(math.pi, rate.dtype) * (2.0 * periods * (step / steps))))
        return ops.multiply(rate, (alpha + linear) * cosine + beta, name=scope)
