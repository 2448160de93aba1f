"""Cases of engine/ops/basic.py."""

import numpy as np
from op_cases import Case, normal

from scopeflow.engine.ops.basic import Cast, SumLike, sum_to_shape


def _measures(tf, x):
    return [tf.shape(x), tf.size(x), tf.rank(tf.placeholder_with_default(x, None))]


CASES = [
    Case("sum_like", ("SumLike",), lambda tf, x: SumLike(x * x, tf.zeros([3, 1], tf.int32)), (normal(2, 3, 4),)),
    Case("sum_to_shape", ("SumToShape",), lambda tf, x: sum_to_shape(x * x, [3, 1]), (normal(2, 3, 4),)),
    Case("cast_of_a_float", ("Cast",), lambda tf, x: Cast(x * x, DstT=tf.float64), (normal(2, 3),)),
    Case(
        "placeholder_with_default",
        ("PlaceholderWithDefault",),
        lambda tf, x: tf.placeholder_with_default(x * 2.0, [2, 3]),
        (normal(2, 3),),
    ),
    Case(
        "shape_size_and_rank",
        ("Shape", "Size", "Rank"),
        lambda tf, n: _measures(tf, tf.zeros([n, n])),
        (np.int32(3),),
        differentiable=False,
    ),
    Case(
        "zeros_like_of_unknown_shape",
        ("ZerosLike",),
        lambda tf, n: tf.zeros_like(tf.ones([n, n])),
        (np.int32(3),),
        differentiable=False,
    ),
    Case(
        "identity_n",
        ("IdentityN",),
        lambda tf, x, y: tf.identity_n([x, y, tf.constant(1)])[:2],
        (normal(2, 3), normal(4)),
    ),
    Case("identity", ("Identity",), lambda tf, x: tf.identity(x), (normal(2, 3),)),
    Case(
        "stop_gradient",
        ("StopGradient",),
        lambda tf, x: tf.stop_gradient(x) * 2.0,
        (normal(2, 3),),
        differentiable=False,
    ),
    Case("reshape_to_unknown", ("Reshape",), lambda tf, x: tf.reshape(x, [3, -1]), (normal(2, 6),)),
    Case("expand_dims_at_the_end", ("ExpandDims",), lambda tf, x: tf.expand_dims(x, -1), (normal(2, 3),)),
    Case("squeeze_one_of_two", ("Squeeze",), lambda tf, x: tf.squeeze(x, [1]), (normal(2, 1, 3, 1),)),
    Case(
        "cast_to_float32_and_back",
        ("Cast",),
        lambda tf, x: tf.cast(tf.cast(x, tf.int32), tf.float64),
        (normal(2, 3),),
        differentiable=False,
    ),
    Case("fill_with_a_tensor", ("Fill",), lambda tf, x: tf.fill([2, 3], x), (np.float64(1.5),)),
    Case("broadcast_to", ("BroadcastTo",), lambda tf, x: tf.broadcast_to(x, [2, 4, 3]), (normal(4, 1),)),
]
