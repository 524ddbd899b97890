"""The fingerprint of a notice: anyone who holds the printed sheet can work it out again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line as it stands on the wall."""

    place: int
    masked_name: str
    words: str
    points: int
    happened_on: date


def canonical(number: str, lines: Iterable[PrintedLine]) -> bytes:
    """The exact bytes that are hashed: JSON, UTF-8, no blanks; points in hundredths, days as 2026-03-11."""
    rows = [
        [line.place, line.masked_name, line.words, line.points, line.happened_on.isoformat()]
        for line in sorted(lines, key=lambda line: line.place)
    ]
    return json.dumps([number, rows], ensure_ascii=False, separators=(",", ":")).encode()


def fingerprint(number: str, lines: Iterable[PrintedLine]) -> str:
    """SHA-256 over the number and every line, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(number, lines)).hexdigest()
