"""Variables of contrib.framework: made in their collections, found again by scope or name, given values."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from ...engine.dtypes import float32
from ...engine.graph import Operation, Tensor, add_to_collection, get_collection, get_default_graph
from ...engine.graph import device as on_device
from ...engine.ops.basic import placeholder
from ...engine.ops.control_flow import group
from ...scopes.keys import GraphKeys
from ...scopes.partitions import PartitionedVariable
from ...scopes.scope import VariableScope, get_variable, get_variable_scope
from ...scopes.variables import Variable
from ...train.restoring import NewCheckpointReader
from ...train.saver import Saver
from .arg_scope import add_arg_scope

_log = logging.getLogger("scopeflow")


# -- making ---------------------------------------------------------------------------------------------------------


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable | None = None,
    custom_getter: Callable | None = None,
    use_resource: bool | None = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """`get_variable` on a device, in collections of which each is named once (GLOBAL_VARIABLES by default).

    `custom_getter(name, **arguments)` takes the place of `get_variable`.
    """
    collections = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter = partial(custom_getter, reuse=get_variable_scope().reuse) if custom_getter else get_variable
    further = {"synchronization": synchronization, "aggregation": aggregation}
    with on_device(device) if device else nullcontext():
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=list(dict.fromkeys(collections)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            **{key: value for key, value in further.items() if value is not None},
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = float32,
    initializer: Any = None,
    regularizer: Callable | None = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Callable | None = None,
    custom_getter: Callable | None = None,
    use_resource: bool | None = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """`variable`, in GLOBAL_VARIABLES and MODEL_VARIABLES too."""
    collections = [*(collections or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def local_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Variable:
    """A variable that is in LOCAL_VARIABLES alone: neither saved nor trained. `use_resource` changes nothing."""
    return Variable(initial_value, False, [GraphKeys.LOCAL_VARIABLES], validate_shape, name=name)


def global_variable(
    initial_value: Any, validate_shape: bool = True, name: str | None = None, use_resource: bool | None = None
) -> Variable:
    """A variable that is in GLOBAL_VARIABLES, and not trained. `use_resource` changes nothing."""
    return Variable(initial_value, False, [GraphKeys.GLOBAL_VARIABLES], validate_shape, name=name)


def add_model_variable(var: Any) -> None:
    """Put a variable into MODEL_VARIABLES, unless it is there."""
    if all(var is not known for known in get_default_graph().get_collection_ref(GraphKeys.MODEL_VARIABLES)):
        add_to_collection(GraphKeys.MODEL_VARIABLES, var)


# -- finding --------------------------------------------------------------------------------------------------------


def get_variables(scope: Any = None, suffix: str | None = None, collection: Any = GraphKeys.GLOBAL_VARIABLES) -> list:
    """The variables of a collection in a scope (a name or a `VariableScope`), whose last name is `suffix`."""
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        suffix = suffix if ":" in suffix else suffix + ":"
        scope = (scope or "") + ".*" + suffix
    return get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list:
    """`get_variables` of MODEL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list:
    """`get_variables` of LOCAL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list:
    """`get_variables` of TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list:
    """The global variables whose last name is `suffix`."""
    return get_variables(scope, suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list:
    """The global variables called so: ``given_name``, or ``.../given_name``."""
    return get_variables(scope, f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """The one variable of this full name. Raises ValueError where there is none, or more than one."""
    candidates = get_variables(var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def get_variables_to_restore(include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> list:
    """The global variables whose names begin with one of `include` (by default all) and with none of `exclude`.

    Raises TypeError for names that are no list or tuple.
    """
    wanted = get_variables() if include is None else _in_scopes("include", include)
    unwanted = [] if exclude is None else _in_scopes("exclude", exclude)
    return [v for v in wanted if all(v is not other for other in unwanted)]


def _in_scopes(what: str, scopes: Any) -> list:
    if not isinstance(scopes, (list, tuple)):
        raise TypeError(f"{what} is provided but is not a list or a tuple.")
    return [v for scope in scopes for v in get_variables(scope)]


def filter_variables(
    var_list: Iterable[Any],
    include_patterns: Sequence[str] | None = None,
    exclude_patterns: Sequence[str] | None = None,
    reg_search: bool = True,
) -> list:
    """The variables in whose names one of the regular expressions to include is found, and none of those to exclude.

    Without `reg_search` an expression must match from the name's start.
    """
    found = re.search if reg_search else re.match

    def chosen(v: Any) -> bool:
        wanted = not include_patterns or any(found(p, v.op.name) for p in include_patterns)
        return bool(wanted) and not any(found(p, v.op.name) for p in exclude_patterns or ())

    return [v for v in var_list if chosen(v)]


def get_variable_full_name(var: Any) -> str:
    """The name that checkpoints have: of a part of a variable, that of the whole."""
    part = var._get_save_slice_info()
    return part.full_name if part else var.op.name


# -- giving values --------------------------------------------------------------------------------------------------


def assign_from_values(var_names_to_values: Mapping[str, Any]) -> tuple[Operation, dict[Tensor, Any]]:
    """(An operation that gives global variables these values, what to feed it). The names are full names.

    Raises ValueError for a name that is no variable's, or a value of another number of elements.
    """
    feed_dict: dict[Tensor, Any] = {}
    assignments = []
    for name, given in var_names_to_values.items():
        var = get_unique_variable(name)
        value = np.asarray(given)
        fed = placeholder(var.dtype.base_dtype, name=f"{var.op.name}/assign_value".replace(":", "_"))
        fed.set_shape(var.shape)
        assignments.append(var.assign(fed))
        feed_dict[fed] = value.reshape(var.shape.as_list())
    return group(*assignments), feed_dict


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[Any], None]:
    """A function of a session that gives variables these values."""
    op, feed_dict = assign_from_values(var_names_to_values)

    def assign(session: Any) -> None:
        session.run(op, feed_dict)

    return assign


def _by_saved_name(var_list: Any) -> dict[str, list]:
    """Variables under the names that a checkpoint has for them; the parts of one variable together."""
    if isinstance(var_list, Mapping):
        return {name: _parts(given) for name, given in var_list.items()}
    grouped: dict[str, list] = {}
    for var in var_list:
        for part in _parts(var):
            grouped.setdefault(get_variable_full_name(part), []).append(part)
    return grouped


def _parts(given: Any) -> list:
    return list(given) if isinstance(given, (list, tuple, PartitionedVariable)) else [given]


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Operation, dict[Tensor, Any]]:
    """(An operation that gives variables what a checkpoint has for them, what to feed it).

    `var_list` is a list of variables, or the variables by their names in the checkpoint. Raises ValueError for one
    that the checkpoint lacks, unless `ignore_missing_vars`, and for one of another shape.
    """
    reader = NewCheckpointReader(model_path)
    feed_dict: dict[Tensor, Any] = {}
    assignments = []
    for name, parts in _by_saved_name(var_list).items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            _log.warning("Variable %s missing in checkpoint %s", name, model_path)
            continue
        saved = np.asarray(reader.get_tensor(name))
        for part in parts:
            value = _part_of(saved, part, name)
            fed = placeholder(part.dtype.base_dtype, part.shape, name=f"{part.op.name}/restored".replace(":", "_"))
            assignments.append(part.assign(fed))
            feed_dict[fed] = value
    return group(*assignments), feed_dict


def _part_of(saved: np.ndarray, part: Any, name: str) -> np.ndarray:
    """What of a saved value belongs to this variable. Raises ValueError where the shapes do not fit."""
    info = part._get_save_slice_info()
    whole = list(info.full_shape) if info else part.shape.as_list()
    if list(saved.shape) != whole:
        raise ValueError(
            f"Total size of new array must be unchanged for {name} lh_shape: [{tuple(saved.shape)}], "
            f"rh_shape: [{tuple(whole)}]"
        )
    if info is None:
        return saved
    ends = [offset + size for offset, size in zip(info.var_offset, info.var_shape, strict=True)]
    return saved[tuple(slice(start, end) for start, end in zip(info.var_offset, ends, strict=True))]


def assign_from_checkpoint_fn(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False, reshape_variables: bool = False
) -> Callable[[Any], None] | None:
    """A function of a session that restores variables from a checkpoint; None where there are none to restore.

    `reshape_variables` lets a value of another shape be restored that has as many elements.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = NewCheckpointReader(model_path)
        grouped = var_list if isinstance(var_list, Mapping) else {v.op.name: v for v in var_list}
        missing = [name for name in grouped if not reader.has_tensor(name)]
        for name in missing:
            _log.warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = {name: v for name, v in grouped.items() if name not in missing}
    if not var_list:
        _log.warning("No Variables to restore")
        return None
    saver = Saver(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)


__all__ = [
    "add_model_variable", "assign_from_checkpoint", "assign_from_checkpoint_fn", "assign_from_values",
    "assign_from_values_fn", "filter_variables", "get_local_variables", "get_model_variables",
    "get_trainable_variables", "get_unique_variable", "get_variable_full_name", "get_variables",
    "get_variables_by_name", "get_variables_by_suffix", "get_variables_to_restore", "global_variable",
    "local_variable", "model_variable", "variable",
]  # fmt: skip
