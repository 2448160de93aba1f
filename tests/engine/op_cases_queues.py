"""Cases of queues, staging areas and readers: filled and emptied in one run, in an order that the graph says."""

import numpy as np
from op_cases import Case, normal

from scopeflow.data.sparse_map import AddManySparseToTensorsMap, AddSparseToTensorsMap, TakeManySparseFromTensorsMap


def then(tf, before, make):
    """What `make` builds, to be run after `before`."""
    with tf.control_dependencies([before]):
        return make()


def through(make_queue):
    """Builds rows of the input that go through a queue, by all ways in and out."""

    def build(tf, x):
        queue = make_queue(tf, x)
        filled = then(tf, queue.enqueue([x[0]]), lambda: queue.enqueue_many([x]))
        one = then(tf, filled, queue.dequeue)
        some = then(tf, one, lambda: queue.dequeue_many(1))
        closed = then(tf, some, queue.close)
        rest = then(tf, closed, lambda: queue.dequeue_up_to(9))
        return [one, some, rest, *then(tf, rest, lambda: (queue.size(), queue.is_closed()))]

    return build


def _by_priority(tf, x):
    queue = tf.PriorityQueue(9, tf.float64, [[3]])
    filled = queue.enqueue_many([[2, 1], x])
    return then(tf, filled, lambda: queue.dequeue_many(2)[1])


def _staged(tf, x):
    area = tf.contrib.staging.StagingArea([tf.float64], [[2, 3]])
    seen = then(tf, area.put([x]), lambda: area.peek(0))
    got = then(tf, seen, area.get)
    return [seen, got, then(tf, then(tf, got, area.clear), area.size)]


def read_by(make_reader):
    """Builds what a reader makes of names in a queue, by all ways of reading; there is no file to be read."""

    def build(tf, x):
        queue, reader = tf.FIFOQueue(9, tf.string, shapes=[[]]), tf.IdentityReader()
        made = make_reader(tf)
        filled = then(tf, queue.enqueue_many([["a", "b", "c"]]), queue.close)
        one = then(tf, filled, lambda: reader.read(queue).value)
        two = then(tf, one, lambda: reader.read_up_to(queue, 1).value)
        counts = then(tf, two, lambda: (reader.num_records_produced(), reader.num_work_units_completed()))
        reset = then(tf, tf.group(*counts), reader.reset)
        with tf.control_dependencies([reset, made.reset()]):
            return [*counts, reader.num_records_produced(), made.num_records_produced()]

    return build


def _sparse(tf, x):
    queue = tf.FIFOQueue(9, tf.int64, shapes=[[]])
    parts = np.array([[0, 1], [1, 0], [1, 2]]), x[:3], np.array([2, 3])
    one = AddSparseToTensorsMap(*parts, container="", shared_name="both")
    rows = AddManySparseToTensorsMap(parts[0], x[3:], parts[2], container="", shared_name="both")
    filled = then(tf, queue.enqueue([one]), lambda: queue.enqueue_many([rows]))
    first = then(tf, filled, lambda: queue.dequeue_many(1))
    rest = then(tf, first, lambda: queue.dequeue_many(2))
    take = {"dtype": x.dtype, "container": "", "shared_name": "both"}
    return [*TakeManySparseFromTensorsMap(first, **take), *TakeManySparseFromTensorsMap(rest, **take)]


def case(name, ops, build, *inputs):
    return Case(name, ops, build, inputs, differentiable=False)


IN_AND_OUT = (
    "QueueEnqueueV2", "QueueEnqueueManyV2", "QueueDequeueV2", "QueueDequeueManyV2", "QueueDequeueUpToV2",
    "QueueCloseV2", "QueueSizeV2", "QueueIsClosedV2",
)  # fmt: skip
READING = (
    "ReaderReadV2", "ReaderReadUpToV2", "ReaderNumRecordsProducedV2", "ReaderNumWorkUnitsCompletedV2",
    "ReaderResetV2", "IdentityReaderV2",
)  # fmt: skip

CASES = [
    case("queue", ("FIFOQueueV2", *IN_AND_OUT), through(lambda tf, x: tf.FIFOQueue(9, x.dtype, [[3]])), normal(2, 3)),
    case(
        "queue_padding",
        ("PaddingFIFOQueueV2",),
        through(lambda tf, x: tf.PaddingFIFOQueue(9, x.dtype, [[None]])),
        normal(2, 3),
    ),
    case(
        "queue_shuffled",
        ("RandomShuffleQueueV2",),
        through(lambda tf, x: tf.RandomShuffleQueue(9, 0, x.dtype, [[3]], seed=3)),
        normal(2, 3),
    ),
    case("queue_by_priority", ("PriorityQueueV2",), _by_priority, normal(2, 3)),
    case("staging_area", ("Stage", "StagePeek", "Unstage", "StageClear", "StageSize"), _staged, normal(2, 3)),
    case(
        "sparse_map",
        ("AddSparseToTensorsMap", "AddManySparseToTensorsMap", "TakeManySparseFromTensorsMap"),
        _sparse,
        normal(6),
    ),
    case("reader_of_names", READING, read_by(lambda tf: tf.IdentityReader()), np.float64(1.0)),
    case("reader_of_files", ("WholeFileReaderV2",), read_by(lambda tf: tf.WholeFileReader()), np.float64(1.0)),
    case("reader_of_lines", ("TextLineReaderV2",), read_by(lambda tf: tf.TextLineReader()), np.float64(1.0)),
    case("reader_of_records", ("TFRecordReaderV2",), read_by(lambda tf: tf.TFRecordReader()), np.float64(1.0)),
    case(
        "reader_of_one_length",
        ("FixedLengthRecordReaderV2",),
        read_by(lambda tf: tf.FixedLengthRecordReader(3)),
        np.float64(1.0),
    ),
]
