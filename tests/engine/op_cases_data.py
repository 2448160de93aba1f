"""Cases of data/: the first element of each dataset, begun in the run that asks for it."""

import numpy as np
from op_cases import Case, normal


def first(make):
    """Builds the first element of the dataset make(tf, tf.data.Dataset, *inputs)."""

    def build(tf, *inputs):
        iterator = make(tf, tf.data.Dataset, *inputs).make_initializable_iterator()
        with tf.control_dependencies([iterator.initializer]):
            return iterator.get_next()

    return build


def case(name, ops, make, *inputs):
    return Case(name, ops, first(make), inputs, differentiable=False)


def _by_handle(tf, x):
    iterator = tf.data.Dataset.range(3).repeat().make_one_shot_iterator()
    chosen = tf.data.Iterator.from_string_handle(iterator.string_handle(), tf.int64, [])
    return tf.cast(chosen.get_next(), x.dtype) * 0.0 + x


def _number_of_records(tf, x):
    none = tf.data.TFRecordDataset(np.zeros(0, object).astype(str))
    return none.reduce(x, lambda total, record: total + 1.0)


def _grouped(tf, d, x):
    group = tf.data.experimental.group_by_window(lambda _: 1, lambda key, group: group.batch(2), 2)
    return d.from_tensor_slices(x).apply(group)


def _chosen(tf, d, x):
    return tf.data.experimental.choose_from_datasets(
        [d.range(1), d.from_tensors(tf.size(x, out_type=tf.int64))], d.range(1, 2)
    )


CASES = [
    case(
        "dataset_of_tensors",
        ("IteratorV2", "MakeIterator", "IteratorGetNext"),
        lambda tf, d, x: d.from_tensors(x),
        normal(2, 3),
    ),
    case("dataset_of_rows", ("TensorSliceDataset",), lambda tf, d, x: d.from_tensor_slices((x, x[:, 0])), normal(2, 3)),
    case("dataset_mapped", ("MapDataset",), lambda tf, d, x: d.range(3).map(lambda i: x * 2.0), normal(2)),
    case(
        "dataset_mapped_in_parallel",
        ("ParallelMapDatasetV2",),
        lambda tf, d, x: d.from_tensors(x).map(lambda y: y + x, 2),
        normal(2),
    ),
    case(
        "dataset_filtered",
        ("FilterDataset",),
        lambda tf, d, x: d.from_tensor_slices(x).filter(lambda y: y > 0.0),
        normal(9),
    ),
    case(
        "dataset_taken",
        ("TakeDataset", "SkipDataset"),
        lambda tf, d, x: d.from_tensor_slices(x).skip(1).take(1),
        normal(3),
    ),
    case(
        "dataset_taken_while",
        ("TakeWhileDataset",),
        lambda tf, d, x: d.from_tensors(x).take_while(lambda _: True),
        normal(3),
    ),
    case("dataset_shard", ("ShardDataset",), lambda tf, d, x: d.from_tensor_slices(x).shard(2, 1), normal(3)),
    case(
        "dataset_cached",
        ("CacheDataset", "RepeatDataset", "PrefetchDataset"),
        lambda tf, d, x: d.from_tensors(x).cache().repeat().prefetch(1),
        normal(3),
    ),
    case(
        "dataset_zipped",
        ("ZipDataset", "RangeDataset"),
        lambda tf, d, x: d.zip((d.range(2), d.from_tensors(x))),
        normal(3),
    ),
    case(
        "dataset_concatenated",
        ("ConcatenateDataset",),
        lambda tf, d, x: d.from_tensors(x).concatenate(d.from_tensors(x)),
        normal(3),
    ),
    case(
        "dataset_flat_mapped",
        ("FlatMapDataset",),
        lambda tf, d, x: d.from_tensors(x).flat_map(d.from_tensor_slices),
        normal(3),
    ),
    case(
        "dataset_interleaved",
        ("InterleaveDataset",),
        lambda tf, d, x: d.from_tensors(x).interleave(d.from_tensor_slices, 2),
        normal(3),
    ),
    case(
        "dataset_batched",
        ("BatchDatasetV2", "UnbatchDataset"),
        lambda tf, d, x: d.from_tensors(x).unbatch().batch(2),
        normal(3),
    ),
    case(
        "dataset_padded", ("PaddedBatchDatasetV2",), lambda tf, d, x: d.from_tensors(x).padded_batch(1, [5]), normal(3)
    ),
    case(
        "dataset_shuffled", ("ShuffleDataset",), lambda tf, d, x: d.from_tensor_slices(x).shuffle(9, seed=1), normal(9)
    ),
    case(
        "dataset_shuffled_and_repeated",
        ("ShuffleAndRepeatDataset",),
        lambda tf, d, x: d.from_tensor_slices(x).apply(tf.data.experimental.shuffle_and_repeat(9, 2, 1)),
        normal(9),
    ),
    case(
        "dataset_in_windows",
        ("WindowDataset",),
        lambda tf, d, x: d.from_tensor_slices(x).window(2).flat_map(lambda w: w.batch(2)),
        normal(3),
    ),
    case("dataset_grouped", ("GroupByWindowDataset",), _grouped, normal(3)),
    case(
        "dataset_scanned",
        ("ScanDataset",),
        lambda tf, d, x: d.from_tensor_slices(x).apply(tf.data.experimental.scan(x[0], lambda s, y: (s + y, s * y))),
        normal(3),
    ),
    case(
        "dataset_without_errors",
        ("IgnoreErrorsDataset",),
        lambda tf, d, x: d.from_tensors(x).apply(tf.data.experimental.ignore_errors()),
        normal(3),
    ),
    case("dataset_chosen", ("DirectedInterleaveDataset",), _chosen, normal(3)),
    case(
        "dataset_generated",
        ("GeneratorDataset",),
        lambda tf, d, x: d.from_generator(lambda y: iter([y * 2.0]), tf.float64, [3], (x,)),
        normal(3),
    ),
    case("dataset_of_lines", ("TextLineDataset",), lambda tf, d: tf.data.TextLineDataset(__file__)),
    case("dataset_of_numbers", ("RandomDataset",), lambda tf, d: tf.data.experimental.RandomDataset(3)),
    case(
        "dataset_of_records",
        ("FixedLengthRecordDatasetV2",),
        lambda tf, d: tf.data.FixedLengthRecordDataset(__file__, 1),
    ),
    Case(
        "number_of_records", ("TFRecordDataset", "ReduceDataset"), _number_of_records, (normal(),), differentiable=False
    ),
    Case(
        "iterator_by_its_handle",
        ("OneShotIterator", "IteratorToStringHandle", "IteratorFromStringHandleV2"),
        _by_handle,
        (normal(3),),
        differentiable=False,
    ),
    Case(
        "only_element",
        ("TensorDataset", "DatasetToSingleElement"),
        lambda tf, x: tf.data.experimental.get_single_element(tf.data.Dataset.from_tensors(x)),
        (normal(3),),
        differentiable=False,
    ),
]
