"""Record the golden data under real TensorFlow.

In an environment of its own (`pip install tensorflow-cpu tf_keras`), from anywhere:

    python tests/golden/make_golden.py            # record every module of programs/
    python tests/golden/make_golden.py names ops  # only these
    python tests/golden/make_golden.py contrib    # as networks, needs tf_slim: TensorFlow has no contrib any more
    python tests/golden/make_golden.py --check    # run all again and compare with what is recorded, writing nothing
"""

import argparse
import importlib.metadata
import importlib.util
import os
import sys
import types
import warnings
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # tf.layers is there only with the Keras that TensorFlow 1 knew
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # TensorFlow's own kernels, the same on every machine
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import record
from golden.cases import Case, fingerprint, load_cases
from golden.helpers import NOT_RAISED, NOT_SAID


def tensorflow():
    """TensorFlow as TensorFlow 1: `tensorflow.compat.v1` without any of version 2's behaviour."""
    warnings.filterwarnings("ignore")
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import random_seed

    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_v2_behavior()
    random_seed._graph_to_seed_dict = OpsMadeSoFar()
    tf.contrib = contrib(tf)
    return tf


def contrib(tf) -> types.SimpleNamespace:
    """What TensorFlow still has inside of tf.contrib, and tf_slim, where it is installed."""
    from tensorflow.python.ops import lookup_ops

    slims = vars(slim(tf)) if importlib.util.find_spec("tf_slim") else {}
    return types.SimpleNamespace(lookup=lookup_ops, **slims)


def slim(tf) -> types.SimpleNamespace:
    """What tf_slim has of tf.contrib, after mending the paths by which it looks for other packages' insides."""
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import control_flow_ops, variable_scope
    from tf_keras.src import legacy_tf_layers

    ops.Tensor, ops.Operation, ops.Graph, ops.IndexedSlices = tf.Tensor, tf.Operation, tf.Graph, tf.IndexedSlices
    control_flow_ops.cond, variable_scope.variable = tf.cond, tf.Variable
    sys.modules["tf_keras.legacy_tf_layers"] = legacy_tf_layers
    for name in ("base", "convolutional", "core", "normalization", "pooling"):
        path = f"legacy_tf_layers.{name}"
        sys.modules[f"tf_keras.{path}"] = importlib.import_module(f"tf_keras.src.{path}")
    import tf_slim.nets

    layers = types.SimpleNamespace(**{**vars(tf_slim), **vars(tf_slim.layers)})
    return types.SimpleNamespace(layers=layers, framework=tf_slim, slim=tf_slim)


class OpsMadeSoFar:
    """TensorFlow 1's rule for the seed of an op where only the graph has one: how many ops the graph has so far.

    TensorFlow 2 counts such draws instead, in a dict of which graph is at what; this stands in for that dict.
    """

    def setdefault(self, graph, start: int) -> int:
        return start + len(graph.get_operations())

    def __getitem__(self, graph) -> int:
        return 0

    def __setitem__(self, graph, count: int) -> None:
        """The graph itself knows the count."""


def answer(tf, case: Case) -> record.Answers:
    """What TensorFlow answers; a program that raises, or an expected error that does not come, is a fault in it."""
    values = {name: record.plain(value) for name, value in case.run(tf).items()}
    for name, value in values.items():
        said = str(value)
        if NOT_RAISED in said or NOT_SAID in said:
            raise AssertionError(f"{name}: {said}")
    return values


def check(module: str, cases: dict[str, Case], answers: dict[str, record.Answers], prints: dict[str, str]) -> int:
    """Print how these answers differ from the recorded ones by more than a case allows; return how many cases do.

    Another processor rounds a few sums otherwise, so the cases' own tolerances hold here too.
    """
    recorded, known, _ = record.load(module)
    bad = 0
    for key in sorted(answers.keys() | recorded.keys()):
        if key not in recorded or key not in answers:
            lines = ["not recorded" if key in answers else "recorded, but not answered"]
        else:
            lines = record.differences(answers[key], recorded[key], cases[key].rtol, cases[key].atol)
            program = key.partition("[")[0]
            lines += [] if known.get(program) == prints[program] else ["its source changed since"]
        bad += bool(lines)
        for line in lines:
            print(f"{module}.{key}: {line}")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="names of modules in programs/ (all)")
    parser.add_argument("--check", action="store_true", help="compare anew, write nothing")
    options = parser.parse_args()
    cases = load_cases()
    unknown = set(options.modules) - cases.keys()
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    tf = tensorflow()
    version = f"{tf.__version__}, numpy {importlib.metadata.version('numpy')}"
    bad = 0
    for module in options.modules or cases:
        answers: dict[str, record.Answers] = {}
        for case in cases[module]:
            try:
                answers[case.key] = answer(tf, case)
            except Exception as error:
                bad += 1
                print(f"{module}.{case.key}: {type(error).__name__}: {error}")
        prints = {case.name: fingerprint(case) for case in cases[module]}
        if options.check:
            bad += check(module, {case.key: case for case in cases[module]}, answers, prints)
        elif not bad:
            record.save(module, version, answers, prints)
        print(f"{module}: {len(answers)} cases")
    size = sum(path.stat().st_size for path in record.DATA.glob("*"))
    print(f"tensorflow {version}; data: {size / 1024:.0f} KiB; faults: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
