"""tf.flags, tf.app, tf.logging and tf.gfile: what stands around a program's graph."""

import contextlib
import io
import logging
import os
import subprocess
import sys

import pytest

import scopeflow as tf

PROGRAM = """
import sys
import scopeflow as tf
flags = tf.app.flags
flags.DEFINE_string("name", "x", "a name")
flags.DEFINE_integer(flag_name="n", default_value=3, docstring="a number")
tf.flags.DEFINE_boolean("b", False, "a switch")
FLAGS = tf.flags.FLAGS
{body}
"""
AS_MAIN = """
def main(argv):
    print(argv[1:], FLAGS.name, FLAGS.n, FLAGS.b, FLAGS["n"].value, "n" in FLAGS)
    return 3
tf.app.run()
"""


def run_program(tmp_path, body, *arguments):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("{body}", body))
    # The package under test is the one that this process has, wherever that lies.
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(tf.__file__))}
    if os.path.basename(os.path.dirname(tf.__file__)) != "scopeflow":
        del environment["PYTHONPATH"]  # installed in place, under another name
    return subprocess.run(
        [sys.executable, str(path), *arguments], capture_output=True, text=True, env=environment, cwd=tmp_path
    )


def test_a_main_gets_what_is_no_flag_and_its_answer_is_the_exit_status(tmp_path):
    done = run_program(tmp_path, AS_MAIN, "--n", "5", "rest", "--b", "--nobody_knows=1")
    assert done.stdout.split("\n")[0] == "['rest', '--nobody_knows=1'] x 5 True 5 True", done.stderr
    assert done.returncode == 3


def test_flags_read_before_a_main_runs_are_parsed_then(tmp_path):
    body = "print(FLAGS.is_parsed(), FLAGS.n, FLAGS.is_parsed())\nFLAGS.n = 7\n"
    body += "print(FLAGS.n, FLAGS.flag_values_dict()['n'])"
    assert run_program(tmp_path, body, "--n=4").stdout == "False 4 True\n7 7\n"


def test_flags_are_absls_own_and_of_the_program_that_defines_them(tmp_path):
    body = (
        "from absl import flags as absl\nabsl.DEFINE_float('f', 0.5, 'theirs')\n"
        "print(FLAGS.f, absl.FLAGS.n, sorted(f.name for f in absl.FLAGS.get_key_flags_for_module(sys.argv[0])))"
    )
    done = run_program(tmp_path, body)
    assert done.stdout == "0.5 3 ['b', 'f', 'n', 'name']\n", done.stderr


def test_an_unknown_flag_read_from_the_line_is_an_error(tmp_path):
    done = run_program(tmp_path, "FLAGS.n", "--nobody_knows=1")
    assert done.returncode == 1 and "UnrecognizedFlagError: Unknown command line flag 'nobody_knows'" in done.stderr


def test_a_flag_defined_twice_is_an_error(tmp_path):
    done = run_program(tmp_path, "flags.DEFINE_string('name', 'y', 'again')")
    assert "DuplicateFlagError: The flag 'name' is defined twice" in done.stderr


def test_what_tensorflow_before_1_5_had_of_flags(tmp_path):
    done = run_program(tmp_path, "FLAGS._parse_flags(['--n=9'])\nprint(FLAGS.n, len(FLAGS) > 3, 'n' in list(FLAGS))")
    assert done.stdout == "9 True True\n", done.stderr


# -- logging ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def written(monkeypatch):
    """What the logger writes to stderr, where no other handlers are."""
    with monkeypatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as text:
        patch.setattr(logging.getLogger(), "handlers", [])
        tf.logging.set_verbosity(tf.logging.INFO)
        try:
            yield text
        finally:
            logging.getLogger("tensorflow").setLevel(logging.NOTSET)


def test_messages_have_their_level_and_are_written_from_warnings_on():
    levels = [getattr(tf.logging, name) for name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")]
    assert levels == [10, 20, 30, 40, 50]
    assert tf.logging.get_verbosity() == tf.logging.WARN


def test_messages_are_written_as_tensorflow_writes_them(monkeypatch):
    with written(monkeypatch) as text:
        tf.logging.info("hi %s", 3)
        tf.logging.debug("not seen")
        tf.logging.warn("w")
        tf.logging.warning("%d%%", 5)
        tf.logging.error("e")
        tf.logging.fatal("f")
        tf.logging.log(tf.logging.ERROR, "log %d", 1)
        tf.logging.log_if(tf.logging.ERROR, "if %d", True, 2)
        tf.logging.log_if(tf.logging.ERROR, "if %d", False, 3)
        tf.logging.vlog(1, "not seen")
        tf.logging.TaskLevelStatusMessage("t")
        tf.logging.flush()
    assert text.getvalue().splitlines() == [
        "INFO:tensorflow:hi 3", "WARNING:tensorflow:w", "WARNING:tensorflow:5%", "ERROR:tensorflow:e",
        "CRITICAL:tensorflow:f", "ERROR:tensorflow:log 1", "ERROR:tensorflow:if 2", "ERROR:tensorflow:t",
    ]  # fmt: skip


def test_some_messages_are_written_now_and_then(monkeypatch):
    with written(monkeypatch) as text:
        for i in range(5):
            tf.logging.log_first_n(tf.logging.INFO, "first %d", 2, i)
            tf.logging.log_every_n(tf.logging.INFO, "every %d", 2, i)
    said = [line.rpartition(":")[2] for line in text.getvalue().splitlines()]
    assert said == ["first 0", "every 0", "first 1", "every 2", "every 4"]


def test_a_message_is_written_once_where_a_program_has_handlers_and_names_its_line(capsys, caplog):
    with caplog.at_level(logging.INFO, "tensorflow"):
        for write in (tf.logging.info, tf.logging.error, lambda text: tf.logging.log(20, text)):
            write("mine")
    assert [record.filename for record in caplog.records] == ["test_surroundings.py"] * 3
    assert capsys.readouterr().err == ""


# -- files -----------------------------------------------------------------------------------------------------------

TEXT = "héllo\nzwei\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_files_are_read_in_every_way(here):
    g = tf.gfile
    assert g.GFile("a.txt").read() == TEXT and g.Open("a.txt", "rb").read(3) == b"h\xc3\xa9"
    assert list(g.FastGFile("a.txt")) == g.GFile("a.txt").readlines() == ["héllo\n", "zwei\n"]
    file = g.GFile("a.txt", "rb")
    assert file.size() == 12 and file.readline() == b"h\xc3\xa9llo\n"
    assert (file.tell(), next(file), file.read()) == (7, b"zwei\n", b"")
    with pytest.raises(StopIteration):
        next(file)
    file.seek(-5, 2)
    assert file.read(4) == b"zwei" and file.seekable()
    file.seek(position=0)
    assert file.read(1) == b"h" and (file.name, file.mode) == ("a.txt", "rb")


def test_files_are_written_in_every_way(here):
    g = tf.gfile
    with g.GFile("w.txt", "w") as file:
        file.write("é")
        file.write(b"b")
        assert file.tell() == 3
        file.flush()
        assert g.GFile("w.txt", "rb").read() == b"\xc3\xa9b"
    with g.GFile("w.txt", "a") as file:
        file.write("c")
    assert g.GFile("w.txt").read() == "ébc"
    with g.GFile("w.txt", "w"):
        pass
    assert g.Stat("w.txt").length == 0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda g: g.GFile("nope").read(), "NotFoundError", "nope; No such file or directory"),
        (
            lambda g: g.GFile("a.txt", "z"),
            "InvalidArgumentError",
            "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'",
        ),
        (lambda g: g.GFile("a.txt").write("x"), "PermissionDeniedError", "File isn't open for writing"),
        (lambda g: g.GFile("b.txt", "w").read(), "PermissionDeniedError", "File isn't open for reading"),
        (lambda g: g.GFile("x/b", "w").write("a"), "NotFoundError", "x/b; No such file or directory"),
        (lambda g: g.GFile("d").read(), "FailedPreconditionError", "d; Is a directory"),
        (lambda g: g.ListDirectory("nope"), "NotFoundError", "Could not find directory nope"),
        (lambda g: g.ListDirectory("a.txt"), "NotFoundError", "Could not find directory a.txt"),
        (lambda g: g.Remove("nope"), "NotFoundError", "nope; No such file or directory"),
        (lambda g: g.Remove("d"), "FailedPreconditionError", "d; Is a directory"),
        (lambda g: g.DeleteRecursively("nope"), "NotFoundError", "nope not found"),
        (lambda g: g.MkDir("q/r"), "NotFoundError", "q/r; No such file or directory"),
        (lambda g: g.Copy("a.txt", "d"), "AlreadyExistsError", "file already exists"),
        (lambda g: g.Copy("nope", "c"), "NotFoundError", "nope; No such file or directory"),
        (lambda g: g.Rename("a.txt", "a.txt"), "AlreadyExistsError", "file already exists"),
        (lambda g: g.Rename("nope", "c"), "NotFoundError", "nope; No such file or directory"),
        (lambda g: g.Stat("nope"), "NotFoundError", "nope; No such file or directory"),
    ],
)
def test_what_cannot_be_done_with_files_is_said_in_tensorflows_words(here, call, kind, message):
    with pytest.raises(getattr(tf.errors, kind)) as caught:
        call(tf.gfile)
    assert caught.value.message == message


def test_files_are_found_listed_moved_and_removed(here):
    g = tf.gfile
    assert g.Exists("a.txt") and g.Exists(b"a.txt") and not g.Exists("nope")
    assert g.IsDirectory("d") and not g.IsDirectory("a.txt") and not g.IsDirectory("nope")
    assert g.ListDirectory(".") == ["a.txt", "d"]
    assert g.Glob("*") == ["./a.txt", "./d"] and g.Glob("d/*") == ["d/e"] and g.Glob("nope/*") == []
    assert g.Glob(["*.txt", "d"]) == ["./a.txt", "d"]
    g.MkDir("d")
    g.MakeDirs("d")
    g.MakeDirs("d/f/g")
    g.Copy("a.txt", "d/c.txt")
    g.Copy("a.txt", "d/c.txt", overwrite=True)
    g.Rename("d/c.txt", "a.txt", overwrite=True)
    assert g.GFile("a.txt").read() == TEXT and g.ListDirectory("d") == ["e", "f"]
    g.Rename("a.txt", "d/c.txt")
    assert list(g.Walk(".")) == [
        (".", ["d"], []), ("./d", ["e", "f"], ["c.txt"]), ("./d/e", [], []), ("./d/f", ["g"], []), ("./d/f/g", [], []),
    ]  # fmt: skip
    assert [folder for folder, _, _ in g.Walk("d", in_order=False)] == ["d/e", "d/f/g", "d/f", "d"]
    assert list(g.Walk("nope")) == []
    assert g.Stat("d").is_directory and g.Stat("d/c.txt").length == 12 and not g.Stat("d/c.txt").is_directory
    assert abs(g.Stat("d/c.txt").mtime_nsec - os.stat("d/c.txt").st_mtime_ns) == 0
    g.Remove("d/c.txt")
    g.DeleteRecursively("d")
    assert g.ListDirectory(".") == []


def test_files_have_their_later_names_too(here):
    g = tf.io.gfile
    assert g.exists("a.txt") and g.isdir("d") and g.listdir(".") == ["a.txt", "d"] and g.glob("d/*") == ["d/e"]
    g.mkdir("d")
    g.makedirs("d/f/g")
    g.copy("a.txt", "d/c.txt")
    g.copy(src="a.txt", dst="d/c.txt", overwrite=True)
    g.rename("d/c.txt", "a.txt", overwrite=True)
    with pytest.raises(tf.errors.AlreadyExistsError, match="file already exists"):
        g.copy("a.txt", "a.txt")
    assert g.GFile("a.txt").read() == TEXT and g.stat("a.txt").length == 12
    failed = []
    assert list(g.walk("d")) == list(tf.gfile.Walk("d")) and list(g.walk("nope", onerror=failed.append)) == []
    assert [folder for folder, _, _ in g.walk("d", topdown=False)] == ["d/e", "d/f/g", "d/f", "d"]
    assert [type(error) for error in failed] == [tf.errors.NotFoundError]
    g.remove("a.txt")
    g.rmtree("d")
    assert g.listdir(".") == []
