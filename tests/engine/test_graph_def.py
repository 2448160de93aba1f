"""Graphs written as GraphDefs and read back: every op comes back as it was, and computes the same."""

import numpy as np
import pytest
from op_cases import all_cases
from test_op_table import Built, names

import scopeflow as tf
from scopeflow.engine.importing import COMPOSED
from scopeflow.engine.spelling import SPELLINGS
from scopeflow.engine.tensorflow_ops import facts_of

# Computed in it by their cases, not by TensorFlow.
IN_FLOAT64 = {
    "ResizeArea", "ResizeBilinear", "ResizeBicubic", "CropAndResize", "CropAndResizeGradImage", "FusedBatchNormGradV3",
}  # fmt: skip


def is_in_float64(case):
    return IN_FLOAT64 & {*case.ops} and any(np.asarray(value).dtype == np.float64 for value in case.inputs)


CASES = [case for case in all_cases() if not is_in_float64(case)]


CONDITIONS = {"Switch", "RefSwitch", "Merge"}


def is_tensorflows(graph):
    kinds = {node.op for node in graph.as_graph_def().node} - CONDITIONS
    return all(kind != "PyFunc" and facts_of(kind) for kind in kinds)


def is_written_op_by_op(graph):
    return not {op.type for op in graph.get_operations()} & (COMPOSED.keys() | SPELLINGS.keys() | {"Cond"})


def of_float_attributes(graph):
    """A float is a float32 in a GraphDef."""
    return any(isinstance(value, float) for op in graph.get_operations() for value in op.attrs.values())


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_what_is_written_is_read_back_and_computes_the_same(case):
    built = Built(case)
    if not is_tensorflows(built.graph):
        with tf.Graph().as_default(), pytest.raises(tf.errors.NotFoundError, match="Op type not registered"):
            tf.import_graph_def(built.graph.as_graph_def())
        return
    data = built.graph.as_graph_def().SerializeToString()
    targets = [t if isinstance(t, tf.Tensor) else t.op for t in built.outputs if hasattr(t, "name")]
    with tf.Graph().as_default() as graph:
        graph.seed = 7
        elements = [t.name for t in (*built.inputs, *targets)]
        found = tf.import_graph_def(tf.GraphDef.FromString(data), return_elements=elements, name="")
        inputs, outputs = found[: len(built.inputs)], found[len(built.inputs) :]
        initial = [op for op in graph.get_operations() if op.type == "Assign" and op.name.endswith("/Assign")]
        with tf.Session() as session:
            session.run(initial)
            got = session.run(outputs, dict(zip(inputs, case.inputs, strict=True)))
    if is_written_op_by_op(built.graph):
        assert graph.as_graph_def().SerializeToString() == data
    for a, b in zip(got, built.session().run(targets, built.feeds()), strict=True):
        if a is None:
            assert b is None
            continue
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape
        exact = a.dtype.kind != "f" or not of_float_attributes(built.graph)
        np.testing.assert_allclose(a, b, rtol=0 if exact else 2e-7, atol=0) if a.dtype.kind in "fc" else (
            np.testing.assert_array_equal(a, b)
        )
    for mine, theirs in zip(outputs, targets, strict=True):
        assert not isinstance(mine, tf.Tensor) or (
            mine.dtype is theirs.dtype and mine.shape.is_compatible_with(theirs.shape)
        )
