"""Cases of engine/ops/imported.py and train/saver_ops.py, whose ops no function makes."""

import os
import tempfile

import numpy as np
from op_cases import Case, normal, positive

from scopeflow.engine.registry import get_op


def _grad(type, *inputs, **attrs):
    return get_op(type)(*inputs, **attrs)


def _of_an_activation(type, inputs):
    return Case(f"slope_{type}", (type,), lambda tf, *xs: _grad(type, *xs), inputs, differentiable=False)


def _batch_norm(tf, dy, x, scale, mean, variance, **attrs):
    return _grad(
        "FusedBatchNormGradV3", dy, x, scale, mean, variance, variance, epsilon=0.01, data_format="NHWC", **attrs
    )[:3]


def _saved_and_restored(tf, x):
    path = os.path.join(tempfile.mkdtemp(), "m")
    texts = [[b"x", b"part", b"part"], [b"", b"4 3 0,2:-", b"4 3 2,2:0,3"]]
    part = tf.cast(x[:2] * 9.0, tf.int32)
    with tf.control_dependencies([_grad("SaveV2", path, *texts, x, part, -part)]):
        return _grad("RestoreV2", tf.identity(path), *texts, dtypes=[tf.float64, tf.int32, tf.int32])


def _prefix_of_a_shard(tf, n):
    name = _grad("ShardedFilename", "folder/m", n, 12)
    _grad("MergeV2Checkpoints", [name], "folder/m")
    return name


X, DY = normal(3, 4), normal(3, 4, seed=1)
IMAGES = tuple(normal(2, 3, 2, 4, seed=i).astype(np.float32) for i in range(3))
CHANNELS = tuple(positive(4, seed=i).astype(np.float32) for i in range(3))

CASES = [
    *(
        _of_an_activation(type, (X, DY))
        for type in (
            "TanhGrad", "SigmoidGrad", "SoftplusGrad", "SoftsignGrad", "ReciprocalGrad",
        )
    ),
    *(_of_an_activation(type, (positive(3, 4), DY)) for type in ("SqrtGrad", "RsqrtGrad")),
    Case(
        "slope_of_lrn",
        ("LRNGrad",),
        lambda tf, g, x: _grad("LRNGrad", g, x, tf.nn.lrn(x), depth_radius=2, bias=1.0, alpha=0.5, beta=0.75),
        IMAGES[:2],
        differentiable=False,
    ),
    *(
        Case(
            f"slope_of_batch_norm_{'in_training' if training else 'after_it'}",
            ("FusedBatchNormGradV3",),
            lambda tf, *inputs, training=training: _batch_norm(tf, *inputs, is_training=training),
            (normal(2, 3, 2, 4), normal(2, 3, 2, 4, seed=1), *(positive(4, seed=i) for i in range(3))),
        )
        for training in (True, False)
    ),
    Case(
        "slope_of_batch_norm_of_float32",
        ("FusedBatchNormGradV3",),
        lambda tf, *inputs: _batch_norm(tf, *inputs, is_training=True),
        (*IMAGES[:2], *CHANNELS),
        differentiable=False,
    ),
    Case(
        "axes_of_a_broadcast",
        ("BroadcastGradientArgs",),
        lambda tf, a, b: _grad("BroadcastGradientArgs", a, b),
        (np.array([3, 1, 1, 5], np.int32), np.array([4, 1, 5], np.int32)),
        differentiable=False,
    ),
    Case(
        "offsets_of_a_concat",
        ("ConcatOffset",),
        lambda tf, a, b, c: _grad("ConcatOffset", 1, a, b, c, N=3),
        tuple(np.array([2, n, 5], np.int32) for n in (3, 4, 1)),
        differentiable=False,
    ),
    Case("saved_and_restored", ("SaveV2", "RestoreV2"), _saved_and_restored, (normal(3, 3),), differentiable=False),
    Case(
        "prefix_of_a_shard",
        ("ShardedFilename", "MergeV2Checkpoints"),
        _prefix_of_a_shard,
        (np.int32(3),),
        differentiable=False,
    ),
    Case(
        "shapes_of_several",
        ("ShapeN",),
        lambda tf, a, b: _grad("ShapeN", a, b, out_type=tf.int64, N=2),
        (normal(2, 3), normal(4)),
        differentiable=False,
    ),
]  # fmt: skip
