"""Make engine/tensorflow_ops.txt: what TensorFlow's op registry says of the ops that scopeflow has, too.

In an environment of its own (`pip install tensorflow-cpu`), from anywhere, whenever scopeflow has gained ops:

    python tests/golden/make_ops.py PYTHON           # PYTHON, which has scopeflow, says which ops those are
    python tests/golden/make_ops.py --check PYTHON   # say what is missing, write nothing
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow.compat.v1 as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

PLACE = Path(__file__).parents[2] / "engine" / "tensorflow_ops.txt"
HEAD = "# TensorFlow's ops: inputs -> outputs | attributes. Written by tests/golden/make_ops.py.\n"
ASK = """
import scopeflow
scopeflow.contrib  # which loads when it is first asked for, and has ops of its own
from scopeflow.engine.importing import COMPOSED, RENAMED
from scopeflow.engine.registry import all_ops
print(*sorted({*all_ops(), *RENAMED, *COMPOSED}))
"""


def registered():
    """{type: OpDef} of all that TensorFlow has."""
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name: op for op in ops.op}


def argument(arg):
    """``values:T*N``; a list of several types is ``data:T*``, a variable itself ``ref:T&``."""
    kind = arg.type_attr or arg.type_list_attr or tf.as_dtype(arg.type).base_dtype.name
    stars = f"*{arg.number_attr}" if arg.number_attr else "*" if arg.type_list_attr else ""
    return f"{arg.name}:{kind}{stars}{'&' if arg.is_ref else ''}"


def attribute(attr):
    kind = attr.type.replace(" ", "")
    return f"{attr.name}:{kind}" + (f"={default(attr.default_value)}" if attr.HasField("default_value") else "")


def default(value):
    """A default as JSON without spaces: data types by name, shapes as lists (null: of unknown rank)."""
    return json.dumps(plain(value), separators=(",", ":"))


def plain(value):
    which = value.WhichOneof("value")
    if which == "list":
        return [plain_item(field.name, item) for field, items in value.list.ListFields() for item in items]
    return plain_item(which, getattr(value, which))


def plain_item(which, item):
    if which == "s":
        return item.decode()
    if which == "type":
        return tf.as_dtype(item).name
    if which == "shape":
        return None if item.unknown_rank else [dim.size for dim in item.dim]
    if which == "tensor":
        return tf.make_ndarray(item).tolist()
    return item


def line(op):
    inputs, outputs = (", ".join(map(argument, args)) for args in (op.input_arg, op.output_arg))
    return " ".join(f"{op.name} {inputs} -> {outputs} | {' '.join(map(attribute, op.attr))}".split())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", help="a Python that has scopeflow")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    asked = subprocess.run([options.python, "-c", ASK], check=True, capture_output=True, text=True)
    theirs = registered()
    text = HEAD + "".join(f"{line(theirs[name])}\n" for name in asked.stdout.split() if name in theirs)
    if not options.check:
        PLACE.write_text(text)
        return 0
    recorded = set(PLACE.read_text().splitlines())
    missing = [entry for entry in text.splitlines() if entry not in recorded]
    print(*missing, f"{len(missing)} lines are missing or changed", sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
