"""`tensorflow.python.tools`, as programs call it: a checkpoint printed, and a graph frozen with one."""

from __future__ import annotations

import math
import os
import re
from typing import Any

from ..engine import errors, text_format
from ..engine.graph_objects import GraphDef
from ..engine.meta_protos import MetaGraphDef
from ..train.checkpoint.formats import open_checkpoint
from ..train.meta_graph import write_message
from .graph_util import convert_variables_to_constants


def print_tensors_in_checkpoint_file(
    file_name: str,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Print what is in a checkpoint: all tensors, their names, one tensor, or else a line for each.

    In the end comes the number of all numbers, without tensors that `count_exclude_pattern` is found in the names of.
    An error is printed, as TensorFlow does.
    """
    try:
        with open_checkpoint(os.fspath(file_name)) as reader:
            if all_tensors or all_tensor_names:
                for name in sorted(reader):
                    print("tensor_name: ", name)
                    if all_tensors:
                        print(reader.get_tensor(name))
            elif not tensor_name:
                print(reader.debug_string().decode())
            else:
                print("tensor_name: ", tensor_name)
                print(reader.get_tensor(tensor_name))
            sizes = {name: math.prod(shape) for name, shape in reader.get_variable_to_shape_map().items()}
    except errors.OpError as error:
        print(error.message)
        return
    if count_exclude_pattern:
        left_out = [name for name in sizes if re.search(count_exclude_pattern, name)]
        count = sum(sizes.pop(name) for name in left_out)
        print(f"# Excluding {len(left_out)} tensors ({count} params) that match {count_exclude_pattern} when counting.")
    print(f"# Total number of params: {sum(sizes.values())}")


class _Values:
    """A checkpoint in the place of a session that has restored it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def run(self, names: list[str]) -> list[Any]:
        with open_checkpoint(self.path) as reader:
            return [reader.get_tensor(name.removesuffix(":0")) for name in names]


def _read(path: str, binary: bool, message: Any) -> Any:
    """A message from a file. Raises OSError where there is none."""
    if not os.path.exists(path):
        raise OSError(f"Input graph file '{path}' does not exist!")
    with open(path, "rb") as file:
        data = file.read()
    if binary:
        message.ParseFromString(data)
        return message
    return text_format.merge(data.decode(), message)


def _names(text: str) -> list[str] | None:
    return [name.strip() for name in text.split(",")] if text else None


def freeze_graph(
    input_graph: str,
    input_saver: str,
    input_binary: bool,
    input_checkpoint: str,
    output_node_names: str,
    restore_op_name: str | None,
    filename_tensor_name: str | None,
    output_graph: str,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph: str | None = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: str = "serve",
    checkpoint_version: int = 2,
) -> GraphDef:
    """The graph of a file with the values of a checkpoint as constants; written to `output_graph`, if that is a path.

    Names of nodes are given with commas between them. The graph is a GraphDef or, in `input_meta_graph`, a
    MetaGraphDef. `input_saver`, `restore_op_name` and `filename_tensor_name` are accepted: values are read by the
    variables' names. Raises OSError where there is no graph, ValueError where there is no checkpoint or no output is
    named, AssertionError for an output that is not in the graph, NotFoundError for a variable that the checkpoint
    lacks, and NotImplementedError for a SavedModel and for initializer nodes, which would have to be run.
    """
    if input_saved_model_dir:
        raise NotImplementedError("freeze_graph: SavedModels are not read here; give a graph and a checkpoint")
    if initializer_nodes:
        raise NotImplementedError("freeze_graph: initializer_nodes are not run here; save what they set beforehand")
    if input_meta_graph:
        graph_def = _read(input_meta_graph, input_binary, MetaGraphDef()).graph_def
    else:
        graph_def = _read(input_graph, input_binary, GraphDef())
    try:
        open_checkpoint(input_checkpoint).close()
    except errors.NotFoundError:
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!") from None
    outputs = _names(output_node_names)
    if outputs is None:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    if clear_devices:
        for node in graph_def.node:
            node.device = ""
    only, never = _names(variable_names_whitelist), _names(variable_names_blacklist)
    told = convert_variables_to_constants(_Values(input_checkpoint), graph_def, outputs, only, never)
    if output_graph:
        write_message(output_graph, told, as_text=False)
    return told


__all__ = ["freeze_graph", "print_tensors_in_checkpoint_file"]
