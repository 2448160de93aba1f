"""Cases of engine/ops/basic.py."""

import numpy as np
from op_cases import Case, normal

CASES = [
    Case("identity", ("Identity",), lambda tf, x: tf.identity(x), (normal(2, 3),)),
    Case("stop_gradient", ("StopGradient",), lambda tf, x: tf.stop_gradient(x) * 2.0, (normal(2, 3),), differentiable=False),
    Case("reshape_to_unknown", ("Reshape",), lambda tf, x: tf.reshape(x, [3, -1]), (normal(2, 6),)),
    Case("expand_dims_at_the_end", ("ExpandDims",), lambda tf, x: tf.expand_dims(x, -1), (normal(2, 3),)),
    Case("squeeze_one_of_two", ("Squeeze",), lambda tf, x: tf.squeeze(x, [1]), (normal(2, 1, 3, 1),)),
    Case("cast_to_float32_and_back", ("Cast",), lambda tf, x: tf.cast(tf.cast(x, tf.int32), tf.float64), (normal(2, 3),), differentiable=False),
    Case("fill_with_a_tensor", ("Fill",), lambda tf, x: tf.fill([2, 3], x), (np.float64(1.5),)),
    Case("broadcast_to", ("BroadcastTo",), lambda tf, x: tf.broadcast_to(x, [2, 4, 3]), (normal(4, 1),)),
]
