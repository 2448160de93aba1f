"""tf.data beyond what golden programs hold: threads, memory, lifetimes, what functions may do."""

import gc
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.compat.stand_in import make_module
from scopeflow.data import ahead, shuffling


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def threads_at_once(monkeypatch):
    """Every element counts as slow, so threads begin with the fourth."""
    monkeypatch.setattr(ahead, "_SLOW", -1.0)


def begun(dataset, session):
    iterator = dataset.make_initializable_iterator()
    session.run(iterator.initializer)
    return iterator.get_next()


def drained(dataset, session=None):
    """All elements, or for an error its class."""
    with session or tf.Session() as session:
        following, found = begun(dataset, session), []
        while True:
            try:
                found.append(session.run(following))
            except tf.errors.OutOfRangeError:
                return found
            except tf.errors.OpError as error:
                found.append(type(error))


def soon(condition):
    """Whether a condition comes true within some seconds."""
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def working_threads():
    return [thread for thread in threading.enumerate() if thread.name == "tf_data"]


# -- threads --------------------------------------------------------------------------------------------------------


def test_several_threads_get_each_element_once():
    dataset = tf.data.Dataset.range(2000).map(lambda x: x * 2).batch(3).unbatch()
    found = [[] for _ in range(6)]
    with tf.Session() as session:
        following = begun(dataset, session)

        def read(into):
            try:
                while True:
                    into.append(int(session.run(following)))
            except tf.errors.OutOfRangeError:
                into.append("END")

        threads = [threading.Thread(target=read, args=(into,)) for into in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert all(part[-1] == "END" for part in found)
    assert sorted(number for part in found for number in part[:-1]) == list(range(0, 4000, 2))
    assert all(part[:-1] == sorted(part[:-1]) for part in found)


@pytest.mark.usefixtures("threads_at_once")
@pytest.mark.parametrize("calls", [2, 5, -1])
def test_a_parallel_map_gives_the_same_in_the_same_order(calls):
    def uneven(x):
        time.sleep(0.002 * (int(x) % 3))
        return x * 10

    dataset = tf.data.Dataset.range(25).map(lambda x: tf.py_func(uneven, [x], tf.int64), num_parallel_calls=calls)
    assert drained(dataset) == list(range(0, 250, 10))


@pytest.mark.usefixtures("threads_at_once")
def test_a_parallel_map_is_parallel():
    together = threading.Barrier(3)

    def meet(x):
        if x >= ahead._SLOW_ELEMENTS:
            together.wait(20)  # breaks unless three calls are inside at once
        return x

    dataset = tf.data.Dataset.range(9).map(lambda x: tf.py_func(meet, [x], tf.int64), num_parallel_calls=3)
    assert drained(dataset) == list(range(9))


@pytest.mark.usefixtures("threads_at_once")
@pytest.mark.parametrize("size", [1, 4, -1])
def test_prefetched_elements_are_the_same(size):
    assert drained(tf.data.Dataset.range(20).map(lambda x: x + 1).prefetch(size)) == list(range(1, 21))


@pytest.mark.usefixtures("threads_at_once")
def test_prefetch_is_ahead_by_as_many_as_it_says():
    seen = []

    def numbers():
        for i in range(100):
            seen.append(i)
            yield i

    with tf.Session() as session:
        following = begun(tf.data.Dataset.from_generator(numbers, tf.int64, []).prefetch(3), session)
        for _ in range(ahead._SLOW_ELEMENTS):
            session.run(following)
        assert len(seen) == ahead._SLOW_ELEMENTS
        session.run(following)
        wanted = ahead._SLOW_ELEMENTS + 1 + 3
        assert soon(lambda: len(seen) >= wanted)
        time.sleep(0.05)
        assert len(seen) == wanted


@pytest.mark.usefixtures("threads_at_once")
@pytest.mark.parametrize("wrong", [{1}, {5}, {4, 5, 9}])
@pytest.mark.parametrize(
    "way",
    [lambda d, f: d.map(f).prefetch(2), lambda d, f: d.map(f, 3), lambda d, f: d.map(f).map(lambda x: x, 3)],
    ids=["prefetch", "map", "below map"],
)
def test_an_error_is_told_in_its_turn_whatever_thread_met_it(way, wrong):
    def picky(x):
        if int(x) in wrong:
            raise KeyError(int(x))
        return x

    found = drained(way(tf.data.Dataset.range(10), lambda x: tf.py_func(picky, [x], tf.int64)))
    assert found == [tf.errors.UnknownError if i in wrong else i for i in range(10)]


@pytest.mark.usefixtures("threads_at_once")
def test_random_ops_in_a_parallel_map_draw_as_in_one_thread():
    def drawn(calls):
        with tf.Graph().as_default(), tf.Session() as session:
            inside = lambda x: tf.cond(x < 0, lambda: 0.0, lambda: tf.random_uniform([], seed=3))  # noqa: E731
            following = begun(tf.data.Dataset.range(12).map(inside, num_parallel_calls=calls), session)
            values = [float(session.run(following)) for _ in range(12)]
            assert set(working_threads()) <= others
            return values

    others = set(working_threads())
    assert len(set(drawn(None))) == 12
    assert drawn(4) == drawn(None)


def test_quick_elements_get_no_threads():
    others = set(working_threads())
    with tf.Session() as session:
        following = begun(tf.data.Dataset.range(50).map(lambda x: x, 2).prefetch(2), session)
        for _ in range(20):
            session.run(following)
        assert set(working_threads()) <= others


@pytest.mark.usefixtures("threads_at_once")
@pytest.mark.parametrize("ending", ["close", "forget", "end", "begin anew"])
def test_threads_end_with_their_iterator(ending):
    others = set(working_threads())
    dataset = tf.data.Dataset.range(9).map(lambda x: x + 1, num_parallel_calls=2).prefetch(2)
    session = tf.Session()
    iterator = dataset.make_initializable_iterator()
    session.run(iterator.initializer)
    following = iterator.get_next()
    for _ in range(8):
        session.run(following)
    mine = set(working_threads()) - others
    assert len(mine) == 3
    if ending == "close":
        session.close()
    elif ending == "forget":
        del session
        assert soon(lambda: gc.collect() is not None and not mine & set(working_threads()))  # it refers to itself
    elif ending == "begin anew":
        session.run(iterator.initializer)
    else:
        session.run(following)
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(following)
    assert soon(lambda: not mine & set(working_threads()))


# -- memory ---------------------------------------------------------------------------------------------------------

ROWS = np.arange(6.0).reshape(2, 3)
KEEPERS = {
    "tensors": lambda x: tf.data.Dataset.from_tensors(x).repeat(2),
    "rows": lambda x: tf.data.Dataset.from_tensor_slices([x, x]).repeat(2),
    "cache": lambda x: tf.data.Dataset.from_tensors(x).map(lambda y: y + 0.0).cache().repeat(2),
    "capture": lambda x: tf.data.Dataset.range(2).map(lambda _: x),
    "window": lambda x: (
        tf.data.Dataset.from_tensors(x).map(lambda y: y + 0.0).repeat(2).window(2, 1).flat_map(lambda w: w)
    ),
    "scan": lambda x: tf.data.Dataset.range(2).apply(tf.data.experimental.scan(x, lambda s, _: (s, s))),
}


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("keeper", KEEPERS.values(), ids=KEEPERS)
def test_what_a_program_does_to_an_element_does_not_reach_the_dataset(keeper, fed):
    given = ROWS.copy()
    x = tf.placeholder(tf.float64, [2, 3]) if fed else tf.constant(ROWS)
    iterator = keeper(x).make_initializable_iterator()
    following = iterator.get_next()
    with tf.Session() as session:
        session.run(iterator.initializer, {x: given} if fed else None)
        given[...] = -1.0
        first = session.run(following)
        kept = first.copy()
        first[...] = 7.0
        np.testing.assert_array_equal(session.run(following), kept)
        np.testing.assert_array_equal(kept, ROWS)


def test_windows_that_overlap_share_nothing_with_a_program():
    dataset = tf.data.Dataset.range(3).map(lambda i: ROWS + tf.cast(i, tf.float64)).window(2, 1, drop_remainder=True)
    with tf.Session() as session:
        following = begun(dataset.flat_map(lambda window: window), session)
        for i in (0, 1, 1, 2):
            element = session.run(following)
            np.testing.assert_array_equal(element, ROWS + i)
            element[...] = 9.0


def test_the_state_of_a_scan_is_not_the_programs():
    def twice(state, _):
        grown = state + 1.0
        return grown, grown

    with tf.Session() as session:
        following = begun(tf.data.Dataset.range(3).apply(tf.data.experimental.scan(ROWS, twice)), session)
        for i in (1, 2, 3):
            element = session.run(following)
            np.testing.assert_array_equal(element, ROWS + i)
            element[...] = 9.0


def test_a_variable_takes_no_memory_of_a_dataset_over():
    following = tf.data.Dataset.from_tensors(tf.constant(ROWS)).repeat().make_one_shot_iterator().get_next()
    variable = tf.get_variable("v", initializer=following)
    with tf.Session() as session:
        session.run(variable.initializer)
        session.run(tf.assign_add(variable, ROWS * 9.0))
        np.testing.assert_array_equal(session.run(following), ROWS)
        np.testing.assert_array_equal(session.run(variable), ROWS * 10.0)


def test_a_generator_may_use_its_array_again():
    def generator():
        array = np.zeros(2)
        for _ in range(3):
            array += 1.0
            yield array

    np.testing.assert_array_equal(
        drained(tf.data.Dataset.from_generator(generator, tf.float64, [2]).batch(3))[0], [[1, 1], [2, 2], [3, 3]]
    )


# -- lifetimes ------------------------------------------------------------------------------------------------------


def test_a_generator_begins_with_the_first_element_and_ends_with_the_session():
    events = []

    def generator():
        events.append("begun")
        try:
            while True:
                yield len(events)
        finally:
            events.append("ended")

    session = tf.Session()
    following = begun(tf.data.Dataset.from_generator(generator, tf.int32, []), session)
    assert events == []
    assert session.run(following) == 1
    session.close()
    gc.collect()
    assert events == ["begun", "ended"]


def test_an_iterator_of_a_closed_session_says_so():
    session = tf.Session()
    entered, leave = threading.Event(), threading.Event()

    def wait(x):
        entered.set()
        leave.wait(20)
        return x

    following = begun(tf.data.Dataset.range(3).map(lambda x: tf.py_func(wait, [x], tf.int64)), session)
    outcome = []

    def read():
        try:
            for _ in range(2):
                outcome.append(int(session.run(following)))
        except Exception as error:
            outcome.append(type(error))

    thread = threading.Thread(target=read)
    thread.start()
    assert entered.wait(20)
    session.close()
    leave.set()
    thread.join(20)
    assert outcome == [0, RuntimeError]


def test_everything_runs_in_a_finished_graph(graph):
    dataset = tf.data.Dataset.range(6).shuffle(3).map(lambda x: x + 1).flat_map(tf.data.Dataset.from_tensors).batch(2)
    iterator = dataset.make_initializable_iterator()
    following, once = iterator.get_next(), dataset.make_one_shot_iterator().get_next()
    graph.finalize()
    with tf.Session() as session:
        session.run(iterator.initializer)
        assert sorted(x for _ in range(3) for x in session.run(following)) == [1, 2, 3, 4, 5, 6]
        assert sorted(x for _ in range(3) for x in session.run(once)) == [1, 2, 3, 4, 5, 6]


def test_the_end_of_a_dataset_ends_a_monitored_session():
    following = tf.data.Dataset.range(5).make_one_shot_iterator().get_next()
    tf.train.get_or_create_global_step()
    found = []
    with tf.train.MonitoredTrainingSession() as session:
        while not session.should_stop():
            found.append(session.run(following))
    assert found == [0, 1, 2, 3, 4]


def test_a_one_shot_iterator_begins_in_every_session_anew():
    following = tf.data.Dataset.range(5).make_one_shot_iterator().get_next()
    with tf.Session() as one, tf.Session() as other:
        assert [one.run(following), one.run(following), other.run(following), one.run(following)] == [0, 1, 0, 2]


# -- functions ------------------------------------------------------------------------------------------------------


def test_a_map_sees_the_variables_and_tensors_around_it():
    variable = tf.get_variable("v", [], initializer=tf.constant_initializer(2.0))
    scale = tf.placeholder(tf.float32, [])
    dataset = tf.data.Dataset.range(4).map(lambda x: tf.cast(x, tf.float32) * variable + scale)
    iterator = dataset.make_initializable_iterator()
    following = iterator.get_next()
    with tf.Session() as session:
        session.run(variable.initializer)
        session.run(iterator.initializer, {scale: 0.5})
        assert [session.run(following) for _ in range(4)] == [0.5, 2.5, 4.5, 6.5]


def test_what_is_called_for_its_effect_alone_is_called():
    seen = []

    def note(x):
        tf.py_func(lambda v: seen.append(int(v)), [x], [])
        tf.py_func(lambda v: seen.append(-int(v)), [x + 1], [])
        return x

    assert drained(tf.data.Dataset.range(2).map(note)) == [0, 1]
    assert sorted(seen) == [-2, -1, 0, 1]


def test_an_error_names_the_op_of_the_function_and_the_users_line():
    dataset = tf.data.Dataset.from_tensors([1.0, 0.0]).map(
        lambda x: tf.check_numerics(tf.log(x), "in the map", name="here")
    )
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as raised:
        session.run(begun(dataset, session))
    assert raised.value.op.name.endswith("/here") and "in the map : Tensor had Inf" in raised.value.message
    assert "test_datasets.py" in str(raised.value)


def test_a_tensor_of_a_function_cannot_leave_it():
    inside = []
    tf.data.Dataset.range(3).map(lambda x: inside.append(x) or x)
    with pytest.raises(ValueError, match=r"is in the function passed to Dataset\.map\(\)"):
        tf.identity(inside[0])
    with tf.Session() as session, pytest.raises(ValueError, match="not fetchable"):
        session.run(inside[0])


@pytest.mark.parametrize("returned", [None, tf.no_op, object()], ids=["nothing", "an operation", "an object"])
def test_a_map_refuses_what_is_no_element(returned):
    with pytest.raises(TypeError, match=r"Unsupported return value from function passed to Dataset\.map\(\)"):
        tf.data.Dataset.range(3).map(lambda x: returned() if callable(returned) else returned)


def test_a_failed_trace_leaves_the_graph_as_it_was(graph):
    tf.set_random_seed(1)
    before = graph.last_id, tf.get_default_graph().get_name_scope()
    with pytest.raises(ZeroDivisionError):
        tf.data.Dataset.range(3).map(lambda x: x + 1 // 0)
    assert graph.last_id == before[0] + 4 and graph.control_flow_context is None
    assert tf.constant(1).name == "Const:0"


# -- order ----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 40), size=st.integers(1, 50), seed=st.integers(1, 10**6))
def test_a_shuffle_moves_no_element_forward_by_more_than_its_buffer(n, size, seed):
    step = shuffling.shuffled(lambda home: iter([[i] for i in range(n)]).__next__, size, (seed, 7))(None)
    order = [value for element in iter_until_stop(step) for value in element]
    assert sorted(order) == list(range(n))
    assert all(i - place < size for place, i in enumerate(order))


def iter_until_stop(step):
    while True:
        try:
            yield step()
        except StopIteration:
            return


def test_shuffles_without_a_seed_differ():
    def order():
        with tf.Graph().as_default():
            return [int(i) for i in drained(tf.data.Dataset.range(50).shuffle(50))]

    assert order() != order()


# -- what is refused, and where names are ---------------------------------------------------------------------------


def test_what_cannot_be_honoured_is_refused():
    dataset = tf.data.Dataset.range(3)
    with pytest.raises(NotImplementedError, match="in memory only"):
        dataset.cache("somewhere")
    with pytest.raises(NotImplementedError, match="log_warning"):
        tf.data.experimental.ignore_errors(log_warning=True)
    with pytest.raises(ValueError, match="allows only one"):
        tf.data.experimental.map_and_batch(lambda x: x, 2, num_parallel_batches=1, num_parallel_calls=1)
    with pytest.raises(TypeError, match="Batching of datasets"):
        dataset.window(2).batch(2)


def test_options_are_kept_and_change_nothing():
    options = tf.data.Options()
    options.experimental_deterministic = False
    options.experimental_threading.private_threadpool_size = 3
    dataset = tf.data.Dataset.range(3).with_options(options)
    assert dataset.options().experimental_threading.private_threadpool_size == 3
    assert dataset.options().experimental_slack is None
    assert drained(dataset) == [0, 1, 2]


def test_contrib_data_has_its_old_names():
    data = tf.contrib.data
    dataset = data.Dataset.range(5).apply(data.batch_and_drop_remainder(2))
    assert dataset.output_shapes.as_list() == [2]
    assert [list(batch) for batch in drained(dataset)] == [[0, 1], [2, 3]]
    padded = data.Dataset.range(3).map(lambda x: tf.fill([x], x)).apply(data.padded_batch_and_drop_remainder(2, [None]))
    assert [batch.tolist() for batch in drained(padded)] == [[[0], [1]]]


def test_programs_find_it_where_tensorflow_has_it():
    assert make_module("tensorflow.python.data.ops.dataset_ops").Dataset is tf.data.Dataset
    assert make_module("tensorflow.contrib.data").shuffle_and_repeat is tf.data.experimental.shuffle_and_repeat
    assert make_module("tensorflow.data.experimental").AUTOTUNE == tf.data.AUTOTUNE == -1
