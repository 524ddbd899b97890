"""The canonical bytes of a transaction: what is hashed, and what a proof carries.

Version 1, all numbers big-endian:

    head   u8 version = 1 · u8 length + book code · 16 bytes public id · i64 recorded_at · 32 bytes hash of the key
    body   u8 length + kind · u8 length + scope · 32 bytes hash of the subject · i64 occurred_at
           16 bytes public id of the hold it ends, or zeros · 16 bytes public id of what it reverses, or zeros
           u8 count of entries, then for each 16 bytes public id of the account · i64 signed amount

Instants are microseconds since 1970-01-01 UTC. No name, no text of people. The body alone
says what was asked and leaves out when it was written, so that a repeat at a later instant is the same request.

The public id of a transaction begins with its id (8 bytes) and ends with 8 random bytes: found without an index, not guessed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

Bytes = bytes | bytearray | memoryview
VERSION = 1
NOTHING = bytes(16)
HEAD_REST = 16 + 8 + 32  # public id, instant, hash of the key: what follows the book's code in the head
BEFORE_LINES = 32 + 8 + 16 + 16  # hash of the subject, instant, what it ends, what it reverses
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
pack_amount = struct.Struct(">q").pack
pack_instant = struct.Struct(">q").pack
_LINE = struct.Struct(">16sq")
_HEAD = struct.Struct(">q8sq32s")
_MIDDLE = struct.Struct(">32sq32sB")
pack_line = _LINE.pack
LINE_LENGTH = _LINE.size
two_lines = struct.Struct(">16sq16sq").unpack_from
"""The lines of a transaction that has two, from where they begin: account, amount, account, amount."""
Lines = Sequence[tuple[bytes, int]]  # accounts' public ids and signed amounts


def micros(at: datetime) -> int:
    """An instant as microseconds since 1970, UTC. One read back from SQLite without its zone is UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def short(text: str) -> bytes:
    """A short text with its length before it."""
    data = text.encode()
    return bytes((len(data),)) + data


def body(
    kind: bytes, scope: bytes, subject_hash: bytes, occurred: int, ends: bytes, reverses: bytes, lines: list[bytes]
) -> bytes:
    """`kind` and `scope` as `short` gives them; each line is an account's public id and an amount."""
    return b"".join((kind, scope, subject_hash, pack_instant(occurred), ends, reverses, bytes((len(lines),)), *lines))


def head(book: bytes, public_id: bytes, recorded: int, key_hash: bytes) -> bytes:
    """`book` is the version and the book's code, as `book_mark` gives them."""
    return book + public_id + pack_instant(recorded) + key_hash


def start(mark: bytes, facts: tuple[int, bytes, int, bytes], words: bytes, rest: tuple[bytes, int, bytes, int]) -> bytes:
    """Everything before the lines. `facts` are id, random end of the public id, instant and hash of the key; `words` are kind
    and scope; `rest` the hash of the subject, when it happened, what it ends and reverses, and the count of lines."""
    return b"".join((mark, _HEAD.pack(*facts), words, _MIDDLE.pack(*rest)))


def book_mark(code: str) -> bytes:
    return bytes((VERSION,)) + short(code)


def length_without_lines(book_code: str) -> int:
    """How long these bytes are but for the kind's and the scope's letters and the lines."""
    return len(book_mark(book_code)) + HEAD_REST + 2 + BEFORE_LINES + 1


def token_of(memento: Bytes) -> bytes:
    """The public id of the transaction that these bytes are; shorter where they are cut off."""
    start = 2 + int.from_bytes(memento[1:2], "big")
    return bytes(memento[start : start + 16])


def recorded_of(memento: Bytes) -> int:
    """The instant under which it was recorded, in microseconds since 1970; something else where they are cut off."""
    start = 2 + int.from_bytes(memento[1:2], "big") + 16
    return int.from_bytes(memento[start : start + 8], "big", signed=True)


def body_of(memento: Bytes) -> bytes:
    """What was asked, without when it was written: two requests are the same when these bytes are."""
    return bytes(memento[2 + memento[1] + HEAD_REST :])


def _place_of_lines(memento: Bytes) -> int:
    place = 2 + HEAD_REST + memento[1]
    place += 1 + memento[place]
    return place + 2 + BEFORE_LINES + memento[place]


def lines_of(memento: Bytes) -> Lines:
    """The lines that these bytes hold: the account's public id and the signed amount."""
    return list(_LINE.iter_unpack(memento[_place_of_lines(memento) :]))


def pairs_of(mementos: Sequence[Bytes]) -> list[tuple[bytes, int, bytes, int]] | None:
    """The lines of transactions of one book, kind and scope where each has two: account, amount, account, amount. None where
    one has more."""
    place = _place_of_lines(mementos[0])
    if set(map(len, mementos)) != {place + 2 * LINE_LENGTH}:
        return None
    return [two_lines(memento, place) for memento in mementos]
