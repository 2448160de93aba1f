"""Queues with several threads at them: who waits, who is served, and how waiting ends."""

import gc
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import scopeflow as tf

ENOUGH = 20.0  # seconds that nothing here takes, unless it hangs


class Running:
    """A call in a thread of its own."""

    def __init__(self, call):
        self._call = call
        self.result = self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error

    def end(self):
        """What the call gives or raises."""
        self.thread.join(ENOUGH)
        assert not self.thread.is_alive(), "it still waits"
        if self.error is not None:
            raise self.error
        return self.result


def wait_until(condition):
    deadline = time.monotonic() + ENOUGH
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.001)


class Line:
    """A queue of integers in a session, and who stands in its lines."""

    def __init__(self, capacity=3, kind=tf.FIFOQueue, **more):
        self.graph = tf.Graph()
        with self.graph.as_default():
            extra = {"min_after_dequeue": 0} if kind is tf.RandomShuffleQueue else {}
            self.queue = kind(capacity, dtypes=tf.int32, shapes=[[]], **extra, **more)
            self.value, self.values = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [None])
            self.count = tf.placeholder(tf.int32, [])
            self.ops = {
                "put": self.queue.enqueue([self.value]),
                "put_many": self.queue.enqueue_many([self.values]),
                "take": self.queue.dequeue(),
                "take_many": self.queue.dequeue_many(self.count),
                "take_up_to": self.queue.dequeue_up_to(self.count),
                "close": self.queue.close(),
                "cancel": self.queue.close(cancel_pending_enqueues=True),
                "size": self.queue.size(),
                "is_closed": self.queue.is_closed(),
            }
        self.session = tf.Session(graph=self.graph)
        self.session.run(self.ops["size"])
        self.state = self.session.resource(self.queue.queue_ref.op, None)

    def __call__(self, what, fed=None, **more):
        feeds = {"put": self.value, "put_many": self.values}.get(what, self.count)
        result = self.session.run(self.ops[what], None if fed is None else {feeds: fed}, **more)
        return result.tolist() if isinstance(result, np.ndarray) else result

    def start(self, *call):
        """A thread that waits in one of the lines."""
        before = self.waiting
        running = Running(lambda: self(*call))
        wait_until(lambda: self.waiting == before + 1)
        return running

    @property
    def waiting(self):
        return len(self.state.puts) + len(self.state.takes)


@pytest.fixture
def line():
    line = Line()
    yield line
    line.session.close()


# -- who is served ----------------------------------------------------------------------------------------------------


def test_who_waits_for_an_element_gets_the_next_one_in_the_order_of_arrival(line):
    takers = [line.start("take") for _ in range(3)]
    line("put_many", [7, 8, 9])
    assert [taker.end() for taker in takers] == [7, 8, 9]


def test_who_waits_for_room_puts_its_elements_in_the_order_of_arrival(line):
    line("put_many", [1, 2, 3])
    putters = [line.start("put", n) for n in (4, 5)] + [line.start("put_many", [6, 7, 8])]
    assert [line("take") for _ in range(8)] == list(range(1, 9))
    for putter in putters:
        putter.end()


def test_a_large_batch_goes_through_a_small_queue_piece_by_piece(line):
    batch = line.start("take_many", 10)
    line("put_many", range(4))
    wait_until(lambda: line("size") == 0)
    line("put_many", range(4, 12))
    assert batch.end() == list(range(10)) and line("size") == 2


def test_who_takes_after_a_waiting_batch_waits_behind_it(line):
    batch, later = line.start("take_many", 3), line.start("take")
    line("put_many", [1, 2])
    assert later.thread.is_alive() and line("size") == 0
    line("put_many", [3, 4])
    assert (batch.end(), later.end()) == ([1, 2, 3], 4)


@pytest.mark.parametrize("kind", [tf.FIFOQueue, tf.RandomShuffleQueue])
def test_many_threads_lose_nothing_and_get_nothing_twice(kind):
    line, each, threads = Line(5, kind), 60, 4
    putters = [Running(lambda t=t: [line("put", t * each + n) for n in range(each)]) for t in range(threads)]
    takers = [Running(lambda: [line("take") for _ in range(each // 2)]) for _ in range(threads)]
    batches = [Running(lambda: line("take_many", each // 2)) for _ in range(threads)]
    for putter in putters:
        putter.end()
    taken = [taker.end() for taker in (*takers, *batches)]
    assert sorted(value for part in taken for value in part) == list(range(threads * each))
    if kind is tf.FIFOQueue:
        of_one_thread = [[value for value in part if value < each] for part in taken]
        assert all(part == sorted(part) for part in of_one_thread), "one thread's elements came out of order"


def test_a_blocked_run_leaves_the_session_to_others(line):
    blocked = line.start("take")
    with line.graph.as_default():
        variable = tf.Variable(0)
        step = tf.assign_add(variable, 1)
        line.session.run(variable.initializer)
    for _ in range(50):
        line.session.run(step.op)
    assert line.session.run(variable) == 50 and blocked.thread.is_alive()
    line("put", 3)
    assert blocked.end() == 3


# -- within one run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken_first", [False, True])
@pytest.mark.parametrize("filled", [0, 1])
def test_one_run_may_put_and_take_whether_the_queue_is_full_or_empty(filled, taken_first):
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.int32, shapes=[[]])
        take = queue.dequeue() if taken_first else None
        put = queue.enqueue([5])
        take = queue.dequeue() if take is None else take
        with tf.Session() as session:
            if filled:
                session.run(queue.enqueue([4]))
            options = tf.RunOptions(timeout_in_ms=int(1000 * ENOUGH))
            assert session.run([put, take * 2], options=options)[1] == (8 if filled else 10)
            assert session.run(queue.size()) == filled


def test_a_run_that_fails_takes_its_waiting_element_with_it():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.int32, shapes=[[]])
        put, bad = queue.enqueue([5]), tf.py_func(lambda: 1 / 0, [], tf.int32)
        with tf.Session() as session:
            session.run(queue.enqueue([4]))
            with pytest.raises(tf.errors.UnknownError, match="ZeroDivisionError"):
                session.run([put, bad])
            assert session.run(queue.dequeue()) == 4
            assert session.run(queue.size()) == 0


def test_what_depends_on_an_enqueue_runs_after_it():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(3, tf.int32, shapes=[[]])
        with tf.control_dependencies([queue.enqueue([1])]), tf.control_dependencies([queue.enqueue([2])]):
            size = queue.size()
        with tf.Session() as session:
            assert session.run(size) == 2


def test_an_element_is_a_copy_of_what_was_put():
    """Neither a fed array nor a variable's buffer, which the next run may change, lies in the queue."""
    with tf.Graph().as_default():
        fed, variable = tf.placeholder(tf.float32, [3]), tf.Variable(tf.zeros([3]))
        queue = tf.FIFOQueue(5, [tf.float32, tf.float32], shapes=[[3], [3]])
        put, many = queue.enqueue([fed, variable]), queue.enqueue_many([[fed], [variable]])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            array = np.ones(3, np.float32)
            session.run(put, {fed: array})
            session.run(many, {fed: array})
            array[:] = 9
            session.run(variable.assign_add([1.0, 1.0, 1.0]))
            for _ in range(2):
                first, second = session.run(queue.dequeue())
                np.testing.assert_array_equal(first, np.ones(3))
                np.testing.assert_array_equal(second, np.zeros(3))


def test_a_taken_element_may_become_a_variables_value_and_be_changed():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(5, tf.float32, shapes=[[2]])
        variable = tf.Variable(tf.zeros([2]))
        take = tf.assign(variable, queue.dequeue())
        with tf.Session() as session:
            session.run(queue.enqueue_many([[[1.0, 2.0], [3.0, 4.0]]]))
            session.run(take)
            session.run(variable.assign_add([10.0, 10.0]))
            np.testing.assert_array_equal(session.run(queue.dequeue()), [3.0, 4.0])
            np.testing.assert_array_equal(session.run(variable), [11.0, 12.0])


# -- how waiting ends -------------------------------------------------------------------------------------------------


def test_closing_ends_who_waits_for_elements_that_will_not_come(line):
    batch, fewer = line.start("take_many", 2), line.start("take_up_to", 4)
    line("put", 1)
    line("close")
    with pytest.raises(tf.errors.OutOfRangeError, match=r"is closed and has insufficient elements \(requested 1, "):
        batch.end()
    assert fewer.end() == [1], "what the first could not use went to the second"


@pytest.mark.parametrize("kind", [tf.FIFOQueue, tf.PaddingFIFOQueue])
def test_elements_of_a_batch_that_came_to_nothing_keep_their_order(kind):
    line = Line(9, kind)
    batch = line.start("take_many", 7)
    line("put_many", [1, 2, 3])
    wait_until(lambda: line("size") == 0)
    line("close")
    with pytest.raises(tf.errors.OutOfRangeError, match=r"requested 4, current size 0"):
        batch.end()
    assert line("take_up_to", 9) == [1, 2, 3]


def test_elements_that_come_back_to_a_queue_by_priority_leave_before_later_ones_of_their_priority():
    with tf.Graph().as_default():
        queue = tf.PriorityQueue(9, tf.string, [[]])
        fill = queue.enqueue_many([[1, 0, 1], ["b", "a", "c"]])
        with tf.Session() as session:
            session.run(fill)
            with pytest.raises(tf.errors.DeadlineExceededError):
                session.run(queue.dequeue_many(4), options=tf.RunOptions(timeout_in_ms=30))
            session.run(queue.enqueue([1, "d"]))
            assert session.run(queue.dequeue_many(4)[1]).tolist() == [b"a", b"b", b"c", b"d"]


def test_closing_waits_for_those_who_stood_in_line_before_it(line):
    line("put_many", [1, 2, 3])
    putter = line.start("put", 4)
    closing = line.start("close")
    with pytest.raises(tf.errors.DeadlineExceededError):
        line("put", 5, options=tf.RunOptions(timeout_in_ms=20))
    assert not line("is_closed")
    assert line("take") == 1
    putter.end(), closing.end()
    assert line("is_closed") and line("take_many", 3) == [2, 3, 4]


def test_closing_with_cancel_ends_who_waits_for_room(line):
    line("put_many", [1, 2])
    putter, other = line.start("put_many", [3, 4, 5]), line.start("put", 6)
    line("cancel")
    for waiting in (putter, other):
        with pytest.raises(tf.errors.CancelledError, match="Enqueue operation was cancelled"):
            waiting.end()
    assert line("take_up_to", 9) == [1, 2, 3]
    line("cancel")
    with pytest.raises(tf.errors.CancelledError, match=r"Queue '.*' is already closed\."):
        line("close")


def test_closing_the_session_ends_all_who_wait(line):
    taker = line.start("take")
    other = Line()
    other("put_many", [1, 2, 3])
    putter = other.start("put", 4)
    line.session.close()
    other.session.close()
    with pytest.raises(tf.errors.CancelledError, match="Dequeue operation was cancelled"):
        taker.end()
    with pytest.raises(tf.errors.CancelledError, match="Enqueue operation was cancelled"):
        putter.end()
    with pytest.raises(RuntimeError, match="closed Session"):
        line("take")


def test_a_run_that_reaches_the_queue_after_the_session_closed_does_not_wait(line):
    inside, go = threading.Event(), threading.Event()
    with (
        line.graph.as_default(),
        tf.control_dependencies([tf.py_func(lambda: inside.set() or go.wait(ENOUGH), [], tf.bool)]),
    ):
        late = line.queue.dequeue()  # fmt: skip
    running = Running(lambda: line.session.run(late))
    assert inside.wait(ENOUGH)
    line.session.close()
    go.set()
    with pytest.raises(tf.errors.CancelledError):
        running.end()


def test_who_has_waited_too_long_leaves_nothing_behind(line):
    line("put", 1)
    with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting for notification"):
        line("take_many", 2, options=tf.RunOptions(timeout_in_ms=30))
    assert line.waiting == 0 and line("size") == 1
    with pytest.raises(tf.errors.DeadlineExceededError):
        line("put_many", [2, 3, 4], options=tf.RunOptions(timeout_in_ms=30))
    assert line.waiting == 0 and line("take_many", 3) == [1, 2, 3]


def test_who_gives_up_lets_those_behind_it_go_on(line):
    line("put", 1)
    first = Running(lambda: line("take_many", 3, options=tf.RunOptions(timeout_in_ms=100)))
    wait_until(lambda: line.waiting)
    behind = line.start("take")
    with pytest.raises(tf.errors.DeadlineExceededError):
        first.end()
    assert behind.end() == 1


def test_a_queue_that_keeps_elements_back_gives_them_when_it_is_closed():
    with tf.Graph().as_default():
        queue = tf.RandomShuffleQueue(10, 3, tf.int32, shapes=[[]])
        with tf.Session() as session:
            session.run(queue.enqueue_many([range(5)]))
            taken = [int(session.run(queue.dequeue())) for _ in range(2)]
            with pytest.raises(tf.errors.DeadlineExceededError):
                session.run(queue.dequeue(), options=tf.RunOptions(timeout_in_ms=20))
            session.run(queue.close())
            assert sorted(taken + session.run(queue.dequeue_many(3)).tolist()) == list(range(5))


def test_two_sessions_share_no_elements(line):
    line("put", 1)
    with tf.Session(graph=line.graph) as other:
        assert other.run(line.ops["size"]) == 0


def test_names_make_one_queue_of_two_and_another_ones_elements_stay():
    with tf.Graph().as_default():
        first, second = (tf.FIFOQueue(5, tf.int32, shapes=[[]], shared_name="one") for _ in range(2))
        with tf.Session() as session:
            session.run(first.enqueue([4]))
            assert session.run(second.dequeue()) == 4


def test_a_list_of_queues_gives_the_chosen_one():
    with tf.Graph().as_default():
        queues = [tf.FIFOQueue(5, tf.int32, shapes=[[]]) for _ in range(3)]
        which = tf.placeholder(tf.int32, [])
        chosen = tf.QueueBase.from_list(which, queues)
        taken = chosen.dequeue()
        with tf.Session() as session:
            session.run([queue.enqueue([n]) for n, queue in enumerate(queues)])
            assert [int(session.run(taken, {which: n})) for n in (2, 0, 1)] == [2, 0, 1]


def test_a_queue_inside_a_condition_is_used_only_when_that_is_taken():
    with tf.Graph().as_default():
        queue, wanted = tf.FIFOQueue(5, tf.int32, shapes=[[]]), tf.placeholder(tf.bool, [])
        value = tf.cond(wanted, queue.dequeue, lambda: tf.constant(-1))
        with tf.Session() as session:
            session.run(queue.enqueue([7]))
            assert session.run(value, {wanted: False}) == -1
            assert session.run(value, {wanted: True}) == 7
            assert session.run(queue.size()) == 0


def test_a_wrong_number_of_values_is_refused():
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(5, [tf.int32, tf.int32])
        with pytest.raises(ValueError, match="has 2 components, but got 3 values"):
            queue.enqueue([1, 2, 3])


def test_elements_that_were_taken_are_not_kept(line):
    array = np.ones(1000, np.float32)
    seen = weakref.ref(array)
    line.state.put([(array,)])
    del array
    gc.collect()
    assert seen() is not None
    line.state.take()
    gc.collect()
    assert seen() is None


def test_after_a_damaged_file_a_reader_goes_on_with_the_next_one(tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    with tf.python_io.TFRecordWriter(str(whole)) as writer:
        writer.write(b"one")
        writer.write(b"two")
    torn.write_bytes(whole.read_bytes()[:-2])
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(9, tf.string, shapes=[[]])
        value = tf.TFRecordReader().read(queue).value
        with tf.Session() as session:
            session.run(queue.enqueue_many([[str(torn), str(tmp_path / "nowhere"), str(whole)]]))
            assert session.run(value) == b"one"
            with pytest.raises(tf.errors.DataLossError, match="truncated record at 19"):
                session.run(value)
            with pytest.raises(tf.errors.NotFoundError, match="nowhere; No such file"):
                session.run(value)
            assert [session.run(value) for _ in range(2)] == [b"one", b"two"]


# -- the process ------------------------------------------------------------------------------------------------------

PROGRAM = """
import os, sys, threading, signal
import numpy as np
import scopeflow as tf
queue = tf.FIFOQueue(2, tf.float32, shapes=[[]])
"""
LEAVES_RUNNERS_RUNNING = """
batch = tf.train.batch([tf.random_uniform([])], 2, num_threads=3)
sess = tf.Session()
tf.train.start_queue_runners(sess)
print("batch", sess.run(batch).shape, flush=True)
"""
IS_INTERRUPTED = """
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    tf.Session().run(queue.dequeue())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(("program", "says"), [(LEAVES_RUNNERS_RUNNING, "batch (2,)"), (IS_INTERRUPTED, "interrupted")])
def test_a_process_ends_though_threads_or_queues_wait(program, says):
    home = Path(tf.__file__).resolve().parent
    paths = [p for p in sys.path if p]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{PROGRAM}{program}"],
        capture_output=True, text=True, timeout=60, cwd=home.parent,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, says), done.stderr
    assert signal.getsignal(signal.SIGINT) is not None
