"""Queue runners and input pipelines with their threads, beside training, checkpoints and monitored sessions."""

import threading

import numpy as np
import pytest

import scopeflow as tf

ENOUGH = 20.0  # seconds that nothing here takes, unless it hangs


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def session(graph):
    with tf.Session() as session:
        yield session


class Pipelines:
    """The graph's queue runners, started in a session, and stopped at the end."""

    def __init__(self, session):
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        self.coord = tf.train.Coordinator()
        self.threads = tf.train.start_queue_runners(session, self.coord)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.coord.request_stop()
        self.coord.join(self.threads, stop_grace_period_secs=ENOUGH)


def all_batches(session, fetches):
    batches = []
    with Pipelines(session), pytest.raises(tf.errors.OutOfRangeError):
        while len(batches) < 1000:
            batches.append(session.run(fetches))
    return batches


@pytest.mark.parametrize("shuffle", [False, True])
def test_several_threads_give_every_element_once_per_epoch(session, shuffle):
    row = tf.train.slice_input_producer([np.arange(50), np.arange(50) * 2.0], num_epochs=3)
    more = {"num_threads": 4, "allow_smaller_final_batch": True}
    batch = tf.train.shuffle_batch(row, 8, 40, 20, **more) if shuffle else tf.train.batch(row, 8, **more)
    batches = all_batches(session, batch)
    numbers, doubles = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert sorted(numbers) == sorted([*range(50)] * 3)
    np.testing.assert_array_equal(doubles, numbers * 2.0)
    assert [len(b[0]) for b in batches] == [8] * 18 + [6]


def test_readers_that_are_joined_share_the_files_between_them(session, tmp_path):
    for n in range(6):
        (tmp_path / f"{n}.txt").write_text("".join(f"{n}-{line}\n" for line in range(5)))
    files = tf.train.match_filenames_once(str(tmp_path / "*.txt"))
    queue = tf.train.string_input_producer(files, num_epochs=1)
    lines = [[tf.TextLineReader().read(queue).value] for _ in range(3)]
    batches = all_batches(session, tf.train.batch_join(lines, 4, allow_smaller_final_batch=True))
    wanted = sorted(b"%d-%d" % (n, line) for n in range(6) for line in range(5))
    assert sorted(line for batch in batches for line in batch) == wanted


def test_pictures_are_read_and_decoded_by_threads_while_the_main_thread_trains(session, tmp_path):
    """Every step sees a batch of pictures, decoded, resized and turned to floats, with their own labels."""
    names, labels = [], list(range(10))
    for label in labels:
        picture = np.full((6, 5, 3), 20 * label, np.uint8)
        names.append(str(tmp_path / f"{label}.png"))
        png = session.run(tf.image.encode_png(picture))
        (tmp_path / f"{label}.png").write_bytes(png)
    name, label = tf.train.slice_input_producer([names, labels], seed=3)
    picture = tf.image.convert_image_dtype(tf.image.decode_png(tf.read_file(name), channels=3), tf.float32)
    picture = tf.image.resize_images(picture, [4, 4])
    pictures, targets = tf.train.shuffle_batch([picture, label], 16, 64, 20, num_threads=3)
    assert pictures.shape.as_list() == [16, 4, 4, 3]
    guess = tf.layers.dense(tf.reshape(pictures, [16, 48]), 1)[:, 0]
    loss = tf.reduce_mean(tf.square(guess - tf.cast(targets, tf.float32)))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    with Pipelines(session) as pipelines:
        losses = []
        for _ in range(60):
            seen, wanted, value, _ = session.run([pictures, targets, loss, train])
            np.testing.assert_allclose(seen[:, 0, 0, 0], wanted * 20 / 255, atol=1e-6)
            losses.append(value)
        assert not pipelines.coord.should_stop()
    assert np.mean(losses[-10:]) < 0.2 * np.mean(losses[:5])


def test_a_summary_tells_how_full_the_queue_is(session):
    tf.train.batch([tf.constant(1)], 2, capacity=10)
    (fullness,) = tf.get_collection(tf.GraphKeys.SUMMARIES)
    (runner,) = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    for n in range(3):
        value = tf.Summary.FromString(session.run(fullness)).value[0]
        assert value.tag == "batch/fraction_of_10_full" and value.simple_value == np.float32(n / 10)
        session.run(runner.enqueue_ops[0])


def test_an_error_in_a_pipeline_reaches_the_program(session):
    def bad(value):
        if value == 5:
            raise ValueError("five is wrong")
        return value

    number = tf.train.range_input_producer(10, shuffle=False).dequeue()
    checked = tf.py_func(bad, [number], tf.int32)
    checked.set_shape([])
    batch = tf.train.batch([checked], 2)
    session.run(tf.local_variables_initializer())
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    with pytest.raises(tf.errors.OutOfRangeError):  # the queue is closed behind what came before the error
        for _ in range(10):
            session.run(batch)
    with pytest.raises(tf.errors.InvalidArgumentError, match="five is wrong"):
        coord.join(threads)


def test_stopping_ends_threads_that_wait_for_room(session):
    tf.train.batch([tf.constant(1)], 2, capacity=3, num_threads=5)
    (runner,) = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    with Pipelines(session) as pipelines:
        assert session.run(runner.queue.dequeue()) == 1
    assert not any(thread.is_alive() for thread in pipelines.threads)
    assert session.run(runner.queue.is_closed())


def test_runners_without_a_coordinator_end_with_the_session(graph):
    tf.train.batch([tf.constant(1)], 2, capacity=3, num_threads=2)
    (runner,) = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    session = tf.Session()
    threads = tf.train.start_queue_runners(session)
    assert session.run(runner.queue.dequeue_many(5)).tolist() == [1] * 5
    session.close()
    for thread in threads:
        thread.join(ENOUGH)
        assert not thread.is_alive()
    assert {type(error) for error in runner.exceptions_raised} == {tf.errors.CancelledError}


def test_a_runner_has_threads_in_each_session_of_its_own(graph):
    queue = tf.FIFOQueue(3, tf.int32, shapes=[[]])
    runner = tf.train.QueueRunner(queue, [queue.enqueue([1])] * 2)
    with tf.Session() as one, tf.Session() as other:
        coord = tf.train.Coordinator()
        first = runner.create_threads(one, coord, start=True)
        second = runner.create_threads(other, coord, start=True)
        assert len(first) == len(second) == 3 and runner.create_threads(one, coord) == []
        assert one.run(queue.dequeue()) == other.run(queue.dequeue()) == 1
        coord.request_stop()
        coord.join()
        assert len(runner.create_threads(one, tf.train.Coordinator())) == 3, "those of before have ended"


def test_another_error_may_stand_for_the_end_of_the_input(session):
    queue = tf.FIFOQueue(9, tf.int32, shapes=[[]])
    fails = tf.py_func(lambda: 1 / 0, [], tf.int32)
    fails.set_shape([])
    runner = tf.train.QueueRunner(
        queue, [queue.enqueue([fails])], queue_closed_exception_types=(tf.errors.UnknownError, tf.errors.CancelledError)
    )
    for thread in runner.create_threads(session, start=True):
        thread.join(ENOUGH)
    assert runner.exceptions_raised == [] and session.run(queue.is_closed())


def test_a_monitored_session_starts_the_runners_and_ends_with_the_input(graph, tmp_path):
    x = tf.train.batch(tf.train.slice_input_producer([np.ones(20, np.float32)], num_epochs=2), 4)
    step = tf.train.get_or_create_global_step()
    weight = tf.get_variable("weight", [])
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(x * weight - 1)), step)
    with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)) as session:
        while not session.should_stop():
            session.run(train)
    assert tf.train.load_variable(str(tmp_path), "global_step") == 10


def test_a_supervisor_starts_the_runners_too(graph, tmp_path):
    batch = tf.train.batch([tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()], 2)
    tf.train.get_or_create_global_step()
    seen = []
    supervisor = tf.train.Supervisor(logdir=str(tmp_path))
    with supervisor.managed_session() as session:
        while not supervisor.should_stop():
            seen.append(session.run(batch).tolist())
    assert seen == [[0, 1], [2, 3], [4, 5]]


def test_runners_go_with_a_graph_into_another_process(graph, tmp_path):
    """The runners of an imported meta graph fill its queues."""
    path = tmp_path / "lines"
    path.write_text("1\n2\n3\n4\n")
    queue = tf.train.string_input_producer([str(path)], num_epochs=1)
    number = tf.string_to_number(tf.TextLineReader().read(queue).value)
    weight = tf.Variable(10.0)
    tf.multiply(tf.train.batch([number], 2), weight, name="result")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{prefix}.meta")
        told = [runner.to_proto() for runner in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)]
        assert [t.queue_name for t in told] == ["input_producer", "batch/fifo_queue"]
        assert "queue_closed_exception_types: OUT_OF_RANGE" in str(told[0])
        saver.restore(session, prefix)
        session.run(tf.local_variables_initializer())
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        assert [session.run("result:0").tolist() for _ in range(2)] == [[10.0, 20.0], [30.0, 40.0]]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run("result:0")
        coord.request_stop()
        coord.join(threads)


def test_a_runner_is_made_of_a_message_or_of_a_queue(graph):
    queue = tf.FIFOQueue(3, tf.int32, shapes=[[]])
    told = tf.train.QueueRunner(queue, [queue.enqueue([1])] * 2).to_proto()
    made = tf.train.QueueRunner.from_proto(told)
    assert made.to_proto() == told and made.name == queue.name
    assert made.queue_closed_exception_types == (tf.errors.OutOfRangeError,)
    with pytest.raises(ValueError, match="mutually exclusive"):
        tf.train.QueueRunner(queue, queue_runner_def=told)


# -- staging areas ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["one memory", "two memories"])
def devices(request):
    if request.param == "two memories":
        request.getfixturevalue("stand_in_cupy")


@pytest.mark.usefixtures("devices")
def test_a_step_takes_what_the_step_before_it_has_staged(graph):
    fed, weight = tf.placeholder(tf.float32, [2]), tf.Variable([0.0, 0.0])
    area = tf.contrib.staging.StagingArea([tf.float32], [[2]], capacity=1)
    put, size = area.put([fed]), area.size()
    step = weight.assign_add(area.get())
    with tf.Session() as session:
        session.run(weight.initializer)
        session.run(put, {fed: [1.0, 10.0]})
        for n in range(2, 5):
            session.run([step.op, put], {fed: [n, 10.0 * n]})
        assert session.run(size) == 1
        np.testing.assert_array_equal(session.run(weight), [6.0, 60.0])
        assert session.run(step).tolist() == [10.0, 100.0]


@pytest.mark.usefixtures("devices")
def test_a_staging_area_is_looked_at_emptied_and_limited(graph):
    area = tf.contrib.staging.StagingArea(
        [tf.float32, tf.int32], [[3], []], names=["x", "n"], memory_limit=40, shared_name="mine"
    )
    n = tf.placeholder(tf.int32, [])
    put = area.put({"n": n, "x": tf.ones([3]) * tf.cast(n, tf.float32)})
    second = area.peek(1)
    with tf.Session() as session:
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(second, options=tf.RunOptions(timeout_in_ms=20))
        session.run(put, {n: 1})
        session.run(put, {n: 2})
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(put, {n: 3}, options=tf.RunOptions(timeout_in_ms=20))
        seen = session.run(second)
        assert seen["n"] == 2 and seen["x"].tolist() == [2.0] * 3
        assert session.run(area.get())["n"] == 1
        session.run(area.clear())
        assert session.run(area.size()) == 0
    wide = tf.contrib.staging.StagingArea([tf.float32], [[4]], memory_limit=8)
    with tf.Session() as session, pytest.raises(tf.errors.ResourceExhaustedError, match="size of '16' bytes"):
        session.run(wide.put([tf.ones([4])]))


def test_a_staging_area_refuses_what_does_not_fit(graph):
    make = tf.contrib.staging.StagingArea
    area, named = make([tf.float32], [[2]]), make([tf.float32], names=["a"])
    for call, says in (
        (lambda: area.put([1.0, 2.0]), "Unexpected number of inputs 2 vs 1"),
        (lambda: area.put([[1.0]]), "are incompatible"),
        (lambda: area.put({"a": 1.0}), "must have names to enqueue a dictionary"),
        (lambda: named.put([1.0]), "must be given a dictionary"),
        (lambda: named.put({"b": 1.0}), "are not the names"),
        (lambda: make([tf.float32], [[1], [2]]), "shapes must be the same length as dtypes"),
        (lambda: make([tf.float32], names=["a", "b"]), "names must be the same length as dtypes"),
        (lambda: make([tf.float32], capacity=-1), "must not be negative"),
        (lambda: make([tf.float32], shared_name=3), "shared_name must be a string"),
    ):
        with pytest.raises(ValueError, match=says):
            call()


def test_threads_end_before_the_tests_do():
    assert [t.name for t in threading.enumerate() if t.name.startswith("QueueRunnerThread") and not t.daemon] == []
