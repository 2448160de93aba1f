"""Savers: names in checkpoints, kept files, the state file's text, what is restored where, refusals."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said


def in_folder(program):
    """A golden answer of `program(tf, folder, ...)`, run in a graph and a folder of its own, whose path is left out."""

    def run(tf, *row, **rows):
        with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
            answers = program(tf, folder, *row, **rows)
        return {key: without(folder, value) for key, value in answers.items()}

    run.__name__, run.__module__ = program.__name__, program.__module__
    return run


def without(folder, value):
    if isinstance(value, list | tuple):
        return [without(folder, item) for item in value]
    return value.replace(folder, "FOLDER") if isinstance(value, str) else value


def initialized(tf):
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def names_in(folder):
    return sorted(os.listdir(folder))


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def contents(tf, path):
    """{name: value} of a checkpoint, the text of shapes and dtypes with it."""
    reader = tf.train.NewCheckpointReader(path)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    return [[name, shapes[name], dtypes[name].name, np.sum(reader.get_tensor(name)).item()] for name in sorted(shapes)]


def counted(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def counting(start):
    """An initializer of start, start + 1, … over the whole of a partitioned variable."""

    def initializer(shape, dtype=None, partition_info=None):
        whole = counted(*partition_info.full_shape) + start
        return whole[tuple(slice(o, o + n) for o, n in zip(partition_info.var_offset, shape, strict=True))]

    return initializer


def some_variables(tf):
    with tf.variable_scope("conv1"):
        weights = tf.get_variable("weights", initializer=counted(2, 3))
        biases = tf.get_variable("biases", initializer=counted(3))
    parts = tf.get_variable("parts", [4, 2], initializer=counting(0), partitioner=tf.fixed_size_partitioner(3))
    count = tf.Variable(7, name="count", trainable=False)
    return {"weights": weights, "biases": biases, "parts": parts, "count": count}


# -- what is saved under which name -----------------------------------------------------------------------------------


VAR_LISTS = {
    "all": lambda v: None,
    "a list": lambda v: [v["biases"], v["count"]],
    "a tuple": lambda v: (v["biases"],),
    "a partitioned variable": lambda v: [v["parts"], v["count"]],
    "its parts": lambda v: list(v["parts"]),
    "a dict": lambda v: {"x/y": v["weights"], "b": v["biases"]},
    "parts under a name": lambda v: {"p": v["parts"]},
    "a list of parts under a name": lambda v: {"p": list(v["parts"])},
    "a part under a name": lambda v: {"p": next(iter(v["parts"]))},
}


@golden(rows=VAR_LISTS)
@in_folder
def saved_names(tf, folder, row):
    variables = some_variables(tf)
    path = tf.train.Saver(row(variables)).save(initialized(tf), folder + "/m", write_meta_graph=False)
    return {"path": path, "files": names_in(folder), "contents": contents(tf, path)}


@golden()
@in_folder
def slots_are_saved_under_their_variables_names(tf, folder):
    variables = some_variables(tf)
    loss = tf.reduce_sum(tf.square(variables["weights"])) + tf.reduce_sum(tf.square(variables["parts"]))
    tf.train.AdamOptimizer().minimize(loss)
    path = tf.train.Saver().save(initialized(tf), folder + "/m", write_meta_graph=False)
    return {"names": [name for name, *_ in contents(tf, path)]}


BAD_VAR_LISTS = {
    "no variables": (lambda tf, v: [], "No variables to save"),
    "one twice": (lambda tf, v: [v["count"], v["count"]], "At least two variables have the same name: count"),
    "one under two names": (lambda tf, v: {"x": v["count"], "y": v["count"]}, "will be restored with two names: y"),
    "a tensor": (lambda tf, v: [v["count"] + 1], "Variable to save is not a Variable: "),
    "a number": (lambda tf, v: 3, "Variables to save should be passed in a dict or a list. Got 3"),
    "a name that is no string": (lambda tf, v: {1: v["count"]}, "Name is not a string: 1"),
    "a tensor under a name": (lambda tf, v: {"x": v["count"] + 1}, "Not a variable: "),
    "a list of whole variables": (lambda tf, v: {"x": [v["count"], v["weights"]]}, "Slices must all be slices: "),
}


@golden(rows=BAD_VAR_LISTS)
def refused_var_list(tf, row):
    with tf.Graph().as_default():
        variables = some_variables(tf)
        make, part = row
        return {"said": said(lambda: tf.train.Saver(make(tf, variables)), part)}


# -- the ops that TensorFlow makes ------------------------------------------------------------------------------------


SAVERS = {
    "plain": lambda tf: tf.train.Saver(),
    "named": lambda tf: tf.train.Saver(name="keeper"),
    "reshape": lambda tf: tf.train.Saver(reshape=True),
    "sharded": lambda tf: tf.train.Saver(sharded=True),
    "deferred": lambda tf: tf.train.Saver(defer_build=True),
    "of few": lambda tf: tf.train.Saver(tf.global_variables()[:1]),
    "of none": lambda tf: tf.train.Saver([], allow_empty=True) if tf.global_variables() else None,
    "two": lambda tf: [tf.train.Saver(), tf.train.Saver(max_to_keep=2)][1],
}


@golden(rows=SAVERS)
def what_comes_after_a_saver_draws_the_same(tf, row):
    """With only a graph seed, the number of ops made so far decides."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        some_variables(tf)
        saver = row(tf)
        told = saver.saver_def
        uniform = tf.random_uniform([3])
        after = tf.constant(0.0, name="save/after")
        with tf.Session() as session:
            values = session.run(uniform)
    names = [told.filename_tensor_name, told.save_tensor_name, told.restore_op_name] if told else []
    keeps = [told.max_to_keep, told.sharded, told.keep_checkpoint_every_n_hours] if told else []
    return {"values": values, "names": names, "keeps": keeps, "after": described([uniform, after])}


# -- paths, steps, kept files, the state file -------------------------------------------------------------------------


STEPS = {
    "none": lambda tf: {},
    "a number": lambda tf: {"global_step": 12},
    "a NumPy integer": lambda tf: {"global_step": np.int64(0)},
    "a variable": lambda tf: {"global_step": tf.train.get_or_create_global_step()},
    "a tensor": lambda tf: {"global_step": tf.train.get_or_create_global_step() + 3},
    "a name": lambda tf: {"global_step": "count:0"},
    "another state file": lambda tf: {"global_step": 3, "latest_filename": "newest"},
    "no state file": lambda tf: {"global_step": 3, "write_state": False},
}


@golden(rows=STEPS)
@in_folder
def step(tf, folder, row):
    some_variables(tf)
    arguments = row(tf)
    session = initialized(tf)
    answers = {}
    for label, settings in (("plain", {}), ("padded", {"pad_step_number": True, "save_relative_paths": True})):
        saver = tf.train.Saver(**settings)
        inner = f"{folder}/{label}/in"
        os.makedirs(inner)
        path = saver.save(session, f"{inner}/m", write_meta_graph=False, **arguments)
        state = f"{inner}/{arguments.get('latest_filename', 'checkpoint')}"
        answers[label] = [path, names_in(inner), saver.last_checkpoints]
        answers[f"{label} state"] = text_of(state) if os.path.exists(state) else "none"
        answers[f"{label} newest"] = tf.train.latest_checkpoint(inner, arguments.get("latest_filename"))
    return answers


KEEPING = {
    "two": ({"max_to_keep": 2}, "abcab"),
    "one": ({"max_to_keep": 1}, "aab"),
    "all": ({"max_to_keep": 0}, "abc"),
    "all, said by None": ({"max_to_keep": None}, "abc"),
    "one for ever": ({"max_to_keep": 1, "keep_checkpoint_every_n_hours": -1.0}, "abcd"),
}


@golden(rows=KEEPING)
@in_folder
def keeping(tf, folder, row):
    settings, names = row
    some_variables(tf)
    session = initialized(tf)
    saver = tf.train.Saver(**settings)
    seen = []
    for name in names:
        saver.save(session, f"{folder}/{name}", write_meta_graph=False)
        seen.append([names_in(folder), saver.last_checkpoints, text_of(folder + "/checkpoint")])
    return {"seen": seen}


@golden()
@in_folder
def checkpoints_of_an_earlier_saver_are_taken_over(tf, folder):
    some_variables(tf)
    session = initialized(tf)
    for name in "abc":
        tf.train.Saver().save(session, f"{folder}/{name}", write_meta_graph=False)
    saver = tf.train.Saver(max_to_keep=2)
    saver.recover_last_checkpoints([f"{folder}/{name}" for name in ("a", "gone", "b")])
    recovered = saver.last_checkpoints
    saver.save(session, folder + "/d", write_meta_graph=False)
    after = [names_in(folder), saver.last_checkpoints]
    saver.set_last_checkpoints([f"{folder}/c"])
    saver.set_last_checkpoints_with_time([*saver._last_checkpoints, (f"{folder}/d", 1.5)])
    return {"recovered": recovered, "after": after, "set": saver.last_checkpoints}


STATES = {
    "one": ("m-1", None, None, None),
    "two": ("m-2", ["m-1", "m-2"], None, None),
    "not the last of them": ("m-1", ["m-1", "m-2"], None, None),
    "times": ("m-2", ["m-1", "m-2"], [1.5, 1795308710.1234567], 0.125),
    "odd names": ('q"\\\n\té\x01', None, None, None),
    "absolute": ("/elsewhere/m", ["/elsewhere/l", "m"], None, None),
}


@golden(rows=STATES)
@in_folder
def state(tf, folder, row):
    newest, paths, times, preserved = row
    absolute = [os.path.join(folder, p) for p in paths] if paths else None
    tf.train.update_checkpoint_state(folder, os.path.join(folder, newest), absolute, "one", times, preserved)
    read = tf.train.get_checkpoint_state(folder, "one")
    relative = [os.path.join("some", p) for p in paths] if paths else None
    proto = tf.train.generate_checkpoint_state_proto("some", os.path.join("some", newest), relative, times, preserved)
    return {
        "text": text_of(folder + "/one"),
        "newest": read.model_checkpoint_path,
        "all": list(read.all_model_checkpoint_paths),
        "times": [list(read.all_model_checkpoint_timestamps), read.last_preserved_timestamp],
        "relative": [proto.model_checkpoint_path, *proto.all_model_checkpoint_paths],
    }


STATE_TEXTS = {
    "empty": "",
    "no newest": 'all_model_checkpoint_paths: "x"\n',
    "not a message": "hello world",
    "an unknown field": 'model_checkpoint_path: "x"\nfoo: 3',
    "a number for a text": "model_checkpoint_path: 3",
    "a text for a number": 'model_checkpoint_path: "x" last_preserved_timestamp: "3"',
    "an open string": 'model_checkpoint_path: "x',
    "single quotes": "model_checkpoint_path: 'x\"y'",
    "strings in a row": "model_checkpoint_path: 'x' \"y\"",
    "escapes": r'model_checkpoint_path: "\x41\101\n\t\"\'\\\303\251"',
    "comments and no line ends": '# a\nmodel_checkpoint_path: "x" # b\n last_preserved_timestamp: 1e3',
    "separators": 'model_checkpoint_path: "x"; last_preserved_timestamp: .5, all_model_checkpoint_timestamps: 2',
    "a list": 'model_checkpoint_path: "x" all_model_checkpoint_paths: ["a", "b"] all_model_checkpoint_paths: "c"',
    "an empty list": 'model_checkpoint_path: "x" all_model_checkpoint_paths: []',
    "an open list": 'model_checkpoint_path: "x" all_model_checkpoint_paths: ["a", "b"',
    "a comma at a list's end": 'model_checkpoint_path: "x" all_model_checkpoint_paths: ["a",]',
    "floats": 'model_checkpoint_path: "x" all_model_checkpoint_timestamps: [1, 2.5f, -3e-2, 4.]',
}


@golden(rows=STATE_TEXTS)
@in_folder
def state_text(tf, folder, row):
    with open(folder + "/checkpoint", "w", encoding="utf-8") as file:
        file.write(row)
    try:
        read = tf.train.get_checkpoint_state(folder)
    except ValueError as error:
        return {"said": [type(error).__name__, str(error)]}
    if read is None:
        return {"said": "nothing"}
    return {
        "newest": read.model_checkpoint_path,
        "all": list(read.all_model_checkpoint_paths),
        "times": [*read.all_model_checkpoint_timestamps, read.last_preserved_timestamp],
    }


@golden()
@in_folder
def what_is_there(tf, folder):
    some_variables(tf)
    tf.train.Saver().save(initialized(tf), folder + "/m", global_step=1, write_meta_graph=False)
    exists = [tf.train.checkpoint_exists(f"{folder}/{name}") for name in ("m-1", "m", "m-1.index", "gone")]
    times = [len(tf.train.get_checkpoint_mtimes([f"{folder}/m-1", f"{folder}/{name}"])) for name in ("m-1", "gone")]
    listed = [list(pair) for pair in tf.train.list_variables(folder)]
    loaded = tf.train.load_variable(folder, "conv1/weights:0")
    tf.train.remove_checkpoint(folder + "/gone")
    tf.train.remove_checkpoint(folder + "/m-1")
    return {"exists": exists, "times": times, "listed": listed, "loaded": loaded, "left": names_in(folder)}


@golden()
@in_folder
def reader(tf, folder):
    variables = some_variables(tf)
    session = initialized(tf)
    path = tf.train.Saver().save(session, folder + "/m", write_meta_graph=False)
    opened = tf.train.load_checkpoint(folder)
    whole = tf.train.Saver([variables["weights"], variables["count"]]).save(session, folder + "/whole")
    return {
        "text": tf.train.NewCheckpointReader(whole).debug_string().decode(),
        "has": [opened.has_tensor(name) for name in ("count", "conv1/weights", "conv1")],
        "scalar": opened.get_tensor("count"),
        "whole": opened.get_tensor("parts"),
        "missing": said(lambda: opened.get_tensor("conv1"), "Key conv1 not found in checkpoint"),
        "gone": said(
            lambda: tf.train.NewCheckpointReader(path + "x"),
            "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ",
        ),
    }


# -- restoring --------------------------------------------------------------------------------------------------------


def other_variables(tf):
    """What could stand in another program, uninitialized."""
    with tf.variable_scope("net/conv1"):
        weights = tf.get_variable("weights", [2, 3])
        wide = tf.get_variable("wide", [2, 3], tf.float64)
        flat = tf.get_variable("flat", [6])
    with tf.variable_scope("two"):
        parts = tf.get_variable("parts", [4, 2], partitioner=tf.fixed_size_partitioner(2, axis=1))
        short = tf.get_variable("short", [3, 2], partitioner=tf.fixed_size_partitioner(2))
    free = tf.Variable([0.0], validate_shape=False, name="free")
    return {"weights": weights, "wide": wide, "flat": flat, "parts": parts, "short": short, "free": free}


RESTORED = {
    "under another name": (lambda v: {"conv1/weights": v["weights"]}, {}),
    "cut otherwise": (lambda v: {"parts": v["parts"]}, {}),
    "of no fixed shape": (lambda v: {"conv1/biases": v["free"]}, {}),
    "reshaped": (lambda v: {"conv1/weights": v["flat"]}, {"reshape": True}),
}


@golden(rows=RESTORED)
@in_folder
def restored(tf, folder, row):
    make, settings = row
    some_variables(tf)
    path = tf.train.Saver().save(initialized(tf), folder + "/m", write_meta_graph=False)
    with tf.Graph().as_default():
        wanted = make(other_variables(tf))
        saver = tf.train.Saver(wanted, **settings)
        with tf.Session() as session:
            saver.restore(session, path)
            (variable,) = wanted.values()
            value = session.run(tf.convert_to_tensor(variable))
            left = session.run(tf.report_uninitialized_variables())
    return {"value": value, "uninitialized": sorted(name.decode() for name in left)}


MISSING = (
    "Restoring from checkpoint failed. This is most likely due to a Variable name or other graph key that is missing"
)
MISMATCH = "Restoring from checkpoint failed. This is most likely due to a mismatch between the current graph and"
NOT_RESTORED = {
    "a missing name": (lambda v: [v["weights"]], "/m", [MISSING, "Key net/conv1/weights not found in checkpoint"]),
    "another shape": (
        lambda v: {"conv1/biases": v["weights"]},
        "/m",
        [MISMATCH, r"Assign requires shapes of both tensors to match. lhs shape= \[2,3\] rhs shape= \[3\]"],
    ),
    "another dtype": (
        lambda v: {"conv1/weights": v["wide"]},
        "/m",
        [MISMATCH, "tensor_name = conv1/weights; expected dtype double does not equal original dtype float"],
    ),
    "a whole of another shape": (
        lambda v: {"parts": v["short"]},
        "/m",
        [
            MISMATCH,
            r"tensor_name = parts; shape in shape_and_slice spec \[3,2\] does not match the shape stored in "
            r"checkpoint: \[4,2\]",
        ],
    ),
    "no checkpoint": (lambda v: [v["weights"]], "/gone", ["The passed save_path is not a valid checkpoint: "]),
    "a folder": (lambda v: [v["weights"]], "", []),
    "its state file": (lambda v: [v["weights"]], "/checkpoint", []),
    "nothing": (lambda v: [v["weights"]], None, ["Can't load save_path when it is None."]),
}


@golden(rows=NOT_RESTORED)
@in_folder
def not_restored(tf, folder, row):
    make, name, parts = row
    some_variables(tf)
    tf.train.Saver().save(initialized(tf), folder + "/m", write_meta_graph=False)
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.Saver(make(other_variables(tf)))
        return {"said": said(lambda: saver.restore(session, None if name is None else folder + name), *parts)}


NOT_SAVED = {
    "no session": (lambda tf, saver, session, path: saver.save(None, path), "'sess' must be a Session; None"),
    "a state file elsewhere": (
        lambda tf, saver, session, path: saver.save(session, path, latest_filename="x/y"),
        "'latest_filename' must not contain path components",
    ),
    "the state file's name": (
        lambda tf, saver, session, path: saver.save(session, path, latest_filename="m"),
        "'latest_filename' collides with 'save_path': 'm' and '",
    ),
    "no values": (
        lambda tf, saver, session, path: saver.save(tf.Session(), path),
        "Attempting to use uninitialized value ",
    ),
    "not built": (
        lambda tf, saver, session, path: tf.train.Saver(defer_build=True).save(session, path),
        r"`build\(\)` should be called before save if defer_build==True",
    ),
    "a closed session": (
        lambda tf, saver, session, path: (session.close(), saver.save(session, path)),
        "Attempted to use a closed Session.",
    ),
}


@golden(rows=NOT_SAVED)
@in_folder
def not_saved(tf, folder, row):
    save, part = row
    some_variables(tf)
    session, saver = initialized(tf), tf.train.Saver()
    return {"said": said(lambda: save(tf, saver, session, folder + "/m"), part), "files": names_in(folder)}


@golden()
@in_folder
def a_finalized_graph_takes_no_saver(tf, folder):
    some_variables(tf)
    tf.get_default_graph().finalize()
    return {"said": said(tf.train.Saver, "Graph is finalized and cannot be modified.")}


# -- initial values from a checkpoint ---------------------------------------------------------------------------------


def old_checkpoint(tf, folder):
    with tf.Graph().as_default():
        with tf.variable_scope("a"):
            tf.get_variable("x", initializer=counted(3))
            tf.get_variable("y", initializer=counted(2) + 10)
            tf.get_variable("deep/w", initializer=counted(2) + 20)
        tf.get_variable("b/p", [4, 2], initializer=counting(30), partitioner=tf.fixed_size_partitioner(2))
        tf.get_variable("top", initializer=counted(2) + 40)
        return tf.train.Saver().save(initialized(tf), folder + "/old", write_meta_graph=False)


def new_variables(tf):
    zeros = tf.zeros_initializer()
    with tf.variable_scope("n", initializer=zeros):
        x = tf.get_variable("x", [3])
        y = tf.get_variable("y", [2])
        tf.get_variable("deep/w", [2])
    p = tf.get_variable("m/p", [4, 2], initializer=zeros, partitioner=tf.fixed_size_partitioner(2))
    top = tf.get_variable("top", [2], initializer=zeros, trainable=False)
    tf.Variable([0.0, 0.0], name="plain")
    return {"x": x, "y": y, "p": p, "top": top}


ASSIGNMENTS = {
    "a scope": lambda v: {"a/": "n/"},
    "a scope that no variable is in": lambda v: {"a/": "zz/"},
    "names": lambda v: {"a/x": "n/x", "top": "top"},
    "pairs": lambda v: [("a/x", "n/x"), ("a/deep/w", "n/deep/w")],
    "a variable": lambda v: {"a/x": v["x"]},
    "parts": lambda v: {"b/p": list(v["p"])},
    "a partitioned variable's name": lambda v: {"b/p": "m/p"},
    "a partitioned variable's scope": lambda v: {"b/": "m/"},
    "one tensor twice": lambda v: [("a/y", "top"), ("a/y", "n/y")],
}


def initial_values(tf):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [[v.op.name, session.run(v).tolist()] for v in tf.global_variables()]


@golden(rows=ASSIGNMENTS)
@in_folder
def initialized_from_a_checkpoint(tf, folder, row):
    path = old_checkpoint(tf, folder)
    tf.set_random_seed(3)
    assignment_map = row(new_variables(tf))
    tf.train.init_from_checkpoint(path, assignment_map)
    uniform = tf.random_uniform([2])
    with tf.Session() as session:
        drawn = session.run(uniform)
    return {"values": initial_values(tf), "next draw": drawn, "named": uniform.name}


BAD_ASSIGNMENTS = {
    "a scope of other names": (lambda v: {"/": "n/"}, r"Tensor deep/w \(deep/w in /\) is not found in "),
    "no such tensor": (lambda v: {"a/q": "n/x"}, "Tensor a/q is not found in "),
    "no such variable": (
        lambda v: {"a/x": "n/q"},
        "Assignment map with scope only name n should map to scope only a/x. Should be 'scope/': 'other_scope/'.",
    ),
    "a variable that get_variable did not make": (
        lambda v: {"top": "plain"},
        "Assignment map with scope only name  should map to scope only top. Should be 'scope/': 'other_scope/'.",
    ),
    "another shape": (
        lambda v: {"a/x": "n/y"},
        r"Shape of variable n/y:0 \(\(2,\)\) doesn't match with shape of tensor a/x \(\[3\]\) from checkpoint reader.",
    ),
    "a number": (lambda v: {"a/x": 3}, ""),
}


@golden(rows=BAD_ASSIGNMENTS)
@in_folder
def not_initialized_from_a_checkpoint(tf, folder, row):
    make, part = row
    path = old_checkpoint(tf, folder)
    assignment_map = make(new_variables(tf))
    return {"said": said(lambda: tf.train.init_from_checkpoint(path, assignment_map), part)}


WARM_STARTS = {
    "a scope": {"vars_to_warm_start": "a/"},
    "the end of a name": {"vars_to_warm_start": ".*p"},
    "a list": {"vars_to_warm_start": ["top", "a/x"]},
    "none": {"vars_to_warm_start": None},
    "nothing": {"vars_to_warm_start": "qq"},
    "another name": {"vars_to_warm_start": "new", "var_name_to_prev_var_name": {"new": "top"}},
}


@golden(rows=WARM_STARTS)
@in_folder
def warm_start(tf, folder, row):
    path = old_checkpoint(tf, folder)
    zeros = tf.zeros_initializer()
    with tf.variable_scope("a", initializer=zeros):
        tf.get_variable("x", [3])
        tf.get_variable("y", [2])
    tf.get_variable("b/p", [4, 2], initializer=zeros, partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("new", [2], initializer=zeros)
    tf.get_variable("top", [2], initializer=zeros, trainable=False)
    tf.train.warm_start(path, **row)
    return {"values": initial_values(tf)}


@golden()
@in_folder
def not_warm_started(tf, folder):
    path = old_checkpoint(tf, folder)
    tf.get_variable("a/x", [3])
    tf.get_variable("new", [2])
    return {
        "not there": said(lambda: tf.train.warm_start(path), "Tensor new is not found in "),
        "unused": said(
            lambda: tf.train.warm_start(path, "a/", None, {"new": "top"}),
            "You provided the following variables in var_name_to_prev_var_name that were not used: {'new'}.  Perhaps",
        ),
        "neither": said(lambda: tf.train.warm_start(path, 3), "must be a `list` or `str`.  Given type is "),
    }
