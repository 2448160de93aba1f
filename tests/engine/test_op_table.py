"""What must hold for every op: gradients against finite differences, dtypes, shapes, aliasing, either array library."""

import functools
import importlib
import inspect

import fake_cupy
import numpy as np
import pytest
from op_cases import all_cases

import scopeflow as tf
from scopeflow.engine.dtypes import as_dtype
from scopeflow.engine.gradients import gradients
from scopeflow.engine.registry import all_ops, not_differentiable
from scopeflow.kernels.backend import get_backend

CASES = all_cases()
DIFFERENTIABLE = [c for c in CASES if c.differentiable]
STEP = 1e-5  # central differences in float64: truncation near 1e-10, rounding near 1e-11 of the value
TOLERANCE = 2e-6

# Ops on floats whose derivative is zero wherever it exists, or whose result is drawn, counted or looked up.
FLAT = {
    "Floor", "Ceil", "Round", "Rint", "FloorDiv", "TruncateDiv", "StopGradient", "ZerosLike", "OnesLike", "Const",
    "Fill", "Placeholder", "LoopInput", "RandomShuffle", "Multinomial", "Bitcast", "RandomPoissonV2",
    "StatelessMultinomial", "LookupTableFindV2", "CTCGreedyDecoder", "CTCBeamSearchDecoder", "NonMaxSuppressionV5",
    "SampleDistortedBoundingBoxV2", "EditDistance",
}  # fmt: skip
DRAWN = {"RandomGamma"}  # its slope holds a draw's quantile still: tests/engine/test_rejection.py


def names(cases):
    return [c.name for c in cases]


class Built:
    """A case in a graph of its own."""

    def __init__(self, case):
        self.case = case
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.graph.seed = 7
            self.inputs = [tf.placeholder(as_dtype(np.asarray(x).dtype), np.shape(x)) for x in case.inputs]
            outputs = case.build(tf, *self.inputs)
            self.outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]

    def feeds(self, values=None):
        return dict(zip(self.inputs, self.case.inputs if values is None else values, strict=True))

    def session(self):
        session = tf.Session(graph=self.graph)
        with self.graph.as_default():
            session.run(tf.global_variables_initializer())
        return session

    def floats(self):
        return [i for i, t in enumerate(self.inputs) if t.dtype is tf.float64]


def weights_of(values, seed):
    generator = np.random.default_rng(seed)
    return [generator.standard_normal(np.shape(v)) for v in values]


def slope_error(function, gradients_at, point, which, seed=1):
    """How far the gradient's directional derivative is from the central difference, relative to their size."""
    generator = np.random.default_rng(seed)
    direction = generator.standard_normal(np.shape(point[which]))
    shifted = [list(point), list(point)]
    shifted[0][which] = point[which] + STEP * direction
    shifted[1][which] = point[which] - STEP * direction
    difference = (function(shifted[0]) - function(shifted[1])) / (2 * STEP)
    slope = float(np.sum(gradients_at * direction))
    return abs(difference - slope) / max(1.0, abs(difference), abs(slope)), slope


def first_order(case):
    """(function of the inputs to a number, its gradients at the case's inputs, the inputs that count)."""
    built = Built(case)
    session = built.session()
    ys = [y for y in built.outputs if y.dtype is tf.float64]
    assert ys, "a differentiable case must give float64"
    weights = weights_of(session.run(ys, built.feeds()), 3)
    with built.graph.as_default():
        found = gradients(ys, [built.inputs[i] for i in built.floats()], grad_ys=weights)
    assert all(g is not None for g in found), "an input is not connected"
    dense = [tf.convert_to_tensor(g) for g in found]

    def number(values):
        return float(sum(np.sum(w * y) for w, y in zip(weights, session.run(ys, built.feeds(values)), strict=True)))

    return built, session, number, dense


def second_order(case):
    """(as of `first_order`, with the gradients' directional derivative and its own gradients)."""
    built, session, _, first = first_order(case)
    with built.graph.as_default():
        directions = weights_of([case.inputs[i] for i in built.floats()], 5)
        total = tf.add_n([tf.reduce_sum(g * d) for g, d in zip(first, directions, strict=True)])
        second = gradients(total, [built.inputs[i] for i in built.floats()])
        second = [
            tf.zeros_like(built.inputs[i]) if g is None else tf.convert_to_tensor(g)
            for i, g in zip(built.floats(), second, strict=True)
        ]
    return built, session, total, second


def with_gradients(case):
    """The graph of a case with as many orders of its gradients as it has."""
    if not case.differentiable:
        return Built(case).graph
    return (second_order if case.second_order else first_order)(case)[0].graph


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=names(DIFFERENTIABLE))
def test_the_gradient_is_the_slope(case):
    built, session, number, found = first_order(case)
    point = [np.asarray(x) for x in case.inputs]
    steep = False
    for i, gradient in zip(built.floats(), session.run(found, built.feeds()), strict=True):
        assert gradient.shape == point[i].shape and gradient.dtype == np.float64
        error, slope = slope_error(number, gradient, point, i)
        assert error <= TOLERANCE, f"input {i}: off by {error:.2e}"
        if abs(slope) > 1e-2:
            spoilt, _ = slope_error(number, gradient * 1.001, point, i)
            assert not spoilt <= TOLERANCE, f"input {i}: a gradient spoilt by 0.1 % would pass"
            steep = True
    assert steep, "the gradient vanishes at this point, so the check proves nothing"


@pytest.mark.parametrize(
    "case", [c for c in DIFFERENTIABLE if c.second_order], ids=names([c for c in DIFFERENTIABLE if c.second_order])
)
def test_the_gradient_of_the_gradient_is_its_slope(case):
    built, session, total, second = second_order(case)
    point = [np.asarray(x) for x in case.inputs]
    for i, gradient in zip(built.floats(), session.run(second, built.feeds()), strict=True):
        error, _ = slope_error(lambda values: float(session.run(total, built.feeds(values))), gradient, point, i)
        assert error <= TOLERANCE * 5, f"input {i}: off by {error:.2e}"


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_results_have_the_static_dtype_and_shape(case):
    built = Built(case)
    for tensor, value in zip(built.outputs, built.session().run(built.outputs, built.feeds()), strict=True):
        if isinstance(tensor, tf.Tensor):
            wanted = tensor.dtype.numpy
            assert np.asarray(value).dtype == wanted or not tensor.dtype.is_numpy_number, tensor
            assert tensor.shape.is_compatible_with(np.shape(value)), f"{tensor} gave {np.shape(value)}"


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_only_views_share_memory_with_their_inputs(case):
    built = Built(case)
    session = built.session()
    k = get_backend("/device:CPU:0")
    for op in built.graph.get_operations():
        definition = op.definition
        if (
            definition.view
            or definition.kernel is None
            or definition.stateful
            or op.context is not None
            or not op.inputs
        ):
            continue
        values = [np.asarray(v) for v in session.run(list(op.inputs), built.feeds())]
        result = definition.kernel(k, *values, **op.attrs)
        single = len(op.outputs) == 1 and not definition.results[0].is_list
        for part in [result] if single else result:
            shared = [i for i, v in enumerate(values) if isinstance(part, np.ndarray) and np.may_share_memory(part, v)]
            assert not shared, f"{op.type} returns the memory of input {shared}"


@pytest.mark.usefixtures("stand_in_cupy")
@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_the_other_array_library_gives_the_same(case):
    built = Built(case)
    targets = [y for y in built.outputs if isinstance(y, tf.Tensor)]
    if case.differentiable:
        with built.graph.as_default():
            ys = [y for y in targets if y.dtype is tf.float64]
            targets += [tf.convert_to_tensor(g) for g in gradients(ys, [built.inputs[i] for i in built.floats()])]
    on_device = built.session()
    assert on_device.default.device == "/device:GPU:0"
    got = on_device.run(targets, built.feeds())
    with built.graph.as_default():
        on_host = tf.Session(graph=built.graph, config=tf.ConfigProto(device_count={"GPU": 0}))
        on_host.run(tf.global_variables_initializer())
    assert on_host.default.device == "/device:CPU:0"
    for target, a, b in zip(targets, got, on_host.run(targets, built.feeds()), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape, target
        np.testing.assert_array_equal(a, b, err_msg=str(target))


def test_every_op_has_a_case():
    covered = {name for case in CASES for name in case.ops}
    built = {op.type for case in CASES for op in with_gradients(case).get_operations()}
    assert not covered - built, f"cases name ops that they do not build: {covered - built}"
    missing = set(all_ops()) - covered - built
    assert not missing, f"no case builds {sorted(missing)}"


def test_every_float_op_has_a_gradient_or_says_that_it_has_none():
    differentiated = {name for case in DIFFERENTIABLE for name in case.ops}
    for name, definition in all_ops().items():
        takes_floats = any(
            arg.type not in ("bool", "int32", "int64", "string", "any", "variant", "resource", "I")
            and any(t.is_floating for t in definition.types.get(arg.type, (tf.float32,)))
            for arg in definition.args
        )
        gives_floats = any(
            arg.type not in ("bool", "int32", "int64", "string", "variant", "out_type", "output_type")
            for arg in definition.results
        )
        refuses = getattr(definition.grad, "refuses", False)
        if not (takes_floats and gives_floats) or definition.ref or refuses or name in DRAWN:
            continue
        if definition.grad is not_differentiable:
            assert name in FLAT, f"{name} maps floats to floats and claims to have no gradient by its nature"
        else:
            assert name in differentiated, f"no differentiable case covers {name}"


def test_the_functions_used_are_cupys_own_with_the_same_arguments():
    real = pytest.importorskip("cupy", reason="no CuPy")
    modules = {"cupy": real, "cupyx.scipy.special": importlib.import_module("cupyx.scipy.special")}
    wrong = []
    for name, keywords in sorted(fake_cupy.USED.items()):
        root = next(m for m in modules if name.startswith(f"{m}."))
        function = functools.reduce(
            lambda o, part: getattr(o, part, None), name[len(root) + 1 :].split("."), modules[root]
        )
        if function is None:
            wrong.append(name)
        elif inspect.isfunction(function) and keywords - set(inspect.signature(function).parameters):
            wrong.append(f"{name} with {keywords - set(inspect.signature(function).parameters)}")
    assert fake_cupy.USED, "the tests before this one call them"
    assert not wrong, f"CuPy has no {wrong}"
