"""contrib.layers' way to a layer: its variables renamed, in model collections, its outputs collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.graph import Tensor
from ...nn.layer import Layer
from ...scopes.scope import VariableScope, variable_scope
from .utils import add_variable_to_collections, collect_named_outputs
from .variables import model_variable

Names = Mapping[str, str]  # of a house's variable, contrib's name: {"kernel": "weights"}


def _model_getter(renamed: Names) -> Callable[..., Any]:
    """A custom getter that makes model variables, under contrib's names."""

    def getter(getter: Callable, name: str, *args: Any, **kwargs: Any) -> Any:
        scope, slash, own = name.rpartition("/")
        wanted = {key: kwargs.get(key) for key in _PASSED_ON}
        return model_variable(scope + slash + renamed.get(own, own), custom_getter=getter, **wanted)

    return getter


_PASSED_ON = (
    "shape", "dtype", "initializer", "regularizer", "trainable", "collections", "caching_device", "partitioner",
    "use_resource",
)  # fmt: skip


@contextmanager
def model_scope(
    scope: Any, default_name: str, inputs: Any, reuse: Any, renamed: Names | None = None
) -> Iterator[VariableScope]:
    """The variable scope of a layer: `scope`, or its default name made unique."""
    values = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    with variable_scope(scope, default_name, values, reuse=reuse, custom_getter=_model_getter(renamed or {})) as opened:
        yield opened


def applied(
    layer: type[Layer], arguments: Mapping[str, Any], inputs: Any, scope: VariableScope, reuse: Any, **call: Any
) -> tuple[Layer, Tensor]:
    """(A layer made in `scope`, what it makes of the inputs)."""
    made = layer(**arguments, name=scope.name, _scope=scope, _reuse=reuse)
    return made, made(convert_to_tensor(inputs), **call)


def collect_variables(layer: Any, names: Names, variables_collections: Any) -> None:
    """Put a layer's variables into the collections meant for them; `names` has contrib's name of each attribute."""
    for attribute, name in names.items():
        variable = getattr(layer, attribute)
        if variable is not None:
            add_variable_to_collections(variable, variables_collections, name)


def finished(outputs: Tensor, activation_fn: Callable | None, collections: Any, scope: VariableScope) -> Tensor:
    """The outputs after the activation, collected under the scope's name."""
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collect_named_outputs(collections, scope.name, outputs)
