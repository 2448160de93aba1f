"""Checkpoints read without a Saver: looked into, and given to variables as their initial values."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine.graph import get_default_graph
from ..engine.ops.control_flow import py_func
from ..engine.shapes import TensorShape
from ..scopes.keys import GraphKeys
from ..scopes.partitions import PartitionedVariable
from ..scopes.variables import Variable
from .checkpoint.formats import open_checkpoint
from .checkpoint.reader import CheckpointReader, meant
from .checkpoint.state import latest_checkpoint
from .saver import Saved, read_checked

_log = logging.getLogger("scopeflow")

Path = str | os.PathLike[str]
Target = Variable | list[Variable]  # a variable, or the parts of a partitioned one
AssignmentMap = Mapping[str, Any] | Iterable[tuple[str, Any]]

_CONSTANTS_OF_A_RESTORE = 3  # that TensorFlow's op has as inputs


def NewCheckpointReader(filepattern: Path) -> CheckpointReader:
    """A reader of the checkpoint at a path, of whatever format.

    Raises NotFoundError where there is none, DataLossError where it is damaged or something else.
    """
    return open_checkpoint(os.fspath(filepattern))


def load_checkpoint(ckpt_dir_or_file: Path) -> CheckpointReader:
    """A reader of a checkpoint, or of a folder's newest one. Raises ValueError for a folder without one."""
    return open_checkpoint(_checkpoint_of(ckpt_dir_or_file))


def _checkpoint_of(ckpt_dir_or_file: Path) -> str:
    path = os.fspath(ckpt_dir_or_file)
    if not os.path.isdir(path):
        return path
    newest = latest_checkpoint(path)
    if newest is None:
        raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}")
    return newest


def list_variables(ckpt_dir_or_file: Path) -> list[tuple[str, list[int]]]:
    """(Name, shape) of all tensors of a checkpoint, sorted by name."""
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return sorted(reader.get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: Path, name: str) -> Any:
    """The value of a tensor of a checkpoint; its name may end in ":0"."""
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return reader.get_tensor(name.removesuffix(":0"))


# -- as initial values ------------------------------------------------------------------------------------------------


def init_from_checkpoint(ckpt_dir_or_file: Path, assignment_map: AssignmentMap) -> None:
    """Let variables start with the values of a checkpoint: their initializers read them from it.

    `assignment_map` has, as a dict or as pairs, for names in the checkpoint what is to get their values:

    - ``"scope/name": "other/name"``: a variable made by `get_variable`; or the variable itself, or the list of the
      parts of a partitioned one;
    - ``"scope/": "other/"``: every such variable in that scope, from the name it has below it; ``"/"`` is the root;
    - ``"scope/(.*)_w": r"other/\\\\1"``: for each name that the regular expression matches as a whole, the variable of
      the name that the template gives, where there is one.

    Only that the tensors are there and have the right shape is checked at once. Raises ValueError where they do not,
    or where the map fits nothing; a run raises InvalidArgumentError for another dtype.
    """
    path = _checkpoint_of(ckpt_dir_or_file)
    reader = open_checkpoint(path)  # kept open, so what it names stays the same
    reader.check()
    place = os.fspath(ckpt_dir_or_file)
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    for found in [one for key, wanted in pairs for one in _assignments(reader, key, wanted, place)]:
        _start(reader, found)
        names = [v.name for v in found.variables]
        _log.debug("Initialize variable %s from checkpoint %s with %s", ", ".join(names), place, found.name)


class _Assignment(NamedTuple):
    """A tensor of a checkpoint, and the variables that get its value: one, or the parts of one."""

    name: str
    variables: list[Variable]
    in_parts: bool


def _assignments(reader: CheckpointReader, key: str, wanted: Any, place: str) -> list[_Assignment]:
    """What one pair of an assignment map asks for. Raises ValueError where that cannot be."""
    known = _known_variables()
    if not isinstance(wanted, str):
        return [_assignment(reader, key, wanted, f"Tensor {key}", place)]
    if wanted in known:
        return [_assignment(reader, key, known[wanted], f"Tensor {key}", place)]
    if not key.endswith("/"):
        if re.search(r"[][\\()*+?|^$]", key):
            return _matching(reader, key, wanted, known, place)
        scope = wanted.rpartition("/")[0]
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {key}. Should be "
            f"'scope/': 'other_scope/'.{meant([wanted], known)}"
        )
    scope = wanted if wanted.endswith("/") else f"{wanted}/"
    below = [name for name in sorted(known) if scope == "/" or name.startswith(scope)]
    found = []
    for name in below:
        inner = (name if scope == "/" else name[len(scope) :]).removesuffix("/")  # with which a slot is known
        full = inner if key == "/" else key + inner
        found.append(_assignment(reader, full, known[name], f"Tensor {full} ({inner} in {key})", place))
    return found


def _matching(
    reader: CheckpointReader, pattern: str, template: str, known: Mapping[str, Any], place: str
) -> list[_Assignment]:
    found = []
    for name in reader:
        match = re.fullmatch(pattern, name)
        if match and match.expand(template) in known:
            found.append(_assignment(reader, name, known[match.expand(template)], f"Tensor {name}", place))
    if not found:
        raise ValueError(f"No tensor in {place} matches {pattern!r} such that {template!r} is the name of a variable")
    return found


def _assignment(reader: CheckpointReader, name: str, target: Any, what: str, place: str) -> _Assignment:
    if name not in reader:
        raise ValueError(f"{what} is not found in {place} checkpoint.{meant([name], reader.keys())}")
    in_parts = isinstance(target, (list, tuple, PartitionedVariable))
    variables = list(target) if in_parts else [target]
    for variable in variables:
        if not isinstance(variable, Variable):
            raise TypeError(f"{name} can be assigned to a variable, its name or a list of its parts, not to {target!r}")
    shape = reader.entry(name).shape
    if not in_parts and not variables[0].shape.is_compatible_with(TensorShape(shape)):
        raise ValueError(
            f"Shape of variable {variables[0].name} ({variables[0].shape}) doesn't match with shape of tensor {name} "
            f"({list(shape)}) from checkpoint reader."
        )
    return _Assignment(name, variables, in_parts)


def _known_variables() -> dict[str, Any]:
    """What `get_variable` made in the default graph, by full name; partitioned variables in place of their parts."""
    stores = get_default_graph().get_collection(("__variable_store",))
    known: dict[str, Any] = {}
    for store in stores:
        parts = {v for whole in store._partitioned_vars.values() for v in whole}
        known.update({name: variable for name, variable in store._vars.items() if variable not in parts})
        known.update(store._partitioned_vars)
    return known


def _start(reader: CheckpointReader, found: _Assignment) -> None:
    """Give the variables of an assignment their new initial values."""
    for variable in found.variables:
        part = variable._get_save_slice_info() if found.in_parts else None
        saved = Saved(found.name, variable, part)

        def read(saved: Saved = saved) -> np.ndarray:
            return read_checked(reader, [saved])[0]

        graph = variable.graph
        with graph.as_default(), graph.control_dependencies(None), graph.device("/cpu:0"):
            value = py_func(read, [], variable.dtype, name="checkpoint_initializer")
        graph.uncounted += _CONSTANTS_OF_A_RESTORE
        variable.start_from(value, f"{found.name} of {reader.path}")


def warm_start(
    ckpt_to_initialize_from: Path,
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: Mapping[str, Any] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:
    """Let variables start with the values that a checkpoint has under their names.

    `vars_to_warm_start` is a regular expression that the names of trainable variables begin with, a list of such for
    all global variables, a list of variables, or None for none. `var_name_to_prev_var_name` has the names in the
    checkpoint of variables that were called otherwise. Raises NotImplementedError for vocabularies, ValueError as
    `init_from_checkpoint` does and for previous names that are not used.
    """
    if var_name_to_vocab_info:
        raise NotImplementedError("var_name_to_vocab_info: scopeflow does not remap the rows of vocabularies.")
    previous = dict(var_name_to_prev_var_name or {})
    grouped: dict[str, list[Variable]] = {}
    for variable in _chosen(vars_to_warm_start):
        part = variable._get_save_slice_info()
        grouped.setdefault(part.full_name if part else variable.op.name, []).append(variable)
    unused = previous.keys() - grouped.keys()
    if unused:
        raise ValueError(
            "You provided the following variables in var_name_to_prev_var_name that were not used: "
            f"{unused}.  Perhaps you misspelled them?  Here is the list of viable variable names: {grouped.keys()}"
        )
    _log.info("Warm-starting from: %s", os.fspath(ckpt_to_initialize_from))
    targets = {name: parts if parts[0]._get_save_slice_info() else parts[0] for name, parts in grouped.items()}
    init_from_checkpoint(ckpt_to_initialize_from, [(previous.get(name, name), one) for name, one in targets.items()])
    _log.info("Warm-started %d variables.", len(grouped))


def _chosen(vars_to_warm_start: Any) -> Sequence[Variable]:
    graph, given = get_default_graph(), vars_to_warm_start
    if given is None:
        return []
    if isinstance(given, str):
        return graph.get_collection(GraphKeys.TRAINABLE_VARIABLES, given)
    if not isinstance(given, list):
        raise ValueError(f"`vars_to_warm_start must be a `list` or `str`.  Given type is {type(given)}")
    if all(isinstance(one, str) for one in given):
        return [v for scope in given for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)]
    if not all(isinstance(one, (Variable, PartitionedVariable)) for one in given):
        raise ValueError("If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.")
    return [v for one in given for v in (one if isinstance(one, PartitionedVariable) else [one])]
