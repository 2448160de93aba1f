"""MetaGraphDefs: TensorFlow's are trained on here, and what is exported comes back whole."""

import zipfile

import numpy as np
import pytest
from golden import graphs

import scopeflow as tf
from scopeflow.engine.meta_protos import CollectionDef, MetaGraphDef, SaverDef, VariableDef


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What TensorFlow wrote."""
    path = tmp_path_factory.mktemp("graphs")
    with zipfile.ZipFile(graphs.ARCHIVE) as archive:
        archive.extractall(path)
    return path


def recorded(folder, name):
    with np.load(folder / f"{name}.npz") as known:
        return {key: known[key] for key in known.files}


@pytest.mark.parametrize("name", graphs.TRAINED)
def test_tensorflows_graph_and_checkpoint_train_on_with_its_numbers(folder, name):
    assert graphs.differences(graphs.go_on(tf, name, folder), recorded(folder, name)) == []


@pytest.mark.parametrize("name", graphs.FROZEN)
def test_tensorflows_frozen_graph_gives_its_numbers(folder, name):
    assert graphs.differences(graphs.run_frozen(tf, name, folder), recorded(folder, name)) == []


@pytest.mark.parametrize("name", sorted(graphs.TRAINED))
def test_a_graph_of_ours_comes_back_and_trains_on_with_the_same_numbers(tmp_path, name):
    graphs.train_and_save(tf, name, tmp_path)
    wanted = recorded(tmp_path, name)
    assert graphs.differences(graphs.go_on(tf, name, tmp_path), wanted) == []


@pytest.mark.usefixtures("stand_in_cupy")
@pytest.mark.parametrize("name", graphs.TRAINED)
def test_tensorflows_graph_trains_on_with_the_other_array_library(folder, name):
    assert graphs.differences(graphs.go_on(tf, name, folder), recorded(folder, name)) == []


@pytest.mark.parametrize("name", graphs.FROZEN)
def test_a_graph_of_ours_is_frozen_and_read_back(tmp_path, name):
    graphs.freeze(tf, name, tmp_path)
    wanted = recorded(tmp_path, name)
    assert graphs.differences(graphs.run_frozen(tf, name, tmp_path), wanted) == []


def test_the_comparison_sees_a_wrong_number_and_a_nan(folder):
    wanted = recorded(folder, "dense")
    for spoilt in (wanted["losses"] * 1.01, np.full_like(wanted["losses"], np.nan)):
        assert graphs.differences({**wanted, "losses": spoilt}, wanted)


# -- collections ------------------------------------------------------------------------------------------------------


def test_collections_come_back_from_tensorflows_file(folder):
    with tf.Graph().as_default() as graph:
        saver = tf.train.import_meta_graph(str(folder / "dense.meta"))
        names = ["dense/bias", "dense/kernel", "logits/bias", "logits/kernel"]
        assert sorted(v.op.name for v in tf.trainable_variables()) == names
        assert {v.op.name for v in tf.global_variables()} > {*names, "global_step", "dense/kernel/Adam_1"}
        assert all(any(v is w for w in tf.global_variables()) for v in tf.trainable_variables())
        assert tf.train.get_global_step() is graph.get_collection("global_step")[0]
        assert graph.get_collection("inputs") == [graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("y:0")]
        assert graph.get_collection("train_op") == [graph.get_operation_by_name("train")] * 2  # minimize adds it too
        assert graph.get_collection("words") == [b"one", b"two"]
        assert graph.get_collection("numbers") == [7] and graph.get_collection("fractions") == [0.5]
        assert saver.saver_def.restore_op_name == "save/restore_all"
        assert tf.trainable_variables()[0].trainable and not tf.train.get_global_step().trainable


def test_an_imported_variable_is_one_like_any_other(folder):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(str(folder / "dense.meta"))
        session.run(tf.global_variables_initializer())
        kernel = next(v for v in tf.trainable_variables() if v.op.name == "dense/kernel")
        assert kernel.shape == (4, 5) and kernel.dtype is tf.float32 and kernel.initial_value is not None
        before = session.run(kernel)
        assert np.abs(before).max() > 0.01
        np.testing.assert_array_equal(session.run(kernel.assign_add(np.ones((4, 5)))), before + 1)
        np.testing.assert_array_equal(session.run(kernel * 2.0), (before + 1) * 2)
        kernel.load(before, session)
        np.testing.assert_array_equal(kernel.eval(session), before)


def test_a_graph_is_imported_into_a_scope(folder):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver, (x,) = tf.train.import_meta_graph(
            str(folder / "dense.meta"), import_scope="there", return_elements=["x:0"]
        )
        assert x.name == "there/x:0" and all(op.name.startswith("there/") for op in graph.get_operations())
        assert all(v.op.name.startswith("there/") for v in tf.global_variables())
        assert graph.get_collection("inputs")[0] is x
        assert saver.saver_def.filename_tensor_name == "there/save/Const:0"
        saver.restore(session, str(folder / "dense"))
        with tf.train.load_checkpoint(str(folder / "dense")) as reader:
            np.testing.assert_array_equal(session.run("there/logits/kernel:0"), reader.get_tensor("logits/kernel"))
        session.run(graph.get_collection("train_op"), {x: graphs.data(6, 4), "there/y:0": graphs.classes(3, 6)})


def test_the_operations_of_a_saver_work_as_tensorflows_do(folder, tmp_path):
    """Programs run them by the names in the SaverDef."""
    with tf.Graph().as_default(), tf.Session() as session:
        told = tf.train.import_meta_graph(str(folder / "parts.meta")).saver_def
        session.run(told.restore_op_name, {told.filename_tensor_name: str(folder / "parts")})
        saved = session.run(told.save_tensor_name, {told.filename_tensor_name: str(tmp_path / "again")})
        assert saved == str(tmp_path / "again").encode()
        wanted, got = (tf.train.load_checkpoint(str(path)) for path in (folder / "parts", tmp_path / "again"))
        with wanted, got:
            known = {"parted/w": [4, 3], "shift": [3]}
            assert got.get_variable_to_shape_map() == wanted.get_variable_to_shape_map() == known
            for name in ("parted/w", "shift"):
                np.testing.assert_array_equal(got.get_tensor(name), wanted.get_tensor(name))


def exported(**how):
    return tf.train.export_meta_graph(**how)


def test_a_save_writes_the_graph_beside_the_checkpoint(tmp_path, graph):
    tf.Variable([1.0, 2.0], name="v")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(max_to_keep=1)
        first = saver.save(session, str(tmp_path / "m"), 1)
        assert (tmp_path / "m-1.meta").exists()
        second = saver.save(session, str(tmp_path / "m"), 2)
        assert not (tmp_path / "m-1.meta").exists() and (tmp_path / "m-2.meta").exists()
        saver.save(session, str(tmp_path / "without"), write_meta_graph=False)
        assert not (tmp_path / "without.meta").exists()
        saver.save(session, str(tmp_path / "n"), meta_graph_suffix="graph")
        assert (tmp_path / "n.graph").exists() and not (tmp_path / "n.meta").exists()
        tf.constant(1.0, name="added_later")
        saver.save(session, str(tmp_path / "m"), 3)
    assert (first, second) == (str(tmp_path / "m-1"), str(tmp_path / "m-2"))
    told = MetaGraphDef.FromString((tmp_path / "m-3.meta").read_bytes())
    assert "added_later" in {node.name for node in told.graph_def.node}


@pytest.mark.parametrize("as_text", [True, False])
def test_a_meta_graph_file_may_be_text(tmp_path, graph, as_text):
    v = tf.Variable([[0.5, -1.5]], name="v", trainable=False)
    tf.add_to_collection("quote", 'a "b"\n\\')
    told = exported(filename=str(tmp_path / "m.meta"), as_text=as_text)
    assert (tmp_path / "m.meta").read_bytes().startswith(b"meta_info_def {") == as_text
    with tf.Graph().as_default() as other, tf.Session() as session:
        saver = tf.train.import_meta_graph(str(tmp_path / "m.meta"))
        assert isinstance(saver, tf.train.Saver) and exported(graph=other).graph_def == told.graph_def
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run("v:0"), [[0.5, -1.5]])
        assert other.get_collection("quote") == [b'a "b"\n\\']
        assert not tf.global_variables()[0].trainable and tf.trainable_variables() == []
    assert v.to_proto() == VariableDef(
        variable_name="v:0", initializer_name="v/Assign", snapshot_name="v/read:0",
        initial_value_name="v/initial_value:0",
    )  # fmt: skip


def test_what_a_collection_cannot_say_is_left_out_with_a_warning(graph, caplog):
    tf.add_to_collection("objects", object())
    tf.add_to_collection("mixed", 1)
    tf.add_to_collection("mixed", "one")
    tf.add_to_collection(("a", "tuple"), 1)
    tf.add_to_collection("kept", 3)
    told = exported()
    assert set(told.collection_def) == {"kept"}
    assert "Issue encountered when serializing objects" in caplog.text
    assert "Issue encountered when serializing mixed" in caplog.text


def test_only_the_listed_collections_are_exported(graph):
    tf.add_to_collection("a", 1)
    tf.add_to_collection("b", 2)
    assert set(exported(collection_list=["b"]).collection_def) == {"b"}


def test_devices_and_default_attributes_can_be_left_out(graph):
    with tf.device("/cpu:0"):
        tf.nn.conv2d(tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), [1, 1, 1, 1], "SAME", name="c")
    nodes = {n.name: n for n in exported().graph_def.node}
    assert nodes["c"].device == "/device:CPU:0" and nodes["c"].attr["data_format"].s == b"NHWC"
    told = exported(clear_devices=True, strip_default_attrs=True)
    nodes = {n.name: n for n in told.graph_def.node}
    assert nodes["c"].device == "" and not {"data_format", "dilations", "use_cudnn_on_gpu"} & nodes["c"].attr.keys()
    assert {"T", "strides", "padding"} <= nodes["c"].attr.keys() and told.meta_info_def.stripped_default_attrs


def test_an_imported_device_can_be_cleared(graph):
    with tf.device("/gpu:5"):
        tf.constant(1.0, name="c")
    told = exported()
    with tf.Graph().as_default() as other:
        assert tf.train.import_meta_graph(told, clear_devices=True) is None  # there is nothing to save
        assert other.get_operation_by_name("c").device == ""
    assert told.graph_def.node[0].device == "/device:GPU:5"


def test_a_collection_of_savers_comes_back(tmp_path, graph):
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver({"first": a}, max_to_keep=7))
    tf.train.Saver([a, b]).export_meta_graph(str(tmp_path / "m.meta"))
    with tf.Graph().as_default() as other, tf.Session() as session:
        both = tf.train.import_meta_graph(str(tmp_path / "m.meta"))
        (one,) = other.get_collection(tf.GraphKeys.SAVERS)
        assert one.saver_def.max_to_keep == 7 and both.saver_def.restore_op_name != one.saver_def.restore_op_name
        session.run(tf.global_variables_initializer())
        one.save(session, str(tmp_path / "one"))
        both.save(session, str(tmp_path / "both"))
    assert tf.train.list_variables(str(tmp_path / "one")) == [("first", [])]
    assert tf.train.list_variables(str(tmp_path / "both")) == [("a", []), ("b", [])]


def test_what_cannot_be_honoured_or_read_is_refused(tmp_path, graph):
    for how in ({"export_scope": "a"}, {"clear_extraneous_savers": True}):
        with pytest.raises(NotImplementedError, match=next(iter(how))):
            exported(**how)
    with pytest.raises(OSError, match=r"File .*nothing does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "nothing"))
    (tmp_path / "bad").write_bytes(b"\xff\xfe nonsense")
    with pytest.raises(OSError, match="Cannot parse file"):
        tf.train.import_meta_graph(str(tmp_path / "bad"))
    with pytest.raises(ValueError, match="mutually exclusive"):
        tf.Variable(1.0, variable_def=VariableDef())


def test_a_graph_with_a_loop_is_written_and_refused_when_read(tmp_path, graph):
    tf.while_loop(lambda i: i < 3, lambda i: i + tf.get_variable("n", initializer=1), [0])
    exported(filename=str(tmp_path / "m.meta"))
    with tf.Graph().as_default() as other:
        with pytest.raises(tf.errors.NotFoundError, match="'Loop'"):
            tf.train.import_meta_graph(str(tmp_path / "m.meta"))
        assert other.get_operations() == [] and other.collections == []


@pytest.mark.parametrize("as_text", [True, False])
def test_write_graph_writes_a_graph_def(tmp_path, graph, as_text):
    tf.constant([1.0, 2.0], name="c")
    path = tf.train.write_graph(graph, str(tmp_path / "new" / "folder"), "g.pb", as_text=as_text)
    assert path == str(tmp_path / "new" / "folder" / "g.pb")
    content = (tmp_path / "new" / "folder" / "g.pb").read_bytes()
    if as_text:
        assert content.decode() == str(graph.as_graph_def()) and b"dtype: DT_FLOAT" in content
    else:
        assert tf.GraphDef.FromString(content) == graph.as_graph_def()


def test_the_messages_are_those_of_tensorflow(folder):
    """A file of TensorFlow's says the same when it is read and written: what is not known is left out."""
    told = MetaGraphDef.FromString((folder / "dense.meta").read_bytes())
    assert told.saver_def == SaverDef(
        filename_tensor_name="save/Const:0", save_tensor_name="save/control_dependency:0",
        restore_op_name="save/restore_all", max_to_keep=5, keep_checkpoint_every_n_hours=10000.0, version=SaverDef.V2,
    )  # fmt: skip
    assert told.collection_def["numbers"] == CollectionDef(int64_list={"value": [7]})
    assert told.collection_def["numbers"].WhichOneof("kind") == "int64_list"
    assert len(told.graph_def.node) > 100 and told.graph_def.versions.producer > 1000
    assert MetaGraphDef.FromString(told.SerializeToString()) == told
