"""Sessions: what may be fetched and fed, in which form it comes back, and what is refused."""

import collections
import threading

import numpy as np
import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")


def test_fetches_come_back_in_their_own_structure():
    a, b = tf.constant(1, name="a"), tf.constant([2.0, 3.0], name="b")
    pair = collections.namedtuple("pair", "x y")
    with tf.Session() as session:
        assert session.run(a) == 1 and type(session.run(a)) is np.int32
        result = session.run([a, (b, {"k": a, "l": [b]}), pair(a, "b:0"), a.op, []])
        assert result[0] == 1 and type(result[1]) is tuple and result[1][1]["k"] == 1
        np.testing.assert_array_equal(result[1][1]["l"][0], [2, 3])
        assert type(result[2]) is pair and result[2].x == 1 and result[2].y.shape == (2,)
        assert result[3] is None and result[4] == []
        ordered = session.run(collections.OrderedDict([("z", a), ("a", b)]))
        assert list(ordered) == ["z", "a"] and type(ordered) is collections.OrderedDict
        assert session.run("a") is None and session.run("a:0") == 1


def test_any_tensor_can_be_fed():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    doubled = x * 2.0
    total = doubled + tf.constant(1.0, name="one")
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(total, {x: [[1, 2]]}), [[3, 5]])
        np.testing.assert_array_equal(session.run(total, {doubled: [[10, 20]]}), [[11, 21]])
        np.testing.assert_array_equal(session.run(total, {"x:0": [[1, 2]], "one:0": 5}), [[7, 9]])
        np.testing.assert_array_equal(session.run(x, {x: [[1, 2]]}), [[1, 2]])


def test_a_fed_constant_is_not_folded_away():
    base = tf.constant(2.0)
    result = base * 3.0 + 1.0
    with tf.Session() as session:
        assert [session.run(result), session.run(result, {base: 5.0}), session.run(result)] == [7, 16, 7]


@pytest.mark.parametrize(
    ("feed", "error", "message"),
    [
        (
            lambda x: {x: np.zeros((3, 3))},
            ValueError,
            r"Cannot feed value of shape \(3, 3\) for Tensor 'x:0', which has shape '\(\?, 2\)'",
        ),
        (lambda x: {x: "text"}, ValueError, "could not convert string to float"),
        (lambda x: {x: x}, TypeError, "The value of a feed cannot be a tf.Tensor object"),
        (
            lambda x: {"nothing:0": 1},
            TypeError,
            "Cannot interpret feed_dict key as Tensor: The name 'nothing:0' refers to a Tensor which does not exist",
        ),
        (lambda x: {5: 1}, TypeError, "Cannot interpret feed_dict key as Tensor: Can not convert a int into a Tensor"),
        (lambda x: {x: [[1, 2], [3]]}, ValueError, "inhomogeneous"),
    ],
)
def test_a_feed_that_does_not_fit_is_refused(feed, error, message):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = x * 2.0
    with tf.Session() as session:
        with pytest.raises(error, match=message):
            session.run(y, feed(x))
        np.testing.assert_array_equal(session.run(y, {x: [[1, 2]]}), [[2, 4]])


def test_tuples_of_tensors_are_fed_with_values_of_their_form():
    """As the state of an RNN is: the kinds of the containers need not agree, their numbers of values must."""
    pair = collections.namedtuple("pair", "c h")
    a, b, c = (tf.placeholder(tf.float32, [], name=name) for name in "abc")
    with tf.Session() as session:
        for feeds in (
            {(a, (b, c)): (1, [2, 3])},
            {(a, pair(b, c)): [1, pair(2, 3)]},
            {("a:0", "b:0"): pair(1, 2), c: 3},
            {(): (), c: 3, (a,): [1], pair(b, ()): (2, [])},
        ):
            assert session.run([a, b, c], feeds) == [1, 2, 3]
        call = session.make_callable([a, b, c], [(a, c), b])
        assert call((1, 3), 2) == [1, 2, 3]


@pytest.mark.parametrize(
    ("feed", "error", "message"),
    [
        (lambda a, b: {(a, b): (1, 2, 3)}, ValueError, "Key had 2 elements, but value had 3 elements"),
        (lambda a, b: {(a, b): 1}, ValueError, "Key had 2 elements, but value had 1 elements"),
        (lambda a, b: {(a, b): np.ones(2)}, ValueError, "Key had 2 elements, but value had 1 elements"),
        (lambda a, b: {(a, b): (1, 2), b: 3}, ValueError, r'this key is not unique: Tensor\("b:0", shape=\(\)'),
        (lambda a, b: {(a, None): (1, 2)}, TypeError, "Can not convert a NoneType into a Tensor"),
    ],
)
def test_values_that_do_not_fit_a_tuple_of_tensors_are_refused(feed, error, message):
    a, b = (tf.placeholder(tf.float32, [], name=name) for name in "ab")
    with tf.Session() as session, pytest.raises(error, match=message):
        session.run([a, b], feed(a, b))


def test_an_integer_feed_that_overflows_is_refused():
    x = tf.placeholder(tf.int8, [])
    with (
        tf.Session() as session,
        pytest.raises(TypeError, match=r"Type of feed value 300 .* is not compatible with Tensor type"),
    ):
        session.run(x + tf.constant(1, tf.int8), {x: 300})


@pytest.mark.parametrize(
    ("fetch", "error", "message"),
    [
        ("nothing:0", ValueError, "Fetch argument 'nothing:0' cannot be interpreted as a Tensor. .*does not exist"),
        (3, TypeError, "Fetch argument 3 has invalid type 'int', must be a string or Tensor"),
        (None, TypeError, "invalid type 'NoneType'"),
    ],
)
def test_an_unknown_fetch_is_refused(fetch, error, message):
    tf.constant(1)
    with tf.Session() as session, pytest.raises(error, match=message):
        session.run(fetch)


def test_a_placeholder_must_be_fed():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.exp(x, name="y")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        session.run(y)
    assert "You must feed a value for placeholder tensor 'x' with dtype float" in str(caught.value)
    assert caught.value.op is x.op and __file__ in str(caught.value)


def test_a_session_runs_its_own_graph_only():
    a = tf.constant(1)
    with tf.Graph().as_default():
        tf.constant(2)
        with tf.Session() as session, pytest.raises(ValueError, match="is not an element of this graph"):
            session.run(a)


def test_a_closed_session_and_an_empty_graph_are_refused():
    with pytest.raises(RuntimeError, match="The Session graph is empty"):
        tf.Session().run("a")
    a = tf.constant(1)
    session = tf.Session()
    call = session.make_callable(a)
    session.close()
    with pytest.raises(RuntimeError, match="Attempted to use a closed Session"):
        session.run(a)
    for use in (call, lambda: session.make_callable(a)):
        with pytest.raises(tf.errors.CancelledError, match="Session has been closed"):
            use()


def test_eval_and_run_need_a_default_session(graph):
    a = tf.constant(1)
    with pytest.raises(ValueError, match=r"Cannot evaluate tensor using `eval\(\)`: No default session is registered"):
        a.eval()
    with pytest.raises(ValueError, match=r"Cannot execute operation using `run\(\)`"):
        a.op.run()
    with tf.Session() as session:
        assert a.eval() == 1 and tf.get_default_session() is session and a.op.run() is None
        with tf.Graph().as_default():
            other = tf.constant(5)
        with pytest.raises(ValueError, match="the tensor's graph is different from the session's graph"):
            other.eval()
    assert tf.get_default_session() is None
    session = tf.InteractiveSession()
    assert a.eval() == 1
    session.close()
    assert tf.get_default_session() is None


def test_leaving_as_default_does_not_close():
    a = tf.constant(1)
    session = tf.Session()
    with session.as_default():
        assert a.eval() == 1
    assert session.run(a) == 1


def test_an_error_inside_names_the_op_and_its_line_and_leaves_the_session_usable():
    x = tf.placeholder(tf.float32, name="x")
    y = tf.matmul(x, tf.ones([3, 2]), name="product")
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            session.run(y, {x: np.ones((2, 4))})
        assert "product" in str(caught.value) and __file__ in str(caught.value) and caught.value.op is y.op
        assert session.run(y, {x: np.ones((2, 3))}).shape == (2, 2)


def test_fetched_arrays_are_the_users_own():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable([1.0, 2.0])
    views = [
        v,
        v.value(),
        tf.reshape(v, [2, 1]),
        tf.constant([1.0, 2.0]),
        x,
        tf.identity(x),
        tf.broadcast_to(x, [2, 2]),
    ]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        fed = np.array([1.0, 2.0], np.float32)
        for value in session.run(views, {x: fed}):
            value[...] = -1
        np.testing.assert_array_equal(fed, [1, 2])
        for value in session.run(views[:4], {x: fed}):
            np.testing.assert_array_equal(np.ravel(value), [1, 2])


def test_a_callable_takes_its_feeds_by_position():
    x = tf.placeholder(tf.float32, [])
    y = tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        call = session.make_callable([x - y, x], [x, y])
        assert call(3, 1) == [2, 3]
        with pytest.raises(ValueError, match="takes 2 values, got 1"):
            call(3)


def test_devices_that_are_not_there_are_refused_unless_placement_is_soft():
    with tf.device("/gpu:7"):
        a = tf.constant(1.0) * tf.placeholder_with_default(2.0, [])
    config = tf.ConfigProto(device_count={"GPU": 0})
    with tf.Session(config=config) as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        session.run(a)
    assert "Cannot assign a device for operation" in str(caught.value) and "/device:GPU:7" in str(caught.value)
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True, device_count={"GPU": 0})) as session:
        assert session.run(a) == 2


def test_threads_share_a_session():
    v = tf.Variable(0)
    step = v.assign_add(1)
    errors = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)

        def work():
            try:
                for _ in range(50):
                    assert session.run(v * 2) % 2 == 0
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not errors


def test_a_device_array_is_fed_as_it_is(stand_in_cupy):
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.exp(x)
    with tf.Session() as session:
        value = stand_in_cupy.asarray(np.arange(6, dtype=np.float32).reshape(2, 3))
        got = session.run(y, {x: value})
        np.testing.assert_array_equal(got, session.run(y, {x: np.arange(6).reshape(2, 3)}))
        plans = [run._plan for run in session._runs.values()]
        assert [len(plan.ops) for plan in plans] == [1, 2], "the host's array is moved to the device, the device's not"
        with pytest.raises(ValueError, match="Cannot feed a device array of dtype float64 for Tensor"):
            session.run(y, {x: value.astype(np.float64)})
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(3,\)"):
            session.run(y, {x: value[0]})


def test_a_device_can_be_chosen_for_each_op_and_variable(stand_in_cupy):
    with tf.device("/cpu:0"):
        on_host = tf.Variable([1.0, 2.0])
    on_device = tf.Variable([3.0, 4.0])
    with tf.device("/cpu:0"):
        total = on_host + on_device
    step = on_host.assign(on_device * 2.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.list_devices() == ["/device:CPU:0", "/device:GPU:0"]
        assert isinstance(session.buffer(on_host), np.ndarray)
        assert isinstance(session.buffer(on_device), stand_in_cupy.ndarray)
        np.testing.assert_array_equal(session.run(total), [4, 6])
        np.testing.assert_array_equal(session.run(step), [6, 8])
        assert isinstance(session.buffer(on_host), np.ndarray)


def test_work_that_follows_from_shapes_stays_on_the_host(stand_in_cupy):
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.reshape(x, [tf.shape(x)[0] * 2, -1]) / tf.cast(tf.size(x), tf.float32)
    with tf.Session() as session:
        value = stand_in_cupy.asarray(np.ones((3, 4), np.float32))
        result = session.run(y, {x: value})
        assert result.shape == (6, 2) and result[0, 0] == np.float32(1 / 12)
        moves = [op for run in session._runs.values() for op in run._plan.ops if op.type == "Size"]
        assert len(moves) <= 2, "at most the one scalar goes to the device"
