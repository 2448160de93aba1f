"""The threads among which kernels share out their work; they are kept from call to call."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .jobs import Job, Mailbox

if TYPE_CHECKING:
    from ..code_on_disk import Code

FLOOR = Path(__file__).parent
SOURCES = (
    FLOOR.parent / "intrinsics.py",
    *(FLOOR / f"{name}.py" for name in ("compiled_threads", "compiling", "jobs", "vectors", "walking")),
)
PATIENCE_S = 1e-3  # for which a helper looks for more to do before it sleeps: to wake it takes a tenth of that
TASKS = 8  # for each thread, at most: one that another program holds up leaves its share to the others


def count() -> int:
    """How many threads work at once: one for each processor that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(total: int, unit: int) -> list[tuple[int, int]]:
    """(begin, end) of the parts, in whole units, that make tasks of the total; how many depends on the threads."""
    length = -(-total // (unit * TASKS * count())) * unit
    return [(begin, min(total, begin + length)) for begin in range(0, total, length)]


@functools.cache
def _current_processor() -> Callable[[], int] | None:
    """The function that tells on which processor its caller runs; None where threads cannot be kept off that."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        return ctypes.PyDLL(None).sched_getcpu
    except (AttributeError, OSError):
        return None


class _Functions(NamedTuple):
    """compiled_threads' functions, of the address of a mailbox or of a job."""

    give: Callable[[int], None]
    attend: Callable[[int], None]
    take_back: Callable[[int], None]
    work: Callable[[int], None]


@functools.cache
def _functions() -> _Functions:
    from . import machine_code  # which takes a while to import

    def compiled(name: str) -> Code:
        from .compiled_threads import code

        return code(name)

    return _Functions(
        *(
            machine_code.function(f"{name}_threads", SOURCES, functools.partial(compiled, name), [ctypes.c_void_p])
            for name in _Functions._fields
        )
    )


@functools.cache
def _patience() -> int:
    """How many times a helper looks for work in PATIENCE_S."""
    looks = 1 << 11
    mailbox = array("q", [Mailbox.NOTHING] * Mailbox.SIZE)
    mailbox[Mailbox.PATIENCE] = looks
    attend = _functions().attend
    begin = time.perf_counter()
    attend(mailbox.buffer_info()[0])
    return max(1, int(looks * PATIENCE_S / (time.perf_counter() - begin)))


class _Helper:
    """A thread that is given something to do beside its caller.

    What passes between them lies in a mailbox (jobs.py). A helper sleeps after it has looked there for a while in vain;
    a lock wakes it. Linux likes to wake a thread on the processor of the one that wakes it, which will be busy, and
    leaves both there for many milliseconds: so a helper is kept off its caller's.
    """

    def __init__(self) -> None:
        self._work: Callable[[], None] = lambda: None
        self._error: BaseException | None = None
        self._mailbox = array("q", [0] * Mailbox.SIZE)
        self._mailbox[Mailbox.MESSAGE] = Mailbox.ASLEEP
        self._mailbox[Mailbox.PATIENCE] = _patience()
        self._address = self._mailbox.buffer_info()[0]
        self._woken, self._done = threading.Lock(), threading.Lock()
        self._woken.acquire()
        self._done.acquire()
        self._processors: set[int] | None = None
        self._thread = threading.Thread(target=self._live, name="scopeflow", daemon=True)
        self._thread.start()

    def _live(self) -> None:
        attend, mailbox = _functions().attend, self._mailbox
        while True:
            self._woken.acquire()
            attend(self._address)
            while mailbox[Mailbox.MESSAGE] == Mailbox.PYTHON + 1:
                try:
                    self._work()
                except BaseException as error:  # the caller raises it
                    self._error = error
                mailbox[Mailbox.MESSAGE] = Mailbox.NOTHING
                self._done.release()
                attend(self._address)

    def begin(self, message: int, work: Callable[[], None], processors: set[int]) -> None:
        """Gives it a message, `work` being what that says for Python, to be done on one of these processors."""
        if processors and processors != self._processors:
            self._processors = processors
            with contextlib.suppress(OSError):  # where the system does not let us, threads stay where it puts them
                os.sched_setaffinity(self._thread.native_id or 0, processors)
        self._work = work
        self._mailbox[Mailbox.GIVEN], self._mailbox[Mailbox.BEFORE] = message, Mailbox.UNGIVEN
        _functions().give(self._address)
        if self._mailbox[Mailbox.BEFORE] == Mailbox.ASLEEP:
            self._woken.release()

    def end(self) -> BaseException | None:
        """Takes the message back, or waits until it is done with; what the work raised."""
        mailbox = self._mailbox
        if mailbox[Mailbox.BEFORE] == Mailbox.UNGIVEN:  # a signal's handler raised before that
            return None
        _functions().take_back(self._address)
        while mailbox[Mailbox.BEFORE] not in (Mailbox.NOTHING, Mailbox.PYTHON):
            time.sleep(0)  # for where both are on one processor
            _functions().take_back(self._address)
        if mailbox[Mailbox.BEFORE] == Mailbox.PYTHON:
            self._done.acquire()
        error, self._error, self._work = self._error, None, lambda: None
        return error


def _other_processors() -> set[int]:
    """Those of the process but the caller's own; none where that is not known."""
    current = _current_processor()
    return os.sched_getaffinity(0) - {current()} if current else set()


_idle: list[_Helper] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a child has none of its parent's threads


def share(tasks: int, work: Callable[[int], object]) -> None:
    """Calls work(0) to work(tasks - 1), each once, on as many threads as there are; returns when all are done.

    A thread takes the next task when it is done with one. `work` must let go of the interpreter's lock while it works,
    and no result may depend on which thread did what. Raises what `work` raised.
    """
    numbers = iter(range(tasks))  # taken from under the interpreter's lock, so no number twice

    def take() -> None:
        for number in numbers:
            work(number)

    _together(min(count(), tasks) - 1, Mailbox.PYTHON, take)


def share_calls(kernel: int, rows: Sequence[Sequence[int]], tasks: Sequence[Sequence[int]]) -> None:
    """Calls the kernel at this address once for each task, on one thread for each row; returns when all are done.

    Its arguments are the words of the row and of the task; rows are of one length, and so are tasks.
    """
    own = len(tasks[0])
    row = len(rows[0]) + own
    job = array("q", [0] * Job.TABLE)
    for task in tasks:
        job.extend(task)
    room = [0] * own
    for fixed in rows:
        job.extend(fixed)
        job.extend(room)
    job[Job.KERNEL], job[Job.TASKS], job[Job.OWN], job[Job.ROW], job[Job.SIZE] = kernel, len(tasks), own, row, len(job)
    address = job.buffer_info()[0]
    _together(len(rows) - 1, address, lambda: _functions().work(address))
    if job[Job.STATUS]:
        raise RuntimeError(f"a kernel ended with status {job[Job.STATUS]}")


def _together(beside: int, message: int, work: Callable[[], None]) -> None:
    """Does the work here and, so the message says, in so many helpers, as far as these begin before it is done."""
    if beside < 1:
        work()
        return
    helpers = []
    others = _other_processors()
    try:
        for _ in range(beside):
            try:
                helper = _idle.pop()
            except IndexError:
                helper = _Helper()
            helpers.append(helper)
            helper.begin(message, work, others)
        work()
    finally:
        errors = [helper.end() for helper in helpers]
        _idle.extend(helpers)
    for error in errors:
        if error:
            raise error
