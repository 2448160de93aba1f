"""A queue's elements in one session, and those who wait in line to put or take some."""

from __future__ import annotations

import heapq
import itertools
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..engine.dtypes import DType
from ..engine.errors import CancelledError, OpError, OutOfRangeError
from ..engine.shapes import TensorShape
from ..engine.waiting import wait_for

Element = tuple[Any, ...]  # an array for each component

# -- in which order elements leave ----------------------------------------------------------------------------------


class Store(ABC):
    """The elements that lie in a queue."""

    @abstractmethod
    def put(self, element: Element) -> None: ...

    @abstractmethod
    def take(self) -> Element: ...

    @abstractmethod
    def put_back(self, elements: list[Element]) -> None:
        """Take elements over that were taken in this order, as if they had never left."""

    @abstractmethod
    def __len__(self) -> int: ...


class InOrder(Store):
    """First in, first out."""

    def __init__(self) -> None:
        self._elements: deque[Element] = deque()

    def put(self, element: Element) -> None:
        self._elements.append(element)

    def take(self) -> Element:
        return self._elements.popleft()

    def put_back(self, elements: list[Element]) -> None:
        self._elements.extendleft(reversed(elements))

    def __len__(self) -> int:
        return len(self._elements)


class Shuffled(Store):
    """Any of them, each as likely as the others: the one at (next word modulo size), whose place the last one takes.

    That, and the words (`random_words`), are TensorFlow's, so the order is too.
    """

    def __init__(self, words: Iterator[int]) -> None:
        self._elements: list[Element] = []
        self._words = words

    def put(self, element: Element) -> None:
        self._elements.append(element)

    def take(self) -> Element:
        elements = self._elements
        at = next(self._words) % len(elements)
        elements[at], taken = elements[-1], elements[at]
        elements.pop()
        return taken

    def put_back(self, elements: list[Element]) -> None:
        self._elements += reversed(elements)

    def __len__(self) -> int:
        return len(self._elements)


class ByPriority(Store):
    """The one with the smallest first component; of equal ones the first that came."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Element]] = []
        self._arrivals = itertools.count()

    def put(self, element: Element) -> None:
        heapq.heappush(self._heap, (int(element[0]), next(self._arrivals), element))

    def take(self) -> Element:
        return heapq.heappop(self._heap)[2]

    def put_back(self, elements: list[Element]) -> None:
        for place, element in enumerate(elements, -len(elements)):
            heapq.heappush(self._heap, (int(element[0]), place, element))

    def __len__(self) -> int:
        return len(self._heap)


# -- those who wait -------------------------------------------------------------------------------------------------


class Attempt(ABC):
    """What somebody wants of a queue; it happens when those before it in line have got what they want."""

    error: OpError | None = None
    finished = False
    woken: threading.Event | None = None  # for whom there was nothing to do at once

    def finish(self) -> None:
        self.finished = True
        if self.woken is not None:
            self.woken.set()

    @abstractmethod
    def advance(self, queue: QueueState) -> bool:
        """Do what can be done now; whether that was anything. Sets `finished` or `error` at the end."""

    def withdraw(self, queue: QueueState) -> None:  # noqa: B027
        """Undo what has been done by half."""

    def fail(self, error: OpError) -> None:
        self.error = error
        self.finish()


class _Put(Attempt):
    cancelled = "Enqueue operation was cancelled"

    def __init__(self, elements: list[Element]) -> None:
        self.left = deque(elements)

    def advance(self, queue: QueueState) -> bool:
        if queue.closed:
            self.fail(CancelledError(None, None, f"{queue.label} is closed."))
            return True
        before = len(self.left)
        while self.left and queue.has_room_for(self.left[0]):
            queue.store.put(self.left.popleft())
        if not self.left:
            self.finish()
        return len(self.left) < before


class _Close(Attempt):
    cancelled = _Put.cancelled

    def advance(self, queue: QueueState) -> bool:
        if queue.closed:
            self.fail(CancelledError(None, None, f"Queue '{queue.name}' is already closed."))
        queue.closed = True
        self.finish()
        return True


class _Take(Attempt):
    cancelled = "Dequeue operation was cancelled"

    def __init__(self, count: int, fewer: bool) -> None:
        self.left, self.fewer = count, fewer
        self.taken: list[Element] = []

    def advance(self, queue: QueueState) -> bool:
        if queue.closed and len(queue.store) < self.left:
            return self._advance_to_the_end(queue)
        before = self.left
        while self.left and len(queue.store) > (0 if queue.closed else queue.kept_back):
            self.taken.append(queue.store.take())
            self.left -= 1
        if not self.left:
            self.finish()
        return self.left < before

    def _advance_to_the_end(self, queue: QueueState) -> bool:
        """A closed queue has too few: give what there is, if that will do, or say so."""
        asked, size = self.left, len(queue.store)
        self.withdraw(queue)
        if self.fewer and len(queue.store):
            self.left, self.taken = 0, [queue.store.take() for _ in range(len(queue.store))]
            self.finish()
        else:
            self.fail(
                OutOfRangeError(
                    None,
                    None,
                    f"{queue.label} is closed and has insufficient elements (requested {asked}, current size {size})",
                )
            )
        return True

    def withdraw(self, queue: QueueState) -> None:
        queue.store.put_back(self.taken)
        self.left += len(self.taken)
        self.taken = []


# -- the queue ------------------------------------------------------------------------------------------------------


class Description(NamedTuple):
    """What a queue was made as."""

    kind: str  # the op's type
    capacity: int
    types: tuple[DType, ...]
    shapes: tuple[TensorShape, ...]  # of each component; none where they may have any
    kept_back: int = 0
    seeds: tuple[int, int] = (0, 0)


class QueueState:
    """One queue in one session. Its methods wait; whoever waits is served in the order of arrival.

    `label` and `name` are for messages. A negative capacity is none; so many elements as are kept back stay in it until
    it is closed.
    """

    def __init__(self, label: str, name: str, description: Description, store: Store) -> None:
        self.name, self.label = name, f"{label} '{name}'"
        self.description, self.store = description, store
        self.capacity = float("inf") if description.capacity < 0 else description.capacity
        self.kept_back = description.kept_back
        self.closed = False
        self.lock = threading.Lock()
        self.puts: deque[Any] = deque()
        self.takes: deque[Any] = deque()
        self._session_closed = False

    def put(self, elements: Iterable[Element]) -> None:
        """Add elements, waiting for room. Raises CancelledError once the queue is closed."""
        self.begin_put(elements).finish()

    def begin_put(self, elements: Iterable[Element]) -> Begun:
        """As `put`, which is over when the result's `finish` is."""
        return self.begin(self.puts, _Put(list(elements)))

    def take(self, count: int = 1, fewer: bool = False) -> list[Element]:
        """That many elements, waited for; with `fewer`, what is left of a closed queue.

        Raises OutOfRangeError where it is closed and has too few, which then stay in it.
        """
        return self.serve(self.takes, _Take(count, fewer)).taken

    def stop(self, cancel_pending_enqueues: bool = False) -> None:
        """Take no more elements from here on: once those who wait to put some are served, or without these."""
        if not cancel_pending_enqueues:
            self.serve(self.puts, _Close())
            return
        with self.lock:
            self.closed = True
            self._cancel(self.puts)
            self.flush()

    def close(self) -> None:
        """The session is closed: nobody waits any longer."""
        with self.lock:
            self._session_closed = True
            self._cancel(self.puts)
            self._cancel(self.takes)

    def size(self) -> int:
        return len(self.store)

    def has_room_for(self, element: Element) -> bool:
        return len(self.store) < self.capacity

    def serve(self, line: deque[Any], attempt: Any) -> Any:
        """Stand in line and wait. Raises what has become of the attempt, DeadlineExceededError, KeyboardInterrupt."""
        self.begin(line, attempt).finish()
        return attempt

    def begin(self, line: deque[Any], attempt: Any) -> Begun:
        """Stand in line. Raises what the attempt fails by at once."""
        with self.lock:
            line.append(attempt)
            if self._session_closed:
                self._cancel(line)
            else:
                self.flush()
            if not attempt.finished:
                attempt.woken = threading.Event()
        if attempt.error is not None:
            raise attempt.error
        return Begun(self, line, attempt)

    def flush(self) -> None:
        """Serve both lines from their heads until nobody gets any further."""
        moved = True
        while moved:
            moved = False
            for line in (self.puts, self.takes):
                while line and line[0].advance(self):
                    moved = True
                    if not line[0].finished:
                        break
                    line.popleft()

    def _cancel(self, line: deque[Any]) -> None:
        for attempt in line:
            attempt.withdraw(self)
            attempt.fail(CancelledError(None, None, attempt.cancelled))
        line.clear()


class Begun:
    """An attempt that stands in a queue's line, or is over."""

    __slots__ = ("_queue", "_line", "_attempt")

    def __init__(self, queue: QueueState, line: deque[Any], attempt: Any) -> None:
        self._queue, self._line, self._attempt = queue, line, attempt

    def finish(self) -> None:
        """Wait for its end. Raises what it has failed by, DeadlineExceededError, KeyboardInterrupt."""
        if self._attempt.woken is not None:
            try:
                wait_for(self._attempt.woken)
            except BaseException:
                self.cancel()
                raise
        if self._attempt.error is not None:
            raise self._attempt.error

    def cancel(self) -> None:
        """Leave the line, with what has been done by half undone."""
        with self._queue.lock:
            if self._attempt in self._line:
                self._line.remove(self._attempt)
            self._attempt.withdraw(self._queue)
            self._queue.flush()  # it may have been in the way of others
