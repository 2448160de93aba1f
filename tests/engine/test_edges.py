"""Corners of the engine: empty tensors, half precision, odd numbers, what runs together, what is kept."""

import collections
import threading
import time
import tracemalloc

import numpy as np
import pytest
from running import run

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")

# -- values ---------------------------------------------------------------------------------------------------------


def test_integers_beyond_int64_become_uint64_as_they_do_in_tensorflow():
    for number in (2**63, 2**64 - 1):
        constant = tf.constant([number])
        assert constant.dtype is tf.uint64 and run(constant)[0] == number
    assert tf.constant(-(2**63)).dtype is tf.int64 and tf.constant(-(2**31)).dtype is tf.int32


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_the_gradient_of_a_broadcast_in_half_precision_is_added_up_in_float32(dtype):
    row = tf.placeholder(dtype, [4])
    gradient = tf.gradients(tf.ones([1000, 4], dtype) + row, row)[0]
    assert gradient.dtype is dtype
    np.testing.assert_array_equal(run(gradient, {row: np.zeros(4)}).astype(np.float64), [1000] * 4)


def test_complex_numbers_lose_their_imaginary_part_without_a_warning():
    x = tf.placeholder(tf.complex64, [2])
    with np.testing.assert_no_warnings():
        assert run(tf.cast(x, tf.float32), {x: [1 + 2j, -3j]}).tolist() == [1, 0]


def test_each_nan_is_a_value_of_its_own():
    x = tf.placeholder(tf.float32, [None])
    y, idx, count = run(tf.unique_with_counts(x), {x: [np.nan, 1, np.nan, 1]})
    np.testing.assert_array_equal(y, [np.nan, 1, np.nan])
    assert idx.tolist() == [0, 1, 2, 1] and count.tolist() == [1, 2, 1]


def test_zeros_like_strings_are_empty_strings():
    x = tf.placeholder(tf.string, [None])
    assert run(tf.zeros_like(x), {x: ["a", "b"]}).tolist() == [b"", b""]


# -- shapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted", "result"),
    [
        ((0, 3), [0, -1], (0, 3)),
        ((0, 3), [-1, 0], (3, 0)),
        ((0, 3, 0), [0, -1], (0, 3)),
        ((0, 6), [0, -1, 2], (0, 3, 2)),
        ((5, 3, 0), [-1, 0], (15, 0)),
        ((0, 3), [-1, 3], (0, 3)),
        ((0,), [-1], (0,)),
    ],
)
def test_reshape_finds_the_missing_length_of_a_tensor_without_elements(given, wanted, result):
    for static in (given, [None] * len(given), None):
        x = tf.placeholder(tf.float32, static)
        y = tf.reshape(x, wanted)
        assert y.shape.is_compatible_with(result)
        assert run(y, {x: np.zeros(given)}).shape == result


def test_reshape_puts_no_elements_where_there_is_no_room():
    with pytest.raises(ValueError, match=r"Cannot reshape a tensor with 6 elements to shape \[0,\?\] \(0 elements\)"):
        tf.reshape(tf.zeros([2, 3]), [0, -1])
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="requires a multiple of 0"):
        run(tf.reshape(x, [0, -1]), {x: np.zeros((2, 3))})


def test_expand_dims_takes_a_vector_of_one_axis_and_no_other():
    assert tf.expand_dims(tf.zeros([2, 3]), [1]).shape.as_list() == [2, 1, 3]
    axis = tf.placeholder(tf.int32)
    assert run(tf.expand_dims(tf.zeros([2, 3]), axis), {axis: [-1]}).shape == (2, 3, 1)
    for axes in ([0, 1], np.zeros(0, np.int32)):
        with pytest.raises(ValueError, match="'dim' input must be a tensor with a single value"):
            tf.expand_dims(tf.zeros([2, 3]), axes)


def test_a_static_value_whose_parts_meet_again_is_found_in_no_time():
    length = tf.constant(1)
    for _ in range(60):  # paths through the graph: 2 ** 60
        length = length * length
    assert tf.zeros(tf.stack([length, 5])).shape.as_list() == [1, 5]


# -- what a run takes and gives -------------------------------------------------------------------------------------


def test_a_python_function_keeps_its_array_to_itself():
    kept = np.zeros(3, np.float32)
    result = tf.py_func(lambda: kept, [], tf.float32)
    variable = tf.Variable(tf.ones(3))
    with tf.Session() as session:
        session.run(tf.assign(variable, result))
        session.run(tf.assign_add(variable, np.ones(3, np.float32)))
        fetched = session.run(result)
        fetched += 5
        np.testing.assert_array_equal(kept, [0, 0, 0])
        kept += 7
        np.testing.assert_array_equal(session.run(variable), [1, 1, 1])
        np.testing.assert_array_equal(fetched, [5, 5, 5])


def test_text_of_a_python_function_becomes_bytes():
    one = tf.py_func(lambda: "né", [], tf.string)
    several = tf.py_func(lambda: np.array([["a"], ["bc"]]), [], tf.string)
    assert run([one, several])[0] == "né".encode()
    assert run(several).tolist() == [[b"a"], [b"bc"]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Failed to convert"):
        run(tf.py_func(lambda: 3, [], tf.string))


def test_first_n_counts_the_runs_of_a_session_whatever_they_fetch(capfd):
    x = tf.Print(tf.constant(1.0), [tf.constant(2)], "seen", first_n=2)
    for _ in range(2):
        with tf.Session() as session:
            for fetch in (x, [x], x + 1.0, x):
                session.run(fetch)
    assert capfd.readouterr().err.count("seen[2]") == 4


def test_any_kind_of_dict_is_fetched_as_what_it_is():
    fetches = collections.defaultdict(list, b=tf.constant(1), a=[tf.constant(2)])
    with tf.Session() as session:
        found = session.run(fetches)
        assert type(found) is collections.defaultdict and found.default_factory is list
        assert found == {"b": 1, "a": [2]} and list(found) == ["b", "a"]
        fetches["c"] = tf.constant(3)
        assert session.run(fetches)["c"] == 3 and "c" not in found
    mapped = tf.map_fn(lambda e: e, collections.defaultdict(int, x=tf.constant([1, 2])))
    assert type(mapped) is collections.defaultdict and run(mapped)["x"].tolist() == [1, 2]


@pytest.mark.parametrize("fetch", [{1, 2}, np.zeros(3), [np.zeros(3)], {"a": bytearray()}])
def test_what_cannot_be_hashed_is_refused_by_its_type(fetch):
    tf.constant(1)
    with pytest.raises(TypeError, match=r"has invalid type .*, must be a string or Tensor"):
        run(fetch)


# -- what a session keeps -------------------------------------------------------------------------------------------


def test_a_session_forgets_the_oldest_of_many_plans(monkeypatch):
    monkeypatch.setattr("scopeflow.engine.session._MOST_RUNS", 10)
    counter = tf.Variable(0)
    step = counter.assign_add(1)
    draw = tf.random_uniform([], seed=1)
    with tf.Session() as session, tf.Session() as other:
        session.run(counter.initializer)
        drawn = []
        for n in range(25):
            assert session.run([step, tf.constant(n)]) == [n + 1, n]
            drawn.append(session.run([draw, tf.constant(n)])[0])
        assert len(session._runs) == 10
        assert drawn == [other.run(draw) for _ in range(25)]  # a stream does not start again with a new plan


def in_threads(count, function):
    threads = [threading.Thread(target=function) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_meet_a_variable_for_the_first_time_share_it(monkeypatch):
    op = tf.Variable(0.0).op
    session = tf.Session()
    both_inside, states = threading.Barrier(2, timeout=10), []

    def backend_of(op):
        both_inside.wait()
        return session.host

    monkeypatch.setattr(session, "backend_of", backend_of)
    in_threads(2, lambda: states.append(session.variable(op)))
    assert len(states) == 2 and states[0] is states[1]


class SlowToAnswer(dict):
    def get(self, key, default=None):
        value = super().get(key, default)
        time.sleep(0.001)
        return value


def test_threads_take_turns_in_a_stream():
    op = tf.random_uniform([]).op
    session, places = tf.Session(), []
    session._streams = SlowToAnswer()
    in_threads(4, lambda: places.extend([session.next_in_stream(op, 3) for _ in range(10)]))
    assert sorted(places) == list(range(0, 4 * 10 * 3, 3))


def test_operations_of_one_line_share_the_record_of_where_they_were_made():
    first, second = (tf.constant(n).op for n in range(2))
    assert first.frames[0][0] == __file__ and first.traceback[0] == first.frames[0]
    assert all(a is b for a, b in zip(first.frames, second.frames, strict=True))


# -- who owns an array ----------------------------------------------------------------------------------------------


def test_constants_of_a_branch_or_a_loop_are_copied_for_whoever_fetches_them():
    x = tf.placeholder(tf.float32, [2])
    doubled = lambda: tf.constant([1.0, 2.0]) * 2.0  # noqa: E731
    branch = tf.cond(tf.reduce_sum(x) > 0.0, doubled, lambda: tf.constant([0.0, 0.0]))
    starts = [tf.cast(x[0] - 1.0, tf.int32), x * 2.0]
    loop = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, doubled()), starts)[1]
    with tf.Session() as session:
        for fetch in (branch, loop, tf.reshape(branch, [2, 1])):
            for _ in range(2):
                found = session.run(fetch, {x: [1, 1]})
                np.testing.assert_array_equal(np.ravel(found), [2, 4])
                found += 100


def test_text_in_an_array_of_objects_is_fed_as_bytes():
    x = tf.placeholder(tf.string, [None])
    for text in (np.array(["a", "ü"], object), np.array([b"a", "ü"], object), np.array(["a", "ü"]), ["a", "ü"]):
        same, fed = run([tf.equal(x, ["a", "ü"]), x], {x: text})
        assert same.tolist() == [True, True] and fed.tolist() == [b"a", "ü".encode()]


def test_an_error_that_is_kept_keeps_no_arrays():
    x = tf.placeholder(tf.float32, [])
    large = tf.fill([1 << 20], x) + 1.0
    with tf.control_dependencies([large]):
        bad = tf.check_numerics(x / 0.0, "bad")
    with tf.Session() as session:
        tracemalloc.start()
        try:
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                session.run([bad, large], {x: 1.0})
            held, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert caught.value.op is bad.op and peak > 1 << 22 and not held > 1 << 20


@pytest.mark.usefixtures("stand_in_cupy")
@pytest.mark.parametrize("device", ["/cpu:0", "/gpu:0"])
def test_a_part_of_a_variable_takes_another_part_that_overlaps_it(device):
    with tf.device(device):
        variable = tf.Variable([1.0, 2.0, 3.0, 4.0])
    with tf.Session() as session:
        session.run(variable.initializer)
        array = session.buffer(variable)
        session.run(variable[1:].assign(variable[:-1]))
        np.testing.assert_array_equal(session.run(variable), [1, 1, 2, 3])
        assert session.buffer(variable) is array
