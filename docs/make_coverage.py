"""Write coverage.md: which of TensorFlow 1's names scopeflow has. `python docs/make_coverage.py`, once names change."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from types import ModuleType

import scopeflow as tf
from scopeflow.compat.absent import IN_PART, INSTEAD
from scopeflow.compat.lookup import namespaces

PAGE = Path(__file__).with_name("coverage.md")
NAMES = Path(__file__).parents[1] / "tests" / "golden" / "tensorflow_names.txt"

# What has TensorFlow's name and does not do all that TensorFlow does.
DIFFERS = {
    "AggregationMethod": "accepted; gradients are summed in one way",
    "ConfigProto": "`allow_soft_placement`, `device_count` and `operation_timeout_in_ms` are read; the other options "
    "are accepted and do nothing",
    "GPUOptions": "accepted; the array library's memory pool needs none of it",
    "GraphOptions": "accepted; a plan is optimized in one way",
    "OptimizerOptions": "accepted; a plan is optimized in one way",
    "RunMetadata": "accepted; nothing is written into it",
    "ReaderBase": "`serialize_state` and `restore_state` raise UnimplementedError",
    "RunOptions": "after `timeout_in_ms` a run that waits ends, and one that computes raises at its end; no trace is "
    "made",
    "Session": "this process only: a `target` raises; no `partial_run`",
    "data.Dataset": "`cache` keeps elements in memory: a `filename` raises NotImplementedError; by default "
    "`interleave` draws from as many datasets as there are processors, up to ten",
    "data.Options": "accepted; no element depends on them",
    "distributions.Multinomial": "rows of a batch are drawn in order; TensorFlow's loop has another one",
    "foldl": "with only a graph seed, random ops in and after it draw other values than TensorFlow's",
    "foldr": "as `foldl`",
    "get_variable": "`use_resource` is accepted; variables are read by reference either way",
    "gfile.FastGFile": "the same as `GFile`",
    "gfile.GFile": "local files only",
    "gradients": "its ops are named by the op that they are the gradient of, as in TensorFlow, but are not always the "
    "same ones: a program that reads them, as ACKTR's preconditioner does, gets other answers",
    "image.adjust_contrast": "nothing flows back through it, nor through the ops of hue, saturation and HSV",
    "image.decode_gif": "what is transparent in a first frame has its palette's color instead of black",
    "image.decode_image": "as `decode_jpeg` and `decode_png`; no WebP or JPEG XL",
    "image.decode_jpeg": "always by the accurate transform, so a few units off TensorFlow's default, the fast one; "
    "`fancy_upscaling=False`, `try_recover_truncated` and `acceptable_fraction` raise NotImplementedError",
    "image.decode_png": "colors in 16 bits are read as uint8 only; uint16 raises UnimplementedError in a run",
    "image.encode_jpeg": "`xmp_metadata` raises NotImplementedError",
    "map_fn": "as `foldl`",
    "nn.avg_pool3d": "as `max_pool3d`",
    "nn.dynamic_rnn": "`parallel_iterations` and `swap_memory` do nothing",
    "nn.max_pool3d": "SAME windows with gaps between them lie as `max_pool`'s; TensorFlow's CPU has them elsewhere",
    "python_io.tf_record_iterator": "a record whose head is cut off raises DataLossError, where TensorFlow just ends",
    "regex_replace": "by Python's regular expressions: classes of Unicode (`\\p`) raise UnimplementedError",
    "scan": "as `foldl`",
    "string_split": "no RaggedTensor",
    "strings.regex_full_match": "as `regex_replace`",
    "strings.regex_replace": "as `regex_replace`",
    "strings.split": "a scalar or a vector only; no RaggedTensor",
    "summary.FileWriter": "run metadata say nothing; events are written by the thread that adds them",
    "test.is_gpu_available": "`min_cuda_compute_capability` raises NotImplementedError",
    "train.MonitoredTrainingSession": "this process only: `is_chief=False` raises; SIGTERM saves and ends the session",
    "train.Supervisor": "this process only: `is_chief=False` raises",
    "train.replica_device_setter": "None, as where there are no parameter servers; raises where there are some",
    "while_loop": "`parallel_iterations` and `swap_memory` do nothing",
}

INTRODUCTION = """\
# What is there of TensorFlow 1

Held against the public names of `tensorflow.compat.v1`; of `tf.contrib`, which TensorFlow 2 has not, this page lists
what is there. A name counts as there only if it does what TensorFlow's does, with TensorFlow's arguments; where it
does not do all of it, it stands under *differs*. What is not there raises `AttributeError`, which names the nearest
that is. `python -m scopeflow check FILE_OR_FOLDER` lists what a program lacks, without running it.

This page is written by `docs/make_coverage.py`; the names come from `tests/golden/make_names.py`.
"""


def tensorflows_names() -> dict[str, list[str]]:
    """{namespace: its names}, "tf" for those at the top."""
    lines = NAMES.read_text().splitlines()
    return {path: names.split() for path, _, names in (line.partition(": ") for line in lines)}


def is_there(name: str) -> bool:
    """Whether scopeflow has a name, such as ``nn.relu``."""
    found = tf
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is not None


def full(path: str, name: str) -> str:
    return name if path == "tf" else f"{path}.{name}"


def page() -> str:
    """The text of coverage.md."""
    parts = [INTRODUCTION]
    table, sections = [], []
    for path, names in tensorflows_names().items():
        there = [name for name in names if is_there(full(path, name)) or name == "newaxis"]
        absent = [name for name in names if name not in there]
        differ = [name for name in there if full(path, name) in DIFFERS]
        label = "tf" if path == "tf" else f"tf.{path}"
        anchor = re.sub(r"[^a-z0-9_-]", "", label.lower())
        table.append(f"| [{label}](#{anchor}) | {len(there) - len(differ)} | {len(differ)} | {len(absent)} |")
        sections += [f"## {label}", ""]
        sections += _listed("there", [name for name in there if name not in differ])
        sections += [f"- `{name}` differs: {DIFFERS[full(path, name)]}" for name in differ] + [""] * bool(differ)
        sections += _listed("not there", absent)
    assert is_there("contrib")  # which loads it
    for path, module in sorted(namespaces(tf)):
        if path.partition(".")[0] == "contrib":
            names = [name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)]
            sections += [f"## tf.{path}", ""] * bool(names) + _listed("there", sorted(names))
    parts += ["| namespace | there | differs | not there |\n|---|---|---|---|\n" + "\n".join(table) + "\n"]
    parts += ["## Not there on purpose", ""]
    parts += ["\n".join(f"- `tf.{name}`: {instead}" for name, instead in INSTEAD.items()), ""]
    parts += ["There in part:", ""]
    parts += ["\n".join(f"- `tf.{name}`: {what}" for name, what in IN_PART.items()), ""]
    return "\n".join([*parts, *sections]).rstrip() + "\n"


def _listed(title: str, names: list[str]) -> list[str]:
    if not names:
        return []
    text = textwrap.fill(" ".join(f"`{name}`" for name in names), 118, break_long_words=False, break_on_hyphens=False)
    return [f"{title.capitalize()}:", "", text, ""]


if __name__ == "__main__":
    PAGE.write_text(page())
