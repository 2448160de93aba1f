"""A plan's steps written out as one function of Python, which spends next to no time between one and the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple


class Step(NamedTuple):
    """One call of a run: `run` of the values of `inputs` fills the output slots, then the slots of `free` are dropped.

    `outputs` is one slot for a result that is not a sequence.
    """

    run: Callable[..., Any]
    inputs: tuple[int, ...]
    outputs: int | tuple[int, ...]
    free: tuple[int, ...]


class Program:
    """Called with the values of the feeds' slots, it runs the steps and returns a list of the fetches' values.

    `values` are those of all slots at the start: constants in place, all else None. A fetch of -1 is None.
    """

    def __init__(self, steps: Sequence[Step], feeds: Sequence[int], fetches: Sequence[int], values: Sequence[Any]):
        self._steps = steps
        self._constants = {_name(slot): value for slot, value in enumerate(values) if value is not None}
        head = f"def program({', '.join(map(_name, feeds))}):"
        lines = [_line(number, step) for number, step in enumerate(steps)]
        last = f" return [{', '.join(_name(slot) if slot >= 0 else 'None' for slot in fetches)}]"
        space = self._constants | {f"run{number}": step.run for number, step in enumerate(steps)}
        exec(compile("\n".join([head, *lines, last]), "<steps of a plan>", "exec"), space)
        self.run: Callable[..., list[Any]] = space["program"]

    def stopped(self, trace: TracebackType | None) -> Stop:
        """Where the error of a run came from that has this traceback, whose values are dropped."""
        while trace is not None and trace.tb_frame.f_code is not self.run.__code__:
            trace = trace.tb_next
        number = trace.tb_lineno - 2 if trace is not None else -1  # the first step is the second line
        if trace is None or not 0 <= number < len(self._steps):
            return Stop(None, [], {})
        frame = trace.tb_frame
        values = {**self._constants, **frame.f_locals}
        frame.clear()  # whoever keeps the error keeps the frame, and need not keep the arrays
        frame.f_locals  # noqa: B018 - before Python 3.13 a copy, which is only now without them
        return Stop(number, [values.get(_name(slot)) for slot in self._steps[number].inputs], values)


class Stop(NamedTuple):
    """The number of the step that a run stopped in, None if in none, and the values of its inputs."""

    step: int | None
    inputs: list[Any]
    values: Mapping[str, Any]

    def value(self, slot: int) -> Any:
        """What a slot held; None where it was empty."""
        return self.values.get(_name(slot))


def _name(slot: int) -> str:
    return f"v{slot}"


def _line(number: int, step: Step) -> str:
    if isinstance(step.outputs, int):
        target = f"{_name(step.outputs)} = "
    else:
        target = "".join(f"{_name(slot)}, " for slot in step.outputs) + ("= " if step.outputs else "")
    dropped = f"; del {', '.join(map(_name, step.free))}" if step.free else ""
    return f" {target}run{number}({', '.join(map(_name, step.inputs))}){dropped}"
