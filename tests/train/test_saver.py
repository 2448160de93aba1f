"""Savers: formats by ending, all-or-nothing restoring, what is said of what does not fit, values from devices."""

import itertools
import logging
import os
import re
import threading
from pathlib import Path

import fake_cupy
import numpy as np
import pytest

import scopeflow as tf
from scopeflow.kernels.backend import get_backend
from scopeflow.train.checkpoint.bundle import BundleReader


def variables(scope="conv1"):
    with tf.variable_scope(scope):
        return [
            tf.get_variable("weights", initializer=np.arange(6, dtype=np.float32).reshape(2, 3)),
            tf.get_variable("half", initializer=tf.constant([1.5, 2.5], tf.bfloat16)),
            tf.get_variable("flag", initializer=np.array([True, False])),
            tf.get_variable("parts", [4, 2], initializer=tf.ones_initializer(),
                            partitioner=tf.fixed_size_partitioner(2)),
        ]  # fmt: skip


def initialized():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def values(session):
    return {v.op.name: session.run(v) for v in tf.global_variables()}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)


# -- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "format", "path"),
    [
        ("m", None, "m-3"),
        ("m.npz", None, "m-3.npz"),
        ("m.safetensors", None, "m-3.safetensors"),
        ("m", "npz", "m-3.npz"),
        ("m", "safetensors", "m-3.safetensors"),
        ("m.ckpt", "tensorflow", "m.ckpt-3"),
    ],
)
@pytest.mark.parametrize("memories", [1, 2])
def test_values_go_into_each_format_and_come_back(graph, tmp_path, request, name, format, path, memories):
    if memories == 2:
        request.getfixturevalue("stand_in_cupy")
    variables()
    saver = tf.train.Saver(format=format)
    session = initialized()
    assert (session.default is session.host) == (memories == 1)
    assert saver.save(session, tmp_path / name, global_step=3) == str(tmp_path / path)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / path)
    with tf.Session() as other:
        saver.restore(other, tmp_path / path)
        assert_same(values(other), values(session))
    assert [shape for _, shape in tf.train.list_variables(tmp_path)] == [[2], [2], [4, 2], [2, 3]]


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
def test_old_checkpoints_of_any_format_are_removed(graph, tmp_path, ending):
    variables()
    session, saver = initialized(), tf.train.Saver(max_to_keep=1)
    for step in range(3):
        saver.save(session, str(tmp_path / f"m{ending}"), global_step=step)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", f"m-2{ending}"]


def test_a_string_variable_goes_into_tensorflows_format_alone(graph, tmp_path):
    tf.get_variable("names", initializer=tf.constant([b"a\0", b""]))
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    with tf.Session() as other:
        tf.train.Saver().restore(other, path)
        assert other.run("names:0").tolist() == [b"a\0", b""]
    with pytest.raises(tf.errors.InvalidArgumentError, match="npz file cannot hold names, which is of dtype string"):
        tf.train.Saver().save(session, str(tmp_path / "m.npz"))
    assert not list(tmp_path.glob("*.npz*"))


def test_an_unknown_format_is_refused_when_the_saver_is_made(graph):
    variables()
    with pytest.raises(ValueError, match="Unknown checkpoint format 'h5'"):
        tf.train.Saver(format="h5")


# -- restoring is all or nothing --------------------------------------------------------------------------------------


def test_a_missing_name_is_told_with_the_one_prefix_that_explains_all_and_nothing_is_changed(graph, tmp_path):
    variables("model/conv1")
    path = tf.train.Saver().save(initialized(), str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as session:
        free = tf.get_variable("model/conv1/weights", initializer=np.zeros([2, 3], np.float32))
        variables("net/conv1")
        session.run(tf.global_variables_initializer())
        before = values(session)
        with pytest.raises(tf.errors.NotFoundError) as raised:
            tf.train.Saver().restore(session, path)
        assert_same(values(session), before)
        assert (session.run(free) == 0).all()
    message = raised.value.message
    assert f"Key net/conv1/flag not found in checkpoint {path}; nor are net/conv1/half, net/conv1/parts, " in message
    assert 'With "model/" in place of "net/", all are there: ' in message
    assert 'tf.train.init_from_checkpoint(..., {"model/": "net/"})' in message


@pytest.mark.parametrize(
    ("shape", "dtype", "said"),
    [
        ([3, 2], tf.float32, "Assign requires shapes of both tensors to match. lhs shape= [3,2] rhs shape= [2,3]"),
        ([2, 3], tf.float16, "expected dtype half does not equal original dtype float"),
    ],
)
def test_a_variable_that_does_not_fit_is_named_with_the_checkpoint_and_nothing_is_changed(
    graph, tmp_path, shape, dtype, said
):
    variables()
    path = tf.train.Saver().save(initialized(), str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as session:
        first = tf.get_variable("a", initializer=np.zeros(2, bool))
        last = tf.get_variable("net/w", shape, dtype)
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            tf.train.Saver({"conv1/flag": first, "conv1/weights": last}).restore(session, path)
        assert not session.run(first).any()
    assert f"tensor_name = conv1/weights; {said} (variable net/w, checkpoint {path})" in raised.value.message


def test_a_restored_variable_keeps_its_buffer_and_an_uninitialized_one_takes_the_array_over(graph, tmp_path):
    weights = variables()[0]
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    buffer = session.buffer(weights)
    weights.load(np.zeros([2, 3]), session)
    tf.train.Saver().restore(session, path)
    assert session.buffer(weights) is buffer and buffer[1, 2] == 5
    with tf.Session() as other:
        tf.train.Saver().restore(other, path)
        taken = other.buffer(weights)
        assert taken.flags.writeable and taken.flags.c_contiguous and taken.flags.aligned
        other.run(tf.assign_add(weights, tf.ones([2, 3])))
        assert other.buffer(weights)[1, 2] == 6
    assert tf.train.load_variable(path, "conv1/weights")[1, 2] == 5


@pytest.mark.parametrize("memories", [1, 2])
def test_a_damaged_tensor_is_found_before_any_buffer_is_overwritten(graph, tmp_path, request, memories):
    if memories == 2:
        request.getfixturevalue("stand_in_cupy")
    variables()
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    data = Path(path + ".data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1  # of the last tensor
    data.write_bytes(content)
    for variable in tf.global_variables():
        variable.load(np.zeros(variable.shape.as_list()), session)
    before = values(session)
    with pytest.raises(tf.errors.DataLossError, match="Checksum does not match"):
        tf.train.Saver().restore(session, path)
    assert_same(values(session), before)


def test_a_value_that_will_be_copied_is_read_as_a_view_of_the_file(graph, tmp_path, monkeypatch):
    weights = variables()[0]
    session = initialized()
    path = tf.train.Saver([weights]).save(session, str(tmp_path / "m"))
    monkeypatch.setattr(BundleReader, "read", None)  # not called
    weights.load(np.zeros([2, 3]), session)
    tf.train.Saver([weights]).restore(session, path)
    assert session.buffer(weights)[1, 2] == 5


def test_what_a_safetensors_file_holds_unaligned_becomes_an_aligned_buffer(graph, tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.ones(1, np.uint8), "b": np.arange(3.0)}, str(tmp_path / "m.safetensors"))
    a, b = tf.get_variable("a", [1], tf.uint8), tf.get_variable("b", [3], tf.float64)
    with tf.Session() as session:
        tf.train.Saver().restore(session, tmp_path / "m.safetensors")
        assert session.buffer(b).flags.aligned and session.buffer(b).tolist() == [0, 1, 2]
        assert session.buffer(a).tolist() == [1]


# -- saving -----------------------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_checkpoint_and_its_state(graph, tmp_path, monkeypatch):
    weights = variables()[0]
    session, saver = initialized(), tf.train.Saver(max_to_keep=1)
    path = saver.save(session, str(tmp_path / "m"), global_step=1)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}

    def no_space(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("scopeflow.train.checkpoint.files.os.fsync", no_space)
        with pytest.raises(tf.errors.ResourceExhaustedError, match=r"m-2.*; No space left on device"):
            saver.save(session, str(tmp_path / "m"), global_step=2)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before
    assert saver.last_checkpoints == [path]
    saver.restore(session, path)
    assert session.run(weights)[1, 2] == 5


def test_an_uninitialized_variable_is_told_before_any_file_is_there(graph, tmp_path):
    variables()
    with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value conv1/"):
        tf.train.Saver().save(session, str(tmp_path / "deep" / "m"))
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_is_whole_while_another_thread_trains(graph, tmp_path):
    """What is checksummed is what is written, though it may be of several steps."""
    big = tf.get_variable("big", [1 << 22], initializer=tf.zeros_initializer())
    step = tf.assign_add(big, tf.ones([1 << 22])).op
    session = initialized()
    stop = threading.Event()

    def train():
        while not stop.is_set():
            session.run(step)

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        saver = tf.train.Saver()
        for _ in range(5):
            path = saver.save(session, str(tmp_path / "m"))
            assert tf.train.load_variable(path, "big").shape == (1 << 22,)  # DataLossError for a wrong checksum
    finally:
        stop.set()
        trainer.join()


def test_version_1_is_asked_for_and_version_2_written_with_a_warning(graph, tmp_path, caplog):
    variables()
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
    assert "this Saver writes version 2" in caplog.text
    saver.save(initialized(), str(tmp_path / "m"))
    assert (tmp_path / "m.index").exists()
    with pytest.raises(ValueError, match="write_version must be"):
        tf.train.Saver(write_version=7)


def test_a_session_of_another_graph_is_refused(graph, tmp_path):
    variables()
    saver = tf.train.Saver()
    with tf.Graph().as_default():
        tf.constant(1)
        with tf.Session() as session, pytest.raises(ValueError, match="is not an element of this graph"):
            saver.save(session, str(tmp_path / "m"))


def test_a_closed_session_is_refused(graph, tmp_path):
    variables()
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    session.close()
    for call in (lambda: tf.train.Saver().save(session, path), lambda: tf.train.Saver().restore(session, path)):
        with pytest.raises(RuntimeError, match="Attempted to use a closed Session"):
            call()


def test_restoring_is_logged_as_tensorflow_logs_it(graph, tmp_path, caplog):
    variables()
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    with caplog.at_level(logging.INFO, "scopeflow"):
        tf.train.Saver().restore(session, path)
    assert caplog.messages == [f"Restoring parameters from {path}"]


def test_a_killed_savers_successor_keeps_the_newest_of_all(graph, tmp_path):
    """With one to keep, the old one goes only when the state file names the new one."""
    variables()
    session, saver = initialized(), tf.train.Saver(max_to_keep=1)
    saver.save(session, str(tmp_path / "m"), global_step=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("scopeflow.train.checkpoint.state.write_state", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            saver.save(session, str(tmp_path / "m"), global_step=2)
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "m-1")


# -- from a device ----------------------------------------------------------------------------------------------------


def test_pieces_from_a_device_are_copied_while_the_one_before_is_used(stand_in_cupy):
    """The stand-in's streams copy when they are waited for, and no sooner: what is not waited for is not there."""
    k = get_backend("/device:GPU:0")
    wanted = np.arange(1000, dtype=np.int32)
    array = k.asarray(wanted)
    found, begun, last = [], [], None
    get = fake_cupy.ndarray.get

    def counted(self, *args, **kwargs):
        begun.append(len(found))
        return get(self, *args, **kwargs)

    stand_in_cupy.ndarray.get = counted
    try:
        for piece in k.host_chunks(array, chunk_bytes=768):
            found.append(piece.copy())
            assert last is None or not np.shares_memory(piece, last)  # which a copy may be under way to
            last = piece
    finally:
        stand_in_cupy.ndarray.get = get
    assert np.concatenate(found).view(np.int32).tolist() == wanted.tolist()
    assert [piece.nbytes for piece in found] == [768] * 5 + [160]
    assert begun == [0, 0, 1, 2, 3, 4]  # the second begins before the first is handed out, and so on


@pytest.mark.parametrize("size", [0, 1, 767, 768, 769, 1536, 1537])
@pytest.mark.parametrize("device", ["/device:CPU:0", "/device:GPU:0"])
def test_pieces_of_any_length_make_the_whole(stand_in_cupy, device, size):
    k = get_backend(device)
    wanted = np.random.default_rng(size).integers(0, 256, size).astype(np.uint8)
    pieces = [piece.copy() for piece in k.host_chunks(k.asarray(wanted), chunk_bytes=768)]
    assert b"".join(piece.tobytes() for piece in pieces) == wanted.tobytes()
    assert all(0 < piece.nbytes <= 768 for piece in pieces)


def test_a_reader_that_stops_early_leaves_no_copy_under_way(stand_in_cupy):
    pieces = get_backend("/device:GPU:0").host_chunks(get_backend("/device:GPU:0").asarray(np.zeros(999)), 800)
    next(pieces)
    (stream,) = (local for local in pieces.gi_frame.f_locals.values() if isinstance(local, stand_in_cupy.cuda.Stream))
    under_way = len(stream.given)
    pieces.close()
    assert stream.waited_for >= under_way


def test_pieces_of_a_host_array_stay_as_they_were_handed_out():
    array = np.zeros(4, np.int64)
    (piece,) = get_backend("/device:CPU:0").host_chunks(array)
    array[:] = 1
    assert not piece.any()


@pytest.mark.gpu
def test_gigabytes_from_a_gpu_are_saved_as_they_are(graph, tmp_path):
    with tf.device("/gpu:0"):
        tf.get_variable("big", [1 << 26], initializer=tf.random_uniform_initializer(seed=1))
    session = initialized()
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    np.testing.assert_array_equal(tf.train.load_variable(path, "big"), session.run("big:0"))


# -- random numbers go on ---------------------------------------------------------------------------------------------


def drawing():
    """Random ops of each kind, one of them in a loop."""
    tf.set_random_seed(3)
    tf.get_variable("v", [2])
    looped = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x + tf.random_normal([2])), [0, tf.zeros([2])])[1]
    return [tf.random_uniform([3]), tf.nn.dropout(tf.ones([8]), 0.5), tf.random_shuffle(tf.range(9)), looped]


@pytest.mark.parametrize("name", ["m", "m.npz"])
def test_with_random_streams_a_resumed_run_draws_what_one_that_never_stopped_draws(graph, tmp_path, name):
    draws, saver = drawing(), tf.train.Saver(random_streams=True)
    session = initialized()
    session.run(draws)
    path = saver.save(session, str(tmp_path / name))
    wanted = [session.run(draws) for _ in range(2)]
    saver.restore(session, path)  # back in the same session
    again = [session.run(draws) for _ in range(2)]
    with tf.Graph().as_default():
        draws, saver = drawing(), tf.train.Saver(random_streams=True)
        session = initialized()
        saver.restore(session, path)
        resumed = [session.run(draws) for _ in range(2)]
        for found in (again, resumed):
            for a, b in zip(itertools.chain(*found), itertools.chain(*wanted), strict=True):
                np.testing.assert_array_equal(a, b)
        tf.train.Saver().restore(session, path)  # without them the draws just go on
        assert not (session.run(draws[0]) == resumed[0][0]).all()


def test_random_streams_are_saved_where_they_are_asked_for_alone(graph, tmp_path):
    draws = drawing()
    session = initialized()
    session.run(draws)
    tf.train.Saver().save(session, str(tmp_path / "m"))
    tf.train.Saver(random_streams=True).save(session, str(tmp_path / "n"))
    assert tf.train.list_variables(str(tmp_path / "m")) == [("v", [2])]
    with_streams = dict(tf.train.list_variables(str(tmp_path / "n")))
    assert with_streams.pop("v") == [2]
    assert set(with_streams) == {f"_random_streams/{name}" for name in session.streams()}
    assert len(with_streams) == 5  # the initializer has drawn too


# -- TensorFlow 2's checkpoints ---------------------------------------------------------------------------------------


def test_names_are_found_in_a_checkpoint_made_of_objects(graph, tmp_path):
    from scopeflow.train.checkpoint.bundle import BundleWriter
    from scopeflow.train.checkpoint.object_graph import _GRAPH, KEY

    key = "model/layer/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    node = {"attributes": [{"full_name": "dense/kernel", "checkpoint_key": key}]}
    path = str(tmp_path / "m")
    with BundleWriter(path) as writer:
        writer.add(key, np.ones([2, 2], np.float32))
        writer.add(KEY, np.array(_GRAPH.encode({"nodes": [{"attributes": []}, node]}), object))
        writer.finish()
    kernel = tf.get_variable("dense/kernel", [2, 2])
    with tf.Session() as session:
        tf.train.Saver().restore(session, path)
        assert (session.run(kernel) == 1).all()
        other = tf.get_variable("dense/kernels", [2, 2])
        with pytest.raises(tf.errors.NotFoundError, match="Key dense/kernels not found in checkpoint"):
            tf.train.Saver([other]).restore(session, path)


# -- what is said where it is ignored ---------------------------------------------------------------------------------


def test_paths_may_be_path_objects_and_bytes(graph, tmp_path):
    variables()
    session = initialized()
    path = tf.train.Saver().save(session, Path(tmp_path) / "m")
    tf.train.Saver().restore(session, path.encode())
    tf.train.Saver().restore(session, Path(path))
    assert tf.train.get_checkpoint_state(tmp_path).model_checkpoint_path == path


def test_a_checkpoints_folder_is_made_but_not_the_one_above(graph, tmp_path, monkeypatch):
    tf.get_variable("v", [2])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert saver.save(session, "made/m", 3) == "made/m-3" and (tmp_path / "made" / "m-3.index").exists()
        assert saver.save(session, str(tmp_path / "other" / "m")) and saver.save(session, "here")
        for path in ("no/folder/m", str(tmp_path / "no" / "folder" / "m"), "file/m", "file/folder/m"):
            with pytest.raises(ValueError, match=re.escape(f"Parent directory of {path} doesn't exist, can't save.")):
                saver.save(session, path, 3)
    assert not (tmp_path / "no").exists() and (tmp_path / "file").read_text() == ""


def test_builders_and_deferred_lists_are_refused_in_words(graph):
    variables()
    with pytest.raises(NotImplementedError, match="builder"):
        tf.train.Saver(builder=object())
    with pytest.raises(ValueError, match="build cannot be deferred"):
        tf.train.Saver(tf.global_variables(), defer_build=True)


def test_threads_may_save_into_one_folder_at_once(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", initializer=np.ones(1000, np.float32))
        saver = tf.train.Saver(max_to_keep=3)
        session.run(tf.global_variables_initializer())
        failed = []

        def save(first):
            try:
                for step in range(first, first + 5):
                    saver.save(session, str(tmp_path / "model"), global_step=step)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=save, args=(10 * i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        state = tf.train.get_checkpoint_state(str(tmp_path))
        assert len(state.all_model_checkpoint_paths) == 3
        assert {p.name for p in tmp_path.glob("*.index")} == {
            f"{path.rpartition('/')[2]}.index" for path in state.all_model_checkpoint_paths
        }


def test_programs_may_ask_what_a_saver_saves_by_itself():
    from scopeflow.train.saver import _all_saveable_objects

    with tf.Graph().as_default():
        kept, other = tf.get_variable("a/v", []), tf.Variable(1.0, name="w")
        tf.get_variable("local", [], collections=[tf.GraphKeys.LOCAL_VARIABLES])
        assert _all_saveable_objects() == [kept, other] and _all_saveable_objects("a/") == [kept]
