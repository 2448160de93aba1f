"""Variable scopes: prefixes of variables' names with defaults, in which `get_variable` creates or shares."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype, float32
from ..engine.graph import Graph, get_default_graph, graph_of
from .keys import GraphKeys
from .store import AUTO_REUSE, Request, VariableStore
from .variables import VariableAggregation, VariableSynchronization

_STORE_KEY = ("__variable_store",)
_SCOPES_KEY = ("__varscope",)


class _Scopes(threading.local):
    """A graph's current variable scope, and how often each scope name was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.opened: dict[str, int] = {}

    def unique(self, prefix: str) -> str:
        parent = f"{self.current.name}/" if self.current.name else ""
        name, n = prefix, 0
        while self.opened.get(parent + name):
            n += 1
            name = f"{prefix}_{n}"
        return name

    @contextmanager
    def entered(self, scope: VariableScope, again: bool) -> Iterator[None]:
        """Make `scope` the current one. Inner default names start anew with each entry, but for re-entered scopes."""
        self.opened[scope.name] = self.opened.get(scope.name, 0) + 1
        before, outer, self.current = dict(self.opened), self.current, scope
        try:
            yield
        finally:
            self.current = outer
            if again:
                self.opened = before
            else:
                self.opened = {name: n for name, n in self.opened.items() if not name.startswith(f"{scope.name}/")}


def _of_graph(key: Any, make: Callable[[], Any]) -> Any:
    kept = get_default_graph().get_collection_ref(key)
    if not kept:
        kept.append(make())
    return kept[0]


def _get_default_variable_store() -> VariableStore:
    return _of_graph(_STORE_KEY, VariableStore)


def _scopes() -> _Scopes:
    return _of_graph(_SCOPES_KEY, _Scopes)


def unique_scope_name(prefix: str) -> str:
    """`prefix`, or `prefix_1` and so on, such that no such variable scope was opened inside the current one."""
    return _scopes().unique(prefix)


def no_regularizer(_: Any) -> None:
    """Use this as a regularizer to have none where the scope would give one."""


class VariableScope:
    """A prefix of variable names with defaults for `get_variable`. Entered by `variable_scope`."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Callable | None = None,
        caching_device: Any = None,
        partitioner: Callable | None = None,
        custom_getter: Callable | None = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Callable | None = None,
    ) -> None:
        self._name = name
        self._reuse = reuse
        self._name_scope = name_scope
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    name = property(lambda self: self._name)
    original_name_scope = property(lambda self: self._name_scope)
    reuse = property(lambda self: self._reuse)
    initializer = property(lambda self: self._initializer)
    regularizer = property(lambda self: self._regularizer)
    caching_device = property(lambda self: self._caching_device)
    partitioner = property(lambda self: self._partitioner)
    custom_getter = property(lambda self: self._custom_getter)
    dtype = property(lambda self: self._dtype)
    use_resource = property(lambda self: self._use_resource)
    constraint = property(lambda self: self._constraint)

    def reuse_variables(self) -> None:
        """From here on, only share; there is no way back within this scope."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_regularizer(self, regularizer: Callable | None) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Callable | None) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Callable | None) -> None:
        self._custom_getter = custom_getter

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        self._use_resource = use_resource

    def set_constraint(self, constraint: Callable | None) -> None:
        self._constraint = constraint

    def get_collection(self, name: Any) -> list:
        """What the collection holds of this scope."""
        return get_default_graph().get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self, var_store: VariableStore, name: str, *args: Any, custom_getter: Any = None, **kwargs: Any
    ) -> Any:
        """The variable of this scope's `name`, from a store; the arguments are those of `get_variable`."""
        return self._get(var_store, Request.of(name, args, **kwargs), custom_getter)

    def _get(self, store: VariableStore, request: Request, custom_getter: Callable | None) -> Any:
        """Complete a request by the scope's name and defaults."""
        initializer, dtype = request.initializer, request.dtype
        with get_default_graph().name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                given = convert_to_tensor(initializer).dtype
                if given is not as_dtype(dtype):
                    raise ValueError(f"Initializer type '{given}' and explicit dtype '{as_dtype(dtype)}' don't match.")
            complete = replace(
                request,
                name=self._full_name(request.name),
                dtype=as_dtype(_first(dtype, self._dtype)).base_dtype,
                initializer=_first(initializer, self._initializer),
                regularizer=_first(request.regularizer, self._regularizer),
                reuse=_first(request.reuse, self._reuse),
                trainable=_first(request.trainable, request.synchronization is not VariableSynchronization.ON_READ),
                caching_device=_first(request.caching_device, self._caching_device),
                partitioner=_first(request.partitioner, self._partitioner),
                use_resource=_first(request.use_resource, self._use_resource),
                constraint=_first(request.constraint, self._constraint),
            )
            return store.get_variable(complete, _first(custom_getter, self._custom_getter))

    def _full_name(self, name: str | None) -> str | None:
        """The name inside this scope; for None the scope's own."""
        if name is None:
            return self._name or None
        return f"{self._name}/{name}" if self._name else name


def _first(*choices: Any) -> Any:
    """The first choice that is not None."""
    return next((choice for choice in choices if choice is not None), None)


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _scopes().current


def get_variable(
    name: str | None,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Callable | None = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable | None = None,
    constraint: Callable | None = None,
    synchronization: VariableSynchronization = VariableSynchronization.AUTO,
    aggregation: VariableAggregation = VariableAggregation.NONE,
) -> Any:
    """The variable of that name in the current variable scope: created, or shared, as the scope's `reuse` says.

    A `name` of None is the scope's own. `initializer` is an initializer object or its class, a function of
    (shape, dtype), one without arguments, a tensor or a value (then without `shape`); by default the scope's, or Glorot
    uniform for floats and zeros for integers and booleans. The loss that `regularizer(variable)` gives joins
    REGULARIZATION_LOSSES, once. A `partitioner` cuts the variable into parts; `custom_getter(getter, name,
    **arguments)` may change all of this. What is not given comes from the scope. The other arguments are those of
    `Variable`.

    Raises ValueError where the variable exists and is not to be shared, is to be shared and does not exist, or has
    another shape or dtype; where the shape of a new one is not fully known.
    """
    request = Request(
        name, shape, dtype, initializer, regularizer, None, trainable, collections, caching_device, partitioner,
        validate_shape, use_resource, synchronization, aggregation, constraint,
    )  # fmt: skip
    return get_variable_scope()._get(_get_default_variable_store(), request, custom_getter)


def get_local_variable(name: str, *args: Any, **kwargs: Any) -> Any:
    """`get_variable` for a variable that is in LOCAL_VARIABLES and not trainable: not saved, not optimized."""
    arguments = inspect.signature(get_variable).bind(name, *args, **kwargs).arguments
    collections = [*(arguments.get("collections") or ()), GraphKeys.LOCAL_VARIABLES]
    return get_variable(**{**arguments, "collections": collections, "trainable": False})


# -- entering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Changes:
    """What entering a scope changes in it; None leaves what the scope had."""

    initializer: Any = None
    regularizer: Callable | None = None
    caching_device: Any = None
    partitioner: Callable | None = None
    custom_getter: Callable | None = None
    dtype: Any = None
    use_resource: bool | None = None
    constraint: Callable | None = None

    def applied_to(self, base: VariableScope, name: str, name_scope: str, reuse: Any) -> VariableScope:
        """A new scope with the defaults of `base`, but for these."""
        chosen = {f.name: _first(getattr(self, f.name), getattr(base, f.name)) for f in fields(self)}
        chosen["custom_getter"] = _chained(self.custom_getter, base.custom_getter)
        return VariableScope(reuse, name, name_scope=name_scope, **chosen)


def _chained(custom_getter: Callable | None, outer: Callable | None) -> Callable | None:
    """A getter whose own `getter` is the outer scope's custom getter."""
    if custom_getter is None or outer is None:
        return custom_getter or outer

    def chained(getter: Callable, *args: Any, **kwargs: Any) -> Any:
        return custom_getter(partial(outer, getter), *args, **kwargs)

    return chained


@contextmanager
def pure_variable_scope(
    name_or_scope: Any, reuse: Any = None, old_name_scope: str | None = None, **changes: Any
) -> Iterator[VariableScope]:
    """A variable scope that opens no name scope: a name inside the current scope, or a scope under its own name."""
    scopes = _scopes()
    if isinstance(name_or_scope, VariableScope):
        base, name, again = name_or_scope, name_or_scope.name, True
        name_scope = name_or_scope.original_name_scope if old_name_scope is None else old_name_scope
    else:
        base, again = scopes.current, False
        name = f"{base.name}/{name_or_scope}" if base.name else name_or_scope
        name_scope = name_or_scope if old_name_scope is None else old_name_scope
    scope = _Changes(**changes).applied_to(base, name, name_scope, reuse or base.reuse)
    with scopes.entered(scope, again):
        yield scope


class variable_scope:
    """Prefix the names of variables, and of operations, made inside; set defaults for `get_variable`.

    `name_or_scope` is a name (inside the current scope), or a scope captured earlier, which is entered under its own
    full name with its own defaults; None takes `default_name`, made unique. Entering gives the `VariableScope`.
    `reuse` True or AUTO_REUSE holds for all scopes inside; False and None inherit. A name scope of the same name is
    opened too, unless `auxiliary_name_scope` is False. The other arguments change the defaults of the scope.

    Raises TypeError and ValueError for names and flags that do not fit.
    """

    def __init__(
        self,
        name_or_scope: str | VariableScope | None,
        default_name: str | None = None,
        values: Iterable[Any] | None = None,
        initializer: Any = None,
        regularizer: Callable | None = None,
        caching_device: Any = None,
        partitioner: Callable | None = None,
        custom_getter: Callable | None = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Callable | None = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if name_or_scope is None and default_name is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if name_or_scope is not None and not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        if reuse not in (None, True, False, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if name_or_scope is None and reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._auxiliary_name_scope = auxiliary_name_scope
        self._changes = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "custom_getter": custom_getter, "dtype": dtype, "use_resource": use_resource,
            "constraint": constraint,
        }  # fmt: skip
        self._graph = graph_of(list(values or ()))
        self._entered: list[ExitStack] = []

    def __enter__(self) -> VariableScope:
        with ExitStack() as entering:
            if self._graph is not get_default_graph():
                entering.enter_context(self._graph.as_default())
            scope = self._enter(entering)
            self._entered.append(entering.pop_all())
        return scope

    def _enter(self, entering: ExitStack) -> VariableScope:
        target = self._name_or_scope
        if target is None:
            target = unique_scope_name(str(self._default_name))
            opened = self._default_name
        else:
            opened = target if isinstance(target, str) else target.name.rpartition("/")[2]
        name_scope = None
        if self._auxiliary_name_scope and opened:
            name_scope = entering.enter_context(self._graph.name_scope(opened))
        if isinstance(target, VariableScope):
            name_scope = None  # it keeps the name scope that it was first opened with
        elif name_scope is None and opened:
            name_scope = _current_prefix(self._graph)
        return entering.enter_context(pure_variable_scope(target, self._reuse, name_scope, **self._changes))

    def __exit__(self, *exception: Any) -> bool | None:
        return self._entered.pop().__exit__(*exception)


def _current_prefix(graph: Graph) -> str:
    name = graph.get_name_scope()
    return f"{name}/" if name else ""


@contextmanager
def variable_op_scope(
    values: Iterable[Any],
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    caching_device: Any = None,
    partitioner: Callable | None = None,
    custom_getter: Callable | None = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Callable | None = None,
) -> Iterator[VariableScope]:
    """`variable_scope` with the order of arguments that it had before TensorFlow 1.0."""
    with variable_scope(
        name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner, custom_getter,
        reuse, dtype, use_resource, constraint,
    ) as scope:  # fmt: skip
        yield scope


__all__ = [
    "AUTO_REUSE", "VariableScope", "get_local_variable", "get_variable", "get_variable_scope", "no_regularizer",
    "variable_op_scope", "variable_scope",
]  # fmt: skip
