"""Tasks shared out among threads: each is done once, by whoever is there, and nothing waits for who is not."""

import ctypes
import os
import threading
import time

import numpy as np
import pytest

from scopeflow.kernels.cpu import threads
from scopeflow.kernels.cpu.calling import Scratch, floats, kernel_of
from scopeflow.kernels.cpu.jobs import Mailbox
from scopeflow.kernels.cpu.maxima import walk_of
from scopeflow.kernels.geometry import windows


def test_scratch_memory_is_lent_to_one_at_a_time_and_used_again():
    scratch = Scratch(8, tables=(3,))

    def places():
        with scratch.lent(2) as memories, scratch.lent() as more:
            return [memory.address for one in (*memories, *more) for memory in one]

    before = places()
    assert len(set(before)) == 6
    assert set(places()) == set(before)


def test_each_task_is_done_once_and_all_are_done_on_return(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 3)
    for tasks in (0, 1, 2, 1000):
        done = []
        threads.share(tasks, done.append)
        assert sorted(done) == list(range(tasks))


def test_tasks_run_at_the_same_time(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    together = threading.Barrier(2, timeout=60)
    threads.share(2, lambda _: together.wait())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are told where to run on Linux alone")
def test_a_helper_is_kept_off_its_callers_processor(monkeypatch):
    """Both on one processor would take turns."""
    allowed = os.sched_getaffinity(0)
    monkeypatch.setattr(threads, "count", lambda: 2)
    seen, met = [], threading.Barrier(2, timeout=60)

    def work(_):
        met.wait()
        if threading.current_thread() is not threading.main_thread():
            seen.append(os.sched_getaffinity(0))

    for current in sorted(allowed)[:2]:
        monkeypatch.setattr(threads, "_current_processor", lambda current=current: lambda: current)
        threads.share(2, work)
        assert seen.pop() == (allowed - {current} or allowed)
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are told where to run on Linux alone")
def test_threads_work_where_the_system_does_not_let_them_be_placed(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(threads, "_idle", [])
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    done = []
    threads.share(5, done.append)
    assert sorted(done) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("failing", [0, 7, 999])
def test_the_error_of_a_task_is_raised(failing, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)

    def work(number):
        if number == failing:
            raise ArithmeticError(f"task {number}")

    with pytest.raises(ArithmeticError, match=f"task {failing}"):
        threads.share(1000, work)


def test_an_error_waits_for_the_other_tasks(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    caller, began, ended = threading.get_ident(), threading.Event(), []

    def work(number):
        if threading.get_ident() == caller:
            assert began.wait(60)
            raise ArithmeticError
        began.set()
        time.sleep(0.2)
        ended.append(number)

    with pytest.raises(ArithmeticError):
        threads.share(2, work)
    assert ended


# --- Calls of kernels, which the interpreter does not see -------------------------------------------------------------


@pytest.fixture
def kernel():
    """x, y, out, begin, end: out[i] = x[i] * (y[i] > 0) for i from begin to end."""
    return kernel_of("relu_grad")


def shared(kernel, x, tasks):
    out, positive = np.zeros_like(x), np.ones_like(x)
    kernel.share((floats(x), floats(positive), floats(out)), tasks)
    return out


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("tasks", [0, 1, 2, 1000])
def test_each_call_is_made_once(tasks, count, monkeypatch):
    """This kernel adds to its sums, and would do so twice."""
    monkeypatch.setattr(threads, "count", lambda: count)
    at = windows((1, 1), (1, 1), (1, 1), "VALID")
    x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 1, 16)
    sums = np.zeros((tasks, 16), np.float32)
    kernel = kernel_of("depthwise_filter_grad")
    kernel.share((floats(x), floats(x), walk_of(at, 16)), [(*floats(row), 0, 1) for row in sums])
    assert (sums == x.reshape(-1) ** 2).all()


def test_calls_go_on_beside_the_caller(kernel, monkeypatch):
    """Who holds a long task is waited for, while the other does the short ones."""
    monkeypatch.setattr(threads, "count", lambda: 2)
    x = np.random.RandomState(0).normal(size=1 << 22).astype(np.float32)
    half, short = x.size // 2, 1 << 14
    tasks = [(0, half), *((begin, begin + short) for begin in range(half, x.size, short))]
    for _ in range(20):
        assert (shared(kernel, x, tasks) == x).all()


def test_many_callers_at_once_share_nothing(kernel, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 3)
    wrong, began = [], threading.Barrier(6, timeout=60)

    def call(seed):
        x = np.random.RandomState(seed).normal(size=40_000).astype(np.float32)
        began.wait()
        for parts in range(1, 120):
            tasks = [(x.size * i // parts, x.size * (i + 1) // parts) for i in range(parts)]
            if not (shared(kernel, x, tasks) == x).all():
                wrong.append((seed, parts))
            done = []
            threads.share(parts, done.append)
            if sorted(done) != list(range(parts)):
                wrong.append((seed, done))

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


def test_what_no_helper_has_begun_is_not_waited_for(kernel, monkeypatch):
    """Not even for one that never wakes."""

    class Dead(threads._Helper):
        def _live(self):
            pass

    monkeypatch.setattr(threads, "count", lambda: 2)
    dead = Dead()
    monkeypatch.setattr(threads, "_idle", [dead])
    x = np.arange(100, dtype=np.float32)
    assert (shared(kernel, x, [(0, 50), (50, 100)]) == x).all()
    done = []
    threads.share(4, done.append)
    assert done == [0, 1, 2, 3]
    assert threads._idle == [dead]
    assert dead._mailbox[Mailbox.MESSAGE] == Mailbox.NOTHING


@pytest.mark.parametrize("late", [False, True])
def test_a_signal_while_a_helper_is_told_leaves_all_as_it_was(late, kernel, monkeypatch):
    """Whether its handler raises before or after the message is in the box."""
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(threads, "_idle", [])
    x = np.arange(100, dtype=np.float32)
    shared(kernel, x, [(0, 50), (50, 100)])
    functions = threads._functions()

    def give(address):
        if late:
            functions.give(address)
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(threads, "_functions", lambda: functions._replace(give=give))
        for work in (lambda: threads.share(2, print), lambda: shared(kernel, x, [(0, 50), (50, 100)])):
            with pytest.raises(KeyboardInterrupt):
                work()
    for _ in range(3):
        assert (shared(kernel, x, [(0, 50), (50, 100)]) == x).all()
        done = []
        threads.share(5, done.append)
        assert sorted(done) == [0, 1, 2, 3, 4]


def test_helpers_sleep_when_there_is_nothing_to_do(kernel, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(threads, "_idle", [])
    x = np.arange(100, dtype=np.float32)
    for _ in range(3):  # and wake again
        assert (shared(kernel, x, [(0, 50), (50, 100)]) == x).all()
        (helper,) = threads._idle
        end = time.monotonic() + 60
        while helper._mailbox[Mailbox.MESSAGE] != Mailbox.ASLEEP:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_call_that_fails_is_told(monkeypatch):
    """Kernels never fail; a function that gives back another status stands for a broken one."""
    failing = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: 7)
    address = ctypes.cast(failing, ctypes.c_void_p).value
    with pytest.raises(RuntimeError, match="status 7"):
        threads.share_calls(address, [[1], [1]], [(0,), (1,)])


@pytest.mark.parametrize("count", [1, 3])
def test_parts_are_the_whole(count, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)
    for total in (1, 7, 48, 1000):
        for unit in (1, 5, 64):
            parts = threads.parts(total, unit)
            assert [i for part in parts for i in range(*part)] == list(range(total))
            assert all(begin < end and begin % unit == 0 for begin, end in parts)
            assert len(parts) <= threads.TASKS * count
