"""Templates: functions that create their variables in their first call and share them in every later one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..engine.graph import format_frames, get_default_graph, user_frames
from .keys import GraphKeys
from .scope import VariableScope, pure_variable_scope, unique_scope_name, variable_scope


def make_template(
    name_: str,
    func_: Callable,
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable | None = None,
    **kwargs: Any,
) -> Template:
    """`func_` as a function whose first call creates its variables, under `name_`, and whose later calls share them.

    The variables must come from `get_variable`. Two templates of one name do not share: the second scope's name is
    made unique, where `unique_name_` does not say it. The scope opens at the first call, or now, if
    `create_scope_now_`; `kwargs` are passed to every call. Raises ValueError where a later call would create a
    trainable variable, and where `unique_name_` comes without a name.
    """
    if kwargs:
        func_ = partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """What `make_template` returns."""

    def __init__(
        self,
        name: str,
        func: Callable,
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Callable | None = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._func = func
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._frames = user_frames()
        self._variables_created = False
        self._variable_scope: VariableScope | None = None
        if create_scope_now:
            with pure_variable_scope(unique_name or unique_scope_name(name), custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in the template's scope."""
        if self._variable_scope is None:
            with variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
                self._variable_scope = scope
                return self._call(args, kwargs)
        with variable_scope(self._variable_scope, reuse=self._variables_created):
            return self._call(args, kwargs)

    def _call(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        graph = get_default_graph()
        trainable = graph.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        before = len(trainable)
        try:
            result = self._func(*args, **kwargs)
            if self._variables_created and len(trainable) != before:
                raise ValueError(
                    "Trainable variable created when calling a template after the first time, perhaps you used "
                    f"tf.Variable when you meant tf.get_variable: {trainable[before:]}"
                )
        except Exception as error:
            text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
            where = f"{text}\n\noriginally defined at:\n{format_frames(self._frames)}"
            error.args = (where, *error.args[1:])
            raise
        self._variables_created = True
        return result

    name = property(lambda self: self._name)
    func = property(lambda self: self._func)

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of the variables; None before the first call, unless it was opened at once."""
        return self._variable_scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's full name with a "/" behind it, as a prefix of the variables' names."""
        if self._variable_scope is None:
            return None
        return self._variable_scope.name and f"{self._variable_scope.name.rstrip('/')}/"

    @property
    def variables(self) -> list:
        """The global and local variables made so far."""
        return self.global_variables + self.local_variables

    weights = variables

    @property
    def trainable_variables(self) -> list:
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list:
        trainable = set(self.trainable_variables)
        return [v for v in self.variables if v not in trainable]

    non_trainable_weights = non_trainable_variables

    @property
    def global_variables(self) -> list:
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list:
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    def _collected(self, key: str) -> list:
        return self._variable_scope.get_collection(key) if self._variable_scope is not None else []


__all__ = ["make_template"]
