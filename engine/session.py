"""Sessions: they keep variables' values and run parts of a graph."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..kernels.backend import get_backend, list_devices
from . import errors, nest
from .build import to_array
from .devices import DeviceSpec
from .dtypes import DType, as_scalar
from .graph import Graph, Operation, Tensor, get_default_graph, sessions
from .plan import Plan
from .settings import GraphOptions
from .state import VariableState
from .waiting import limited

_Runnable = Callable[[Sequence[Any]], Any]  # the values of the feeds in, those of the fetches out
_HOST = "/device:CPU:0"
_MOST_RUNS = 1000  # plans that a session keeps


class ConfigProto(SimpleNamespace):
    """A session's settings; those that are not named here are accepted, and do nothing.

    `allow_soft_placement` and `device_count` say where operations may run; `operation_timeout_in_ms` limits every run
    that has no limit of its own in its `RunOptions`.
    """

    def __init__(self, **settings: Any) -> None:
        known = {"allow_soft_placement": False, "log_device_placement": False, "device_count": {}}
        super().__init__(
            **{
                **known,
                "operation_timeout_in_ms": 0,
                "gpu_options": GPUOptions(),
                "graph_options": GraphOptions(),
                **settings,
            }
        )


class GPUOptions(SimpleNamespace):
    """Accepted for TF1 programs; CuPy's memory pool needs none of it."""


class RunOptions(SimpleNamespace):
    """Options of one run: `timeout_in_ms`, after which it raises DeadlineExceededError. Nothing is traced."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trace_level": self.NO_TRACE, "timeout_in_ms": 0, **options})


class RunMetadata(SimpleNamespace):
    """Accepted for TF1 programs; nothing is written into it, as runs trace nothing."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**{"step_stats": SimpleNamespace(dev_stats=[]), "partition_graphs": [], **fields})

    def SerializeToString(self) -> bytes:
        """The message that says nothing."""
        return b""


class Session:
    """Runs operations and evaluates tensors of one graph, and keeps the values of its variables.

    `target` must be empty (there are no remote runs); `config` is a `ConfigProto`. Without a GPU, or with
    ``device_count={"GPU": 0}``, everything runs on the CPU; else operations without a device run on the first GPU.

    Threads may run it at once. Each change of a variable is one step that no other thread's change comes between; a
    read beside it may see a part of it, as TensorFlow's does.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None) -> None:
        if target:
            raise errors.UnimplementedError(None, None, f"scopeflow runs in this process only, not at {target!r}")
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        self._graph = graph or get_default_graph()
        self._config = config or ConfigProto()
        self._milliseconds = self._config.operation_timeout_in_ms
        self._closed = False
        self._lock = threading.Lock()
        self._planning = threading.RLock()  # a plan is drawn up once, though several threads ask for it
        self.updating = threading.Lock()  # held while a step changes variables
        self.host = get_backend(_HOST)
        self._devices = self._usable_devices()
        gpus = [d for d in self._devices if ":GPU:" in d]
        self.default = get_backend(gpus[0]) if gpus else self.host
        self._variables: dict[Operation, VariableState] = {}
        self._streams: dict[Operation, int] = {}
        self._constants: dict[tuple[Tensor, Any], Any] = {}
        self._resources: dict[Any, Any] = {}
        self._runs: dict[Any, _Runnable] = {}
        self._entered: list[Any] = []

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: dict | None = None, options: Any = None, run_metadata: Any = None) -> Any:
        """The values of `fetches` (tensors, operations, variables, names, in any nesting) in the same structure.

        Tensors give NumPy arrays (NumPy scalars for scalars), operations None. `feed_dict` gives values to tensors,
        whichever, and structures of values to tuples of tensors, such as an RNN's state. `options` (`RunOptions`) may
        limit its time. Raises RuntimeError after `close`, TypeError and ValueError for fetches or feeds that do not fit
        the graph, and the classes of `tf.errors` for what goes wrong inside.
        """
        if feed_dict is not None and not isinstance(feed_dict, dict):
            raise TypeError(f"feed_dict must be a dictionary of tensors and values, not {type(feed_dict).__name__}")
        feeds, values = (tuple(feed_dict), list(feed_dict.values())) if feed_dict else ((), ())
        where = tuple(map(self._backend_of_value, values)) if values and self.default is not self.host else None
        key = (_fetch_key(fetches), feeds, where)
        try:
            run = self._runs.get(key)
        except TypeError:  # what cannot be hashed is no element of a graph, and is told so
            return self._timed(self._prepare(fetches, feeds, where), options)(values)
        if run is None:
            if any(isinstance(key, tuple) for key in feeds):
                return self.run(fetches, nest.flatten_dict_items(feed_dict or {}), options, run_metadata)
            run = self._kept(key, fetches, feeds, where)
        return run(values) if options is None and self._milliseconds <= 0 else self._timed(run, options)(values)

    def _kept(self, key: Any, fetches: Any, feeds: Sequence[Any], where: Sequence[Any] | None) -> _Runnable:
        """The run for a key, prepared if no other thread has been faster, and kept for the next time.

        The oldest of too many are forgotten: programs may fetch ever new tensors.
        """
        with self._planning:
            run = self._runs.get(key)
            if run is None:
                run = self._prepare(fetches, feeds, where)
                while len(self._runs) >= _MOST_RUNS:
                    del self._runs[next(iter(self._runs))]
                self._runs[key] = run
            return run

    def _timed(self, run: _Runnable, options: Any) -> _Runnable:
        """`run` with the limit of its options, or of the session."""
        milliseconds = getattr(options, "timeout_in_ms", 0) or self._milliseconds
        if milliseconds <= 0:
            return run

        def within_its_time(values: Sequence[Any]) -> Any:
            with limited(milliseconds / 1000):
                return run(values)

        return within_its_time

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable:
        """A function of the values of `feed_list` that does what `run` would do with them.

        It takes `options` and `run_metadata` as well, and raises CancelledError once the session is closed.
        """
        self._check_not_closed()
        feeds = tuple(feed_list or ())
        nested = any(isinstance(key, tuple) for key in feeds)
        with self._planning:
            run = self._prepare(fetches, nest.flatten(feeds) if nested else feeds)

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            self._check_not_closed()
            if len(values) != len(feeds):
                raise ValueError(f"The callable takes {len(feeds)} values, got {len(values)}")
            flat = list(nest.flatten_dict_items(dict(zip(feeds, values, strict=True))).values()) if nested else values
            return self._timed(run, options)(flat)

        return call

    def _check_not_closed(self) -> None:
        if self._closed:
            raise errors.CancelledError(None, None, "Session has been closed.")

    def _prepare(self, fetches: Any, feeds: Sequence[Any], feeds_on: Sequence[Any] | None = None) -> _Runnable:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.version:
            raise RuntimeError("The Session graph is empty. Add operations to the graph before calling run().")
        elements, rebuild = _structure(self._graph, fetches)
        for element in elements:
            op = getattr(element, "op", element)
            if op.context is not None or not self._graph.is_fetchable(op):
                raise ValueError(f"Operation {op.name!r} has been marked as not fetchable.")
        parts = [_parts_of_feed(key) for key in feeds]
        fed = [self._fed_tensor(part) for whole in parts for part in whole]
        if feeds_on is not None:
            feeds_on = [device for device, whole in zip(feeds_on, parts, strict=True) for _ in whole]
        run = _Run(self, Plan(self, elements, fed, feeds_on), fed, rebuild)
        if len(fed) == len(parts):
            return run
        return lambda values: run(_parts_of_values(feeds, parts, values))

    def _backend_of_value(self, value: Any) -> Any:
        """Where a fed value lies: a CuPy array stays on its device, everything else is the host's."""
        return next((b for b in self._backends() if b.owns(value)), self.host)

    def _fed_tensor(self, key: Any) -> Tensor:
        try:
            tensor = self._graph.as_graph_element(key, allow_operation=False)
        except (TypeError, ValueError, KeyError) as error:
            raise TypeError(
                f"Cannot interpret feed_dict key as Tensor: {error.args[0] if error.args else error}"
            ) from None
        if not self._graph.is_feedable(tensor):
            raise ValueError(f"Tensor {tensor} may not be fed.")
        return tensor

    # -- what the session keeps -------------------------------------------------------------------------------------

    def variable(self, op: Operation) -> VariableState:
        """The state of a variable's operation, made when first asked for."""
        state = self._variables.get(op)
        if state is None:  # two threads may ask at once, and must get the same one
            state = self._variables.setdefault(op, VariableState(op, self.backend_of(op)))
        return state

    def buffer(self, variable: Any) -> Any:
        """The array that holds a variable's value, on its device: the memory itself, not a copy.

        It serves CuPy, PyTorch or JAX through DLPack and `__cuda_array_interface__`. Raises FailedPreconditionError
        before initialization.
        """
        return self.variable(self._graph.as_graph_element(variable).op).read()

    def next_in_stream(self, op: Operation, amount: int = 1) -> int:
        """Where an op stands in its stream of numbers, 0 at first; from there on it takes `amount`."""
        with self._lock:
            place = self._streams.get(op, 0)
            self._streams[op] = place + amount
        return place

    def streams(self) -> dict[str, int]:
        """How far each op that draws random numbers has come in its stream, by the op's name."""
        with self._lock:
            return {op.name: place for op, place in self._streams.items()}

    def set_streams(self, places: Mapping[str, int]) -> None:
        """Let each op go on from where `streams` once said it was; one that is not named begins anew."""
        ops = {op.name: op for op in self._graph.get_operations()}
        with self._lock:
            self._streams.clear()
            self._streams.update({ops[name]: place for name, place in places.items() if name in ops})

    def resource(self, key: Any, make: Callable[[], Any]) -> Any:
        """What is kept under a key, an operation by rule, until the session closes: made when first asked for.

        Where it has a method `close`, closing the session calls it.
        """
        with self._lock:
            self._check_not_closed()  # what was made now would never be closed
            if key not in self._resources:
                self._resources[key] = make()
            return self._resources[key]

    def constant(self, tensor: Tensor, value: np.ndarray, backend: Any) -> Any:
        """A constant on a device, laid there once per session."""
        key = (tensor, backend)
        if key not in self._constants:
            self._constants[key] = backend.asarray(value)
        return self._constants[key]

    # -- devices ----------------------------------------------------------------------------------------------------

    def _usable_devices(self) -> list[str]:
        counts = self._config.device_count
        usable = []
        for name in list_devices():
            spec = DeviceSpec.from_string(name)
            if (spec.device_index or 0) < counts.get(spec.device_type, 1 << 30) or name == _HOST:
                usable.append(name)
        return usable

    def list_devices(self) -> list[str]:
        return list(self._devices)

    def backend_of(self, op: Operation) -> Any:
        """The backend of an op's device. Raises InvalidArgumentError where there is no such device."""
        spec = DeviceSpec.from_string(op.device)
        if spec.device_type is None:
            return self.default
        if spec.device_type == "CPU":
            return self.host
        name = f"/device:{spec.device_type}:{spec.device_index or 0}"
        if name in self._devices:
            return get_backend(name)
        if self._config.allow_soft_placement:
            return self.default
        raise errors.InvalidArgumentError(
            op.node_def,
            op,
            f"Cannot assign a device for operation {op.name}: Operation was explicitly assigned to {op.device} but "
            "available "
            f"devices are [ {', '.join(self._devices)} ]. Make sure the device specification refers to a valid "
            "device, or "
            f"allow another one with ConfigProto(allow_soft_placement=True).\n\n{op.where_made()}",
        )

    def on_host(self, value: Any) -> Any:
        """A value of a run as a NumPy array (or scalar)."""
        if isinstance(value, (np.ndarray, np.generic)):
            return value
        return next(b for b in self._backends() if b.owns(value)).to_host(value)

    def detached(self, value: Any, copy: bool) -> Any:
        """A NumPy array (or scalar) of a fetched value that shares no memory with what the session keeps."""
        if not isinstance(value, (np.ndarray, np.generic)):
            if not hasattr(value, "shape"):
                return value  # a variant
            value, copy = self.on_host(value), False
        if value.ndim == 0:
            return value[()]
        return value.copy() if copy or not value.flags.writeable else value

    def _backends(self) -> Iterator[Any]:
        yield self.host
        yield self.default
        yield from (get_backend(d) for d in self._devices)

    # -- life -------------------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a GraphDef."""
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> str:
        return ""

    def close(self) -> None:
        """Drop every value. Any later `run` raises RuntimeError."""
        with self._lock:
            self._closed = True
        for resource in [*self._resources.values()]:
            if hasattr(resource, "close"):
                resource.close()
        for kept in (self._variables, self._streams, self._constants, self._resources, self._runs):
            kept.clear()

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Make this the session of `t.eval()` and `op.run()`. Leaving it does not close the session."""
        with sessions.pushed(self):
            yield self

    def __enter__(self) -> Session:
        contexts = (self._graph.as_default(), self.as_default())
        for context in contexts:
            context.__enter__()
        self._entered.append(contexts)
        return self

    def __exit__(self, *exception: Any) -> None:
        for context in reversed(self._entered.pop()):
            context.__exit__(*exception)
        self.close()


class InteractiveSession(Session):
    """A session that is the default one from its making until `close`."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None) -> None:
        super().__init__(target, graph, config)
        self._contexts: tuple[Any, ...] = (
            (self._graph.as_default(), self.as_default()) if graph is not None else (self.as_default(),)
        )
        for context in self._contexts:
            context.__enter__()

    def close(self) -> None:
        super().close()
        contexts, self._contexts = self._contexts, ()
        for context in reversed(contexts):
            context.__exit__(None, None, None)


class _Run:
    """A plan with the checks of its feeds before and the structure of its fetches after."""

    __slots__ = ("_session", "_plan", "_feeds", "_rebuild")

    def __init__(self, session: Session, plan: Plan, feeds: list[Tensor], rebuild: Callable) -> None:
        self._session = session
        self._plan = plan
        self._feeds = feeds
        self._rebuild = rebuild

    def __call__(self, values: Sequence[Any]) -> Any:
        feeds = [fed_value(t, v) for t, v in zip(self._feeds, values, strict=True)] if values else ()
        with np.errstate(all="ignore"):
            results = self._plan.execute(feeds)
        return self._rebuild(self._plan.fetch_to_host(results))


def fed_value(tensor: Tensor, value: Any) -> Any:
    """A fed value as an array of the tensor's dtype. Raises TypeError, ValueError where it does not fit the tensor."""
    if value.__class__ is np.ndarray and value.dtype == tensor.dtype.numpy and not value.dtype.hasobject:
        array = value
    else:
        array = _converted_feed(tensor, value)
    if array.shape != tensor.shape._sizes and not tensor.shape.is_compatible_with(array.shape):
        raise ValueError(
            f"Cannot feed value of shape {tuple(array.shape)} for Tensor {tensor.name!r}, which has shape "
            f"'{tensor.shape}'"
        )
    return array if array.shape else as_scalar(array)


def _converted_feed(tensor: Tensor, value: Any) -> Any:
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, "
            "strings, lists, "
            f"numpy ndarrays, or CuPy arrays. For reference, the tensor object was {value} which was passed to the "
            f"feed with key {tensor}."
        )
    if hasattr(value, "__cuda_array_interface__"):
        if value.dtype != tensor.dtype.numpy:
            raise ValueError(
                f"Cannot feed a device array of dtype {value.dtype} for Tensor {tensor.name!r} of dtype "
                f"{tensor.dtype.name}"
            )
        return value
    dtype: DType = tensor.dtype
    if isinstance(value, int) and dtype.is_integer and not (dtype.min <= value <= dtype.max):
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
            f"{dtype.as_numpy_dtype}. "
            "Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )
    if dtype.is_string:
        return to_array(value, dtype)
    try:
        return np.asarray(value, dtype.numpy)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Cannot feed {value!r:.100} for Tensor {tensor.name!r} of dtype {dtype.name}: {error}"
        ) from None


# -- the structure of fetches ---------------------------------------------------------------------------------------


def _fetch_key(fetches: Any) -> Any:
    if isinstance(fetches, dict):
        return dict, type(fetches), tuple((k, _fetch_key(v)) for k, v in fetches.items())
    if isinstance(fetches, (list, tuple)):
        return (type(fetches), *[f if f.__class__ is Tensor else _fetch_key(f) for f in fetches])
    return fetches


_EXPANSIONS: list[tuple[type, Callable[[Any], tuple[list, Callable]]]] = []


def register_fetch_expansion(kind: type, expand: Callable[[Any], tuple[list, Callable]]) -> None:
    """Let objects of a class be fetched: `expand(object)` gives (fetches, function of the list of their values)."""
    _EXPANSIONS.append((kind, expand))


def _parts_of_feed(key: Any) -> Sequence[Any]:
    """The tensors that a key of a feed_dict stands for: those of a SparseTensor, else itself."""
    for kind, expand in _EXPANSIONS:
        if isinstance(key, kind):
            return expand(key)[0]
    return (key,)


def _parts_of_values(keys: Sequence[Any], parts: Sequence[Sequence[Any]], values: Sequence[Any]) -> list[Any]:
    """The values of all parts, from one value for each key.

    Raises TypeError for one of another number of parts, ValueError for an array, whose rows do not fit them.
    """
    flat: list[Any] = []
    for key, whole, value in zip(keys, parts, values, strict=True):
        if len(whole) == 1:
            flat.append(value)
        elif isinstance(value, (list, tuple)) and len(value) == len(whole):
            flat += value
        else:
            if isinstance(value, (list, np.ndarray)) and np.ndim(value):
                for part, row in zip(whole, value, strict=False):  # TensorFlow feeds a dense array's rows to the parts
                    fed_value(part, row)
            raise TypeError(f"The value fed to {key} must have its {len(whole)} parts, but is {value!r}")
    return flat


def _structure(graph: Graph, fetch: Any) -> tuple[list[Any], Callable[[list], Any]]:
    """The graph elements that `fetch` asks for, and how to put their values into its structure."""
    if fetch is None:
        raise TypeError(f"Argument `fetch` = {fetch} has invalid type {type(fetch).__name__!r}. Must not be None")
    if isinstance(fetch, dict):
        like = copy.copy(fetch)  # the caller may change theirs before the next run
        elements, rebuild = _structure(graph, list(like.values()))
        return elements, lambda values: nest.with_values(like, zip(like, rebuild(values), strict=True))
    if isinstance(fetch, (list, tuple)):
        return _sequence(graph, fetch)
    for kind, expand in _EXPANSIONS:
        if isinstance(fetch, kind):
            return _expanded(graph, *expand(fetch))
    try:
        return [graph.as_graph_element(fetch)], lambda values: values[0]
    except TypeError as error:
        raise TypeError(
            f"Fetch argument {fetch!r} has invalid type {type(fetch).__name__!r}, must be a string or Tensor. ({error})"
        ) from None
    except (ValueError, KeyError) as error:
        reason = error.args[0] if error.args else error
        raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({reason})") from None


def _expanded(graph: Graph, parts: list, combine: Callable) -> tuple[list[Any], Callable[[list], Any]]:
    elements, rebuild = _structure(graph, parts)
    return elements, lambda values: combine(rebuild(values))


def _sequence(graph: Graph, fetch: Any) -> tuple[list[Any], Callable[[list], Any]]:
    elements: list[Any] = []
    parts: list[tuple[int, int, Callable]] = []
    for item in fetch:
        inner, rebuild = _structure(graph, item)
        parts.append((len(elements), len(elements) + len(inner), rebuild))
        elements += inner
    kind = type(fetch)
    make: Callable = (lambda items: kind(*items)) if hasattr(fetch, "_fields") else kind
    if all(isinstance(item, (Tensor, Operation)) for item in fetch):
        return elements, (lambda values: values) if kind is list else make
    return elements, lambda values: make([rebuild(values[a:b]) for a, b, rebuild in parts])
