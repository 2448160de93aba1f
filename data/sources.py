"""Datasets in a run: a source is a function of an iterator's home, and gives the function that makes the next element.

A step returns an element, or raises StopIteration from where the sequence ends on. It may raise something else: the
next call then goes on after what failed, as TensorFlow's iterators do, so no step is a Python generator over another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..engine.errors import InvalidArgumentError, OutOfRangeError
from .functions import Element, Function, Home, kept

Step = Callable[[], Element]
Source = Callable[[Home], Step]


def of_iterator(elements: Callable[[], Iterator[Element]]) -> Source:
    """What an iterator gives that fails, if at all, for good."""
    return lambda home: elements().__next__


def once(element: Element) -> Source:
    return of_iterator(lambda: iter([element]))


def rows(arrays: Sequence[Any]) -> Source:
    """The rows of arrays of one length."""
    return of_iterator(lambda: ([array[i, ...] for array in arrays] for i in range(len(arrays[0]))))


def numbers(start: int, stop: int, step: int) -> Source:
    return of_iterator(lambda: ([np.int64(i)] for i in range(start, stop, step)))


# -- one element at a time ------------------------------------------------------------------------------------------


def mapped(source: Source, function: Function) -> Source:
    """`function` of each element."""

    def begin(home: Home) -> Step:
        step, call = source(home), applied(function, home)
        return lambda: call(step())

    return begin


def applied(function: Function, home: Home) -> Callable[[Element], Element]:
    """`function` as `map` calls it: where it runs out of range, the sequence ends."""
    call = function.at(home)

    def apply(element: Element) -> Element:
        try:
            return call(element)
        except OutOfRangeError:
            raise StopIteration from None

    return apply


def filtered(source: Source, predicate: Function) -> Source:
    def begin(home: Home) -> Step:
        step, test = source(home), predicate.at(home)

        def next_element() -> Element:
            while True:
                element = step()
                if test(element)[0]:
                    return element

        return next_element

    return begin


def taken_while(source: Source, predicate: Function) -> Source:
    def begin(home: Home) -> Step:
        step, test = source(home), predicate.at(home)
        ended = False

        def next_element() -> Element:
            nonlocal ended
            if not ended:
                element = step()
                if test(element)[0]:
                    return element
                ended = True
            raise StopIteration

        return next_element

    return begin


def scanned(source: Source, start: Element, function: Function) -> Source:
    """What `function` of a state and an element gives after the next state."""

    def begin(home: Home) -> Step:
        step, call = source(home), function.at(home)
        state = start

        def next_element() -> Element:
            nonlocal state
            results = call([*state, *step()])
            state = results[: len(start)]
            return kept(results)[len(start) :]

        return next_element

    return begin


def without_errors(source: Source) -> Source:
    def begin(home: Home) -> Step:
        step = source(home)

        def next_element() -> Element:
            while True:
                try:
                    return step()
                except StopIteration:
                    raise
                except Exception:
                    continue

        return next_element

    return begin


def taken(source: Source, count: int) -> Source:
    """The first `count` elements; all where it is negative."""

    def begin(home: Home) -> Step:
        step, left = source(home), count

        def next_element() -> Element:
            nonlocal left
            if left == 0:
                raise StopIteration
            element = step()
            left -= 1
            return element

        return next_element

    return begin


def skipped(source: Source, count: int) -> Source:
    """What follows the first `count` elements; nothing where it is negative."""

    def begin(home: Home) -> Step:
        step, left = source(home), count

        def next_element() -> Element:
            nonlocal left
            while left:
                step()
                left -= 1
            return step()

        return next_element

    return begin


def sharded(source: Source, shards: int, index: int) -> Source:
    """Each element whose number divided by `shards` leaves `index`."""

    def begin(home: Home) -> Step:
        step, place = source(home), 0

        def next_element() -> Element:
            nonlocal place
            while True:
                element = step()
                place += 1
                if (place - 1) % shards == index:
                    return element

        return next_element

    return begin


# -- several sources, or one several times --------------------------------------------------------------------------


def zipped(sources: Sequence[Source]) -> Source:
    def begin(home: Home) -> Step:
        steps = [source(home) for source in sources]
        return lambda: [value for step in steps for value in step()]

    return begin


def concatenated(first: Source, second: Source) -> Source:
    return chained(lambda: iter([first, second]))


def repeated(source: Source, count: int) -> Source:
    """`count` times, or for ever where that is negative: until a pass gives nothing at all."""

    def begin(home: Home) -> Step:
        step: Step | None = None
        left, empty = count, False

        def next_element() -> Element:
            nonlocal step, left, empty
            while True:
                if step is None:
                    if left == 0 or empty:
                        raise StopIteration
                    step, left, empty = source(home), left - 1, count < 0
                try:
                    element = step()
                except StopIteration:
                    step = None
                    continue
                empty = False
                return element

        return next_element

    return begin


def chained(sources: Callable[[], Iterator[Source]]) -> Source:
    """One source after the other."""

    def begin(home: Home) -> Step:
        return _in_turn(home, sources().__next__)

    return begin


def _in_turn(home: Home, next_source: Callable[[], Source]) -> Step:
    step: Step | None = None

    def next_element() -> Element:
        nonlocal step
        while True:
            if step is None:
                step = next_source()(home)
            try:
                return step()
            except StopIteration:
                step = None

    return next_element


Opening = Callable[[Home], Callable[[Element], Source]]  # which source an element stands for, in an iterator


def opened_by(function: Function) -> Opening:
    """A function that makes a dataset of an element."""

    def begin(home: Home) -> Callable[[Element], Source]:
        call = function.at(home)
        return lambda element: call(element)[0]

    return begin


def flat_mapped(source: Source, opening: Opening) -> Source:
    """The elements of the sources that the elements stand for."""

    def begin(home: Home) -> Step:
        step, open_source = source(home), opening(home)
        return _in_turn(home, lambda: open_source(step()))

    return begin


def interleaved(source: Source, opening: Opening, cycle: int, block: int) -> Source:
    """As `flat_mapped`, from `cycle` sources in turn, `block` elements of each at a time."""

    def begin(home: Home) -> Step:
        step, open_source = source(home), opening(home)
        opened: list[Step | None] = [None] * cycle
        at, taken_of_block, ended = 0, 0, False

        def advance() -> None:
            nonlocal at, taken_of_block
            at, taken_of_block = (at + 1) % cycle, 0

        def next_element() -> Element:
            nonlocal taken_of_block, ended
            while not ended or any(opened):
                current = opened[at]
                if current is None:
                    if ended:
                        advance()
                        continue
                    try:
                        element = step()
                    except StopIteration:
                        ended = True
                    else:
                        opened[at] = open_source(element)(home)
                    continue
                try:
                    result = current()
                except StopIteration:
                    opened[at] = None
                    advance()
                    continue
                taken_of_block += 1
                if taken_of_block == block:
                    advance()
                return result
            raise StopIteration

        return next_element

    return begin


def cached(source: Source) -> Source:
    """The first complete pass is kept, for all that follow."""
    whole: list[Element] | None = None

    def begin(home: Home) -> Step:
        if whole is not None:
            return iter(whole).__next__
        step = source(home)
        elements: list[Element] = []

        def next_element() -> Element:
            nonlocal whole
            try:
                element = step()
            except StopIteration:
                whole = elements
                raise
            elements.append(kept(element))
            return [*element]

        return next_element

    return begin


# -- groups ---------------------------------------------------------------------------------------------------------


def windowed(source: Source, size: int, shift: int, stride: int, drop_remainder: bool) -> Source:
    """Datasets of `size` elements, every `stride`-th one, that begin `shift` elements apart: one for each component."""
    reach = (size - 1) * stride + 1

    def begin(home: Home) -> Step:
        step = source(home)
        buffer: list[Element] = []
        ended, skip = False, 0

        def next_element() -> Element:
            nonlocal buffer, ended, skip
            while not ended and len(buffer) < reach:
                try:
                    element = step()
                except StopIteration:
                    ended = True
                    break
                if skip:
                    skip -= 1
                else:
                    buffer.append(kept(element))
            if not buffer or (drop_remainder and len(buffer) < reach):
                buffer = []
                raise StopIteration
            window = buffer[:reach:stride]
            skip = max(shift - len(buffer), 0)
            buffer = buffer[shift:]
            return [_given([[value] for value in column]) for column in zip(*window, strict=True)]

        return next_element

    return begin


def _given(elements: Sequence[Element]) -> Source:
    """Elements that are there already."""
    return of_iterator(lambda: iter(elements))


def grouped(source: Source, key: Function, reduce: Function, window_size: Function) -> Source:
    """The elements of what `reduce` makes of a key and the dataset of window_size(key) elements that have it.

    Where the source ends, smaller groups follow, in the order of their keys.
    """

    def begin(home: Home) -> Step:
        step = source(home)
        key_of, reduced, size_of = key.at(home), reduce.at(home), window_size.at(home)
        groups: dict[int, list[Element]] = {}
        ended = False

        def next_group() -> Source:
            nonlocal ended
            while not ended:
                try:
                    element = step()
                except StopIteration:
                    ended = True
                    break
                value = int(key_of(element)[0])
                size = int(size_of([np.int64(value)])[0])
                if size <= 0:
                    raise InvalidArgumentError(None, None, f"Window size must be greater than zero, but got {size}.")
                group = groups.setdefault(value, [])
                group.append(element)
                if len(group) >= size:
                    del groups[value]
                    return finished(value, group)
            for value in sorted(groups):
                return finished(value, groups.pop(value))
            raise StopIteration

        def finished(value: int, group: list[Element]) -> Source:
            return reduced([np.int64(value), _given(group)])[0]

        return _in_turn(home, next_group)

    return begin


def default_cycle() -> int:
    """How many datasets `interleave` draws from where a program does not say: as many as there are processors."""
    return max(1, min(os.cpu_count() or 1, 10))
