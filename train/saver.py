"""`tf.train.Saver`: the variables of a session written to checkpoints, and read back."""

from __future__ import annotations

import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import errors
from ..engine.dtypes import enum_name
from ..engine.graph import Graph, Tensor, get_collection, get_default_graph
from ..engine.graph_objects import GraphDef
from ..engine.meta_protos import MetaGraphDef, SaverDef, prepend_name_scope, register_proto_function, strip_name_scope
from ..engine.registry import brackets
from ..engine.session import Session
from ..engine.state import VariableState
from ..kernels.backend import Backend
from ..scopes.keys import GraphKeys
from ..scopes.partitions import PartitionedVariable
from ..scopes.variables import SliceInfo, Variable, global_variables
from .checkpoint import files
from .checkpoint import state as states
from .checkpoint.formats import checkpoint_path, create_checkpoint, exists, format_of, open_checkpoint
from .checkpoint.object_graph import keys_of_objects
from .checkpoint.reader import CheckpointReader, SliceSpec, missing_message
from .meta_graph import (
    import_scoped_meta_graph_with_return_elements,
    meta_graph_bytes,
    without_defaults,
    without_devices,
)
from .saver_ops import Entry, Part, restored_by, saver_nodes
from .steps import global_step as value_of_step

_log = logging.getLogger("scopeflow")
_SAVING = threading.Lock()  # a supervisor's thread and the program may save into one folder at once
_STREAMS = "_random_streams/"  # the place of a random op in its stream, under the op's name
_V1_OPS_OF_A_SAVER = 11  # that TensorFlow makes, besides one for each variable


@dataclass(frozen=True)
class Saved:
    """A variable and its name in checkpoints; with `part`, it is that part of the tensor of this name.

    The variable of an imported graph may be there without an object: then it is its operation's output.
    """

    name: str
    variable: Variable | Tensor
    part: SliceInfo | None = None

    @property
    def slice_spec(self) -> SliceSpec | None:
        part = self.part
        return None if part is None else list(zip(part.var_offset, part.var_shape, strict=True))

    @property
    def entry(self) -> Entry:
        return Entry(self.name, "" if self.part is None else self.part.spec, self.variable.op)


def _all_saveable_objects(scope: str | None = None) -> list[Any]:
    """What a Saver saves that is told nothing, under a scope: programs that pick out of it call this too."""
    return [*global_variables(scope), *get_collection(GraphKeys.SAVEABLE_OBJECTS, scope)]


class Saver:
    """Writes variables to checkpoints and reads them back, keeping the last `max_to_keep` of them.

    `var_list` is a list of variables, saved under their own names, or a dict of names to variables; without one, all
    global variables are saved. The parts of a partitioned variable are saved as one tensor. `max_to_keep` of 0 or
    None keeps every checkpoint; beyond the last ones, one is kept for each `keep_checkpoint_every_n_hours`. With
    `reshape`, restoring takes a tensor of another shape and as many elements. With `pad_step_number` the step in a
    checkpoint's name has eight digits; with `save_relative_paths` the state file has paths relative to itself.
    `defer_build` leaves it to `build` to look for the variables; `allow_empty` takes it well that there are none.

    With `random_streams` a checkpoint also has how far each random op has come (int64 scalars "_random_streams/OP",
    which TensorFlow reads past), and `restore` lets them go on from there: a run that is resumed with the same seeds
    then draws what one that never stopped would have drawn.

    With `saver_def`, it is the Saver of an imported graph: the one whose operations that message names.

    `format` is "tensorflow" (the default), "safetensors" or "npz"; without it a path's ending (.safetensors, .npz)
    says it. `restore` knows a file by its content. What is read is checked before the first variable changes.

    `sharded`, `restore_sequentially` and `filename` are accepted for TF1 programs and change nothing: there is one
    file of data. Raises ValueError for no variables or two of one name, TypeError for what is no variable.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: SaverDef | None = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = SaverDef.V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
        format: str | None = None,
        random_streams: bool = False,
    ) -> None:
        if builder is not None:
            raise NotImplementedError("builder: scopeflow's Saver builds no ops.")
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or "
                "var_list=None."
            )
        if write_version not in (SaverDef.V1, SaverDef.V2):
            raise ValueError(f"write_version must be SaverDef.V1 or SaverDef.V2, not {write_version!r}")
        if write_version == SaverDef.V1:
            _log.warning("Checkpoints of version 1 are read, and no longer written: this Saver writes version 2.")
        if format is not None:
            format_of("", format)  # refuses what it does not know
        self._var_list, self._reshape, self._name, self._format = var_list, reshape, name, format
        self._allow_empty, self._sharded, self._random_streams = allow_empty, sharded, random_streams
        self._pad_step_number, self._save_relative_paths = pad_step_number, save_relative_paths
        if saver_def is None:
            saver_def = SaverDef(
                max_to_keep=max_to_keep or 0, sharded=sharded,
                keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            )  # fmt: skip
        self._settings = saver_def
        self._last_checkpoints: list[tuple[str, float]] = []
        self._saved: list[Saved] | None = None
        if not defer_build:
            self.build()
        self._keep_after = time.time() + saver_def.keep_checkpoint_every_n_hours * 3600

    def build(self) -> None:
        """Look for the variables to save. Raises RuntimeError in a finalized graph, as TensorFlow adds to it."""
        if self._saved is not None:
            return
        graph = get_default_graph()
        if self._var_list is None and self._settings.restore_op_name:
            self._saved = imported(graph, self._settings.restore_op_name)
            return
        if self._var_list is None:
            self._var_list = _all_saveable_objects()
        saved = named(self._var_list)
        if not saved and not self._allow_empty:
            raise ValueError("No variables to save")
        self._saved = saved
        if saved:
            graph._check_not_finalized()
            scope = graph.unique_name(self._name or "save")
            graph.uncounted += _V1_OPS_OF_A_SAVER + len(saved) * (3 if self._reshape else 1) + 12 * self._sharded
            self._settings.filename_tensor_name = f"{scope}/Const:0"
            self._settings.save_tensor_name = f"{scope}/{'Identity' if self._sharded else 'control_dependency'}:0"
            self._settings.restore_op_name = f"{scope}/restore_all"

    # -- saving -----------------------------------------------------------------------------------------------------

    def save(
        self,
        sess: Session,
        save_path: str | os.PathLike[str],
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Write the variables' values to a checkpoint: its path, or None for a Saver of no variables.

        The path is `save_path`, followed by "-" and `global_step` (a number, a tensor or its name) if that is given.
        The folder's state file, `latest_filename` or "checkpoint", is written last (not at all without `write_state`),
        and then checkpoints beyond `max_to_keep` are removed. Beside a checkpoint in TensorFlow's format stands the
        graph, in PATH.meta (`export_meta_graph`), unless `write_meta_graph` is False.

        The path's folder is made, but not the one that it is in: without that, ValueError. Raises too
        FailedPreconditionError for a variable without a value, TypeError for what is no session, ValueError for names
        that collide, and the classes of `tf.errors` where files cannot be written; what was there before
        is then still there.
        """
        saved = self._built("save")
        path = self._path(sess, os.fspath(save_path), global_step, latest_filename)
        if not isinstance(sess, Session):
            raise TypeError(f"'sess' must be a Session; {sess}")
        if saved:
            folder = os.path.dirname(path)
            above = os.path.dirname(folder) or "."
            if not os.path.isdir(folder if os.path.exists(folder) else above):
                raise ValueError(f"Parent directory of {os.fspath(save_path)} doesn't exist, can't save.")
            with _SAVING:
                self._save(sess, saved, path, latest_filename, meta_graph_suffix, write_state)
        if write_meta_graph and self._format_of(path) == "tensorflow":
            told = _exported(sess.graph, [self], self.saver_def, strip_default_attrs=strip_default_attrs)
            files.write_whole(f"{path}.{meta_graph_suffix}", told)
        return path if saved else None

    def _save(
        self, sess: Session, saved: Sequence[Saved], path: str, latest_filename: str | None, meta_graph_suffix: str,
        write_state: bool,
    ) -> None:  # fmt: skip
        streams = sess.streams() if self._random_streams else {}
        _write(path, self._format_of(path), saved, [_state(sess, one.variable) for one in saved], streams)
        if write_state:
            removed = self._record(path)
            self._write_state(os.path.dirname(path), path, latest_filename)
            self._remove(removed, meta_graph_suffix)

    def _built(self, what: str) -> list[Saved]:
        if self._saved is None:
            raise RuntimeError(f"`build()` should be called before {what} if defer_build==True")
        return self._saved

    def _format_of(self, path: str) -> str:
        return format_of(path, self._format)

    def _path(self, sess: Any, path: str, step: Any, latest_filename: str | None) -> str:
        state_name = latest_filename or "checkpoint"
        if os.path.dirname(state_name):
            raise ValueError("'latest_filename' must not contain path components")
        if not path:
            raise ValueError("no path specified")
        if step is None:
            if os.path.basename(path) == state_name:
                raise ValueError(f"'latest_filename' collides with 'save_path': '{state_name}' and '{path}'")
            return checkpoint_path(path, self._format_of(path))
        if not isinstance(step, (int, np.integer)):
            step = value_of_step(sess, step)
        return checkpoint_path(path, self._format_of(path), f"{step:08d}" if self._pad_step_number else str(step))

    def _record(self, path: str) -> list[tuple[str, float]]:
        """Note the newest checkpoint: those that are too many now."""
        if not self._settings.max_to_keep or self._settings.max_to_keep < 0:
            return []
        kept = [(known, when) for known, when in self._last_checkpoints if known != path]
        kept.append((path, time.time()))
        surplus = len(kept) - self._settings.max_to_keep
        self._last_checkpoints = kept[max(surplus, 0) :]
        return kept[: max(surplus, 0)]

    def _write_state(self, folder: str, newest: str, latest_filename: str | None) -> None:
        paths = self.last_checkpoints
        if self._save_relative_paths:
            newest, *paths = [os.path.relpath(p, folder) if os.path.isabs(p) else p for p in [newest, *paths]]
        states.update_checkpoint_state(folder, newest, paths, latest_filename)

    def _remove(self, surplus: Sequence[tuple[str, float]], meta_graph_suffix: str) -> None:
        for path, when in surplus:
            if when > self._keep_after:
                self._keep_after += self._settings.keep_checkpoint_every_n_hours * 3600
                continue
            try:
                states.remove_checkpoint(path, self._settings.version, meta_graph_suffix)
            except OSError as error:
                _log.warning("Ignoring: %s", error)

    # -- restoring --------------------------------------------------------------------------------------------------

    def restore(self, sess: Session, save_path: str | os.PathLike[str] | bytes | None) -> None:
        """Give the variables in a session the values of a checkpoint; they need not be initialized.

        All is read and checked before the first variable changes. Raises ValueError where there is no checkpoint,
        NotFoundError for names that are not in it (and says which are nearest), InvalidArgumentError for another
        shape or dtype, DataLossError for a damaged file.
        """
        saved = self._built("restore")
        if not saved:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        path = os.fsdecode(save_path)
        if not exists(path) and not os.path.isdir(path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {path}")
        if not isinstance(sess, Session):
            raise TypeError(f"'sess' must be a Session; {sess}")
        _log.info("Restoring parameters from %s", path)
        places = [_state(sess, one.variable) for one in saved]
        with open_checkpoint(path) as reader:
            try:
                values = read_checked(reader, saved, self._reshape, [place.copies_host_arrays for place in places])
            except errors.NotFoundError as error:
                raise _explained(error, _MISSING) from None
            except errors.InvalidArgumentError as error:
                raise _explained(error, _MISMATCH) from None
            if self._random_streams:
                names = [name for name in reader if name.startswith(_STREAMS)]
                sess.set_streams({name.removeprefix(_STREAMS): int(reader.read(name)) for name in names})
            for place, value in zip(places, values, strict=True):
                shape = place.op.outputs[0].shape
                if self._reshape and shape.is_fully_defined():
                    value = value.reshape([size or 0 for size in shape.as_list()])
                fresh = place.k.asarray(value)
                place.assign(fresh, donated=fresh is not value or value.flags.writeable, validate_shape=False)

    # -- the checkpoints written so far -----------------------------------------------------------------------------

    @property
    def last_checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are there and will be removed in time, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Take over the paths of checkpoints that another Saver wrote, as if they were new."""
        self.set_last_checkpoints_with_time([(path, np.inf) for path in _a_list(last_checkpoints)])

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: Sequence[tuple[str, float]]) -> None:
        """Take over (path, time in seconds since 1970) of checkpoints that another Saver wrote."""
        self._last_checkpoints = list(_a_list(last_checkpoints_with_time))

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[str]) -> None:
        """Take over those of some checkpoints that are still there, with the times of their files."""
        there = [path for path in checkpoint_paths if states.get_checkpoint_mtimes([path])]
        times = states.get_checkpoint_mtimes(there)
        self.set_last_checkpoints_with_time(list(zip(there, times, strict=True)))

    # -- its settings -----------------------------------------------------------------------------------------------

    @property
    def saver_def(self) -> SaverDef | None:
        return self._settings if self._saved else None

    def as_saver_def(self) -> SaverDef | None:
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> SaverDef | None:
        """The settings, with the names that TensorFlow's operations for it have; None for one outside the scope."""
        told = self.saver_def
        if told is None or not export_scope:
            return told
        if not told.restore_op_name.startswith(export_scope):
            return None
        return _renamed(told, lambda name: strip_name_scope(name, export_scope))

    @staticmethod
    def from_proto(saver_def: SaverDef, import_scope: str | None = None) -> Saver:
        """The Saver of an imported graph."""
        return Saver(saver_def=_renamed(saver_def, lambda name: prepend_name_scope(name, import_scope)))

    def export_meta_graph(
        self,
        filename: str | os.PathLike[str] | None = None,
        collection_list: Sequence[str] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> MetaGraphDef:
        """The default graph with this Saver, as a MetaGraphDef; see `tf.train.export_meta_graph`."""
        return export_meta_graph(
            filename, None, None, self._built_def(), collection_list, as_text, None, export_scope, clear_devices,
            clear_extraneous_savers, strip_default_attrs, save_debug_info, savers=[self],
        )  # fmt: skip

    def _built_def(self) -> SaverDef | None:
        self._built("export_meta_graph")
        return self.saver_def

    def nodes(self, graph: Graph) -> Iterator[dict[str, Any]]:
        """The nodes that TensorFlow has for a Saver, unless they are in the graph already."""
        scope = self._settings.restore_op_name.rpartition("/")[0]
        if self._saved and self._settings.restore_op_name not in graph._by_name:
            yield from saver_nodes([one.entry for one in self._saved], scope)


def _renamed(saver_def: SaverDef, rename: Callable[[str], str]) -> SaverDef:
    copied = SaverDef()
    copied.CopyFrom(saver_def)
    for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
        setattr(copied, field, rename(getattr(saver_def, field)))
    return copied


register_proto_function(GraphKeys.SAVERS, SaverDef, Saver.to_proto, Saver.from_proto)


# -- graphs in files --------------------------------------------------------------------------------------------------


def export_meta_graph(
    filename: str | os.PathLike[str] | None = None,
    meta_info_def: Any = None,
    graph_def: GraphDef | None = None,
    saver_def: SaverDef | None = None,
    collection_list: Sequence[str] | None = None,
    as_text: bool = False,
    graph: Graph | None = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    *,
    savers: Sequence[Saver] = (),
) -> MetaGraphDef:
    """A graph with its collections as a MetaGraphDef, which is also written to `filename`, if that is given.

    A variable's name, initializer and so on are in it; so are node names, strings and numbers of other collections
    (all those with a string for their key, or `collection_list`). TensorFlow reads it, unless the graph has ops of
    scopeflow's own, such as a Cond or a Loop. `as_text` writes protobuf's text format, `clear_devices` and
    `strip_default_attrs` leave devices and attributes that say nothing new out. Raises NotImplementedError for
    `export_scope` and `clear_extraneous_savers`: it is the whole graph that is exported.
    """
    if export_scope is not None:
        raise NotImplementedError("export_scope: scopeflow exports whole graphs.")
    if clear_extraneous_savers:
        raise NotImplementedError("clear_extraneous_savers: scopeflow exports whole graphs.")
    graph = graph or get_default_graph()
    content = _exported(
        graph, savers, saver_def, graph_def, collection_list, meta_info_def, clear_devices, strip_default_attrs
    )
    told = MetaGraphDef.FromString(content)
    if filename:
        files.write_whole(os.fspath(filename), str(told).encode() if as_text else content)
    return told


def _exported(
    graph: Graph, savers: Sequence[Saver], saver_def: SaverDef | None, graph_def: GraphDef | None = None,
    collection_list: Sequence[str] | None = None, meta_info_def: Any = None, clear_devices: bool = False,
    strip_default_attrs: bool = False,
) -> bytes:  # fmt: skip
    """A serialized MetaGraphDef, with the nodes of these Savers and of those in the graph's collection."""
    if clear_devices or strip_default_attrs:
        copied = GraphDef()
        copied.CopyFrom(graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def)
        graph_def = without_devices(copied) if clear_devices else copied
    if strip_default_attrs:
        graph_def = without_defaults(copied)
        told = MetaGraphDef.MetaInfoDef(stripped_default_attrs=True)
        meta_info_def = told if meta_info_def is None else meta_info_def
    others = [saver for saver in graph.get_collection(GraphKeys.SAVERS) if isinstance(saver, Saver)]
    nodes = [node for saver in dict.fromkeys([*savers, *others]) for node in saver.nodes(graph)]
    return meta_graph_bytes(graph, graph_def, saver_def, nodes, collection_list, meta_info_def)


def import_meta_graph(
    meta_graph_or_file: MetaGraphDef | str | os.PathLike[str],
    clear_devices: bool = False,
    import_scope: str | None = None,
    *,
    input_map: Mapping[str, Any] | None = None,
    return_elements: Sequence[str] | None = None,
) -> Any:
    """Build the graph of a MetaGraphDef, or of a file with one, in the default graph: the Saver for its variables.

    The Saver is the one that the graph was exported with, or else one of all variables; None where there are none.
    With `return_elements`, a pair of it and these. Raises OSError where the file is not there or is something else,
    and what `import_graph_def` raises for a graph that cannot be built.
    """
    told, found = import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, import_scope, input_map, return_elements
    )
    if told.HasField("saver_def"):
        saver: Saver | None = Saver.from_proto(told.saver_def, import_scope)
    elif global_variables(import_scope):
        saver = Saver(global_variables(import_scope))
    else:
        _log.info("Saver not created because there are no variables in the graph to restore")
        saver = None
    return saver if return_elements is None else (saver, found)


def imported(graph: Graph, restore_op_name: str) -> list[Saved]:
    """What the Saver of an imported graph saves. Raises KeyError where its operation is not in the graph."""
    objects = {variable.op: variable for variable in graph.get_collection(GraphKeys.GLOBAL_VARIABLES)}
    saved = []
    for name, spec, op in restored_by(graph, restore_op_name):
        part = Part.of(spec)
        info = None
        if part is not None and part.slice_spec is not None:
            offsets, lengths = zip(*part.slice_spec, strict=True)
            info = SliceInfo(name, part.full_shape, offsets, lengths)
        saved.append(Saved(name, objects.get(op, op.outputs[0]), info))
    return saved


def _a_list(value: Any) -> list:
    if not isinstance(value, list):
        raise TypeError(f"a list of checkpoints is needed, not {value!r}")
    return value


# -- which variables, under which names -------------------------------------------------------------------------------


def named(var_list: Any) -> list[Saved]:
    """The variables of a list, or of a dict of names, by name; the parts of a partitioned one share a name.

    Raises TypeError for what is no variable, ValueError for two of one name.
    """
    if isinstance(var_list, Mapping):
        saved = _from_dict(var_list)
    elif isinstance(var_list, (list, tuple, set, frozenset)):
        saved = _from_list(var_list)
    else:
        raise TypeError(f"Variables to save should be passed in a dict or a list. Got {var_list}")
    seen: set[Any] = set()
    for one in saved:
        if one.variable in seen:
            raise ValueError(f"The same saveable will be restored with two names: {one.name}")
        seen.add(one.variable)
    return saved


def _from_list(variables: Iterable[Any]) -> list[Saved]:
    by_name: dict[str, list[Saved]] = {}
    for item in variables:
        for variable in item if isinstance(item, PartitionedVariable) else [item]:
            if not isinstance(variable, Variable):
                raise TypeError(f"Variable to save is not a Variable: {variable}")
            part = variable._get_save_slice_info()
            name = part.full_name if part else variable.op.name
            known = by_name.setdefault(name, [])
            if known and not (part and known[0].part):
                raise ValueError(f"At least two variables have the same name: {name}")
            known.append(Saved(name, variable, part))
    return [one for name in sorted(by_name) for one in by_name[name]]


def _from_dict(names: Mapping[Any, Any]) -> list[Saved]:
    saved = []
    for name, value in names.items():
        if not isinstance(name, str):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to trackable operations. "
                f"Name is not a string: {name}"
            )
        if isinstance(value, (list, tuple, PartitionedVariable)):
            saved += [Saved(name, part, info) for part, info in _parts_of_one(value)]
        elif isinstance(value, Variable):
            saved.append(Saved(name, value))
        else:
            raise TypeError(
                f"names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: {value}"
            )
    return sorted(saved, key=lambda one: one.name)  # which leaves the parts of one in their order


def _parts_of_one(parts: Iterable[Any]) -> list[tuple[Variable, SliceInfo]]:
    found: list[tuple[Variable, SliceInfo]] = []
    for variable in parts:
        info = variable._get_save_slice_info() if isinstance(variable, Variable) else None
        if info is None:
            raise ValueError(f"Slices must all be slices: {variable}")
        if found and info.full_name != found[0][1].full_name:
            raise ValueError(f"Slices must all be from the same tensor: {found[0][1].full_name} != {info.full_name}")
        found.append((variable, info))
    return found


# -- values -----------------------------------------------------------------------------------------------------------


def _state(sess: Session, variable: Variable | Tensor) -> VariableState:
    """A variable's place in a session. Raises RuntimeError after `close`, ValueError for another graph's variable."""
    if sess._closed:
        raise RuntimeError("Attempted to use a closed Session.")
    return sess.variable(sess.graph.as_graph_element(variable).op)


class _Streamed:
    """A variable's value as the bundle's writer takes it: piece by piece, from wherever it lies."""

    def __init__(self, k: Backend, array: Any) -> None:
        self.dtype, self.shape = array.dtype, array.shape
        self._k, self._array = k, array

    def chunks(self) -> Iterator[np.ndarray]:
        return self._k.host_chunks(self._array)


def _write(
    path: str, format: str, saved: Sequence[Saved], places: Sequence[VariableState], streams: Mapping[str, int]
) -> None:
    arrays = [place.read() for place in places]  # one without a value stops it all here
    # A thread that trains meanwhile may change an array between its checksum and its writing; pieces are copies.
    alone = threading.active_count() == 1
    with create_checkpoint(path, format) as writer:
        for one, place, array in zip(saved, places, arrays, strict=True):
            whole = format != "tensorflow" or array.dtype.kind == "O" or (alone and isinstance(array, np.ndarray))
            value: Any = place.k.to_host(array) if whole else _Streamed(place.k, array)
            if one.part is None or one.slice_spec is None:
                writer.add(one.name, value)
            else:
                writer.add_slice(one.name, one.part.full_shape, one.slice_spec, value)
        for name, drawn in sorted(streams.items()):
            writer.add(_STREAMS + name, np.array(drawn, np.int64))
        writer.finish()


def read_checked(
    reader: CheckpointReader, saved: Sequence[Saved], reshape: bool = False, copied: Sequence[bool] | None = None
) -> list[np.ndarray]:
    """The values of variables in a checkpoint; of those that will be `copied` anyway, views of the file will do.

    Raises NotFoundError or InvalidArgumentError before anything is read where a name is missing, or a dtype or shape is
    not the variable's.
    """
    keys = dict.fromkeys(reader.keys())
    names = {one.name: one.name for one in saved}
    missing = [name for name in names if name not in keys]
    if missing:
        of_objects = keys_of_objects(reader)
        names.update({name: of_objects[name] for name in missing if name in of_objects})
        missing = [name for name in missing if name not in of_objects]
    if missing:
        raise errors.NotFoundError(None, None, missing_message(missing, keys or of_objects, reader.path))
    for one in saved:
        _check_entry(reader, names[one.name], one, reshape)
    return [
        (reader.view if again else reader.read)(names[one.name], one.slice_spec)
        for one, again in zip(saved, copied or itertools.repeat(False), strict=False)
    ]


def _check_entry(reader: CheckpointReader, key: str, one: Saved, reshape: bool) -> None:
    """Raises InvalidArgumentError where the tensor `key` is not what the variable can take."""
    entry, dtype = reader.entry(key), one.variable.dtype.base_dtype
    shape: Any = one.variable.op.outputs[0].shape
    wrong = ""
    if entry.dtype is not dtype:
        wrong = f"expected dtype {enum_name(dtype)} does not equal original dtype {enum_name(entry.dtype)}"
    elif one.part is not None and tuple(entry.shape) != tuple(one.part.full_shape):
        given, found = brackets(one.part.full_shape), brackets(entry.shape)
        wrong = f"shape in shape_and_slice spec {given} does not match the shape stored in checkpoint: {found}"
    elif one.part is None and reshape and shape.is_fully_defined():
        count, wanted = math.prod(entry.shape), shape.num_elements()
        if count != wanted:
            wrong = f"Input to reshape is a tensor with {count} values, but the requested shape has {wanted}"
    elif one.part is None and not shape.is_compatible_with(entry.shape):
        given, found = brackets(shape), brackets(entry.shape)
        wrong = f"Assign requires shapes of both tensors to match. lhs shape= {given} rhs shape= {found}"
    if wrong:
        where = f"variable {one.variable.op.name}, checkpoint {reader.path}"
        raise errors.InvalidArgumentError(None, None, f"tensor_name = {key}; {wrong} ({where})")


_MISSING = "a Variable name or other graph key that is missing from the checkpoint"
_MISMATCH = "a mismatch between the current graph and the graph from the checkpoint"


def _explained(error: errors.OpError, cause: str) -> errors.OpError:
    return type(error)(
        None, None,
        f"Restoring from checkpoint failed. This is most likely due to {cause}. Please ensure that you have not "
        f"altered the graph expected based on the checkpoint. Original error:\n\n{error.message}",
    )  # fmt: skip
