"""Cases of engine/ops/training.py."""

import numpy as np
from op_cases import Case, normal, positive

from scopeflow.engine.registry import get_op

SCALARS = {
    "alpha": 0.1, "lr": 0.1, "momentum": 0.9, "rho": 0.8, "epsilon": 1e-3, "beta1_power": 0.81, "beta2_power": 0.5,
    "beta1": 0.9, "beta2": 0.7, "l1": 0.05, "l2": 0.1, "l2_shrinkage": 0.01, "lr_power": -0.5,
    "global_step": 3,
}  # fmt: skip
METHODS = {
    "GradientDescent": {},
    "Momentum": {"use_nesterov": False},
    "Adagrad": {},
    "Adadelta": {},
    "RMSProp": {},
    "CenteredRMSProp": {},
    "Adam": {},
    "FtrlV2": {},
    "ProximalGradientDescent": {},
    "ProximalAdagrad": {},
    "AdagradDA": {},
}
INDICES = [2, 0, 2]


def scalar(tf, arg, dtype):
    """An op's input of one number: of its own dtype, or else of `dtype`."""
    return tf.constant(SCALARS[arg.name], tf.int64 if arg.type == "int64" else dtype)


def step(op_type, dtype=np.float64, **attrs):
    """Builds one step of a 4 x 3 variable; gives the variable as the step leaves it, then its slots."""

    def build(tf, grad):
        definition, states, inputs = get_op(op_type), [], []
        for i, arg in enumerate(definition.args):
            if arg.name in definition.ref:
                start = (normal if i == 0 else positive)(4, 3, seed=i).astype(dtype)
                states.append(tf.Variable(start + (2 if arg.name == "ms" else 0), name=arg.name))
                inputs.append(states[-1])
            elif arg.name == "indices":
                inputs.append(tf.constant(INDICES))
            else:
                inputs.append(grad if arg.name in ("grad", "delta") else scalar(tf, arg, grad.dtype))
        stepped = definition(*inputs, **attrs)
        with tf.control_dependencies([stepped]):
            return [stepped, *(state.read_value() for state in states[1:])]

    return build


CASES = [
    *(
        Case(f"apply_{name}", (f"Apply{name}",), step(f"Apply{name}", **attrs), (normal(4, 3, seed=9),), False)
        for name, attrs in METHODS.items()
    ),
    *(
        Case(
            f"sparse_{name}",
            (f"SparseApply{name}",),
            step(f"SparseApply{name}", **attrs),
            (normal(3, 3, seed=9),),
            False,
        )
        for name, attrs in METHODS.items()
    ),
    Case("nesterov", ("ApplyMomentum",), step("ApplyMomentum", use_nesterov=True), (normal(4, 3, seed=9),), False),
    Case(
        "adam_in_half",
        ("ApplyAdam",),
        step("ApplyAdam", np.float16),
        (normal(4, 3, seed=9).astype(np.float16),),
        False,
    ),
]
