"""Optimizers' updates: one op moves a variable and its slots in place, by a dense gradient or by some rows of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import is_not
from typing import Any, NamedTuple

import numpy as np

from ...kernels.cpu import elementwise
from ..dtypes import FLOATS
from ..errors import InvalidArgumentError, OpError
from ..graph import Operation, Tensor
from ..registry import OpDef, define, no_gradient
from ..shapes import TensorShape
from ..state import variable_of
from .state import merged

_BLOCK = 1 << 17  # elements: the pieces that all lines of a rule work on while they are in a cache

_OTHER = {"global_step": "int64"}  # scalars that are no floats

Rule = Callable[..., None]  # rule(xp, scratch, *state, *inputs, **attrs): one step, in place, nothing else allocated


class _Method(NamedTuple):
    """How one optimizer steps, and what its op's inputs are."""

    rule: Rule
    names: tuple[str, ...]  # all inputs, in TensorFlow's order
    states: int  # that many of them are the variable and its slots
    gradient: int  # the position of the gradient
    scratch: int  # how many temporaries of the gradient's shape the rule needs
    loop: Callable[..., None] | None  # the rule for what elementwise.py suits, in one loop


def _updates(
    method: str, state: str, inputs: str, rule: Rule, scratch: int = 1, loop: Callable[..., None] | None = None
) -> tuple[OpDef, OpDef]:
    """Register a rule as two ops: ``Apply…`` for a dense gradient and ``SparseApply…`` for rows of one.

    `state` names the variable and its slots, `inputs` what else the rule takes; all of these but the gradient are
    scalars. The sparse op's `indices` follow its gradient; rows that they name twice are summed first, and rows that
    they do not name stay as they are. Variables of half precision are stepped in float32 and rounded once, so their
    scalars may be float32 (in bfloat16, Adam's 0.999 would be 1).
    """
    names = (*state.split(), *inputs.split())
    refs = state.split()
    gradient = next(i for i, name in enumerate(names) if name in ("grad", "delta"))
    how = _Method(rule, names, len(refs), gradient, scratch, loop)
    typed = [
        f"{name}:{'T' if i < len(refs) or i == gradient else _OTHER.get(name, 'S')}" for i, name in enumerate(names)
    ]
    common: dict[str, Any] = {
        "types": {"T": FLOATS, "S": FLOATS},
        "grad": no_gradient("it changes its variable and is no function of its inputs"),
        "writes": True,
        "ref": refs,
    }
    dense = define(
        f"Apply{method}",
        f"{', '.join(typed)} -> out:T",
        shape=lambda *tensors, **_: _dense_shape(how, tensors),
        bind=lambda *to: _Step(how, *to).dense,
        **common,
    )
    typed.insert(gradient + 1, "indices:I")
    sparse = define(
        f"SparseApply{method}",
        f"{', '.join(typed)} -> out:T",
        shape=lambda *tensors, **_: _sparse_shape(how, tensors),
        bind=lambda *to: _Step(how, *to).sparse,
        **common,
    )
    return dense, sparse


# -- static shapes --------------------------------------------------------------------------------------------------


def _dense_shape(how: _Method, tensors: Sequence[Tensor]) -> TensorShape:
    shape = _state_shape(how, tensors)
    for i, tensor in enumerate(tensors[how.states :], how.states):
        if i == how.gradient:
            shape = merged(shape, tensor.shape)
        else:
            _assert_rank(tensor, 0)
    return shape


def _sparse_shape(how: _Method, tensors: Sequence[Tensor]) -> TensorShape:
    shape = _state_shape(how, tensors)
    grad, indices = tensors[how.gradient : how.gradient + 2]
    _assert_rank(indices, 1)
    if shape.ndims == 0 or grad.shape.ndims == 0:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if None not in (shape.ndims, grad.shape.ndims):
        merged(shape[1:], grad.shape[1:])
        merged(indices.shape, grad.shape[:1])
    for tensor in (*tensors[how.states : how.gradient], *tensors[how.gradient + 2 :]):
        _assert_rank(tensor, 0)
    return shape


def _state_shape(how: _Method, tensors: Sequence[Tensor]) -> TensorShape:
    shape = tensors[0].shape
    for slot in tensors[1 : how.states]:
        shape = merged(shape, slot.shape)
    return shape


def _assert_rank(tensor: Tensor, rank: int) -> None:
    if tensor.shape.ndims not in (None, rank):
        raise ValueError(f"Shape must be rank {rank} but is rank {tensor.shape.ndims}")


# -- running --------------------------------------------------------------------------------------------------------


class _Step:
    """A method bound to one session's variables: `dense` and `sparse` take an op's other inputs, in their order."""

    def __init__(self, how: _Method, op: Operation, k: Any, session: Any, donated: Collection[int]) -> None:
        self.rule, self.loop, self.scratch, self.attrs, self.k = how.rule, how.loop, how.scratch, op.attrs, k
        self.at = how.gradient - how.states
        self.states = [session.variable(variable_of(tensor)) for tensor in op.inputs[: how.states]]
        self.names = how.names
        dtype = self.states[0].op.outputs[0].dtype.numpy
        self.wide = np.promote_types(dtype, np.float32)  # what the rule computes in
        self.widens = self.wide != dtype
        self.in_pieces = k is session.host
        self.owns_grad = self.at in donated
        self.fitting: list[Any] = []  # the buffers that were found to fit each other; most often they are so for ever
        for state, name in zip(self.states, how.names, strict=False):
            if state.k is not k:
                raise _refusal(f"var and {name} are not on one device: {k.device} and {state.k.device}")

    def dense(self, *inputs: Any) -> tuple:
        arrays, before, after = self.checked(inputs[: self.at], inputs[self.at + 1 :])
        grad = inputs[self.at] if self.owns_grad else self.apart(inputs[self.at], arrays)
        if grad.shape != arrays[0].shape:
            raise _refusal(f"var and grad do not have the same shape {list(arrays[0].shape)} {list(grad.shape)}")
        whole = [*arrays, grad]
        if self.loop and elementwise.suits(*whole, many=elementwise.MANY_MOVED):
            self.loop(*arrays, *before, grad, *after, **self.attrs)
        elif self.in_pieces and grad.size > _BLOCK and all(array.flags.c_contiguous for array in arrays):
            flat = [array.reshape(-1) for array in whole]

            def move(piece: int) -> None:
                part = slice(piece * _BLOCK, (piece + 1) * _BLOCK)
                self.move([array[part] for array in flat], before, after)

            self.k.share(-(-grad.size // _BLOCK), move)
        else:
            self.move(whole, before, after)
        return ()

    def move(self, arrays: Sequence[Any], before: Sequence[Any], after: Sequence[Any]) -> None:
        """One step of the buffers among `arrays` by the gradient, which is the last of them."""
        scratch = [self.k.xp.empty(arrays[-1].shape, self.wide) for _ in range(self.scratch)]
        if not self.widens:
            self.rule(self.k.xp, scratch, *arrays[:-1], *before, arrays[-1], *after, **self.attrs)
            return
        *moved, grad = (self.k.cast(array, self.wide) for array in arrays)
        self.rule(self.k.xp, scratch, *moved, *before, grad, *after, **self.attrs)
        for array, wide in zip(arrays, moved, strict=False):
            array[...] = wide

    def sparse(self, *inputs: Any) -> tuple:
        grad, indices = inputs[self.at : self.at + 2]
        arrays, before, after = self.checked(inputs[: self.at], inputs[self.at + 2 :])
        rows, grad = _summed_by_row(self.k, self.k.cast(grad, self.wide), indices, arrays[0].shape)
        state = [self.k.cast(array[rows], self.wide) for array in arrays]
        scratch = [self.k.xp.empty_like(grad) for _ in range(self.scratch)]
        self.rule(self.k.xp, scratch, *state, *before, grad, *after, **self.attrs)
        for array, moved in zip(arrays, state, strict=True):
            array[rows] = moved
        return ()

    def checked(self, before: Sequence[Any], after: Sequence[Any]) -> tuple[list, Sequence, Sequence]:
        """The buffers of the variable and its slots, and the scalars, once all fit: nothing is written before.

        Raises FailedPreconditionError for a buffer not initialized, InvalidArgumentError for shapes that do not fit.
        """
        arrays = [state.read() for state in self.states]
        if len(self.fitting) != len(arrays) or any(map(is_not, arrays, self.fitting)):
            shape = arrays[0].shape
            for name, array in zip(self.names, arrays, strict=False):
                if array.shape != shape:
                    raise _refusal(f"var and {name} do not have the same shape {list(shape)} {list(array.shape)}")
            self.fitting = arrays
        for i, value in enumerate((*before, *after)):
            if value.ndim:
                name = self.names[len(arrays) + i + (i >= self.at)]
                raise _refusal(f"{name} is not a scalar: {list(value.shape)}")
        if self.widens:
            before, after = ([self.k.cast(value, self.wide) for value in part] for part in (before, after))
        return arrays, before, after

    def apart(self, grad: Any, arrays: Sequence[Any]) -> Any:
        """The gradient, copied where it is a view of what the step overwrites (that of x·y is one of y)."""
        return grad.copy() if any(self.k.xp.may_share_memory(grad, array) for array in arrays) else grad


def _refusal(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _summed_by_row(k: Any, grad: Any, indices: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The rows that `indices` name, each once, and the sum of the gradients of each."""
    if not shape or grad.shape[:1] != indices.shape:
        raise _refusal("grad must be the same size as indices in the first dimension.")
    if grad.shape[1:] != shape[1:]:
        raise _refusal(f"var and grad must match in all but the first dimension: {list(shape)} {list(grad.shape)}")
    rows, place = k.xp.unique(indices, return_inverse=True)
    if rows.size and (rows[0] < 0 or rows[-1] >= shape[0]):
        offset = int(k.xp.argmax((indices < 0) | (indices >= shape[0])))
        raise _refusal(f"Index {int(indices[offset])} at offset {offset} in indices is out of range [0, {shape[0]})")
    total = k.xp.zeros((rows.size, *shape[1:]), grad.dtype)
    k.scatter_add(total, place, grad)
    return rows, total


# -- the rules ------------------------------------------------------------------------------------------------------
# Each takes the array library and as many temporaries as `scratch` says; these are all it allocates, so it cannot
# stop half-way. TensorFlow's names: lr is the learning rate, rho a decay, accum a running sum or average.


def _gradient_descent(xp: Any, scratch: Any, var: Any, alpha: Any, delta: Any) -> None:
    """var ← var - α δ."""
    (t,) = scratch
    xp.multiply(delta, alpha, out=t)
    var -= t


def _momentum(
    xp: Any, scratch: Any, var: Any, accum: Any, lr: Any, grad: Any, momentum: Any, use_nesterov: bool
) -> None:
    """a ← μ a + g;  var ← var - lr a, or with Nesterov's look ahead var ← var - lr (g + μ a).

    Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in deep learning (2013), in
    the form of section 3.5 of Bengio, Boulanger-Lewandowski and Pascanu, Advances in optimizing recurrent networks.
    """
    (t,) = scratch
    accum *= momentum
    accum += grad
    if use_nesterov:
        xp.multiply(accum, momentum, out=t)
        t += grad
        t *= lr
    else:
        xp.multiply(accum, lr, out=t)
    var -= t


def _adagrad(xp: Any, scratch: Any, var: Any, accum: Any, lr: Any, grad: Any) -> None:
    """a ← a + g²;  var ← var - lr g / √a.  Duchi, Hazan and Singer, Adaptive subgradient methods (2011)."""
    (t,) = scratch
    xp.multiply(grad, grad, out=t)
    accum += t
    xp.sqrt(accum, out=t)
    xp.divide(grad, t, out=t)
    t *= lr
    var -= t


def _adadelta(
    xp: Any, scratch: Any, var: Any, accum: Any, accum_update: Any, lr: Any, rho: Any, epsilon: Any, grad: Any
) -> None:
    """a ← ρ a + (1 - ρ) g²;  u = g √(d + ε) / √(a + ε);  d ← ρ d + (1 - ρ) u²;  var ← var - lr u.

    Zeiler, ADADELTA: an adaptive learning rate method (2012), algorithm 1; d is `accum_update`.
    """
    t, u = scratch
    accum *= rho
    xp.multiply(grad, grad, out=t)
    t *= 1 - rho
    accum += t
    xp.add(accum_update, epsilon, out=u)
    xp.sqrt(u, out=u)
    xp.add(accum, epsilon, out=t)
    xp.sqrt(t, out=t)
    u /= t
    u *= grad
    accum_update *= rho
    xp.multiply(u, u, out=t)
    t *= 1 - rho
    accum_update += t
    u *= lr
    var -= u


def _rms_prop(
    xp: Any, scratch: Any, var: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, grad: Any
) -> None:
    """s ← ρ s + (1 - ρ) g²;  m ← μ m + lr g / √(s + ε);  var ← var - m.  Tieleman and Hinton, lecture 6.5 (2012)."""
    (t,) = scratch
    xp.multiply(grad, grad, out=t)
    _approach(xp, ms, t, 1 - rho, t)
    xp.add(ms, epsilon, out=t)
    _step_by_root(xp, t, var, mom, lr, momentum, grad)


def _centered_rms_prop(
    xp: Any, scratch: Any, var: Any, mg: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any,
    grad: Any,
) -> None:  # fmt: skip
    """As RMSProp, with the variance s - a² for the mean square s, where a ← ρ a + (1 - ρ) g.

    Graves, Generating sequences with recurrent neural networks (2013), equations 38 to 45.
    """
    (t,) = scratch
    xp.multiply(grad, grad, out=t)
    _approach(xp, ms, t, 1 - rho, t)
    _approach(xp, mg, grad, 1 - rho, t)
    xp.multiply(mg, mg, out=t)
    xp.subtract(ms, t, out=t)
    t += epsilon
    _step_by_root(xp, t, var, mom, lr, momentum, grad)


def _approach(xp: Any, average: Any, target: Any, rate: Any, t: Any) -> None:
    """average ← average + rate (target - average); `t` is scratch, and may be the target."""
    xp.subtract(target, average, out=t)
    t *= rate
    average += t


def _step_by_root(xp: Any, square: Any, var: Any, mom: Any, lr: Any, momentum: Any, grad: Any) -> None:
    """m ← μ m + lr g / √square;  var ← var - m; `square` is used up."""
    xp.sqrt(square, out=square)
    xp.divide(grad, square, out=square)
    square *= lr
    mom *= momentum
    mom += square
    var -= mom


def _adam(
    xp: Any, scratch: Any, var: Any, m: Any, v: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any,
    beta2: Any, epsilon: Any, grad: Any,
) -> None:  # fmt: skip
    """m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;  var ← var - α m / (√v + ε), α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ).

    Kingma and Ba, Adam: a method for stochastic optimization (2015), section 2 in the order of its last paragraph.
    """
    (t,) = scratch
    alpha = _adam_size(xp, lr, beta1_power, beta2_power)
    _approach(xp, m, grad, 1 - beta1, t)
    xp.multiply(grad, grad, out=t)
    _approach(xp, v, t, 1 - beta2, t)
    xp.sqrt(v, out=t)
    t += epsilon
    xp.divide(m, t, out=t)
    t *= alpha
    var -= t


def _adam_size(xp: Any, lr: Any, beta1_power: Any, beta2_power: Any) -> Any:
    return lr * xp.sqrt(1 - beta2_power) / (1 - beta1_power)


def _adam_loop(
    var: Any, m: Any, v: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any,
    grad: Any,
) -> None:  # fmt: skip
    size = _adam_size(np, lr, beta1_power, beta2_power)
    elementwise.adam(var, m, v, grad, size, 1 - beta1, 1 - beta2, epsilon)


def _ftrl(
    xp: Any, scratch: Any, var: Any, accum: Any, linear: Any, grad: Any, lr: Any, l1: Any, l2: Any, l2_shrinkage: Any,
    lr_power: Any,
) -> None:  # fmt: skip
    """n = a + g²;  z ← z + g + 2 s v - (nᵖ - aᵖ) / lr · v;  a ← n;  v ← (clip(z, -l1, l1) - z) / (nᵖ / lr + 2 l2).

    McMahan and others, Ad click prediction: a view from the trenches (2013), algorithm 1; p is -lr_power, z `linear`,
    v the variable, and s, `l2_shrinkage`, adds to the gradient that of s v².
    """
    t, u = scratch
    xp.multiply(var, 2 * l2_shrinkage, out=t)
    linear += t
    linear += grad
    xp.power(accum, -lr_power, out=u)
    xp.multiply(grad, grad, out=t)
    accum += t
    xp.power(accum, -lr_power, out=t)
    xp.subtract(t, u, out=u)
    u /= lr
    u *= var
    linear -= u
    t /= lr
    t += 2 * l2
    xp.minimum(linear, l1, out=u)
    xp.maximum(u, -l1, out=u)
    u -= linear
    xp.divide(u, t, out=var)


def _proximal_gradient_descent(xp: Any, scratch: Any, var: Any, alpha: Any, l1: Any, l2: Any, delta: Any) -> None:
    """x = var - α δ;  var ← shrink(x, α l1) / (1 + α l2), where shrink moves x towards 0 by that much, and not past it.

    Duchi and Singer, Efficient learning using forward-backward splitting (2009), sections 5.1 and 5.2.
    """
    (t,) = scratch
    xp.multiply(delta, alpha, out=t)
    var -= t
    _shrink(xp, var, alpha * l1, t)
    var /= 1 + alpha * l2


def _proximal_adagrad(xp: Any, scratch: Any, var: Any, accum: Any, lr: Any, l1: Any, l2: Any, grad: Any) -> None:
    """a ← a + g², then as in proximal gradient descent with lr / √a for α."""
    t, u, w = scratch
    xp.multiply(grad, grad, out=t)
    accum += t
    xp.sqrt(accum, out=t)
    xp.divide(lr, t, out=t)
    xp.multiply(grad, t, out=u)
    var -= u
    xp.multiply(t, l1, out=u)
    _shrink(xp, var, u, w)
    t *= l2
    t += 1
    var /= t


def _shrink(xp: Any, x: Any, by: Any, t: Any) -> None:
    xp.abs(x, out=t)
    xp.minimum(t, by, out=t)
    xp.copysign(t, x, out=t)
    x -= t


def _adagrad_da(
    xp: Any, scratch: Any, var: Any, gradient_accumulator: Any, gradient_squared_accumulator: Any, grad: Any, lr: Any,
    l1: Any, l2: Any, global_step: Any,
) -> None:  # fmt: skip
    """u ← u + g;  a ← a + g²;  var ← -lr shrink(u, n l1) / (√a + lr n l2) at step n.

    Duchi, Hazan and Singer, Adaptive subgradient methods (2011): primal-dual averaging, section 5.
    """
    t, u = scratch
    steps = global_step.astype(lr.dtype)
    gradient_accumulator += grad
    xp.multiply(grad, grad, out=t)
    gradient_squared_accumulator += t
    xp.copyto(u, gradient_accumulator)
    _shrink(xp, u, steps * l1, t)
    u *= -lr
    xp.sqrt(gradient_squared_accumulator, out=t)
    t += lr * steps * l2
    xp.divide(u, t, out=var)


ApplyGradientDescent, SparseApplyGradientDescent = _updates("GradientDescent", "var", "alpha delta", _gradient_descent)
ApplyMomentum, SparseApplyMomentum = _updates("Momentum", "var accum", "lr grad momentum", _momentum)
ApplyAdagrad, SparseApplyAdagrad = _updates("Adagrad", "var accum", "lr grad", _adagrad)
ApplyAdadelta, SparseApplyAdadelta = _updates(
    "Adadelta", "var accum accum_update", "lr rho epsilon grad", _adadelta, scratch=2
)
ApplyRMSProp, SparseApplyRMSProp = _updates("RMSProp", "var ms mom", "lr rho momentum epsilon grad", _rms_prop)
ApplyCenteredRMSProp, SparseApplyCenteredRMSProp = _updates(
    "CenteredRMSProp", "var mg ms mom", "lr rho momentum epsilon grad", _centered_rms_prop
)
ApplyAdam, SparseApplyAdam = _updates(  # the sparse one is lazy: Adam itself decays m and v of every row
    "Adam", "var m v", "beta1_power beta2_power lr beta1 beta2 epsilon grad", _adam, loop=_adam_loop
)
ApplyFtrlV2, SparseApplyFtrlV2 = _updates(
    "FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power", _ftrl, scratch=2
)
ApplyProximalGradientDescent, SparseApplyProximalGradientDescent = _updates(
    "ProximalGradientDescent", "var", "alpha l1 l2 delta", _proximal_gradient_descent
)
ApplyProximalAdagrad, SparseApplyProximalAdagrad = _updates(
    "ProximalAdagrad", "var accum", "lr l1 l2 grad", _proximal_adagrad, scratch=3
)
ApplyAdagradDA, SparseApplyAdagradDA = _updates(
    "AdagradDA", "var gradient_accumulator gradient_squared_accumulator", "grad lr l1 l2 global_step", _adagrad_da,
    scratch=2,
)  # fmt: skip

__all__: list[str] = []  # tf.train's optimizers are the way to these
