"""What only a machine with a CUDA device can show: `make gpu-check` runs these there."""

import sys
from pathlib import Path

import numpy as np
import pytest

import scopeflow as tf

sys.path.insert(0, str(Path(__file__).parent / "engine"))

from op_cases import all_cases
from test_golden import CASES as PROGRAMS
from test_golden import check

pytestmark = pytest.mark.gpu


def first_gpu(session):
    assert session.default.device == "/device:GPU:0", "sessions run on the GPU by default"
    return session


def test_every_golden_program_answers_on_a_gpu_what_tensorflow_answered():
    wrong = []
    for module, cases in PROGRAMS.items():
        for case in cases:
            try:
                check(case)
            except Exception as error:
                wrong.append(f"{module}.{case.key}: {type(error).__name__}: {str(error)[:200]}")
    assert not wrong, f"{len(wrong)} programs:\n" + "\n".join(wrong)


def test_every_op_gives_on_a_gpu_what_it_gives_on_the_host():
    wrong = []
    for case in all_cases():
        with tf.Graph().as_default() as graph:
            graph.seed = 7
            inputs = [tf.placeholder(tf.as_dtype(np.asarray(x).dtype), np.shape(x)) for x in case.inputs]
            outputs = case.build(tf, *inputs)
            outputs = [
                t for t in (outputs if isinstance(outputs, (list, tuple)) else [outputs]) if isinstance(t, tf.Tensor)
            ]
            results = []
            for config in (tf.ConfigProto(), tf.ConfigProto(device_count={"GPU": 0})):
                with tf.Session(config=config) as session:
                    session.run(tf.global_variables_initializer())
                    results.append(session.run(outputs, dict(zip(inputs, case.inputs, strict=True))))
        for device, host in zip(*results, strict=True):
            # float64 throughout: the two libraries may sum in another order, and no more
            if np.asarray(device).dtype.kind in "fc":
                same = np.allclose(device, host, rtol=1e-10, atol=1e-12, equal_nan=True)
            else:
                same = np.array_equal(device, host)
            if not same:
                wrong.append(case.name)
    assert not wrong, wrong


def test_a_variables_buffer_is_the_devices_memory_and_keeps_its_address():
    import cupy

    with tf.Graph().as_default():
        v = tf.get_variable("weights", [3, 3, 8, 16], initializer=tf.truncated_normal_initializer(stddev=0.1, seed=7))
        step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(tf.square(v)))
        with first_gpu(tf.Session()) as session:
            session.run(tf.global_variables_initializer())
            buffer = session.buffer(v)
            assert isinstance(buffer, cupy.ndarray)
            shared = cupy.from_dlpack(buffer)
            address = buffer.data.ptr
            session.run(step)
            assert session.buffer(v).data.ptr == address == shared.data.ptr
            np.testing.assert_array_equal(cupy.asnumpy(shared), session.run(v))


def test_a_device_array_is_fed_without_leaving_the_device():
    import cupy

    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3])
        y = tf.matmul(x, x, transpose_b=True)
        with first_gpu(tf.Session()) as session:
            value = cupy.arange(6, dtype=cupy.float32).reshape(2, 3)
            np.testing.assert_allclose(session.run(y, {x: value}), [[5, 14], [14, 50]], rtol=1e-6)


def test_the_first_values_are_those_of_the_cpu():
    for initializer in (tf.glorot_uniform_initializer, tf.truncated_normal_initializer, tf.random_normal_initializer):
        values = []
        for config in (tf.ConfigProto(), tf.ConfigProto(device_count={"GPU": 0})):
            with tf.Graph().as_default():
                v = tf.get_variable("v", [33, 65], initializer=initializer(seed=3))
                with tf.Session(config=config) as session:
                    session.run(v.initializer)
                    values.append(session.run(v))
        np.testing.assert_array_equal(*values)
