"""What threads do without the interpreter, compiled by Numba; importing this module imports Numba.

To wake a thread, and to hand the interpreter's lock from one to another, takes as long as some million products. So a
helper that has done its part looks for more for a while before it sleeps, and a job's tasks are handed out here.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .. import intrinsics
from ..code_on_disk import Code
from .compiling import WORDS, intrinsic, machine_code, njit
from .jobs import Job, Mailbox
from .vectors import INT64, place_of

array_at: Any = intrinsics.array_at
inner = njit()
ASLEEP, NOTHING, PYTHON = Mailbox.ASLEEP, Mailbox.NOTHING, Mailbox.PYTHON
MESSAGE, GIVEN, BEFORE, PATIENCE = Mailbox.MESSAGE, Mailbox.GIVEN, Mailbox.BEFORE, Mailbox.PATIENCE
MAILBOX = Mailbox.SIZE
NEXT, THREADS, STATUS, TABLE = Job.NEXT, Job.THREADS, Job.STATUS, Job.TABLE
KERNEL, TASKS, OWN, ROW, SIZE = Job.KERNEL, Job.TASKS, Job.OWN, Job.ROW, Job.SIZE


# --- Words that several threads change --------------------------------------------------------------------------------


@intrinsic
def seen(typing_context: Any, words: Any, at: Any) -> Any:
    """words[at], and after it all that was written before that was told."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(place_of(context, builder, signature.args[0], *arguments), "acquire", 8)

    return types.int64(words, types.int64), generate


@intrinsic
def tell(typing_context: Any, words: Any, at: Any, word: Any) -> Any:
    """words[at] = word, after all that was written before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, at, word = arguments
        builder.store_atomic(word, place_of(context, builder, signature.args[0], words, at), "release", 8)
        return context.get_dummy_value()

    return types.none(words, types.int64, types.int64), generate


@intrinsic
def exchanged(typing_context: Any, words: Any, at: Any, word: Any) -> Any:
    """words[at] as it was before it became `word`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, at, word = arguments
        return builder.atomic_rmw("xchg", place_of(context, builder, signature.args[0], words, at), word, "seq_cst")

    return types.int64(words, types.int64, types.int64), generate


@intrinsic
def counted(typing_context: Any, words: Any, at: Any) -> Any:
    """words[at] as it was before it became one more."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *arguments)
        return builder.atomic_rmw("add", place, ir.Constant(INT64, 1), "seq_cst")

    return types.int64(words, types.int64), generate


@intrinsic
def replaced(typing_context: Any, words: Any, at: Any, word: Any, by: Any) -> Any:
    """Whether words[at] was `word` and is now `by`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, at, word, by = arguments
        place = place_of(context, builder, signature.args[0], words, at)
        return builder.extract_value(builder.cmpxchg(place, word, by, "seq_cst", "seq_cst"), 1)

    return types.boolean(words, *[types.int64] * 3), generate


@intrinsic
def rest(typing_context: Any) -> Any:
    """Lets the processor wait a moment, where it has an instruction for that."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if builder.module.triple.startswith(("x86_64", "i686")):
            nothing = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, nothing, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.none(), generate


# --- Calls ------------------------------------------------------------------------------------------------------------


@intrinsic
def words_at(typing_context: Any, address: Any) -> Any:
    """The address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], INT64.as_pointer())

    return types.CPointer(types.int64)(types.int64), generate


@intrinsic
def called(typing_context: Any, kernel: Any, words: Any, at: Any) -> Any:
    """The status of the kernel at this address, called with its arguments from words[at] on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kernel, words, at = arguments
        place = place_of(context, builder, signature.args[1], words, at)
        anything = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [anything, anything, INT64.as_pointer()])
        results = [builder.bitcast(cgutils.alloca_once(builder, INT64), anything) for _ in range(2)]
        status = builder.call(builder.inttoptr(kernel, kind.as_pointer()), [*results, place])
        return builder.sext(status, INT64)

    return types.int64(types.int64, words, types.int64), generate


@inner
def do_tasks(job):
    """Takes the tasks of a job, one after the other, until there are no more."""
    head = array_at(job, TABLE)
    words = array_at(job, head[SIZE])
    row = TABLE + head[TASKS] * head[OWN] + counted(words, THREADS) * head[ROW]
    own = row + head[ROW] - head[OWN]
    task = counted(words, NEXT)
    while task < head[TASKS]:
        for k in range(head[OWN]):
            words[own + k] = words[TABLE + task * head[OWN] + k]
        status = called(head[KERNEL], words, row)
        if status != 0:
            tell(words, STATUS, status)
        task = counted(words, NEXT)


# --- What Python calls ------------------------------------------------------------------------------------------------


def work(job):
    """Does what there is to be done of a job."""
    do_tasks(job)


def give(mailbox):
    """Puts mailbox[GIVEN] in as the message; mailbox[BEFORE] is the one before."""
    words = array_at(mailbox, MAILBOX)
    words[BEFORE] = exchanged(words, MESSAGE, words[GIVEN])


def attend(mailbox):
    """Does jobs until there was none for a while, or there is work for Python, of which it says that it begins."""
    words = array_at(mailbox, MAILBOX)
    looks = 0
    while True:
        message = seen(words, MESSAGE)
        if message == NOTHING:
            looks += 1
            if looks < words[PATIENCE]:
                rest()
            elif replaced(words, MESSAGE, NOTHING, ASLEEP):
                return
        elif replaced(words, MESSAGE, message, message + 1):
            if message == PYTHON:
                return
            do_tasks(words_at(message))
            tell(words, MESSAGE, NOTHING)
            looks = 0


def take_back(mailbox):
    """Takes the message back if the helper has not begun with it, else waits for a while until its job is done.

    mailbox[BEFORE] is then what there is still to wait for: NOTHING, PYTHON, of which Python knows when it is done, or
    the job.
    """
    words = array_at(mailbox, MAILBOX)
    message = words[GIVEN]
    words[BEFORE] = NOTHING
    if replaced(words, MESSAGE, message, NOTHING):
        return
    looks = 0
    while message != PYTHON and looks < words[PATIENCE]:
        if seen(words, MESSAGE) != message + 1:
            return
        rest()
        looks += 1
    words[BEFORE] = message


def code(name: str) -> Code:
    """The function of a name, compiled."""
    return machine_code(globals()[name], types.void(WORDS))
