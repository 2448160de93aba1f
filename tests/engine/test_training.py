"""Updates in place: each rule against its formula in float64, rows, views, pieces, and refusals that change nothing."""

import numpy as np
import pytest
from op_cases_training import METHODS, SCALARS, scalar

import scopeflow as tf
from scopeflow.engine.ops import training
from scopeflow.engine.registry import get_op

STATE = {  # the variable and its slots, in the ops' order
    "GradientDescent": 1, "Momentum": 2, "Adagrad": 2, "Adadelta": 3, "RMSProp": 3, "CenteredRMSProp": 4, "Adam": 3,
    "FtrlV2": 3, "ProximalGradientDescent": 1, "ProximalAdagrad": 2, "AdagradDA": 3,
}  # fmt: skip


def reference(method, state, g, use_nesterov=False):
    """One step by the papers' formulas, as written there, in new arrays."""
    s = {name: np.float64(value) for name, value in SCALARS.items()}
    x, *slots = (np.array(a, np.float64) for a in state)
    g = np.array(g, np.float64)
    if method == "GradientDescent":
        return [x - s["alpha"] * g]
    if method == "Momentum":
        a = s["momentum"] * slots[0] + g
        return [x - s["lr"] * (g + s["momentum"] * a if use_nesterov else a), a]
    if method == "Adagrad":
        a = slots[0] + g**2
        return [x - s["lr"] * g / np.sqrt(a), a]
    if method == "Adadelta":
        a = s["rho"] * slots[0] + (1 - s["rho"]) * g**2
        u = np.sqrt(slots[1] + s["epsilon"]) / np.sqrt(a + s["epsilon"]) * g
        return [x - s["lr"] * u, a, s["rho"] * slots[1] + (1 - s["rho"]) * u**2]
    if method == "RMSProp":
        ms = s["rho"] * slots[0] + (1 - s["rho"]) * g**2
        m = s["momentum"] * slots[1] + s["lr"] * g / np.sqrt(ms + s["epsilon"])
        return [x - m, ms, m]
    if method == "CenteredRMSProp":
        mg = s["rho"] * slots[0] + (1 - s["rho"]) * g
        ms = s["rho"] * slots[1] + (1 - s["rho"]) * g**2
        m = s["momentum"] * slots[2] + s["lr"] * g / np.sqrt(ms - mg**2 + s["epsilon"])
        return [x - m, mg, ms, m]
    if method == "Adam":
        m = s["beta1"] * slots[0] + (1 - s["beta1"]) * g
        v = s["beta2"] * slots[1] + (1 - s["beta2"]) * g**2
        rate = s["lr"] * np.sqrt(1 - s["beta2_power"]) / (1 - s["beta1_power"])
        return [x - rate * m / (np.sqrt(v) + s["epsilon"]), m, v]
    if method == "ProximalGradientDescent":
        return [proximal(x - s["alpha"] * g, s["alpha"], s)]
    if method == "ProximalAdagrad":
        a = slots[0] + g**2
        rate = s["lr"] / np.sqrt(a)
        return [proximal(x - rate * g, rate, s), a]
    if method == "AdagradDA":
        u, a = slots[0] + g, slots[1] + g**2
        beyond = np.maximum(np.abs(u) - s["global_step"] * s["l1"], 0)
        return [-s["lr"] * np.sign(u) * beyond / (np.sqrt(a) + s["lr"] * s["global_step"] * s["l2"]), u, a]
    n = slots[0] + g**2
    sigma = (n ** -s["lr_power"] - slots[0] ** -s["lr_power"]) / s["lr"]
    z = slots[1] + g + 2 * s["l2_shrinkage"] * x - sigma * x
    quadratic = n ** -s["lr_power"] / s["lr"] + 2 * s["l2"]
    return [np.where(np.abs(z) > s["l1"], (np.sign(z) * s["l1"] - z) / quadratic, 0.0), n, z]


def proximal(x, rate, s):
    return np.sign(x) * np.maximum(np.abs(x) - rate * s["l1"], 0) / (1 + rate * s["l2"])


def size(dtype):
    return dtype.size


def start_of(method, shape, dtype, seed=0):
    """A variable of normal values and slots that are averages of squares: positive, and above any mean's square."""
    generator = np.random.default_rng(seed)
    state = [generator.standard_normal(shape)]
    state += [generator.uniform(0.5, 1.0, shape) + (1 if i == 1 else 0) for i in range(STATE[method] - 1)]
    return [a.astype(dtype) for a in state]


class Step:
    """One update op on variables of its own, in a graph and session of its own."""

    def __init__(self, op_type, state, grad, indices=None, grad_of=None, **attrs):
        self.graph = tf.Graph()
        with self.graph.as_default():
            definition = get_op(op_type)
            self.variables = [tf.Variable(a, name=f"state{i}") for i, a in enumerate(state)]
            grad = tf.constant(grad) if grad_of is None else grad_of(self.variables)
            inputs = list(self.variables)
            for arg in definition.args[len(state) :]:
                if arg.name in ("grad", "delta"):
                    inputs.append(grad)
                elif arg.name == "indices":
                    inputs.append(tf.convert_to_tensor(indices))
                else:
                    inputs.append(scalar(tf, arg, max(self.variables[0].dtype, tf.float32, key=size)))
            self.op = definition(*inputs, **attrs).op
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def values(self):
        return self.session.run(self.variables)

    def run(self):
        self.session.run(self.op)
        return self.values()


def furthest(got, wanted):
    """The greatest difference of any array, relative to 1 or to the value where that is more."""
    return max(
        float(np.max(np.abs(np.float64(a) - b) / np.maximum(1.0, np.abs(b)), initial=0.0))
        for a, b in zip(got, wanted, strict=True)
    )


# Some ten roundings of the dtype; of float16 a single one, as its steps are computed in float32.
TOLERANCE = {np.float64: 1e-14, np.float32: 2e-6, np.float16: 2.0**-11 + 1e-6}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("method", METHODS)
def test_a_dense_step_is_the_papers_formula(method, dtype):
    state = start_of(method, (4, 3), dtype)
    grad = np.random.default_rng(5).standard_normal((4, 3)).astype(dtype)
    for attrs in [{"use_nesterov": True}, {"use_nesterov": False}] if method == "Momentum" else [{}]:
        got = Step(f"Apply{method}", state, grad, **attrs).run()
        assert all(a.dtype == dtype for a in got)
        assert furthest(got, reference(method, state, grad, **attrs)) <= TOLERANCE[dtype]


@pytest.mark.parametrize("method", METHODS)
def test_a_sparse_step_moves_each_named_row_once_by_its_summed_gradient_and_no_other(method):
    state = start_of(method, (5, 3), np.float64)
    grad = np.random.default_rng(5).standard_normal((4, 3))
    indices = [3, 1, 3, 3]
    got = Step(f"SparseApply{method}", state, grad, indices, **METHODS[method]).run()
    summed = np.stack([grad[1], grad[0] + grad[2] + grad[3]])
    wanted = [a.copy() for a in state]
    for a, rows in zip(wanted, reference(method, [a[[1, 3]] for a in state], summed), strict=True):
        a[[1, 3]] = rows
    assert furthest(got, wanted) <= TOLERANCE[np.float64]
    untouched = [0, 2, 4]
    assert all(np.array_equal(a[untouched], b[untouched]) for a, b in zip(got, state, strict=True))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_rows_of_half_precision_are_summed_in_float32(dtype):
    half = dtype.as_numpy_dtype
    grad = np.ones((4096, 1), half)  # one after another, bfloat16 stops at 256 and float16 at 2048
    got = Step("SparseApplyGradientDescent", [np.zeros((1, 1), half)], grad, [0] * 4096).run()
    assert got[0][0, 0] == half(-0.1 * 4096)


def test_a_sparse_step_without_rows_changes_nothing():
    state = start_of("Adagrad", (5, 3), np.float32)
    got = Step("SparseApplyAdagrad", state, np.zeros((0, 3), np.float32), np.zeros(0, np.int64)).run()
    assert all(np.array_equal(a, b) for a, b in zip(got, state, strict=True))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, training._BLOCK - 1, training._BLOCK, 2 * training._BLOCK + 1])
def test_arrays_of_any_number_of_pieces_are_stepped_whole(method, size):
    state = start_of(method, (size,), np.float64)
    grad = np.random.default_rng(5).standard_normal(size)
    got = Step(f"Apply{method}", state, grad, **METHODS[method]).run()
    assert furthest(got, reference(method, state, grad)) <= TOLERANCE[np.float64]


def test_a_scalar_variable_is_stepped():
    state = start_of("Adam", (), np.float64)
    assert furthest(Step("ApplyAdam", state, np.float64(0.3)).run(), reference("Adam", state, 0.3)) <= 1e-14


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("which", [0, -1])
def test_a_gradient_that_is_a_view_of_what_the_step_overwrites_is_read_as_it_was(method, which):
    """The gradient of a product of variables is a variable, perhaps turned round, and a view needs no memory."""
    state = start_of(method, (2 * training._BLOCK + 5,), np.float64)
    views = {lambda a: a: lambda v: v.value(), lambda a: a[::-1]: lambda v: v.value()[::-1]}
    for wanted, view in views.items():
        got = Step(f"Apply{method}", state, None, grad_of=lambda vs: view(vs[which]), **METHODS[method]).run()  # noqa: B023
        assert furthest(got, reference(method, state, wanted(state[which]))) <= TOLERANCE[np.float64]


def test_a_gradient_with_strides_of_any_kind_is_read_right():
    state = start_of("Adam", (6, 4), np.float64)
    grad = np.random.default_rng(5).standard_normal((4, 6))
    strided = Step("ApplyAdam", state, None, grad_of=lambda _: tf.transpose(tf.constant(grad))).run()
    assert furthest(strided, reference("Adam", state, grad.T)) <= 1e-14
    one = Step("ApplyAdam", state, None, grad_of=lambda _: tf.broadcast_to(tf.constant(grad[:1, :4]), [6, 4])).run()
    assert furthest(one, reference("Adam", state, np.broadcast_to(grad[:1, :4], (6, 4)))) <= 1e-14


def test_a_buffer_in_fortran_order_is_stepped_in_place():
    state = start_of("Momentum", (6, 4), np.float64)
    grad = np.random.default_rng(5).standard_normal((6, 4))
    step = Step("ApplyMomentum", state, grad, use_nesterov=False)
    held = step.session.variable(step.variables[0].op)
    held.array = np.asfortranarray(held.array)
    assert furthest(step.run(), reference("Momentum", state, grad)) <= 1e-14


@pytest.mark.parametrize("op_type", ["ApplyAdam", "SparseApplyAdagrad", "SparseApplyGradientDescent"])
def test_buffers_keep_their_addresses(op_type):
    state = start_of(op_type.replace("Sparse", "")[5:], (4, 3), np.float32)
    sparse = op_type.startswith("Sparse")
    step = Step(op_type, state, np.ones((1 if sparse else 4, 3), np.float32), [2] if sparse else None)
    buffers = [step.session.buffer(v) for v in step.variables]
    before = [(b.ctypes.data, b.copy()) for b in buffers]
    step.run()
    for variable, (address, old) in zip(step.variables, before, strict=True):
        assert step.session.buffer(variable).ctypes.data == address
        assert not np.array_equal(step.session.buffer(variable), old)


# -- refusals -------------------------------------------------------------------------------------------------------


def fed(op_type, state, feeds):
    """The op with inputs of unknown shapes, its variables, and a function that runs it with the feeds."""
    graph = tf.Graph()
    with graph.as_default():
        variables = [tf.Variable(a) for a in state]
        definition = get_op(op_type)
        holders = {arg.name: tf.placeholder(tf.float32) for arg in definition.args[len(state) :]}
        if "indices" in holders:
            holders["indices"] = tf.placeholder(tf.int32)
        op = definition(*variables, *holders.values()).op
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    values = {name: np.float32(SCALARS.get(name, 0)) for name in holders} | feeds
    return session, variables, lambda: session.run(op, {holders[name]: value for name, value in values.items()})


ONES = np.ones((3, 2), np.float32)


@pytest.mark.parametrize(
    ("op_type", "feeds", "message"),
    [
        ("ApplyAdagrad", {"grad": np.ones((2, 3))}, r"var and grad do not have the same shape \[3, 2\] \[2, 3\]"),
        ("ApplyAdagrad", {"grad": np.ones(())}, "var and grad do not have the same shape"),
        ("ApplyAdagrad", {"grad": ONES, "lr": [0.1]}, r"lr is not a scalar: \[1\]"),
        ("SparseApplyAdagrad", {"grad": ONES, "indices": [0, 1, 3]}, "Index 3 at offset 2 in indices is out of"),
        ("SparseApplyAdagrad", {"grad": ONES, "indices": [0, -1, 1]}, "Index -1 at offset 1 in indices is out of"),
        ("SparseApplyAdagrad", {"grad": ONES, "indices": [0, 1]}, "grad must be the same size as indices"),
        ("SparseApplyAdagrad", {"grad": np.ones((2, 3)), "indices": [0, 1]}, "must match in all but the first dim"),
        ("SparseApplyAdagrad", {"grad": ONES, "indices": [0, 1, 2], "lr": [0.1]}, "lr is not a scalar"),
    ],
)
def test_an_update_that_is_refused_leaves_every_variable_as_it_was(op_type, feeds, message):
    session, variables, run = fed(op_type, [ONES, 2 * ONES], feeds)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message) as caught:
        run()
    assert "test_training.py" in str(caught.value)
    assert np.array_equal(session.run(variables[0]), ONES) and np.array_equal(session.run(variables[1]), 2 * ONES)


def test_buffers_that_have_fitted_are_looked_at_again_when_one_of_them_is_another():
    one_row = np.ones((1, 2), np.float32)
    session, variables, run = fed("ApplyAdagrad", [ONES, ONES], {"grad": one_row})
    with variables[0].graph.as_default():
        shorten = [tf.assign(v, one_row, validate_shape=False) for v in variables]
    session.run(shorten)
    run()
    moved = session.run(variables[0])
    assert moved.shape == (1, 2) and not np.array_equal(moved, one_row)
    session.run(variables[1].initializer)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"var and accum do not have the same shape \[1, 2\] \[3, 2\]"
    ):
        run()
    assert np.array_equal(session.run(variables[0]), moved) and np.array_equal(session.run(variables[1]), ONES)


def test_a_slot_without_a_value_is_named_and_the_variable_left_as_it_was():
    with tf.Graph().as_default(), tf.Session() as session:
        v, slot = tf.Variable(ONES, name="v"), tf.Variable(ONES, name="slot")
        op = get_op("ApplyAdagrad")(v, slot, 0.1, ONES).op
        session.run(v.initializer)
        with pytest.raises(tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value slot"):
            session.run(op)
        assert np.array_equal(session.run(v), ONES)


def test_shapes_that_cannot_fit_are_refused_when_the_op_is_made():
    with tf.Graph().as_default():
        v, slot = tf.Variable(ONES), tf.Variable(ONES)
        apply, sparse = get_op("ApplyAdagrad"), get_op("SparseApplyAdagrad")
        for message, make in {
            r"must be equal, but are 3 and 2. Shapes are \[3,2\] and \[2,2\]": lambda: apply(v, slot, 0.1, ONES[:2]),
            "Shapes must be equal rank, but are 2 and 1": lambda: apply(v, slot, 0.1, ONES[0]),
            "Dimension 0 in both shapes must be equal": lambda: apply(v, tf.Variable(ONES[:2]), 0.1, ONES),
            "Shape must be rank 0 but is rank 1": lambda: apply(v, slot, [0.1, 0.2], ONES),
            "Dimension 0 in both shapes must be equal, but are 2": lambda: sparse(v, slot, 0.1, ONES[:1], [0, 1]),
            "Shape must be rank 1 but is rank 2": lambda: sparse(v, slot, 0.1, ONES, [[0, 1, 2]]),
            "Shape must be rank 0 but is rank 1 for": lambda: sparse(v, slot, [0.1], ONES, [0, 1, 2]),
        }.items():
            with pytest.raises(ValueError, match=message):
                make()
        with pytest.raises(TypeError, match="type float64 that does not match type float32 of argument 'var'"):
            apply(v, slot, 0.1, tf.constant(ONES, tf.float64))


def test_asking_for_the_gradient_of_an_update_says_that_there_is_none():
    with tf.Graph().as_default():
        v, grad = tf.Variable(ONES), tf.constant(ONES)
        stepped = get_op("ApplyGradientDescent")(v, 0.1, grad)
        with pytest.raises(LookupError, match="No gradient defined for operation"):
            tf.gradients(stepped, grad)
