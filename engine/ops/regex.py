"""Regular expressions of RE2 (https://github.com/google/re2/wiki/Syntax), as far as Python's own module can do them.

Both find the leftmost match that comes first by preference. What is spelled alike and means something else is
translated; what Python's module has not, or RE2 has not, is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import InvalidArgumentError, OpError, UnimplementedError

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_ESCAPES = {"z": r"\Z", "a": r"\x07", "Q": ""}
_TOKEN = re.compile(
    r"""\\Q(?P<literal>.*?)(?:\\E|$)
      | \\(?P<escape>.)
      | \[:(?P<posix>\^?\w+):\]
      | (?P<group>\(\?[^:)]*)
      | (?P<one>.)""",
    re.DOTALL | re.VERBOSE,
)


def _refused(pattern: str, why: str) -> OpError:
    return InvalidArgumentError(None, None, f"Invalid pattern: {pattern}, error: {why}")


@lru_cache(256)
def compiled(pattern: bytes) -> re.Pattern[str]:
    """The pattern for Python's module, over text. Raises InvalidArgumentError where RE2 refuses it."""
    text = pattern.decode(errors="surrogateescape")
    try:
        return re.compile(_translated(text), re.ASCII)
    except re.error as error:
        raise _refused(text, f"{error.msg}: {text}") from None


def _translated(text: str) -> str:
    parts: list[str] = []
    inside = False  # a class of characters in brackets
    opened = 0
    for found in _TOKEN.finditer(text):
        kind, part = found.lastgroup, found.group()
        if kind == "literal" or part.startswith(r"\Q"):
            parts.append(re.escape(found["literal"] or ""))
        elif kind == "escape":
            parts.append(_escape(text, found["escape"]))
        elif kind == "posix":
            parts.append(_class(text, found["posix"]) if inside else part)
        elif inside:
            inside = part != "]" or found.start() == opened
            parts.append(rf"\{part}" if part == "[" else part)
        elif kind == "group":
            parts.append(_group(text, part))
        elif part == "[":
            inside, opened = True, found.end() + text.startswith("^", found.end())
            parts.append(part)
        elif part == "+" and parts and parts[-1] in ("*", "+", "?"):
            raise _refused(text, f"bad repetition operator: {parts[-1]}+")
        else:
            parts.append(r"\Z" if part == "$" else part)
    return "".join(parts)


def _escape(text: str, letter: str) -> str:
    if letter in "pPXC":
        raise UnimplementedError(None, None, rf"Pattern {text}: \{letter} is not there in Python's regular expressions")
    if letter in "123456789ZGKkRu":
        raise _refused(text, rf"invalid escape sequence: \{letter}")
    return _ESCAPES.get(letter, f"\\{letter}")


def _class(text: str, name: str) -> str:
    if name not in _POSIX:
        raise _refused(text, f"invalid character class range: [:{name}:]")
    return _POSIX[name]


def _group(text: str, part: str) -> str:
    if re.fullmatch(r"\(\?(P<\w+>.*)?", part, re.DOTALL) or re.fullmatch(r"\(\?-?[ims]+(-[ims]+)?", part):
        return part
    if part.startswith("(?<") and part[3:4] not in "=!":
        return "(?P" + part[2:]
    raise _refused(text, f"invalid perl operator: {part[:3]}")


def replaced(pattern: re.Pattern[str], rewrite: bytes, text: bytes, everywhere: bool) -> bytes:
    r"""`text` with what the pattern matches (first, or `everywhere`) replaced; in `rewrite` \1 is the first group.

    Where `rewrite` cannot be, the text is as it was, as in TensorFlow.
    """
    pieces = _pieces(rewrite)
    if any(piece > pattern.groups for piece in pieces if isinstance(piece, int)):
        return text
    source = text.decode(errors="surrogateescape")
    parts: list[str] = []
    position, ended = 0, -1
    while (found := pattern.search(source, position)) is not None:
        if found.end() == found.start() == ended:  # an empty match may not follow another
            found = pattern.search(source, position + 1) if position < len(source) else None
            if found is None:
                break
            parts.append(source[position : found.start()])
        else:
            parts.append(source[position : found.start()])
        parts += [(found[piece] or "") if isinstance(piece, int) else piece for piece in pieces]
        position = ended = found.end()
        if not everywhere:
            break
    return ("".join(parts) + source[position:]).encode(errors="surrogateescape")


def _pieces(rewrite: bytes) -> list[int | str]:
    """What a match is replaced by: numbers of groups, and text."""
    parts = re.findall(r"\\\d|\\\\|[^\\]+|\\", rewrite.decode(errors="surrogateescape"))
    return [part if part[0] != "\\" else int(part[1:]) if part[1:].isdigit() else "\\" for part in parts]
