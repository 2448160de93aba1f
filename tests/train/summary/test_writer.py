"""Event files: TensorBoard's own reader opens them; damage is told; nothing is lost or overwritten."""

import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto import graph_pb2
from tensorboard.util import tensor_util

import scopeflow as tf


def files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def events(folder):
    return [event for path in files(folder) for event in tf.train.summary_iterator(path)]


def scalars(folder):
    return [(e.step, v.tag, v.simple_value) for e in events(folder) for v in e.summary.value]


def of(tag, number):
    return tf.Summary(value=[tf.Summary.Value(tag=tag, simple_value=number)])


@pytest.fixture
def logdir(tmp_path):
    return str(tmp_path / "logs" / "run")


def test_tensorboard_reads_scalars_histograms_images_texts_and_the_graph(logdir, graph):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
        y = tf.matmul(x, w, name="y")
    tf.summary.scalar("average", tf.reduce_mean(y))
    tf.summary.histogram("y", y)
    tf.summary.image("picture", tf.reshape(x, [1, -1, 3, 1]))
    tf.summary.text("said", tf.constant(["*so*"]))
    tf.summary.audio("heard", x, 8000.0)
    merged = tf.summary.merge_all()
    initialize = tf.global_variables_initializer()
    with tf.Session() as session, tf.summary.FileWriter(logdir, graph) as writer:
        session.run(initialize)
        for step in range(3):
            writer.add_summary(session.run(merged, {x: np.full((2, 3), step, np.float32)}), step)
    board = EventAccumulator(logdir, size_guidance={"images": 0, "histograms": 0, "audio": 0})
    board.Reload()
    assert [(s.step, s.value) for s in board.Scalars("average")] == [(0, 0.0), (1, 3.0), (2, 6.0)]
    assert [h.histogram_value.sum for h in board.Histograms("y")] == [0.0, 12.0, 24.0]
    assert [(i.width, i.height) for i in board.Images("picture/image/0")] == [(3, 2)] * 3
    assert [sound.encoded_audio_string[:4] for sound in board.Audio("heard/audio/1")] == [b"RIFF"] * 3
    assert [tensor_util.make_ndarray(t.tensor_proto).tolist() for t in board.Tensors("said")] == [[b"*so*"]] * 3
    assert board.SummaryMetadata("said").plugin_data.plugin_name == "text"
    drawn = {node.name: node for node in board.Graph().node}
    assert [op.name for op in graph.get_operations()] == [node.name for node in board.Graph().node]
    assert drawn["layer/y"].op == "MatMul" and drawn["layer/y"].input[0] == "x"
    assert drawn["x"].attr["_output_shapes"].list.shape[0].dim[0].size == -1
    assert drawn["layer/y"].attr["T"].type == 1


def test_the_graph_has_inputs_control_inputs_devices_and_constants(graph):
    with tf.device("/cpu:0"):
        a = tf.constant([[1.0, 2.0]], name="a")
    with tf.control_dependencies([a]):
        tf.no_op(name="alone")
    parts = tf.split(a, 2, axis=1, name="parts")
    tf.identity(parts[1], name="second")
    tf.constant(np.zeros(10000, np.float32), name="large")
    drawn = {node.name: node for node in graph_pb2.GraphDef.FromString(graph.as_graph_def().SerializeToString()).node}
    assert drawn["a"].device == a.device and a.device
    assert drawn["a"].attr["value"].tensor.tensor_content == np.array([1.0, 2.0], np.float32).tobytes()
    assert drawn["a"].attr["dtype"].type == 1
    assert "^a" in drawn["alone"].input
    assert list(drawn["second"].input) == ["parts:1"]
    assert len(drawn["large"].attr["value"].tensor.tensor_content) == 40000


def test_any_graph_can_be_drawn(graph):
    """Conditions, loops, Python functions, variables and all their attributes."""
    v = tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    total = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + v), (0, v + 1.0))[1]
    chosen = tf.cond(total[0] > 1.0, lambda: total, lambda: -total)
    tf.py_func(lambda x: x, [chosen], tf.float32)
    tf.train.AdamOptimizer().minimize(tf.reduce_sum(chosen))
    read = graph_pb2.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    names = {node.name for node in read.node}
    assert len(names) == len(read.node) and names >= {op.name for op in graph.get_operations()}
    for node in read.node:
        assert {name.lstrip("^").split(":")[0] for name in node.input} <= names


def test_tensorboards_loader_gives_every_event_of_a_file(logdir):
    with tf.summary.FileWriter(logdir) as writer:
        for step in range(200):
            writer.add_summary(of("a", step), step)
    loaded = list(EventFileLoader(files(logdir)[0]).Load())
    assert [event.step for event in loaded[1:]] == list(range(200))


def test_events_are_on_disk_after_flush_and_close_and_when_many_wait(logdir):
    writer = tf.summary.FileWriter(logdir, max_queue=5)
    assert [event.file_version for event in events(logdir)] == ["brain.Event:2"]
    writer.add_summary(of("a", 1.0), 1)
    assert scalars(logdir) == []
    writer.flush()
    assert scalars(logdir) == [(1, "a", 1.0)]
    for step in range(2, 8):
        writer.add_summary(of("a", 1.0), step)
    assert len(scalars(logdir)) == 7
    writer.add_summary(of("a", 2.0), 8)
    writer.close()
    assert scalars(logdir)[-1] == (8, "a", 2.0)


def test_events_go_to_disk_once_the_seconds_are_over(logdir):
    writer = tf.summary.FileWriter(logdir, flush_secs=0)
    writer.add_summary(of("a", 1.0), 1)
    assert scalars(logdir) == [(1, "a", 1.0)]
    writer.close()


def test_a_closed_writer_warns_and_a_reopened_one_goes_on_in_another_file(logdir):
    writer = tf.summary.FileWriter(logdir)
    writer.add_summary(of("a", 1.0), 1)
    writer.close()
    writer.close()
    with pytest.warns(UserWarning, match="Attempting to use a closed FileWriter"):
        writer.add_summary(of("a", 2.0), 2)
    writer.reopen()
    writer.add_summary(of("a", 3.0), 3)
    writer.close()
    assert len(files(logdir)) == 2, "the second file must not replace the first one of the same second"
    assert scalars(logdir) == [(1, "a", 1.0), (3, "a", 3.0)]
    with pytest.raises(RuntimeError, match="closed FileWriter"), writer:
        pass


def test_writers_of_one_folder_and_second_share_no_file(logdir):
    writers = [tf.summary.FileWriter(logdir) for _ in range(5)]
    for number, writer in enumerate(writers):
        writer.add_summary(of("a", number), number)
        writer.close()
    assert len(files(logdir)) == 5
    assert sorted(scalars(logdir)) == [(n, "a", float(n)) for n in range(5)]


def test_threads_may_write_at_once(logdir):
    writer = tf.summary.FileWriter(logdir)

    def write(thread):
        for step in range(100):
            writer.add_summary(of(str(thread), step), step)

    threads = [threading.Thread(target=write, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    for n in range(4):
        assert [value for _, tag, value in scalars(logdir) if tag == str(n)] == list(range(100))


def test_what_a_program_forgot_to_close_is_there_when_it_ends(logdir):
    program = (
        "import scopeflow as tf, sys\n"
        "writer = tf.summary.FileWriter(sys.argv[1])\n"
        "writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag='a', simple_value=2.0)]), 3)\n"
    )
    subprocess.run([sys.executable, "-c", program, logdir], check=True)
    assert scalars(logdir) == [(3, "a", 2.0)]


def test_metadata_is_written_with_a_tags_first_value_only(logdir):
    described = tf.Summary(value=[tf.Summary.Value(tag="t", simple_value=1.0)])
    described.value[0].metadata.plugin_data.plugin_name = "text"
    with tf.summary.FileWriter(logdir) as writer:
        writer.add_summary(described, 1)
        writer.add_summary(described.SerializeToString(), 2)
        writer.add_summary(np.array(described.SerializeToString(), object), 3)
    assert [e.summary.value[0].HasField("metadata") for e in events(logdir)[1:]] == [True, False, False]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda w: w.add_summary("text"), TypeError, "A serialized summary or a tf.Summary is needed, not 'text'"),
        (lambda w: w.add_graph(3), TypeError, "The passed graph must be an instance of `Graph`"),
        (lambda w: w.add_graph(tf.Graph(), graph_def=tf.Graph()), ValueError, "not both"),
        (lambda w: w.add_summary(b"\xff"), ValueError, "a number runs past the end"),
    ],
)
def test_what_cannot_be_written_is_refused(logdir, call, kind, text):
    with tf.summary.FileWriter(logdir) as writer, pytest.raises(kind, match=text):
        call(writer)
    assert len(events(logdir)) == 1


def test_what_a_run_told_of_itself_is_written_once_for_a_tag(logdir):
    told = tf.RunMetadata()
    with tf.summary.FileWriter(logdir) as writer:
        writer.add_run_metadata(told, "step 3", 3)
        with pytest.raises(ValueError, match="The provided tag was already used for this event type"):
            writer.add_run_metadata(told, "step 3", 4)
    (written,) = events(logdir)[1:]
    assert (written.step, written.tagged_run_metadata.tag) == (3, "step 3")
    assert written.tagged_run_metadata.run_metadata == told.SerializeToString()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(tf.errors.OpError, match="file"):
        tf.summary.FileWriter(str(tmp_path / "file" / "logs"))


def test_the_cache_has_one_writer_for_a_folder(logdir, graph):
    first = tf.summary.FileWriterCache.get(logdir)
    assert tf.summary.FileWriterCache.get(logdir) is first
    tf.summary.FileWriterCache.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="closed"):
            first.add_summary(of("a", 1.0))
        second = tf.summary.FileWriterCache.get(logdir)
    assert second is not first
    tf.summary.FileWriterCache.clear()
    assert [event.WhichOneof("what") for event in events(logdir)] == [
        "file_version", "graph_def", "meta_graph_def",
    ] * 2  # fmt: skip


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="nowhere; No such file"):
        list(tf.train.summary_iterator(str(tmp_path / "nowhere")))
