"""What kernels are told, and threads tell each other: words of int64, which compiled code reads too."""

from __future__ import annotations

from typing import NamedTuple

APART = 8  # words of a line of the cache: what several threads write lies in lines of its own


class Mailbox:
    """Where the words of a helping thread's mailbox lie, and what its message may be.

    A message is the address of a job, or one of the three here; what is one more says that the helper has begun.
    """

    MESSAGE = 0
    GIVEN, BEFORE, PATIENCE = range(
        APART, APART + 3
    )  # the caller's: what it gave, an answer, how often to look in vain
    SIZE = 2 * APART

    ASLEEP, NOTHING, PYTHON = -1, 0, 2
    UNGIVEN = -2  # the answer before a message is in the box


class Job:
    """Where the words of a job lie: calls of a kernel, each a task.

    After the table of the tasks' own arguments there is a row for each thread: the arguments that all tasks share, the
    thread's own, and room for a task's.
    """

    NEXT = 0  # the number of the next task
    THREADS = APART  # how many have come
    STATUS = 2 * APART  # what a call gave back, if not 0
    KERNEL, TASKS, OWN, ROW, SIZE = range(3 * APART, 3 * APART + 5)  # OWN and ROW are lengths
    TABLE = 4 * APART


class Floats(NamedTuple):
    """Float32 memory, by its address."""

    address: int
    size: int


class Integers(NamedTuple):
    """Int64 memory, by its address."""

    address: int
    size: int
