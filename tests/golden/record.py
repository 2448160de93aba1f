"""Keeping and comparing what golden cases answer: texts and numbers as JSON, arrays as a compressed .npz beside it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"

# NumPy's file format knows no bfloat16: such an array is kept as the words it is made of.
WORDS = {"bfloat16": np.uint16}

Answers = dict[str, Any]


def plain(value: Any) -> Any:
    """A value as it is kept: an array (NumPy scalars too), or what JSON can say: text, numbers, lists of them."""
    return np.asarray(value) if isinstance(value, np.ndarray | np.generic) else _sayable(value)


def _sayable(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_sayable(v) for v in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError(f"A golden case may not return a {type(value).__name__}: {value!r}")


def save(module: str, version: str, answers: Mapping[str, Answers], fingerprints: Mapping[str, str]) -> None:
    """Write data/<module>.json, a line for each case, and, where there are arrays, data/<module>.npz."""
    arrays = {(key, name): v for key, values in answers.items() for name, v in values.items() if _is_array(v)}
    texts = {key: {name: v for name, v in values.items() if not _is_array(v)} for key, values in answers.items()}
    head = {"made_by": f"tensorflow {version}", "fingerprints": dict(fingerprints)}
    lines = ",\n".join(f"{_json(key)}: {_json(values)}" for key, values in texts.items())
    DATA.mkdir(exist_ok=True)
    text = f'{{"head": {json.dumps(head, indent=1)},\n"cases": {{\n{lines}\n}}}}\n'
    (DATA / f"{module}.json").write_text(text, encoding="utf-8")
    (DATA / f"{module}.npz").unlink(missing_ok=True)
    if arrays:
        _pack(DATA / f"{module}.npz", arrays)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _pack(path: Path, arrays: Mapping[tuple[str, str], np.ndarray]) -> None:
    """Few members pack far better than many: the arrays of one dtype lie end to end, found by the index."""
    index: list[list[Any]] = []
    parts: dict[str, list[np.ndarray]] = {}
    for (key, name), array in arrays.items():
        kind = array.dtype.name
        index.append([key, name, kind, list(array.shape)])
        parts.setdefault(kind, []).append(array.ravel().view(WORDS.get(kind, array.dtype)))
    text = np.frombuffer(_json(index).encode(), np.uint8)
    np.savez_compressed(path, index=text, **{kind: np.concatenate(p) for kind, p in parts.items()})


def load(module: str) -> tuple[dict[str, Answers], dict[str, str], str]:
    """(answers by case, fingerprints by program, who made them) of one module; all empty if it was never recorded."""
    if not (DATA / f"{module}.json").exists():
        return {}, {}, ""
    told = json.loads((DATA / f"{module}.json").read_text(encoding="utf-8"))
    answers: dict[str, Answers] = told["cases"]
    if (DATA / f"{module}.npz").exists():
        for (key, name), array in _unpack(DATA / f"{module}.npz"):
            answers[key][name] = array
    return answers, told["head"]["fingerprints"], told["head"]["made_by"]


def _unpack(path: Path) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    with np.load(path) as data:
        parts = {kind: data[kind] for kind in data.files}
    used = dict.fromkeys(parts, 0)
    for key, name, kind, shape in json.loads(parts["index"].tobytes()):
        start, size = used[kind], int(np.prod(shape))
        used[kind] = start + size
        yield (key, name), parts[kind][start : start + size].view(_dtype(kind)).reshape(shape)


def _dtype(name: str) -> np.dtype:
    if name in WORDS:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


def differences(got: Answers, want: Answers, rtol: float, atol: float) -> list[str]:
    """One line for each answer that is not the recorded one; empty if all agree."""
    lines = [f"{name}: missing" for name in want.keys() - got.keys()]
    lines += [f"{name}: not in the recorded data" for name in got.keys() - want.keys()]
    for name in sorted(want.keys() & got.keys()):
        wanted, given = want[name], got[name]
        if isinstance(wanted, np.ndarray) and isinstance(given, np.ndarray):
            lines += [f"{name}: {line}" for line in _array_difference(given, wanted, rtol, atol)]
        elif type(given) is not type(wanted) or given != wanted:
            lines += [f"{name}: {line}" for line in _text_difference(given, wanted)]
    return lines


def _text_difference(got: Any, want: Any) -> list[str]:
    if not (isinstance(got, list) and isinstance(want, list) and len(got) == len(want)):
        return [f"{got!r} instead of {want!r}"]
    return [f"[{i}] {g!r} instead of {w!r}" for i, (g, w) in enumerate(zip(got, want, strict=True)) if g != w]


def _array_difference(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> list[str]:
    if got.dtype != want.dtype or got.shape != want.shape:
        return [f"{got.dtype.name} {got.shape} instead of {want.dtype.name} {want.shape}"]
    if want.dtype.kind in "biu":
        bad = got != want
    else:
        kind = np.complex128 if want.dtype.kind == "c" else np.float64
        wide, exact = got.astype(kind), want.astype(kind)
        with np.errstate(invalid="ignore"):
            close = np.abs(wide - exact) <= atol + rtol * np.abs(exact)
        same = (wide == exact) | (np.isnan(wide) & np.isnan(exact))
        bad = ~np.where(np.isfinite(exact), close, same)
    if not bad.any():
        return []
    worst = tuple(int(i) for i in np.argwhere(bad)[0])
    return [f"{int(bad.sum())} of {bad.size} differ, first at {worst}: {got[worst]!r} instead of {want[worst]!r}"]
