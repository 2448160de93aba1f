"""scopeflow in TensorFlow's place: programs as they are, and what they lack told before they run."""

import gzip
import json
import os
import subprocess
import sys
import types

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.compat import deprecation, mnist, timeline, tools
from scopeflow.compat.function import Defun
from scopeflow.compat.program_check import missing_names
from scopeflow.compat.stand_in import MissingModule, make_module


def python(tmp_path, *arguments, **more):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    home = os.path.dirname(tf.__file__)
    if os.path.basename(home) == "scopeflow":
        environment["PYTHONPATH"] = os.path.dirname(home)  # the package that is under test here
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, **more)


def run(tmp_path, text, *arguments):
    (tmp_path / "program.py").write_text(text)
    return python(tmp_path, "-m", "scopeflow", "run", *(arguments or ["program.py"]))


PATHS = """
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tensorflow.contrib.layers as contrib_layers
import tensorflow.python.ops.nn
from tensorflow.contrib import layers
from tensorflow.contrib.layers.python.layers import flatten
from tensorflow.examples.tutorials.mnist import input_data
from tensorflow.contrib.learn.python.learn.datasets.mnist import read_data_sets
from tensorflow.python.client import device_lib
from tensorflow.python.framework import dtypes, function, ops, tensor_shape
from tensorflow.python.ops import array_ops, control_flow_ops, init_ops, math_ops, nn, nn_ops
from tensorflow.python.ops import rnn_cell, rnn_cell_impl, variable_scope
from tensorflow.python.platform import flags, gfile
from tensorflow.python.training.moving_averages import assign_moving_average
from tensorflow.python.util import compat, deprecation, nest, tf_inspect
from tensorflow.python.client import timeline
from tensorflow.python.ops.init_ops import VarianceScaling
from tensorflow.python.ops.variables import Variable, _all_saveable_objects, global_variables
from tensorflow.python.tools import freeze_graph, inspect_checkpoint
from tensorflow.python.tools.inspect_checkpoint import print_tensors_in_checkpoint_file
from tensorflow.python import debug as tf_debug, tf2
from tensorflow.python.eager import context
from tensorflow.python.ops import control_flow_util, io_ops, resource_variable_ops, variable_scope as vs
from tensorflow.python.ops.rnn import rnn_cell_impl as cells, _transpose_batch_time
from tensorflow.contrib.eager.python import tfe
from tensorflow.python.framework.tensor_spec import TensorSpec
from tensorflow.contrib.graph_editor import get_backward_walk_ops
from tensorflow.contrib.rnn.python.ops.core_rnn import static_rnn
from tensorflow.contrib.rnn.python.ops.core_rnn_cell import _linear, _Linear
from tensorflow.contrib.seq2seq.python.ops import decoder
from tensorflow.contrib import memory_stats
import tensorflow.contrib.memory_stats
import scopeflow

assert tf.__version__ == tf.VERSION == tf1.__version__ == "1.15.0" and scopeflow.__version__ != "1.15.0"
assert tf.Session is tf1.Session is tf.compat.v1.Session is scopeflow.Session
assert flatten is layers.flatten is contrib_layers.flatten is tf.contrib.layers.flatten
assert tensorflow.python.ops.nn.relu is nn.relu is nn_ops.relu is tf.nn.relu
assert control_flow_ops.cond is tf.cond and control_flow_ops.group is tf.group
assert control_flow_ops.with_dependencies([], tf.constant(1)) is not None
assert (math_ops.add, array_ops.shape, init_ops.zeros_initializer) == (tf.add, tf.shape, tf.zeros_initializer)
assert variable_scope.get_variable is tf.get_variable and tensor_shape.TensorShape is tf.TensorShape
assert rnn_cell.BasicLSTMCell is rnn_cell_impl.BasicLSTMCell is tf.nn.rnn_cell.BasicLSTMCell
assert ops.Graph is tf.Graph and dtypes.float32 is tf.float32
assert assign_moving_average is scopeflow.train.assign_moving_average
assert gfile.Exists is tf.gfile.Exists and flags.FLAGS is tf.flags.FLAGS is tf.app.flags.FLAGS
assert device_lib.list_local_devices()[0].device_type == "CPU"
assert compat.as_bytes("x") == tf.compat.as_bytes("x") == b"x" and nest.flatten([1, [2]]) == [1, 2]
assert function.Defun(tf.float32)(tf.identity)(3).op.type == "Identity" and input_data.read_data_sets is read_data_sets
deprecation._PRINT_DEPRECATION_WARNINGS = False  # as many programs do
assert init_ops.VarianceScaling is VarianceScaling is tf.variance_scaling_initializer
assert isinstance(init_ops.Constant(2), init_ops.Initializer) and callable(freeze_graph.freeze_graph)
assert tf_inspect.getargspec(lambda a, b=1, *c: a) == (["a", "b"], "c", None, (1,))
assert TensorSpec is tf.TensorSpec and get_backward_walk_ops is tf.contrib.graph_editor.get_backward_walk_ops
assert not tf2.enabled() and not context.executing_eagerly() and not context.in_eager_mode()
assert not tfe.in_eager_mode() and not tf.contrib.eager.executing_eagerly() and ops.uid() < ops.uid()
assert context.in_graph_mode() and control_flow_util.GetContainingXLAContext(None) is None
assert not control_flow_util.GraphOrParentsInXlaContext(tf.get_default_graph())
assert cells.BasicLSTMCell is tf.nn.rnn_cell.BasicLSTMCell
assert static_rnn is tf.nn.static_rnn and _linear is cells._linear and _Linear is cells._Linear
assert decoder._transpose_batch_time is _transpose_batch_time and decoder.Decoder is tf.contrib.seq2seq.Decoder
hooks = [name for name in dir(tf.estimator) if name.endswith("Hook") or name.startswith("SessionRun")]
assert len(hooks) == 13 and all(getattr(tf.estimator, name) is getattr(tf.train, name) for name in hooks)
assert tf.io.gfile.GFile is tf.gfile.GFile and (tf.estimator.ModeKeys.PREDICT, tf.contrib.learn.ModeKeys.INFER) == (
    "infer", "infer")
print(tf.Session().run(tf.constant(3) + 4))
"""


def test_a_program_imports_tensorflow_by_every_path_that_programs_use(tmp_path):
    done = run(tmp_path, PATHS)
    assert (done.stdout, done.stderr, done.returncode) == ("7\n", "", 0)


def test_a_notebook_installs_it_itself(tmp_path):
    text = "import scopeflow\nscopeflow.install_as_tensorflow()\nscopeflow.install_as_tensorflow()\n" + PATHS
    done = python(tmp_path, "-c", text)
    assert (done.stdout, done.returncode) == ("7\n", 0), done.stderr


AS_PYTHON_WOULD = {
    "arguments": "import sys; print(sys.argv, __name__, __file__, sys.modules['__main__'].sys is sys)",
    "exit status": "import sys; sys.exit(4)",
    "exit message": "import sys; sys.exit('over')",
    "traceback": "def f():\n    raise KeyError(3)\n\nf()\n",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError(3)\n",
    "syntax": "x = = 3\n",
    "annotations": "def f(x: int): pass\nprint(f.__annotations__)",
    "own folder": "import sys, os; print(os.path.samefile(sys.path[0], os.path.dirname(os.path.abspath(__file__))))",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "at exit": "import atexit, sys\nx = 3\natexit.register(lambda: print(x, sys.modules['__main__'].x))",
    "spec": "print(__spec__, __builtins__.__name__)",
}


@pytest.mark.parametrize("name", AS_PYTHON_WOULD)
def test_a_program_runs_as_python_would_run_it(tmp_path, name):
    path = "program.py"
    arguments = ["--x", "-m", "3", "--help", "--", "rest"]
    done = run(tmp_path, AS_PYTHON_WOULD[name], path, *arguments)
    plain = python(tmp_path, path, *arguments)
    assert (done.stdout, done.stderr, done.returncode) == (plain.stdout, plain.stderr, plain.returncode)


HIDDEN = """import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("six", "google", "h5py"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
for name in [n for n in sys.modules if n.partition(".")[0] in ("six", "google")]:
    del sys.modules[name]
"""


@pytest.mark.parametrize(
    ("statement", "package"),
    [
        ("from six.moves import xrange", "six"),
        ("import google.protobuf.text_format", "protobuf"),
        ("import h5py", "h5py"),
    ],
)
def test_a_module_that_came_with_tensorflow_is_told_of_below_the_traceback(tmp_path, statement, package):
    (tmp_path / "hidden.py").write_text(HIDDEN)
    program = f"import hidden\n{statement}\n"
    done = run(tmp_path, program)
    plain = python(tmp_path, "program.py")
    assert plain.returncode == done.returncode == 1 and "ModuleNotFoundError" in plain.stderr, plain.stderr
    assert done.stderr.startswith(plain.stderr), "the traceback is Python's own"
    (advice,) = done.stderr.removeprefix(plain.stderr).splitlines()
    assert f"came with TensorFlow and does not come with scopeflow: pip install {package}" in advice


def test_modules_that_did_not_come_with_tensorflow_are_not_told_of(tmp_path):
    for statement in (
        "import no_such_module",
        "import google.cloud",
        "from os import nothing",
        "raise ModuleNotFoundError('six')",
    ):
        (tmp_path / "google").mkdir(exist_ok=True)
        done = run(tmp_path, statement)
        assert "came with TensorFlow" not in done.stderr and done.returncode == 1, done.stderr


def test_a_module_runs_as_python_would_run_it(tmp_path):
    text = "import sys, tensorflow as tf\nprint(sys.argv, __name__, tf.VERSION)\nsys.exit(5)"
    done = run(tmp_path, text, "-m", "program", "--n", "3")
    assert done.stdout == f"{[str(tmp_path / 'program.py'), '--n', '3']} __main__ 1.15.0\n", done.stderr
    assert done.returncode == 5


def test_a_program_that_is_not_there_is_said_in_pythons_words(tmp_path):
    done = python(tmp_path, "-m", "scopeflow", "run", "nope.py")
    assert done.returncode == 2 and "can't open file 'nope.py': [Errno 2] No such file or directory" in done.stderr


def test_tests_written_for_tensorflow_run(tmp_path):
    text = """
import tensorflow as tf
class T(tf.test.TestCase):
    def test_sum(self):
        with self.test_session():
            self.assertAllClose(tf.constant([1.0]).eval() + 1, [2.0])
    def test_wrong(self):
        self.assertAllEqual([1], [2])
if __name__ == "__main__":
    tf.test.main()
"""
    done = run(tmp_path, text)
    assert done.returncode == 1 and "FAILED (failures=1, skipped=1)" in done.stderr, done.stderr


def test_the_real_tensorflow_is_not_replaced_once_it_is_there(tmp_path):
    (tmp_path / "tensorflow.py").write_text("real = True")
    text = (
        "import tensorflow, scopeflow\ntry:\n    scopeflow.install_as_tensorflow()\nexcept ImportError as e: print(e)\n"
    )
    done = python(tmp_path, "-c", text + "import tensorflow as again; print(again.real)")
    assert done.stdout.startswith("TensorFlow itself is already imported") and done.stdout.endswith("True\n")
    installed = "import scopeflow\nscopeflow.install_as_tensorflow()\nimport tensorflow as tf; print(tf.VERSION)"
    assert python(tmp_path, "-c", installed).stdout == "1.15.0\n", "an installed TensorFlow steps back"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from tensorflow import keras", "scopeflow has no tf.keras; use tf.layers; docs/coverage.md"),
        ("import tensorflow.keras.layers", "scopeflow has no tf.keras; use tf.layers"),
        ("from tensorflow.contrib import tpu", "scopeflow has no tf.contrib.tpu; there are no TPUs here"),
        ("import tensorflow.python.nothing", "no module for tensorflow.python.nothing; docs/coverage.md"),
        ("from tensorflow.python.ops.math_ops import reducemean", "nearest: tf.reduce_mean"),
        (
            "from tensorflow.python import debug; debug.LocalCLIDebugWrapperSession(None)",
            "no tf.python.debug.LocalCLIDebugWrapperSession; look at values with tf.Print",
        ),
        (
            "from tensorflow.python.ops import resource_variable_ops as r; r.ResourceVariable",
            "variables are references, as TensorFlow 1's are by default",
        ),
        ("from tensorflow.contrib.eager.python import tfe; tfe.defun", "everything is built as a graph"),
        ("import tensorflow as tf; tf.contrib.eager.Iterator", "everything is built as a graph"),
        ("from tensorflow.contrib.memory_stats import MaxBytesInUse", "cupy.get_default_memory_pool() says"),
        ("from tensorflow.contrib import memory_stats as m; m.MaxBytesInUse()", "cupy.get_default_memory_pool() says"),
        (
            "from tensorflow.python.tools.freeze_graph import frez_graph",
            "nearest: tf.python.tools.freeze_graph.freeze_graph",
        ),
        ("from tensorflow.python.ops.init_ops import VarianceScalin", "nearest: tf."),
        ("import tensorflow as tf; tf.estimator.Estimator", "write the training loop with a Session"),
    ],
)
def test_what_is_not_there_is_said_when_it_is_imported(tmp_path, statement, said):
    done = run(tmp_path, f"try:\n    {statement}\nexcept (ImportError, AttributeError) as e:\n    print(e)")
    assert said in done.stdout, done.stderr


def test_names_are_located_by_their_paths(tmp_path):
    """By `pydoc.locate`, as libraries look up what their configurations name."""
    text = (
        "from pydoc import locate\n"
        "print(locate('tensorflow.nn.rnn_cell.LSTMCell').__name__, locate('tensorflow.nn.nothing'),"
        " locate('tensorflow.keras.layers'), locate('tensorflow.train.Saver.save').__name__)"
    )
    done = run(tmp_path, text)
    assert done.stdout == "LSTMCell None None save\n", done.stderr
    with pytest.raises(MissingModule) as caught:
        make_module("tensorflow.nn.nothing")
    assert caught.value.name == "tensorflow.nn.nothing"


def test_modules_are_known_only_where_there_is_something():
    with pytest.raises(MissingModule, match=r"tensorflow\.python\.training\.nothing"):
        make_module("tensorflow.python.training.nothing")


GRADIENTS = {
    "grad_func": lambda a, b, dc, dd: (a * 10.0 + dc, b + dd),
    "python_grad_func": lambda op, dc, dd: [op.inputs[0] * 10.0 + dc, op.outputs[1] / op.inputs[0] + dd],
}


@pytest.mark.parametrize("option", GRADIENTS)
def test_a_function_may_have_a_gradient_of_its_own(option):
    @Defun(tf.float32, tf.float32, shape_func=len, noinline=True, **{option: GRADIENTS[option]})
    def f(a, b):
        """Sum and product."""
        return a + b, a * b

    assert (f.__name__, f.__doc__) == ("f", "Sum and product.")
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant([2.0, 3.0]), tf.constant([5.0, 7.0])
        both = f(a, b, name="both")
        assert [r.shape.as_list() for r in both] == [[2], [2]]
        got = session.run([*both, *tf.gradients(both, [a, b], [[100.0, 200.0], [0.5, 0.25]])])
        np.testing.assert_allclose(got, [[7, 10], [10, 21], [120, 230], [5.5, 7.25]])
        of_integers = tf.gradients(f(a, [1, 1])[0], a)[0]
        np.testing.assert_allclose(session.run(of_integers), [21, 31])
        _, looped = tf.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, f(x, b)[1]), [0, a])
        np.testing.assert_allclose(session.run([looped, *tf.gradients(looped, a)]), [[50, 147], [20, 30]])


def test_a_function_of_a_graph_gives_its_only_result_or_a_tuple():
    with tf.Graph().as_default(), tf.Session() as session:
        one = Defun(tf.float32)(lambda x: [x * 2.0])(3)
        both = Defun(tf.float32, tf.int32)(lambda x, n: [x, n])(1, 2)
        assert session.run(one) == 6 and type(both) is tuple and [t.dtype for t in both] == [tf.float32, tf.int32]
        assert Defun()(lambda: None)() is None and Defun()(tf.no_op)().type == "NoOp"


def test_inner_functions_do_what_those_that_programs_call_do():
    array_ops, scopes = (make_module(f"tensorflow.python.ops.{name}") for name in ("array_ops", "variable_scope"))
    with tf.Graph().as_default() as graph, tf.Session() as session:
        assert session.run(array_ops.shape_internal(tf.zeros([2, 3]), optimize=False)).tolist() == [2, 3]
        ops = make_module("tensorflow.python.framework.ops")
        assert ops.internal_convert_to_tensor([1], preferred_dtype=tf.float32).dtype is tf.float32
        with ops.name_scope("a"), ops.name_scope("b"):
            assert tf.contrib.framework.get_name_scope() == "a/b"
        made = scopes.variable(3.0, name="made", trainable=False)
        assert tf.global_variables() == [made] and not tf.trainable_variables()
        with scopes._pure_variable_scope("pure"), graph.name_scope("names"):
            assert tf.get_variable("v", [1]).name == "pure/v:0" and tf.constant(1).name == "names/Const:0"


def test_tensors_of_a_checkpoint_are_read_by_their_names(tmp_path):
    restore = make_module("tensorflow.python.ops.io_ops").restore_v2
    path = str(tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("a", initializer=[[1.0, 2.0], [3.0, 4.0]])
        tf.get_variable("b", initializer=7)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, path)
        read = restore(path, ["b", "a"], ["", "2 2 1,1:0,2"], [tf.int32, "float32"])
        b, a = session.run(read)
        assert b == 7 and a.tolist() == [[3, 4]] and read[1].shape.ndims is None
        with pytest.raises(tf.errors.NotFoundError, match="c"):
            session.run(restore(path, ["c"], [""], [tf.float32]))
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected dtype float32 does not equal"):
            session.run(restore(path, ["b"], [""], [tf.float32]))


def test_a_decorator_gives_what_it_wraps_its_name_and_attributes():
    wrapping, contexts = (make_module(f"tensorflow.python.util.{name}") for name in ("tf_decorator", "tf_contextlib"))

    def target(x):
        """Doubles."""

    def wrapper(*args):
        return 2 * args[0]

    target.kept, target.own, wrapper.own = 1, 2, 3
    made = wrapping.make_decorator(target, wrapper, decorator_name="doubled")
    assert made is wrapper and made(4) == 8 and made.__wrapped__ is target
    assert (made.__name__, made.__doc__, made.kept, made.own) == ("target", "Doubles.", 1, 3)

    @contexts.contextmanager
    def opened():
        yield 5

    with opened() as value:
        assert value == 5


def test_a_module_keeps_what_its_docstring_lists():
    util = make_module("tensorflow.python.util.all_util")
    module = types.ModuleType("listed", "Things.\n\n@@kept\n@@absent\n")
    vars(module).update(kept=1, dropped=2, excepted=3, _private=4)
    sys.modules["listed"] = module
    try:
        assert util.make_all("listed") == ["kept"]
        util.remove_undocumented("listed", ["excepted"])
    finally:
        del sys.modules["listed"]
    assert {name for name in vars(module) if not name.startswith("__")} == {"kept", "excepted", "_private"}


def test_structures_are_taken_apart_as_far_as_another_one_goes():
    nest = make_module("tensorflow.python.util.nest")
    pairs = {"b": [(1, 2), (3, 4)], "a": (5, [6])}
    shallow = {"a": 0, "b": [0, 0]}
    assert nest.flatten_up_to(shallow, pairs) == [(5, [6]), (1, 2), (3, 4)]
    assert nest.flatten_up_to(0, [1, 2]) == [[1, 2]]
    lengths = nest.map_structure_up_to(shallow, lambda x, y, more: len(x) + y + more, pairs, shallow, more=1)
    assert lengths == {"a": 3, "b": [3, 3]}
    assert nest.map_structure_up_to([0], len, (("x", "y"),), check_types=False) == [2]
    assert nest.flatten_dict_items({(4, (5, 6)): ("a", ("b", "c")), 7: "d"}) == {4: "a", 5: "b", 6: "c", 7: "d"}


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda n: n.assert_shallow_structure([1, 2], 3), TypeError, "input must also be a sequence"),
        (lambda n: n.assert_shallow_structure([1, 2], (3, 4)), TypeError, "same sequence type"),
        (lambda n: n.flatten_up_to([1, 2], [3]), ValueError, "Input structure has length 1, while shallow .* 2"),
        (lambda n: n.flatten_up_to({"a": 1}, {"b": 1}), ValueError, r"not in the input_tree: \['a'\]"),
        (lambda n: n.map_structure_up_to([1], len), ValueError, "Cannot map over no sequences"),
        (lambda n: n.flatten_dict_items({(1, 2): (3,)}), ValueError, "Key had 2 elements, but value had 1 elements"),
        (lambda n: n.flatten_dict_items({(1, 2): (3, 4), 1: 5}), ValueError, "this key is not unique: 1"),
    ],
)
def test_structures_that_do_not_fit_are_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call(make_module("tensorflow.python.util.nest"))


def test_arguments_have_the_names_and_places_of_tensorflow_1():
    nest = make_module("tensorflow.python.util.nest")
    nest.assert_same_structure(nest1=[1, 2], nest2=(3, 4), check_types=False)
    assert nest.is_nested(seq=[1]) and nest.map_structure(max, [1, 4], (3, 2), check_types=False) == [3, 4]
    with pytest.raises(TypeError, match="same sequence type"):
        nest.map_structure(max, [1, 4], (3, 2))
    with pytest.raises(ValueError, match="Must provide at least one structure"):
        nest.map_structure(max)
    with pytest.raises(TypeError, match="func must be callable, got: 3"):
        nest.map_structure(3, [1])
    with tf.Graph().as_default() as graph, tf.Session() as session:
        local = tf.contrib.framework.local_variable(1.0, use_resource=True)
        assert graph.get_collection(tf.GraphKeys.LOCAL_VARIABLES) == [local]
        assert tf.contrib.framework.global_variable(2.0, use_resource=False) in tf.global_variables()
        assert not session.run(tf.is_variable_initialized(variable=local))
        table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, "counts", False)
        assert table.resource_handle.op.name == "counts"


# -- tools -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def trained(tmp_path):
    """A folder with a checkpoint `m`, its MetaGraphDef and the graph as `g.pb` and `g.pbtxt`: out = x v + 1."""
    with tf.Graph().as_default() as graph, graph.device("/cpu:0"), tf.Session() as session:
        v = tf.get_variable("v", [2, 3], initializer=tf.constant_initializer(1.5))
        tf.get_variable("b/w", [2], initializer=tf.zeros_initializer())
        tf.get_variable("scalar", [], tf.int32, initializer=tf.zeros_initializer())
        tf.add(tf.matmul(tf.placeholder(tf.float32, [None, 2], name="x"), v), 1.0, name="out")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(tmp_path / "m"))
        for name in ("g.pb", "g.pbtxt"):
            tf.train.write_graph(graph, str(tmp_path), name, as_text=name == "g.pbtxt")
    return tmp_path


PRINTED = [  # as TensorFlow 1.15 prints it
    (("", True), "tensor_name:  b/w\n[0. 0.]\ntensor_name:  scalar\n0\n"
     "tensor_name:  v\n[[1.5 1.5 1.5]\n [1.5 1.5 1.5]]\n#9"),
    (("v", False), "tensor_name:  v\n[[1.5 1.5 1.5]\n [1.5 1.5 1.5]]\n#9"),
    (("", False, True), "tensor_name:  b/w\ntensor_name:  scalar\ntensor_name:  v\n#9"),
    (("", False, True, "b"), "tensor_name:  b/w\ntensor_name:  scalar\ntensor_name:  v\n"
     "# Excluding 1 tensors (2 params) that match b when counting.\n#7"),
    (("", False), "b/w (DT_FLOAT) [2]\nscalar (DT_INT32) []\nv (DT_FLOAT) [2,3]\n\n#9"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "printed"), PRINTED)
def test_a_checkpoint_is_printed_as_tensorflow_prints_it(trained, capsys, arguments, printed):
    tools.print_tensors_in_checkpoint_file(str(trained / "m"), *arguments)
    assert capsys.readouterr().out == printed.replace("#9", "# Total number of params: 9\n").replace(
        "#7", "# Total number of params: 7\n"
    )


def test_contrib_reads_checkpoints_by_the_names_that_its_arguments_have_there(trained):
    framework, path = tf.contrib.framework, str(trained / "m")
    assert framework.list_variables(checkpoint_dir=path) == [("b/w", [2]), ("scalar", []), ("v", [2, 3])]
    assert framework.load_variable(checkpoint_dir=path, name="v").tolist() == [[1.5] * 3] * 2
    assert framework.load_checkpoint(filepattern=path).has_tensor("b/w")
    with tf.Graph().as_default(), tf.Session() as session:
        u = tf.get_variable("u", [2, 3], initializer=tf.zeros_initializer())
        framework.init_from_checkpoint(checkpoint_dir=path, assignment_map={"v": "u"})
        session.run(tf.global_variables_initializer())
        assert session.run(u).tolist() == [[1.5] * 3] * 2


def test_a_checkpoint_that_cannot_be_printed_is_told_of(trained, capsys):
    tools.print_tensors_in_checkpoint_file(str(trained / "m"), "nope", False)
    tools.print_tensors_in_checkpoint_file(str(trained / "n"), "", True)
    said = capsys.readouterr().out
    assert "tensor_name:  nope\nKey nope not found in checkpoint" in said and "params" not in said
    assert f"Failed to find any matching files for {trained / 'n'}" in said


def freeze(folder, graph="g.pb", checkpoint="m", output="out", **more):
    names = ("save/restore_all", "save/Const:0")
    path, binary = str(folder / graph), not graph.endswith("txt")
    given = (path, "", binary, str(folder / checkpoint), output, *names, str(folder / "frozen.pb"), True, "")
    return tools.freeze_graph(*given, **more)


@pytest.mark.parametrize("graph", ["g.pb", "g.pbtxt", "meta"])
def test_a_graph_is_frozen_with_a_checkpoint(trained, graph):
    more = {"input_meta_graph": str(trained / "m.meta")} if graph == "meta" else {}
    told = freeze(trained, "g.pb" if graph == "meta" else graph, **more)
    assert sorted(node.name for node in told.node) == ["MatMul", "out", "out/y", "v", "v/read", "x"]
    assert {node.device for node in told.node} == {""}
    read = tf.GraphDef()
    read.ParseFromString((trained / "frozen.pb").read_bytes())
    with tf.Graph().as_default(), tf.Session() as session:
        (out,) = tf.import_graph_def(read, return_elements=["out:0"], name="")
        assert session.run(out, {"x:0": [[1, 2]]}).tolist() == [[5.5, 5.5, 5.5]]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"graph": "n.pb"}, OSError, r"Input graph file '.*n\.pb' does not exist!"),
        ({"checkpoint": "n"}, ValueError, "Input checkpoint '.*n' doesn't exist!"),
        ({"output": ""}, ValueError, "You need to supply the name of a node to --output_node_names"),
        ({"output": "nope"}, AssertionError, "nope is not in graph"),
        ({"input_saved_model_dir": "x"}, NotImplementedError, "SavedModels"),
    ],
)
def test_what_cannot_be_frozen_is_refused(trained, change, error, said):
    with pytest.raises(error, match=said):
        freeze(trained, **change)
    assert not (trained / "frozen.pb").exists()


def test_a_timeline_is_an_empty_trace_that_says_so(caplog):
    told = tf.RunMetadata()
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.constant(2), options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=told)
    trace = timeline.Timeline(told.step_stats).generate_chrome_trace_format(show_memory=True)
    assert json.loads(trace) == {"traceEvents": []} and "the trace is empty" in caplog.text
    with pytest.raises(NotImplementedError, match="TensorFlow's own runs"):
        timeline.Timeline(types.SimpleNamespace(dev_stats=[1]))


def test_a_deprecated_function_warns_once_and_works(caplog):
    @deprecation.deprecated("2020-01-01", "Use g.")
    def f(x):
        """Doubles."""
        return 2 * x

    assert [f(1), f(x=2)] == [2, 4] and (f.__name__, f.__doc__) == ("f", "Doubles.")
    assert caplog.text.count("is deprecated and will be removed after 2020-01-01.") == 1 and "Use g." in caplog.text
    with pytest.raises(ValueError, match="conversion instructions"):
        deprecation.deprecated(None, "")


def test_deprecated_arguments_warn_only_where_they_are_given(caplog):
    @deprecation.deprecated_args(None, "Use b.", "a", ("c", None))
    @deprecation.deprecated_arg_values(None, "Be true.", b=False)
    def f(a=1, b=2, c=3):
        return a, b, c

    assert f(b=5, c=None) == (1, 5, None) and not caplog.records
    assert f(7, False, c=4) == (7, False, 4)
    assert [text for text in ("argument a ", "argument c ", "b=False ") if text not in caplog.text] == []
    with pytest.raises(ValueError, match=r"not present in the function signature: \['z'\]"):
        deprecation.deprecated_args(None, "No.", "z")(f)
    look_up = deprecation.deprecated_argument_lookup
    assert look_up("axis", 1, "dim", None) == look_up("axis", None, "dim", 1) == 1
    with pytest.raises(ValueError, match="Cannot specify both 'dim' and 'axis'"):
        look_up("axis", 1, "dim", 1)


# -- check -----------------------------------------------------------------------------------------------------------

CHECKED = """import tensorflow as tf
import tensorflow.contrib.tpu as tpu
from tensorflow.contrib import layers as L, nothing
from tensorflow.python.ops import math_ops as M, nothing_ops
from tensorflow.python.ops.math_ops import reduce_sum, reducemean
flags = tf.app.flags
flags.DEFINE_string("a", "b", "c")
flags.DEFINE_nothing("a", "b", "c")
FLAGS = flags.FLAGS
print(FLAGS.a.b, tf.float32.max.c, tf.constant(1).d, reduce_sum([1]).e)
tf.reducemean(tf.nn.relu(tf.nn.soft_max(1)))
tf.GraphKeys.WEIGHTS, tf.GraphKeys.WEIGHTZ
tf.train.AdamOptimizer.minimize, tf.train.AdamOptimizer(1).anything
M.add, M.addd, L.flatten(L.fllatten(1))
def f(tf2, L2): return tf2.nothing
L = object()
L.fllatten
tf.keras.layers.Dense(tf.soft_plus)
"""
LACKS = [
    (2, "tensorflow.contrib.tpu"), (3, "tf.contrib.nothing"), (4, "tf.python.ops.nothing_ops"),
    (5, "tf.python.ops.math_ops.reducemean"), (8, "tf.app.flags.DEFINE_nothing"), (11, "tf.nn.soft_max"),
    (11, "tf.reducemean"), (12, "tf.GraphKeys.WEIGHTZ"), (14, "tf.contrib.layers.fllatten"),
    (14, "tf.python.ops.math_ops.addd"), (18, "tf.keras"), (18, "tf.soft_plus"),
]  # fmt: skip


def test_a_check_finds_each_missing_name_with_its_line_and_no_other():
    found = missing_names(CHECKED)
    assert [(lack.line, lack.name) for lack in found] == LACKS
    assert "nearest: tf.nn.softplus" in found[-1].advice
    assert "nearest: tf.nn.softmax" in found[5].advice


@pytest.mark.parametrize("header", ["import tensorflow.compat.v1 as tf", "import tensorflow\ntf = tensorflow"])
def test_a_check_follows_every_way_to_tensorflow(header):
    assert [lack.name for lack in missing_names(header + "\ntf.nn.relu\ntf.nothing\n")] == ["tf.nothing"]


def test_a_check_knows_nothing_of_other_libraries():
    assert missing_names("import numpy as tf\nimport tensorflow_probability as t\ntf.nothing\nt.nothing") == []


def test_a_check_takes_what_a_program_adds_to_tensorflow_for_there(tmp_path):
    adding = "import tensorflow as tf\ntf.GraphKeys.INPUTS = 'inputs'\ntf.mine = tf.GraphKeys.INPUTS\n"
    assert missing_names(adding + "tf.mine(tf.GraphKeys.OTHER)") == missing_names(
        "import tensorflow as tf\n\n\ntf.GraphKeys.OTHER"
    )
    (tmp_path / "z.py").write_text(adding)
    (tmp_path / "a.py").write_text("import tensorflow as tf\ntf.mine(tf.GraphKeys.INPUTS)")
    assert python(tmp_path, "-m", "scopeflow", "check", ".").stdout == "2 files: nothing is missing\n"
    assert "2 names are missing" in python(tmp_path, "-m", "scopeflow", "check", "a.py").stdout


def test_a_check_of_a_folder_says_where_and_how_many(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.py").write_text("import tensorflow as tf\n\ntf.nothing")
    (tmp_path / "two.py").write_text("import tensorflow as tf\ntf.nn.relu")
    done = python(tmp_path, "-m", "scopeflow", "check", ".")
    assert done.stdout == (
        "a/one.py:3: tf.nothing: scopeflow has no tf.nothing; docs/coverage.md lists what is there\n"
        "2 files: 1 names are missing\n"
    )
    assert done.returncode == 1 and python(tmp_path, "-m", "scopeflow", "check", "two.py").returncode == 0
    (tmp_path / "two.py").write_text("x = = 3")
    done = python(tmp_path, "-m", "scopeflow", "check", "two.py", "nope.py")
    assert done.returncode == 2 and "two.py: invalid syntax" in done.stderr and "nope.py" in done.stderr


# -- MNIST -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mnist_folder(tmp_path):
    """The four files, of 30 and 10 images of 2 by 3, the first pixel of each its number, its label that modulo 10."""
    for prefix, n in (("train", 30), ("t10k", 10)):
        images = np.zeros((n, 2, 3), np.uint8)
        images[:, 0, 0] = np.arange(n)
        with gzip.open(tmp_path / f"{prefix}-images-idx3-ubyte.gz", "wb") as file:
            file.write(np.array([2051, n, 2, 3], ">u4").tobytes() + images.tobytes())
        with gzip.open(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(np.array([2049, n], ">u4").tobytes() + (np.arange(n) % 10).astype(np.uint8).tobytes())
    return str(tmp_path)


def test_mnist_is_read_in_its_three_parts(mnist_folder):
    data = mnist.read_data_sets(mnist_folder, validation_size=5)
    assert [part.num_examples for part in data] == [25, 5, 10]
    assert data.train.images.shape == (25, 6) and data.train.images.dtype == np.float32
    assert data.train.images[0, 0] == np.float32(5) * np.float32(1 / 255) and data.test.labels.tolist() == [*range(10)]
    hot = mnist.read_data_sets(mnist_folder, one_hot=True, dtype=tf.uint8, reshape=False, validation_size=0)
    assert hot.train.images.shape == (30, 2, 3, 1) and hot.train.images.dtype == np.uint8
    assert hot.train.labels.shape == (30, 10) and (hot.train.labels.argmax(1) == np.arange(30) % 10).all()


def test_batches_go_through_all_images_once_an_epoch(mnist_folder):
    part = mnist.read_data_sets(mnist_folder, dtype=tf.uint8, validation_size=0, seed=1).train
    seen, batches = [], []
    for _ in range(6):
        images, labels = part.next_batch(10)
        assert images.shape == (10, 6) and (labels == images[:, 0] % 10).all()
        seen += images[:, 0].tolist()
        batches.append(part.epochs_completed)
    assert sorted(seen[:30]) == sorted(seen[30:]) == [*range(30)] and seen[:30] != seen[30:] != [*range(30)]
    assert batches == [0, 0, 0, 1, 1, 1]


def test_a_batch_over_the_end_takes_its_rest_from_the_next_epoch(mnist_folder):
    part = mnist.read_data_sets(mnist_folder, dtype=tf.uint8, validation_size=0).train
    got = [part.next_batch(20, shuffle=False)[0][:, 0].tolist() for _ in range(2)]
    assert got == [[*range(20)], [*range(20, 30), *range(10)]] and part.epochs_completed == 1


def test_files_of_mnist_that_are_not_there_are_named(tmp_path, mnist_folder):
    os.remove(tmp_path / mnist.FILES[1])
    with pytest.raises(FileNotFoundError, match=r"not downloaded here: put train-labels-idx1-ubyte\.gz"):
        mnist.read_data_sets(mnist_folder)
    (tmp_path / mnist.FILES[1]).write_bytes(gzip.compress(np.array([7, 7], ">u4").tobytes()))
    with pytest.raises(ValueError, match="Invalid magic number 7 in MNIST file"):
        mnist.read_data_sets(mnist_folder)
