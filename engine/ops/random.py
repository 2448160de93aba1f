"""Random ops: each draws from the stream that its seeds name, and goes on in it from run to run of a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ...kernels.philox import DEFAULT_GRAPH_SEED, reserved, reserved_multinomial
from ..build import convert_to_tensor
from ..dtypes import FLOATS, as_dtype, bfloat16, float16, float32, float64, int32, int64
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, get_default_graph, op_scope
from ..registry import OpDef, define, not_differentiable, same_shape
from ..shapes import TensorShape
from ..static import constant_value, constant_value_as_shape
from .basic import shape as shape_of
from .control_flow import Assert, with_dependencies
from .math import add, floormod, greater_equal, multiply, subtract
from .reduce import reduce_all
from .slicing import slice as slice_of

_MODULUS = 2**31 - 1  # what TensorFlow reduces the seeds of its API by

# -- seeds ----------------------------------------------------------------------------------------------------------


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """TensorFlow's pair (graph seed, op seed) for an op made now with this `seed` argument; Nones: left to chance.

    Only an op seed: the graph's is 87654321. Only a graph seed: the op's is the number of operations made so far (as in
    TensorFlow 1; later versions count only the random ones). Both are reduced modulo 2**31 - 1, and (0, 0), which
    stands for chance inside TensorFlow, becomes (0, 2**31 - 1).
    """
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return None, None
    graph_seed = DEFAULT_GRAPH_SEED if graph.seed is None else graph.seed
    pair = graph_seed % _MODULUS, (graph.last_id if op_seed is None else op_seed) % _MODULUS
    return (0, _MODULUS) if pair == (0, 0) else pair


def seed_attributes(op_seed: int | None) -> dict[str, Any]:
    """The seeds as attributes of an op."""
    first, second = get_seed(op_seed)
    return {"seed": first or 0, "seed2": second or 0}


_ENTROPY: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def stream_of(op: Operation, session: Any) -> tuple[int, int]:
    """The seeds that an op draws with: its own, or where these are left to chance, the session's entropy and its id."""
    if op.attrs["seed"] or op.attrs["seed2"]:
        return op.attrs["seed"], op.attrs["seed2"]
    return _ENTROPY.setdefault(session, secrets.randbits(63)), op.id


# -- fills ----------------------------------------------------------------------------------------------------------


def _bind_fill(kind: str) -> Callable:
    """The binding of an op that fills a new array of a given shape by the kernel called `kind`.

    A plan that fuses the draw with its scaling gives the kernel's own arguments for that.
    """

    def bind(op: Operation, k: Any, session: Any, donated: frozenset[int], **scaling: Any) -> Callable[..., Any]:
        fill, dtype, seeds = getattr(k, kind), op.outputs[0].dtype.numpy, stream_of(op, session)

        def run(shape: Any, *bounds: Any) -> Any:
            sizes, limits = shape.tolist(), [int(bound) for bound in bounds]
            if min(sizes, default=0) < 0:
                raise InvalidArgumentError(None, None, f"Dimensions must be >= 0, but the shape is {sizes}")
            if limits and not limits[0] < limits[1]:
                raise InvalidArgumentError(None, None, f"Need minval < maxval, got {limits[0]} >= {limits[1]}")
            out = k.xp.empty(sizes, dtype)
            offset = session.next_in_stream(op, reserved(out.size, dtype, kind))
            fill(out, seeds, *limits, offset=offset, **scaling)
            return out

        return run

    return bind


def _given_shape(shape: Tensor, *_: Tensor, **__: Any) -> TensorShape:
    if shape.shape.ndims not in (None, 1):
        raise ValueError(f"Shape must be rank 1 but is rank {shape.shape.ndims}")
    return constant_value_as_shape(shape)


RandomUniform, RandomStandardNormal, TruncatedNormal = (
    define(
        type,
        "shape:I -> output:dtype",
        shape=_given_shape,
        bind=_bind_fill(kind),
        grad=not_differentiable,
        host=["shape"],
    )
    for type, kind in (
        ("RandomUniform", "uniform"),
        ("RandomStandardNormal", "normal"),
        ("TruncatedNormal", "truncated_normal"),
    )
)

RandomUniformInt = define(
    "RandomUniformInt",
    "shape:I, min:Tout, max:Tout -> output:Tout",
    shape=_given_shape,
    bind=_bind_fill("uniform_int"),
    grad=not_differentiable,
    types={"Tout": (int32, int64)},
    host=["shape", "min", "max"],
)


def float_dtype(dtype: Any) -> Any:
    dtype = as_dtype(dtype)
    if dtype not in FLOATS:
        names = ", ".join(t.name for t in (float16, bfloat16, float32, float64))
        raise TypeError(
            f"Value passed to parameter 'dtype' has DataType {dtype.name} not in list of allowed values: {names}"
        )
    return dtype


def shape_tensor(shape: Any) -> Tensor:
    """A shape as a 1-D integer tensor (an empty list would convert to floats)."""
    if isinstance(shape, (list, tuple, TensorShape)) and not len(shape):
        shape = np.zeros(0, np.int32)
    return convert_to_tensor(shape, name="shape")


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform samples of [minval, maxval): float16, bfloat16, float32, float64 (to 1 by default), int32 or int64.

    The same seeds give TensorFlow's own values, bit for bit. Raises ValueError for another dtype and for an integer
    dtype without `maxval`, InvalidArgumentError in a run for integers of an empty range.
    """
    dtype = as_dtype(dtype)
    accepted = (float16, bfloat16, float32, float64, int32, int64)
    if dtype not in accepted:
        raise ValueError(f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are {accepted}.")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with op_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        from_0 = isinstance(minval, int) and minval == 0  # not 0.0: TensorFlow builds these differently
        if dtype.is_floating and from_0 and isinstance(maxval, int) and maxval == 1:
            return RandomUniform(sizes, dtype=dtype, **seed_attributes(seed))
        low, high = convert_to_tensor(minval, dtype, name="min"), convert_to_tensor(maxval, dtype, name="max")
        if dtype.is_integer:
            return RandomUniformInt(sizes, low, high, **seed_attributes(seed), name=scope)
        samples = RandomUniform(sizes, dtype=dtype, **seed_attributes(seed))
        if from_0:
            return multiply(samples, high)
        return add(multiply(samples, subtract(high, low, name="sub"), name="mul"), low, name=scope)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal samples. The same seeds give TensorFlow's own values (within 2e-6 standard deviations for float32)."""
    return _normal(RandomStandardNormal, "random_normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal samples, drawn again where they lie beyond two `stddev` of the mean; TensorFlow's own for its seeds."""
    return _normal(TruncatedNormal, "truncated_normal", shape, mean, stddev, dtype, seed, name)


def _normal(
    op: OpDef, default: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: int | None, name: str | None
) -> Tensor:
    dtype = float_dtype(dtype)
    with op_scope(name, default, [shape, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        center, width = convert_to_tensor(mean, dtype, name="mean"), convert_to_tensor(stddev, dtype, name="stddev")
        samples = op(sizes, dtype=dtype, **seed_attributes(seed))
        return add(multiply(samples, width, name="mul"), center, name=scope)


# -- order and choice -----------------------------------------------------------------------------------------------


def _bind_shuffle(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[Any], Any]:
    seeds = stream_of(op, session)

    def shuffle(value: Any) -> Any:
        if value.ndim == 0 or value.shape[0] < 2:
            return k.xp.array(value)
        order = k.xp.empty(value.shape[0], np.int64)
        k.permutation(order, seeds, offset=session.next_in_stream(op, reserved(order.size, order.dtype, "permutation")))
        return value[order]

    return shuffle


RandomShuffle = define(
    "RandomShuffle",
    "value:T -> output:T",
    shape=same_shape,
    bind=_bind_shuffle,
    grad=not_differentiable,
)


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """`value` with its rows (along the first axis) in random order. No gradient flows back, as in TensorFlow."""
    return RandomShuffle(value, **seed_attributes(seed), name=name)


def draws_shape(logits: Tensor, num_samples: Tensor, **_: Any) -> TensorShape:
    count = constant_value(num_samples)
    rows = logits.shape.with_rank(2).sizes[0]  # type: ignore[index]
    return TensorShape([rows, None if count is None else int(count)])


def _bind_multinomial(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[Any, Any], Any]:
    seeds, dtype = stream_of(op, session), op.outputs[0].dtype.numpy

    def draw(logits: Any, num_samples: Any) -> Any:
        count = int(num_samples)
        offset = session.next_in_stream(op, reserved_multinomial(logits.shape[0], count))
        return k.multinomial(logits, count, seeds, dtype, offset=offset)

    return draw


Multinomial = define(
    "Multinomial",
    "logits:T, num_samples:int32 -> output:output_dtype",
    shape=draws_shape,
    bind=_bind_multinomial,
    grad=not_differentiable,
    host=["num_samples"],
)


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Tensor:
    """Class numbers, shape [batch, num_samples], int64 by default, drawn by the unscaled log weights of each row.

    `logits` has shape [batch, classes].
    """
    with op_scope(name, "multinomial", [logits]):
        logits = convert_to_tensor(logits, name="logits")
        dtype = int64 if output_dtype is None else as_dtype(output_dtype)
        return Multinomial(logits, num_samples, output_dtype=dtype, **seed_attributes(seed))


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`multinomial` under the name that TensorFlow 2 gave it."""
    return multinomial(logits, num_samples, seed, name or "categorical", dtype)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A slice of shape `size` at a random place. Raises InvalidArgumentError in a run where `size` is too large."""
    with op_scope(name, "random_crop", [value, size]) as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, int32, name="size")
        sizes = shape_of(value)
        fits = Assert(reduce_all(greater_equal(sizes, size)), ["Need value.shape >= size, got ", sizes, size], 1000)
        room = add(subtract(with_dependencies([fits], sizes), size, name="sub"), 1, name="add")
        place = random_uniform(shape_of(room), dtype=int32, maxval=int32.max, seed=seed)
        return slice_of(value, floormod(place, room, name="mod"), size, name=scope)


__all__ = [
    "categorical", "get_seed", "multinomial", "random_crop", "random_normal", "random_shuffle", "random_uniform",
    "truncated_normal",
]  # fmt: skip
