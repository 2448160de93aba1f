"""Cases of engine/ops/state.py: what the variable holds once the op has run."""

import numpy as np
from op_cases import Case, normal, positive


def after(change, start=None, dtype=np.float64):
    """Builds `change(tf, variable, x)` of a 4 x 3 variable; gives the variable as it leaves it."""
    start = normal(4, 3, seed=2) if start is None else start

    def build(tf, *inputs):
        variable = tf.Variable(np.asarray(start, dtype), name="v")
        changed = change(tf, variable, *inputs)
        with tf.control_dependencies([changed]):
            return [changed, variable.read_value()]

    return build


def case(name, op, change, *inputs, **variable):
    return Case(name, ("VariableV2", op), after(change, **variable), inputs, differentiable=False)


ROWS = [3, 0, 3]
POINTS = [[3, 2], [0, 0], [3, 2]]
KINDS = ("update", "add", "sub", "mul", "div", "min", "max")

CASES = [
    case("assign", "Assign", lambda tf, v, x: tf.assign(v, x), normal(4, 3)),
    Case(
        "assign_of_another_shape",
        ("Assign",),
        lambda tf, x: tf.assign(tf.Variable(normal(4, 3)), x, validate_shape=False),
        (normal(2),),
        differentiable=False,
    ),
    case("assign_add", "AssignAdd", lambda tf, v, x: tf.assign_add(v, x), normal(4, 3)),
    case("assign_sub", "AssignSub", lambda tf, v, x: tf.assign_sub(v, x), normal(4, 3)),
    case(
        "assign_add_of_bfloat16",
        "AssignAdd",
        lambda tf, v, x: v.assign_add(tf.cast(x, v.dtype)),
        normal(4, 3),
        dtype="bfloat16",
    ),
    case("is_variable_initialized", "IsVariableInitialized", lambda tf, v: tf.is_variable_initialized(v)),
    case("count_up_to", "CountUpTo", lambda tf, v: tf.count_up_to(v, 9), start=3, dtype=np.int64),
    *(
        case(
            f"scatter_{kind}_rows",
            f"Scatter{kind.capitalize()}",
            lambda tf, v, x, kind=kind: getattr(tf, f"scatter_{kind}")(v, ROWS, x),
            positive(3, 3),
        )
        for kind in KINDS
    ),
    *(
        case(
            f"scatter_{kind}_a_scalar",
            f"Scatter{kind.capitalize()}",
            lambda tf, v, x, kind=kind: getattr(tf, f"scatter_{kind}")(v, [[1], [2]], x),
            np.float64(1.5),
        )
        for kind in KINDS
    ),
    case(
        "scatter_div_integers",
        "ScatterDiv",
        lambda tf, v: tf.scatter_div(v, [0, 1], [2, -2]),
        start=[-7, 7],
        dtype=np.int32,
    ),
    *(
        case(
            f"scatter_nd_{kind}_points",
            f"ScatterNd{kind.capitalize()}",
            lambda tf, v, x, kind=kind: getattr(tf, f"scatter_nd_{kind}")(v, POINTS, x),
            positive(3),
        )
        for kind in ("update", "add", "sub")
    ),
    *(
        case(
            f"scatter_nd_{kind}_rows",
            f"ScatterNd{kind.capitalize()}",
            lambda tf, v, x, kind=kind: getattr(tf, f"scatter_nd_{kind}")(v, [[[1]], [[2]]], x),
            positive(2, 1, 3),
        )
        for kind in ("update", "add", "sub")
    ),
]
