"""Strings and files where no recording reaches: hashes of every length, patterns, files that change between runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.engine.ops.hashes import farm64, murmur64, siphash
from scopeflow.engine.ops.numerals import number_from
from scopeflow.engine.ops.regex import compiled, replaced


def run(tensor):
    with tf.Session(graph=tensor.graph) as session:
        return session.run(tensor)


def test_siphash_is_that_of_its_authors():
    key = tuple(int.from_bytes(bytes(range(start, start + 8)), "little") for start in (0, 8))
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5  # appendix A of the paper


# Of the bytes 0, 1, 2, …: what TensorFlow 2.21 gives for 2**62 buckets, at the lengths where a hash changes its way.
FROM_TENSORFLOW = {
    0: (0x01769421199F9E3B, 0x1AE16A3B2F90404F),
    1: (0x1B107540F214CD46, 0x3E6056EDF5E94B54),
    2: (0x0DB824799C7242BD, 0x02A04665ED038D75),
    3: (0x2BB406D472820FA9, 0x14A13D22E9EBA49A),
    4: (0x2B38F1B2A0F4257B, 0x02BFFD898958E540),
    7: (0x1ADF0D3D93B66CDB, 0x22E0BFF20DB0A6A1),
    8: (0x06F9B1AAC59CD9D9, 0x2D5A13E1E8E93B98),
    15: (0x1A07341D33074A02, 0x062A51555943BD9D),
    16: (0x2417251EAF4A226D, 0x0EFD25A0A34156D4),
    17: (0x12E9B195EBE2AF17, 0x3BB6A6F8F20D1F1C),
    31: (0x399D04A62CC8DFD6, 0x3BD950AF27EF6941),
    32: (0x03464A738AAA2BC1, 0x1A9D8199972CDF49),
    33: (0x0D59BC97D7E2150C, 0x28756EC1CB75524E),
    63: (0x391731C5BA250D92, 0x01C1F788A248076F),
    64: (0x1E6D2C70E366A8D4, 0x358504BB53DECC4B),
    65: (0x230E031623B0F914, 0x06A3282C3E793DBE),
    127: (0x2EB494A5F5827394, 0x2A8BE9FA05393DB5),
    128: (0x0A44F2026497EEE7, 0x1C484C95F0EA5DD3),
    129: (0x1DFFE2D5C22F9B41, 0x0E8BA3741121083E),
    192: (0x32A435ECCB8C9AE2, 0x2A48F302825FE8D4),
    193: (0x1F53391346050197, 0x3C2613A6EE7A0ECB),
    300: (0x1BF937F00AD8D9E3, 0x2A66CE5F3E21DA23),
}


@pytest.mark.parametrize("length", FROM_TENSORFLOW)
def test_hashes_of_every_length_are_tensorflows(length):
    data = bytes(i % 256 for i in range(length))
    assert (murmur64(data) % 2**62, farm64(data) % 2**62) == FROM_TENSORFLOW[length]


@given(st.binary(max_size=60), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_base64_encodes_it_decodes(data, pad):
    assert run(tf.decode_base64(tf.encode_base64(tf.constant(data), pad=pad))) == data


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_number_written_in_full_is_read_back(numbers):
    texts = tf.as_string(np.array(numbers), precision=17, scientific=True)
    assert run(tf.string_to_number(texts, tf.float64)).tolist() == numbers


@pytest.mark.parametrize(
    "text", [b"1_0", b"", b" ", b"0x", b"0x1.8p1", b"1e", b"e5", b"nan1", "٣".encode(), b"1,5", b"--1"]
)
def test_what_python_or_c_may_read_but_tensorflow_does_not_is_no_number(text):
    for dtype in (tf.float32, tf.float64, tf.int64):
        with pytest.raises(ValueError):
            number_from(text, dtype)


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.uint32, tf.uint64])
def test_integers_are_read_up_to_their_limits_and_no_further(dtype):
    limits = np.iinfo(dtype.as_numpy_dtype)
    for number, fits in ((limits.min, True), (limits.max, True), (limits.min - 1, False), (limits.max + 1, False)):
        if fits:
            assert number_from(b" %d " % number, dtype) == number
        else:
            with pytest.raises(ValueError):
                number_from(b"%d" % number, dtype)


@pytest.mark.parametrize(
    "pattern", [r"(?=a)", r"(?!a)", r"(?<=a)b", r"(?<!a)b", r"(?>a)", r"(?#a)", r"(a)\1", r"\Z", "a**", "a*+", "["]
)
def test_what_re2_has_not_is_refused_though_python_may_have_it(pattern):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid pattern: "):
        compiled(pattern.encode())


@pytest.mark.parametrize("pattern", [r"\pL", r"\PN", r"\C"])
def test_classes_of_unicode_are_told_to_be_missing(pattern):
    with pytest.raises(tf.errors.UnimplementedError, match="is not there in Python's regular expressions"):
        compiled(pattern.encode())


def test_bytes_that_are_no_text_pass_through_a_pattern():
    assert replaced(compiled(b"b+"), b"\xfe", b"\xffabb\xff", True) == b"\xffa\xfe\xff"


def test_a_file_is_read_anew_by_every_run(tmp_path):
    path = tmp_path / "f"
    content, found = tf.read_file(str(path)), tf.matching_files(str(tmp_path / "*"))
    with tf.Session() as session:
        with pytest.raises(tf.errors.NotFoundError, match=r"f; No such file or directory"):
            session.run(content)
        for data in (b"first", b"", b"second\x00"):
            path.write_bytes(data)
            assert session.run([content, found])[0] == data
        (tmp_path / "g").write_bytes(b"")
        assert session.run(found).tolist() == [str(tmp_path / name).encode() for name in "fg"]


def test_what_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"as it was")
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="Is a directory"):
            session.run(tf.write_file(str(tmp_path), "text"))
        with pytest.raises(tf.errors.OpError):
            session.run(tf.write_file(str(tmp_path / "file" / "below"), "text"))
    assert (tmp_path / "file").read_bytes() == b"as it was"


def test_a_file_is_written_and_read_within_one_run(tmp_path):
    path = str(tmp_path / "new" / "f")
    with tf.control_dependencies([tf.write_file(path, tf.as_string(tf.range(3))[2])]):
        again = tf.read_file(path)
    assert run(again) == b"2"


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (lambda: tf.strings.split([["a"]]), "takes a scalar or a vector, not rank 2"),
        (lambda: tf.string_split(["a"], result_type="RaggedTensor"), "scopeflow has no RaggedTensor"),
    ],
)
def test_what_is_missing_is_said(build, what):
    with pytest.raises(NotImplementedError, match=what):
        build()
