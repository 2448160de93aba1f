"""A plan's steps as one function: in their order, each value dropped when it is no longer needed."""

import gc
import operator
import weakref

import pytest

from scopeflow.engine.straight import Program, Step


class Held:
    """A value that a weak reference can follow."""


def test_steps_run_in_order_on_feeds_and_constants():
    seen = []

    def note(word, *values):
        seen.append(word)
        return (*values, word)

    steps = [
        Step(lambda x, c: note("first", x, c), (2, 0), 3, ()),
        Step(lambda: note("none"), (), (), ()),
        Step(lambda t: [len(t), t[0]], (3,), (4, 5), (3,)),
        Step(operator.add, (4, 1), 6, (4,)),
    ]
    program = Program(steps, [1, 2], [6, -1, 5, 0], ["constant", None, None, None, None, None, None])
    assert program.run(10, "fed") == [13, None, "fed", "constant"]
    assert program.run(20, "again") == [23, None, "again", "constant"]
    assert seen == ["first", "none"] * 2


def test_a_list_of_one_result_is_taken_apart():
    program = Program([Step(lambda x: [x], (0,), (1,), ())], [0], [1], [None, None])
    assert program.run("x") == ["x"]
    with pytest.raises(ValueError, match="unpack"):
        Program([Step(lambda: [1, 2], (), (0,), ())], [], [0], [None]).run()


def test_a_value_is_dropped_after_its_last_reader():
    held = []

    def make():
        value = Held()
        held.append(weakref.ref(value))
        return value

    gone = Step(lambda *_: held[0]() is None, (), 2, ())
    steps = [Step(make, (), 0, ()), Step(lambda value: 1, (0,), 1, (0,)), gone]
    assert Program(steps, [], [2], [None] * 3).run() == [True]
    assert Program([steps[0], Step(lambda value: 1, (0,), 1, ()), gone], [], [2, 0], [None] * 3).run()[0]


def test_a_run_that_stops_tells_where_and_with_what_and_keeps_nothing():
    made = Held()
    reference = weakref.ref(made)
    steps = [
        Step(lambda x: [x, "b"], (1,), (2, 3), ()),
        Step(operator.getitem, (3, 2), 4, (2,)),
        Step(len, (4,), 5, ()),
    ]
    program = Program(steps, [1], [5], ["constant", None, None, None, None, None])
    with pytest.raises(TypeError, match="string indices") as caught:
        program.run(made)
    stop = program.stopped(caught.value.__traceback__)
    assert stop.step == 1 and stop.inputs == ["b", made]
    assert stop.value(2) is made and stop.value(0) == "constant" and stop.value(4) is None
    del stop, made
    gc.collect()
    assert reference() is None, "whoever keeps the error keeps no value"


def test_an_error_from_elsewhere_stopped_in_no_step():
    program = Program([Step(int, (0,), 1, ())], [0], [1], [None, None])
    with pytest.raises(TypeError) as caught:
        program.run()
    assert program.stopped(caught.value.__traceback__).step is None
    assert program.stopped(None).step is None


def test_the_step_of_a_program_within_a_program_is_the_outer_ones():
    inner = Program([Step(int, (0,), 1, ())], [0], [1], [None, None])
    outer = Program([Step(str, (0,), 1, ()), Step(inner.run, (1,), 2, ())], [0], [2], [None] * 3)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        outer.run("word")
    assert outer.stopped(caught.value.__traceback__).step == 1
    assert inner.stopped(caught.value.__traceback__).step == 0


def test_there_may_be_very_many_steps_and_feeds():
    count = 20_000
    steps = [Step((1).__add__, (i,), i + 1, (i,)) for i in range(count)]
    assert Program(steps, [0], [count], [None] * (count + 1)).run(0) == [count]
    feeds = list(range(3000))
    assert Program([Step(max, tuple(feeds), 3000, ())], feeds, [3000], [None] * 3001).run(*feeds) == [2999]
