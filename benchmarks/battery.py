"""TestU01's SmallCrush on the raw Philox words, in order and interleaved; writes a dated result. Run: make battery

P. L'Ecuyer and R. Simard, "TestU01: A C library for empirical testing of random number generators" (ACM TOMS 33, 2007).
The library is a package of several systems (on Debian libtestu01-0, in non-free). One process draws and writes words to
the standard input of a second one, which judges; nothing is drawn at random, so an outcome can be had again.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"
BLOCKS = 1 << 18  # drawn at a time
GRAPH_SEED, OP_SEED = 87654321, 7
# L'Ecuyer and Simard: a p-value out of SUSPECT wants a second look, one out of REJECTED is no chance any more.
SUSPECT, REJECTED = 1e-3, 1e-10


# --- The streams ------------------------------------------------------------------------------------------------------

Place = tuple[np.ndarray | int, np.ndarray | int, np.ndarray | int]  # block, graph seed, op seed


def alternating(words: np.ndarray) -> np.ndarray:
    """Of two blocks after each other, the words in turn."""
    return words.reshape(-1, 2, 4).swapaxes(1, 2)


def first_of_each_block(words: np.ndarray) -> np.ndarray:
    return words.reshape(-1, 4)[:, 0]


def reversed_bits(words: np.ndarray) -> np.ndarray:
    """The lowest bit first: most tests look at the high ones."""
    octets = words.byteswap().view(np.uint8)
    return np.packbits(np.unpackbits(octets, bitorder="little")).view(np.uint32)


# name: where the n-th block stands (n is an array of uint64), what is done with the words
STREAMS: dict[str, tuple[Callable[[np.ndarray], Place], Callable[[np.ndarray], np.ndarray] | None]] = {
    "seed (87654321, 7)": (lambda n: (n, GRAPH_SEED, OP_SEED), None),
    "seed (0, 0)": (lambda n: (n, 0, 0), None),
    "seed (2**63 - 1, -2**63)": (lambda n: (n, 2**63 - 1, 2**63), None),
    "seed (87654321, 7), bits reversed": (lambda n: (n, GRAPH_SEED, OP_SEED), reversed_bits),
    "the first word of each block": (lambda n: (n, GRAPH_SEED, OP_SEED), first_of_each_block),
    "every 256th block": (lambda n: (n * np.uint64(256), GRAPH_SEED, OP_SEED), None),
    "every 256th block from 2**40 on": (lambda n: (n * np.uint64(256) + np.uint64(1 << 40), GRAPH_SEED, OP_SEED), None),
    "the first block of op seeds 0, 1, 2, ...": (lambda n: (0, GRAPH_SEED, n), None),
    "the first block of graph seeds 0, 1, 2, ...": (lambda n: (0, n, OP_SEED), None),
    "op seeds 7 and 8, word by word": (
        lambda n: (n >> np.uint64(1), GRAPH_SEED, np.uint64(OP_SEED) + (n & np.uint64(1))),
        alternating,
    ),
    "graph seeds 87654321 and 87654322, word by word": (
        lambda n: (n >> np.uint64(1), np.uint64(GRAPH_SEED) + (n & np.uint64(1)), OP_SEED),
        alternating,
    ),
}
CONTROL = "a congruential generator (control, to be rejected)"


def stream(name: str) -> Iterator[np.ndarray]:
    """The words of a stream, without end."""
    if name == CONTROL:
        state = np.uint32(1)
        while True:
            words = np.cumprod(np.full(4 * BLOCKS, 69069, np.uint32), dtype=np.uint32) * state
            state = words[-1]
            yield words
    place, arrange = STREAMS[name]
    draw = _compiled()
    words = np.empty((BLOCKS, 4), np.uint32)
    for begin in range(0, 1 << 62, BLOCKS):
        n = np.arange(begin, begin + BLOCKS, dtype=np.uint64)
        draw(*(np.broadcast_to(np.asarray(part, np.uint64), n.shape) for part in place(n)), words)
        yield words.ravel() if arrange is None else np.ascontiguousarray(arrange(words.ravel()))


def _compiled() -> Callable[..., None]:
    """The package's own Philox over arrays of places."""
    import numba

    from scopeflow.kernels.cpu.compiled import stream_block

    @numba.njit
    def draw(blocks, graph_seeds, op_seeds, words):
        for j in range(blocks.size):
            k0, k1 = np.uint32(graph_seeds[j]), np.uint32(graph_seeds[j] >> np.uint64(32))
            c2, c3 = np.uint32(op_seeds[j]), np.uint32(op_seeds[j] >> np.uint64(32))
            w0, w1, w2, w3 = stream_block(blocks[j], k0, k1, c2, c3)
            words[j, 0] = w0
            words[j, 1] = w1
            words[j, 2] = w2
            words[j, 3] = w3

    return draw


# --- The battery ------------------------------------------------------------------------------------------------------


def library() -> ctypes.CDLL | None:
    for name in (ctypes.util.find_library("testu01"), "libtestu01.so.0"):
        try:
            return ctypes.CDLL(name) if name else None
        except OSError:
            continue
    return None


def judge() -> None:
    """Runs SmallCrush on the standard input and writes {test: p-value} as JSON."""
    testu01 = library()
    assert testu01 is not None
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the library's own report
    ctypes.c_int.in_dll(testu01, "swrite_Basic").value = 0
    testu01.ufile_CreateReadBin.restype = ctypes.c_void_p
    testu01.ufile_CreateReadBin.argtypes = [ctypes.c_char_p, ctypes.c_long]
    testu01.bbattery_SmallCrush.argtypes = [ctypes.c_void_p]
    testu01.bbattery_SmallCrush(testu01.ufile_CreateReadBin(b"/dev/stdin", 4 * BLOCKS))
    count = ctypes.c_int.in_dll(testu01, "bbattery_NTests").value
    names = (ctypes.c_char_p * count).in_dll(testu01, "bbattery_TestNames")
    p_values = (ctypes.c_double * count).in_dll(testu01, "bbattery_pVal")
    os.write(answer, json.dumps([(name.decode(), p) for name, p in zip(names, p_values, strict=True)]).encode())


def verdict(name: str) -> list[tuple[str, float]]:
    """(test, p-value) of each of SmallCrush's tests of a stream."""
    judging = subprocess.Popen([sys.executable, __file__, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert judging.stdin is not None and judging.stdout is not None
    try:
        for words in stream(name):
            judging.stdin.write(words.byteswap().data)  # the library reads the high byte first
            if judging.poll() is not None:
                break
    except BrokenPipeError:
        pass
    with judging.stdout as answer:
        return [(test, p) for test, p in json.load(answer)]


def beyond(p: float, level: float) -> bool:
    return not level <= p <= 1 - level


def shown(p: float) -> str:
    return f"{p:.2g}" if p < 0.9 else f"1 - {1 - p:.2g}"


def main() -> int:
    if library() is None:
        print("battery: TestU01 is not here (on Debian: libtestu01-0, in non-free); nothing was run", file=sys.stderr)
        return 2
    rows, bad, count = [], False, 0
    for name in (*STREAMS, CONTROL):
        values = verdict(name)
        suspect = [f"{test} {shown(p)}" for test, p in values if beyond(p, SUSPECT)]
        rejected = [test for test, p in values if beyond(p, REJECTED)]
        bad |= bool(rejected) != (name == CONTROL)
        ps = [p for _, p in values]
        count += len(ps) if name != CONTROL else 0
        rows.append(f"| {name} | {len(ps)} | {shown(min(ps))} | {shown(max(ps))} | {', '.join(suspect) or '-'} |")
        print(rows[-1], flush=True)
    now = datetime.now(timezone.utc)
    RESULTS.mkdir(exist_ok=True)
    outcome = "not as it should be" if bad else "no stream is rejected, and the control is"
    by_chance = f"{2 * SUSPECT * count:.1g} are expected to be suspect by chance"
    lines = [
        f"# TestU01's SmallCrush on the raw Philox words, {now:%Y-%m-%d}",
        "",
        "Each row is one run of the battery on the 32-bit words of a stream; nothing was run twice. A p-value outside",
        f"[{SUSPECT:g}, 1 - {SUSPECT:g}] is listed, one outside [{REJECTED:g}, 1 - {REJECTED:g}] rejects the stream.",
        "",
        "| stream | statistics | least p | greatest p | suspect |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Outcome: {outcome}. Of the streams' {count} p-values {by_chance}.",
    ]
    path = RESULTS / f"{now:%Y-%m-%d}-battery.md"
    path.write_text("\n".join(lines) + "\n")
    print(f"wrote {path.name}; {lines[-1]}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(judge() if sys.argv[1:] == ["judge"] else main())
