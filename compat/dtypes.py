"""tf.dtypes: the types of elements, and casts between them."""

from ..engine.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from ..engine.dtypes import bool_ as bool
from ..engine.ops.basic import cast
from ..engine.ops.math import saturate_cast

__all__ = [
    "DType", "as_dtype", "bfloat16", "bool", "cast", "complex128", "complex64", "double", "float16", "float32",
    "float64", "half", "int16", "int32", "int64", "int8", "saturate_cast", "string", "uint16", "uint32", "uint64",
    "uint8", "variant",
]  # fmt: skip
