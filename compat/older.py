"""Names from before TensorFlow 1.0, of functions that are called otherwise since."""

from ..engine.ops.array import concat, stack, unstack
from ..engine.ops.decompositions import svd
from ..engine.ops.linalg import matmul
from ..engine.ops.math import multiply, negative, subtract

mul, sub, neg = multiply, subtract, negative
pack, unpack, concat_v2 = stack, unstack, concat
batch_matmul, batch_svd = matmul, svd

__all__ = ["batch_matmul", "batch_svd", "concat_v2", "mul", "neg", "pack", "sub", "unpack"]
