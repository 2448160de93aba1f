"""From a graph to a flat list of steps: pruned, folded, ordered, placed, with every buffer's lifetime known."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from . import errors
from .dtypes import as_scalar, resource, string_as_array, variant
from .fusion import FusedDraw, FusedProduct, fused_draws, fused_products
from .graph import Operation, Tensor
from .state import variable_of
from .straight import Program, Step

_FOLD_UNTIL = 16384  # elements: a larger constant is cheaper to compute than to keep
_FOREVER = 1 << 60


class _Draft:
    """A step while the plan is being drawn up."""

    __slots__ = ("op", "backend", "inputs", "outputs", "kind", "state", "free")

    def __init__(
        self, op: Operation, backend: Any, inputs: list[int], outputs: list[int], kind: str, state: Any = None
    ) -> None:
        self.op = op
        self.backend = backend  # where it runs
        self.inputs = inputs
        self.outputs = outputs
        self.kind = kind  # "op", "begin" (of one that may end later), "finish" (that it has), "draw" (a fused one),
        # "read" (a variable's value), "copy", "move" or "move list" (to another device, a list array by array)
        self.state = state  # what its kind needs: a variable's state, a draw's bounds, where a move comes from
        self.free: list[int] = []


class Plan:
    """How one session computes `fetches` when `feeds` are given.

    Order: an op comes after its inputs and control inputs; beyond that, what only reads comes first, in the order of
    the graph, and what writes a variable comes last, so that a fetched loss is the one before the training step. What
    may wait, as taking from a queue, comes between. What may have to wait for room is begun, and awaited at the end if
    no other op needs it to be done: a later step of the same run may make the room.
    """

    def __init__(
        self,
        session: Any,
        fetches: Sequence[Tensor | Operation],
        feeds: Sequence[Tensor],
        feeds_on: Sequence[Any] | None = None,
        context: Any = None,
    ) -> None:
        """`feeds_on` gives the backend that each feed's value will lie on (by default the host)."""
        self._session = session
        self._context = context
        self._feeds = frozenset(feeds)
        self._values: list[Any] = []  # the slots at the start of a run: constants in place, all else None
        self._drafts: list[_Draft] = []
        self._slots: dict[Tensor, dict[Any, int]] = {}  # where a tensor's value lies, by backend
        self._constants: dict[Tensor, np.ndarray] = {}
        self._on_host: set[Operation] = set()  # small integer work that follows from shapes
        self._borrowed: set[int] = set()  # slots whose memory belongs to a constant, a feed or a variable
        self._draw_up(fetches, feeds, feeds_on or [session.host] * len(feeds))

    # -- drawing up -------------------------------------------------------------------------------------------------

    def _draw_up(self, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor], feeds_on: Sequence[Any]) -> None:
        self._feed_slots = [self._new_slot(t, where, borrowed=True) for t, where in zip(feeds, feeds_on, strict=True)]
        ops = [op for op in self._ordered(self._needed(fetches)) if not self._fold(op)]
        awaited = {earlier for op in ops for earlier in op._control_inputs}
        kept = {*fetches, *self._feeds}
        draws, products = fused_draws(ops, self._constants, kept), fused_products(ops, kept, writes)
        absorbed = {op for parts in (draws, products) for fused in parts.values() for op in fused.absorbed}
        for op in ops:
            if op in draws:
                self._place_draw(op, draws[op])
            elif op in products:
                self._place_product(op, products[op])
            elif op.definition.lingers and op not in awaited:
                self._place(op, "begin")
            elif op not in absorbed:
                self._place(op)
        self._begun = [(d.op, d.outputs[0]) for d in self._drafts if d.kind == "begin"]
        self._drafts += [_Draft(op, self._session.host, [slot], [], "finish") for op, slot in self._begun]
        self._fetch_slots = [self._fetch_slot(f) for f in fetches]
        self._finish()

    def _needed(self, fetches: Iterable[Tensor | Operation]) -> set[Operation]:
        """The operations that the fetches need, given the feeds."""
        needed: set[Operation] = set()
        waiting = [f if isinstance(f, Operation) else f.op for f in fetches if f not in self._feeds]
        while waiting:
            op = waiting.pop()
            if op in needed or not self._is_inside(op):
                continue
            needed.add(op)
            waiting.extend(t.op for t in op.inputs if t not in self._feeds)
            waiting.extend(c for c in op._control_inputs if not self._is_fed(c))
        return needed

    def _is_fed(self, op: Operation) -> bool:
        """Whether the feeds give all that an op computes, so that it need not run."""
        return bool(op.outputs) and all(t in self._feeds for t in op.outputs)

    def _is_inside(self, op: Operation) -> bool:
        """Whether the plan runs `op` itself. A branch's or loop body's plan leaves what is outside to the outer one."""
        return op.context is self._context

    def _ordered(self, needed: set[Operation]) -> list[Operation]:
        waits: dict[Operation, int] = {}
        followers: dict[Operation, list[Operation]] = {}
        ready: list[tuple[int, int, Operation]] = []
        for op in needed:
            before = {t.op for t in op.inputs if t not in self._feeds} | set(op._control_inputs)
            before &= needed
            waits[op] = len(before)
            for earlier in before:
                followers.setdefault(earlier, []).append(op)
            if not before:
                heapq.heappush(ready, (_rank(op), op.id, op))
        order = []
        while ready:
            op = heapq.heappop(ready)[2]
            order.append(op)
            for later in followers.get(op, ()):
                waits[later] -= 1
                if waits[later] == 0:
                    heapq.heappush(ready, (_rank(later), later.id, later))
        if len(order) != len(needed):
            raise errors.InvalidArgumentError(None, None, "The graph has a cycle, so it cannot be run.")
        return order

    def _fold(self, op: Operation) -> bool:
        """Compute an op now, if constants alone decide its value. True if done."""
        definition = op.definition
        if op.device:
            self._session.backend_of(op)  # refuses a device that is not there
        if definition.type == "Const":
            self._constants[op.outputs[0]] = op.attrs["value"]
            return True
        if definition.fold is not None and not op._control_inputs:
            known = definition.fold(op)
            if known is not None and op.inputs[0] not in self._feeds:
                known.flags.writeable = False
                self._constants[op.outputs[0]] = known
                return True
        if definition.kernel is None or definition.stateful or not op.inputs or not op.outputs or op._control_inputs:
            return False
        if any(t not in self._constants or t in self._feeds for t in op.inputs):
            return False
        if any((n := t.shape.num_elements()) is None or n > _FOLD_UNTIL for t in op.outputs):
            return False
        if any(t.dtype is variant for t in op.outputs):
            return False
        try:
            with np.errstate(all="ignore"):
                results = definition.kernel(self._session.host, *(self._constants[t] for t in op.inputs), **op.attrs)
        except Exception:  # what is wrong with it is told when it runs
            return False
        if len(op.outputs) == 1 and not definition.results[0].is_list:
            results = [results]
        for tensor, value in zip(op.outputs, results, strict=True):
            constant = np.asarray(string_as_array(value)).view()
            constant.flags.writeable = False  # so that whoever fetches it, even through a branch, gets a copy
            self._constants[tensor] = constant
        return True

    def _place(self, op: Operation, kind: str = "op") -> None:
        """Draft the step of one op: on its device, with its inputs brought there."""
        definition = op.definition
        if definition.type == "VariableV2":
            return
        backend = self._backend(op)
        if definition.type == "Identity" and (variable := self._read_variable(op.inputs[0])) is not None:
            state = self._session.variable(variable)
            if state.k is backend:  # the identity is the read itself
                self._drafts.append(_Draft(op, backend, [], [self._new_slot(op.outputs[0], backend)], "read", state))
                return
        inputs = []
        for tensor, name in zip(op.inputs, argument_names(op), strict=True):
            if name not in definition.ref:
                inputs.append(self._input(op, tensor, name, backend))
            elif self._read_variable(tensor) is None:
                message = f"Input {name!r} of {op.name!r} must be a variable, and {tensor.name!r} is none."
                raise errors.InvalidArgumentError(None, op, message)
        where = self._session.host if definition.host_result else backend
        if kind == "begin":
            outputs = [self._empty_slot()]
        else:
            outputs = [] if returns_variable(op) else [self._new_slot(t, where) for t in op.outputs]
        self._drafts.append(_Draft(op, backend, inputs, outputs, kind))

    def _place_draw(self, op: Operation, fused: FusedDraw) -> None:
        """Draft one step for a random draw and the ops up to `op` that scale and shift it."""
        backend = self._backend(fused.draw)
        inputs = [
            self._input(fused.draw, t, name, backend)
            for t, name in zip(fused.draw.inputs, argument_names(fused.draw), strict=True)
        ]
        self._drafts.append(
            _Draft(fused.draw, backend, inputs, [self._new_slot(op.outputs[0], backend)], "draw", fused.bounds)
        )

    def _place_product(self, op: Operation, fused: FusedProduct) -> None:
        """Draft one step for a product and the ops up to `op` that add its bias and apply its activation."""
        product, backend = fused.product, self._backend(fused.product)
        arguments = list(zip(product.inputs, argument_names(product), strict=True))
        if fused.bias is not None:
            arguments.append((fused.bias, "bias"))
        inputs = [self._input(product, tensor, name, backend) for tensor, name in arguments]
        outputs = [self._new_slot(op.outputs[0], backend)]
        self._drafts.append(_Draft(product, backend, inputs, outputs, "product", fused.activation))

    def _read_variable(self, tensor: Tensor) -> Operation | None:
        """The variable that a reader of `tensor` reads, or None."""
        return None if tensor in self._feeds else variable_of(tensor)

    def _input(self, op: Operation, tensor: Tensor, name: str, backend: Any) -> int:
        """The slot in which an op on `backend` finds one of its inputs."""
        if name in op.definition.host:
            backend = self._session.host
        elif op.definition.host_result or name in op.definition.shape_of:
            backend = None  # it asks for no more than the shape
        variable = self._read_variable(tensor)
        return self._slot(tensor, backend) if variable is None else self._read(op, variable, backend)

    def _backend(self, op: Operation) -> Any:
        variable = variable_of(op.inputs[0]) if op.definition.ref else None
        if variable is not None:
            return self._session.variable(variable).k
        host = self._session.host
        if op.definition.on_host or (self._session.default is host and not op.device):
            return host
        if any(never_leaves_host(t) for t in (*op.inputs, *op.outputs)):
            return host
        if not op.device and not op.definition.stateful and self._is_shape_work(op):
            self._on_host.add(op)
            return host
        return self._session.backend_of(op)

    def _is_shape_work(self, op: Operation) -> bool:
        if op.definition.host_result:
            self._on_host.add(op)
            return False
        follows = False
        for tensor in op.inputs:
            if tensor in self._constants:
                continue
            if tensor in self._feeds or tensor.op not in self._on_host:
                return False
            follows = True
        return follows

    def _read(self, op: Operation, variable: Operation, backend: Any) -> int:
        """Draft the read of a variable where `op` needs it: now, since a later step may have changed it."""
        state = self._session.variable(variable)
        slot = self._empty_slot()
        self._drafts.append(_Draft(op, state.k, [], [slot], "read", state))
        return slot if backend is None or state.k is backend else self._move(op, slot, state.k, backend)

    def _slot(self, tensor: Tensor, backend: Any) -> int:
        """The slot that holds a tensor's value on a backend (None: wherever it is), moved or laid out on demand."""
        places = self._slots.get(tensor, {})
        if backend in places:
            return places[backend]
        if tensor in self._constants and tensor not in self._feeds:
            return self._laid_out(tensor, backend or self._session.host)
        if not places:
            raise errors.InternalError(None, tensor.op, f"{tensor.name!r} was not planned before its reader")
        where, slot = next(iter(places.items()))
        if backend is None:
            return slot
        kind = "move list" if tensor.dtype is variant else "move"
        places[backend] = self._move(tensor.op, slot, where, backend, kind)
        return places[backend]

    def _laid_out(self, tensor: Tensor, backend: Any) -> int:
        """A slot with a constant's value, there before the run begins."""
        value = self._constants[tensor]
        if backend is not self._session.host and tensor.dtype.is_numpy_number:
            value = self._session.constant(tensor, value, backend)
        else:
            value = as_scalar(value)
        slot = self._new_slot(tensor, backend, borrowed=True)
        self._values[slot] = value
        return slot

    def _move(self, op: Operation, slot: int, source: Any, target: Any, kind: str = "move") -> int:
        moved = self._empty_slot()
        self._drafts.append(_Draft(op, target, [slot], [moved], kind, source))
        return moved

    def _empty_slot(self) -> int:
        self._values.append(None)
        return len(self._values) - 1

    def _new_slot(self, tensor: Tensor, backend: Any, borrowed: bool = False) -> int:
        slot = self._empty_slot()
        self._slots.setdefault(tensor, {})[backend] = slot
        if borrowed:
            self._borrowed.add(slot)
        return slot

    def _fetch_slot(self, fetch: Tensor | Operation) -> int:
        """Where a fetched value lies at the end of a run; -1 for an operation."""
        if isinstance(fetch, Operation):
            return -1
        variable = self._read_variable(fetch)
        return self._slot(fetch, None) if variable is None else self._read(fetch.op, variable, None)

    # -- lifetimes --------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Know each slot's last reader, what it shares memory with, and so what to free, copy and hand over."""
        self._save_fetched_reads()
        drafts = self._drafts
        roots = self._memory_roots()
        last = self._last_readers()
        root_last: dict[int, int] = {}
        for slot, end in last.items():
            for root in roots[slot]:
                root_last[root] = max(root_last.get(root, -1), end)
        for slot, end in last.items():
            if end != _FOREVER and slot not in self._borrowed:
                drafts[end].free.append(slot)
        reads = {d.outputs[0] for d in drafts if d.kind == "read"}
        foreign = self._borrowed | reads
        self._copy_fetch = [s >= 0 and bool(roots[s] & foreign) for s in self._fetch_slots]
        self.fetched_reads = [i for i, s in enumerate(self._fetch_slots) if s >= 0 and roots[s] & reads]
        steps = []
        for i, draft in enumerate(drafts):
            donated = frozenset(
                n
                for n, s in enumerate(draft.inputs)
                if roots[s] == {s} and s not in foreign and root_last[s] == i and draft.inputs.count(s) == 1
            )
            several = draft.kind == "op" and draft.op.definition.results and draft.op.definition.results[0].is_list
            outputs = draft.outputs[0] if len(draft.outputs) == 1 and not several else tuple(draft.outputs)
            run = self._callable(draft, donated)
            steps.append(Step(run, tuple(draft.inputs), outputs, tuple(draft.free)))
        self.ops = [draft.op for draft in drafts]
        self._program = Program(steps, self._feed_slots, self._fetch_slots, self._values)
        del self._slots, self._constants, self._drafts, self._on_host, self._values

    def _memory_roots(self) -> dict[int, frozenset[int]]:
        """For each slot, the slots whose memory it may show: itself, or through views those of others."""
        roots = {slot: frozenset([slot]) for slot in self._borrowed}
        for draft in self._drafts:
            source: frozenset[int] = frozenset()
            if draft.kind == "op" and draft.op.definition.view:
                source = source.union(*(roots[s] for s in draft.inputs))
            for slot in draft.outputs:
                roots[slot] = source or frozenset([slot])
        return roots

    def _last_readers(self) -> dict[int, int]:
        """For each slot, the index of the last draft that reads it (of its maker, if none does)."""
        last = {}
        for i, draft in enumerate(self._drafts):
            for slot in (*draft.inputs, *draft.outputs):
                last[slot] = i
        return last | {slot: _FOREVER for slot in self._fetch_slots if slot >= 0}

    def _save_fetched_reads(self) -> None:
        """Copy what is fetched of a variable before a later step of the same run overwrites it.

        Steps, unlike fetches, see the buffer itself: with TensorFlow 1's reference variables, what runs after an
        update sees the new value even through a tensor that was read before.
        """
        writers: dict[Operation, int] = {}
        for i, draft in enumerate(self._drafts):
            if draft.kind == "op" and writes(draft.op):
                writers.update(dict.fromkeys(written_variables(draft.op), i))
        if not writers:
            return
        roots = self._memory_roots()
        variable_in = {d.outputs[0]: d.state.op for d in self._drafts if d.kind == "read"}
        made_at = {slot: i for i, d in enumerate(self._drafts) for slot in d.outputs}
        copies: list[tuple[int, _Draft]] = []
        for n, slot in enumerate(self._fetch_slots):
            shown = [variable_in[root] for root in roots.get(slot, ()) if root in variable_in]
            if any(writers.get(variable, -1) > made_at[slot] for variable in shown):
                maker = self._drafts[made_at[slot]]
                self._fetch_slots[n] = self._empty_slot()
                copies.append((made_at[slot], _Draft(maker.op, maker.backend, [slot], [self._fetch_slots[n]], "copy")))
        for at, draft in sorted(copies, key=lambda copy: copy[0], reverse=True):
            self._drafts.insert(at + 1, draft)

    def _callable(self, draft: _Draft, donated: frozenset[int]) -> Callable[..., Any]:
        if draft.kind == "read":
            return draft.state.read
        if draft.kind == "copy":
            return lambda array: array.copy()
        if draft.kind == "finish":
            return lambda begun: begun.finish()
        if draft.kind in ("move", "move list"):
            source, target = draft.state, draft.backend
            if target is self._session.host:
                move = source.to_host
            else:
                move = target.asarray if source is self._session.host else lambda x: target.asarray(source.to_host(x))
            return move if draft.kind == "move" else partial(_each, move)
        op, definition, backend = draft.op, draft.op.definition, draft.backend
        if draft.kind == "draw":
            run = definition.bind(op, backend, self._session, donated, **draft.state)  # type: ignore[misc]
        elif draft.kind == "product":
            run = partial(definition.kernel, backend, **op.attrs, activation=draft.state)  # type: ignore[arg-type, misc]
        elif definition.bind is not None:
            run = definition.bind(op, backend, self._session, donated)
        elif definition.kernel is not None:
            run = partial(_kernel_of(op), backend, **op.attrs)
            if any(t.dtype.is_string for t in op.outputs):
                run = _giving_arrays(run)
        else:
            raise errors.UnimplementedError(None, op, f"Op {op.type} ({op.name!r}) has no kernel")
        if definition.ref and writes(op):  # itself, and not by its branches or loop body
            run = _alone(self._session.updating, run)
        if draft.kind == "begin":
            run = run.begin
        return run if backend in (self._session.host, self._session.default) else _activated(backend, run)

    # -- running ----------------------------------------------------------------------------------------------------

    def execute(self, feeds: Sequence[Any]) -> list[Any]:
        """Run the steps; returns the fetched arrays as they lie on their devices (None for operations)."""
        try:
            return self._program.run(*feeds)
        except BaseException as error:
            stop = self._program.stopped(error.__traceback__)
            for _, slot in self._begun:
                if (begun := stop.value(slot)) is not None:
                    begun.cancel()
            if not isinstance(error, Exception):
                raise
            op = None if stop.step is None else self.ops[stop.step]
            shapes = [getattr(value, "shape", ()) for value in stop.inputs]
            del stop
            raise _as_run_error(error, op, shapes) from error

    def fetch_to_host(self, results: Sequence[Any]) -> list[Any]:
        """The results of `execute` as NumPy arrays (scalars as NumPy scalars) that nothing else refers to."""
        return [
            None if value is None else self._session.detached(value, copy)
            for value, copy in zip(results, self._copy_fetch, strict=True)
        ]


def _giving_arrays(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose strings are arrays."""

    def run(*inputs: Any) -> Any:
        result = kernel(*inputs)
        return [*map(string_as_array, result)] if isinstance(result, (list, tuple)) else string_as_array(result)

    return run


def _kernel_of(op: Operation) -> Any:
    """The op's kernel, without what that does for half precision where the op is of another."""
    kernel = op.definition.kernel
    half = bool(op.inputs) and op.inputs[0].dtype.size == 2
    return kernel if half else getattr(kernel, "of_others", kernel)


def never_leaves_host(tensor: Tensor) -> bool:
    """Whether a tensor is of strings or handles, of which no device has any."""
    return tensor.dtype.is_string or tensor.dtype is resource


def _each(move: Callable[[Any], Any], value: Any) -> Any:
    """`move` of each array in a variant's nested list; None, where nothing is, stays, and so does a dataset."""
    if isinstance(value, list):
        return [_each(move, item) for item in value]
    return move(value) if hasattr(value, "shape") else value


def _activated(backend: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    """`run` with its device as the current one: for any but the session's own."""

    def on_its_device(*values: Any) -> Any:
        with backend.activate():
            return run(*values)

    return on_its_device


def _alone(lock: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    """`run` while no other thread's runs change variables: an update reads and writes them, with the GIL let go."""

    def update(*values: Any) -> Any:
        with lock:
            return run(*values)

    return update


def argument_names(op: Operation) -> list[str]:
    """The signature's name of each input; a list's name stands once for each of its members."""
    args = op.definition.args
    repeats = len(op.inputs) - (len(args) - 1)
    return [name for arg in args for name in ([arg.name] * repeats if arg.is_list else [arg.name])]


def _rank(op: Operation) -> int:
    """Which ops come first of those that could be next: the smaller ranks."""
    return 2 if writes(op) else int(op.definition.waits)


def writes(op: Operation) -> bool:
    """Whether running `op` changes a variable (also from inside its branches or loop body)."""
    return op.definition.writes or bool(op.attrs.get("writes"))


def written_variables(op: Operation) -> list[Operation]:
    """The variables that running `op` changes: its ref inputs, or those that its branches write."""
    if "writes" in op.attrs:
        return list(op.attrs["writes"])
    found = (variable_of(t) for t, name in zip(op.inputs, argument_names(op), strict=True) if name in op.definition.ref)
    return [v for v in found if v is not None]


def returns_variable(op: Operation) -> bool:
    """Whether the op's output stands for the variable it has written, to be read when it is used."""
    return bool(op.definition.ref) and bool(op.outputs) and variable_of(op.outputs[0]) is not None


def _as_run_error(error: Exception, op: Operation | None, shapes: Sequence[Any]) -> Exception:
    """The error of a step under TensorFlow's class, naming the op and the user's lines that made it."""
    mismatch = op.definition.mismatch if op is not None else None
    if isinstance(error, errors.OpError):
        if error.op is not None or op is None:
            return error
        kind, text = type(error), error.message
    elif mismatch is not None and isinstance(error, ValueError):
        kind, text = errors.InvalidArgumentError, mismatch(*shapes)
    elif isinstance(error, MemoryError):
        kind, text = errors.ResourceExhaustedError, f"OOM: {error}"
    elif isinstance(error, NotImplementedError):
        kind, text = errors.UnimplementedError, str(error)
    elif isinstance(error, ValueError):
        kind, text = errors.InvalidArgumentError, str(error)
    elif isinstance(error, (IndexError, TypeError, ArithmeticError, LookupError)):
        kind, text = errors.InvalidArgumentError, f"{type(error).__name__}: {error}"
    else:
        kind, text = errors.UnknownError, f"{type(error).__name__}: {error}"
    if op is None:
        return kind(None, None, text)
    return kind(op.node_def, op, f"{text}\n\t [[{{{{node {op.name}}}}}]]\n\n{op.where_made()}")
