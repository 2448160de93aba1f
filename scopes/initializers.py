"""Initializers: how a variable's first value is drawn, with TensorFlow's own values for its seeds."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from ..engine import build
from ..engine.dtypes import FLOATS, DType, as_dtype, float32
from ..engine.graph import Tensor
from ..engine.ops import array, basic, random
from ..engine.ops.decompositions import qr
from ..engine.ops.diagonals import diag_part, eye
from ..engine.ops.linalg import matrix_transpose
from ..engine.ops.math import multiply, sign
from ..kernels.scaling import DISTRIBUTIONS, FAMILIES, MODES, spread
from .partitions import PartitionInfo


def _float_dtype(dtype: Any) -> DType:
    dtype = as_dtype(dtype)
    if dtype not in FLOATS:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


class Initializer:
    """Makes the first value of a variable: ``initializer(shape, dtype=None, partition_info=None)`` gives a tensor.

    `dtype` overrides the initializer's own. `partition_info` tells, for one part of a variable, the shape of the whole
    and where the part begins. A subclass keeps its arguments under their own names in `config`.
    """

    config: dict[str, Any]

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with dtypes by name: what `from_config` takes."""
        return {name: value.name if isinstance(value, DType) else value for name, value in self.config.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """An initializer like the one that `get_config` described."""
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        config = self.__dict__.get("config", {})
        if name in config:
            return config[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _dtype(self, dtype: Any) -> DType:
        return as_dtype(self.config["dtype"] if dtype is None else dtype)

    def __str__(self) -> str:
        """Its name and what differs from the defaults: "truncated_normal(stddev=0.1)"."""
        defaults = type(self)._defaults()
        said = {k: v for k, v in self.get_config().items() if k not in defaults or not _same(v, defaults[k])}
        return f"{self._name}({', '.join(f'{k}={v}' for k, v in said.items())})"

    _name = "initializer"

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return {
            name: p.default.name if isinstance(p.default, DType) else p.default
            for name, p in inspect.signature(cls.__init__).parameters.items()
            if p.default is not p.empty
        }


def _same(x: Any, y: Any) -> bool:
    return x is y or (isinstance(x, (int, float, str)) and x == y)


# -- fixed values ---------------------------------------------------------------------------------------------------


class Zeros(Initializer):
    """Zeros; False for booleans, empty strings."""

    _name = "zeros"

    def __init__(self, dtype: Any = float32) -> None:
        self.config = {"dtype": as_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        return basic.zeros(shape, self._dtype(dtype))


class Ones(Initializer):
    """Ones; True for booleans."""

    _name = "ones"

    def __init__(self, dtype: Any = float32) -> None:
        self.config = {"dtype": as_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        return basic.ones(shape, self._dtype(dtype))


class Constant(Initializer):
    """A value: a scalar for all elements, or values in row-major order, of which the last fills what is left over.

    With `verify_shape` the value must have the variable's shape. Raises TypeError for a value that is no scalar, list,
    tuple or array, and, when called, ValueError or TypeError for one that does not fit.
    """

    _name = "constant"

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                "Invalid type for initial value. Expected Python scalar, list or tuple of values, or numpy.ndarray. "
                f"Received {value} of type {type(value)}"
            )
        self.config = {"value": value, "dtype": as_dtype(dtype), "verify_shape": verify_shape}

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: PartitionInfo | None = None,
        verify_shape: bool | None = None,
    ) -> Tensor:
        verify = self.config["verify_shape"] if verify_shape is None else verify_shape
        return build.constant(self.config["value"], self._dtype(dtype), shape, verify_shape=verify)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.config["value"], "dtype": self.config["dtype"].name}


class Identity(Initializer):
    """`gain` times the identity matrix; a matrix with more rows or columns than the other has zeros there."""

    _name = "identity"

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        self.config = {"gain": gain, "dtype": _float_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        whole = list(shape if partition_info is None else partition_info.full_shape)
        if len(whole) != 2:
            raise ValueError("Identity matrix initializer can only be used for two-dimensional matrices.")
        matrix = eye(int(whole[0]), int(whole[1]), dtype=self._dtype(dtype))
        if partition_info is not None:
            matrix = array.slice(matrix, partition_info.var_offset, list(shape))
        return multiply(self.config["gain"], matrix, name="mul")


# -- random values --------------------------------------------------------------------------------------------------


class RandomUniform(Initializer):
    """Uniform on [minval, maxval)."""

    _name = "random_uniform"

    def __init__(self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = float32) -> None:
        dtype = as_dtype(dtype)
        if maxval is None and dtype in FLOATS:
            maxval = 1.0
        self.config = {"minval": minval, "maxval": maxval, "seed": seed, "dtype": dtype}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        config = self.config
        return random.random_uniform(shape, config["minval"], config["maxval"], self._dtype(dtype), config["seed"])


class RandomNormal(Initializer):
    """Normal with a mean and a standard deviation."""

    _name = "random_normal"
    _draw = staticmethod(random.random_normal)

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.config = {"mean": mean, "stddev": stddev, "seed": seed, "dtype": _float_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        config = self.config
        return self._draw(shape, config["mean"], config["stddev"], self._dtype(dtype), config["seed"])


class TruncatedNormal(RandomNormal):
    """Normal with a mean and a standard deviation, drawn again beyond two standard deviations of the mean."""

    _name = "truncated_normal"
    _draw = staticmethod(random.truncated_normal)


class UniformUnitScaling(Initializer):
    """Uniform such that a layer keeps the scale of its inputs: limits of ``sqrt(3 / prod(shape[:-1])) * factor``.

    Sussillo and Abbott, Random Walk Initialization for Training Very Deep Feedforward Networks (2014), who give the
    factors of activation functions (1.43 for relu).
    """

    _name = "uniform_unit_scaling"

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.config = {"factor": factor, "seed": seed, "dtype": _float_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        whole = shape if partition_info is None else partition_info.full_shape
        inputs = max(1.0, float(math.prod(int(d) for d in whole[:-1])))
        limit = math.sqrt(3 / inputs) * self.config["factor"]
        return random.random_uniform(shape, -limit, limit, self._dtype(dtype), self.config["seed"])


class VarianceScaling(Initializer):
    """Random values of variance ``scale / n``, n being the inputs of a unit, its outputs, or their mean.

    `mode` is "fan_in", "fan_out" or "fan_avg"; `distribution` is "truncated_normal" ("normal" is the same),
    "untruncated_normal" or "uniform". A filter's fans count its receptive field. The family of Glorot and Bengio,
    Understanding the difficulty of training deep feedforward neural networks (2010), and He et al., Delving deep into
    rectifiers (2015). Raises ValueError for a scale that is not positive, another mode or distribution.
    """

    _name = "variance_scaling"

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        if not scale > 0.0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {scale}")
        if mode not in MODES:
            raise ValueError(f"Argument `mode` should be one of {MODES}. Received: {mode}")
        distribution = str(distribution).lower()
        if distribution not in DISTRIBUTIONS:
            raise ValueError(f"Argument `distribution` should be one of {DISTRIBUTIONS}. Received: {distribution}")
        self.config = {
            "scale": scale, "mode": mode, "distribution": distribution, "seed": seed, "dtype": _float_dtype(dtype),
        }  # fmt: skip

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        config, dtype, seed = self.config, self._dtype(dtype), self.config["seed"]
        whole = shape if partition_info is None else partition_info.full_shape
        width = spread(whole, config["scale"], config["mode"], config["distribution"])
        if config["distribution"] == "uniform":
            return random.random_uniform(shape, -width, width, dtype, seed)
        if config["distribution"] == "untruncated_normal":
            return random.random_normal(shape, 0.0, width, dtype, seed)
        return random.truncated_normal(shape, 0.0, width, dtype, seed)


def _scaled(name: str) -> type[VarianceScaling]:
    """A row of the table as a class, whose only arguments are the seed and the dtype."""
    scale, mode, distribution, whose = FAMILIES[name]

    def __init__(self: VarianceScaling, seed: int | None = None, dtype: Any = float32) -> None:
        VarianceScaling.__init__(self, scale, mode, distribution, seed, dtype)

    def get_config(self: VarianceScaling) -> dict[str, Any]:
        return {"seed": self.config["seed"], "dtype": self.config["dtype"].name}

    members = {
        "__init__": __init__,
        "__doc__": f"Variance {scale:g} / {mode}, {distribution}: {whose}.",
        "__module__": __name__,
        "get_config": get_config,
        "_name": name,
    }
    return type("".join(part.capitalize() for part in name.split("_")), (VarianceScaling,), members)


class Orthogonal(Initializer):
    """`gain` times a matrix with orthonormal columns, or rows where those are fewer; more dimensions are flattened.

    Of a shape of two dimensions or more, all but the last are taken as one. Q of the QR factors of a normal draw, its
    columns' signs fixed by R's diagonal: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks (2014). Raises ValueError, when called, for a shape of less than two dimensions.
    """

    _name = "orthogonal"

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.config = {"gain": gain, "seed": seed, "dtype": _float_dtype(dtype)}

    def __call__(self, shape: Any, dtype: Any = None, partition_info: PartitionInfo | None = None) -> Tensor:
        sizes = [int(d) for d in shape]
        if len(sizes) < 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. "
                f"Received shape={shape}"
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        draw = random.random_normal(
            [max(rows, columns), min(rows, columns)], dtype=self._dtype(dtype), seed=self.config["seed"]
        )
        q, r = qr(draw, full_matrices=False)
        q = multiply(q, sign(diag_part(r)), name="mul")
        if rows < columns:
            q = matrix_transpose(q)
        return multiply(self.config["gain"], basic.reshape(q, sizes), name="mul")


# -- TensorFlow 1's names: tf.initializers.X, and tf.X_initializer --------------------------------------------------

zeros = zeros_initializer = Zeros
ones = ones_initializer = Ones
constant = constant_initializer = Constant
identity = identity_initializer = Identity
random_uniform = random_uniform_initializer = RandomUniform
random_normal = random_normal_initializer = RandomNormal
truncated_normal = truncated_normal_initializer = TruncatedNormal
uniform_unit_scaling = uniform_unit_scaling_initializer = UniformUnitScaling
variance_scaling = variance_scaling_initializer = VarianceScaling
orthogonal = orthogonal_initializer = Orthogonal
glorot_uniform = glorot_uniform_initializer = _scaled("glorot_uniform")
glorot_normal = glorot_normal_initializer = _scaled("glorot_normal")
he_uniform = he_uniform_initializer = _scaled("he_uniform")
he_normal = he_normal_initializer = _scaled("he_normal")
lecun_uniform = lecun_uniform_initializer = _scaled("lecun_uniform")
lecun_normal = lecun_normal_initializer = _scaled("lecun_normal")

__all__ = [
    "Initializer", "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity",
    "lecun_normal", "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal",
    "uniform_unit_scaling", "variance_scaling", "zeros",
]  # fmt: skip
