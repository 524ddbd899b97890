"""The one source of random values and of public ids. A seeded source may be set for demos and simulations only."""

from __future__ import annotations

import contextlib
import random
import secrets
from collections.abc import Iterator
from contextvars import ContextVar

_seeded: ContextVar[random.Random | None] = ContextVar("seeded", default=None)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[random.Random]:
    """Make every value inside the block follow from `seed`. Never used where secrets are made for real people."""
    source = random.Random(seed)
    token = _seeded.set(source)
    try:
        yield source
    finally:
        _seeded.reset(token)


def random_bytes(length: int) -> bytes:
    source = _seeded.get()
    return source.randbytes(length) if source else secrets.token_bytes(length)


def public_id() -> str:
    """A random 128-bit id as 32 hexadecimal digits: says nothing about the person behind it."""
    return random_bytes(16).hex()


def public_ids(count: int) -> list[str]:
    """Many of them at once."""
    digits = random_bytes(16 * count).hex()
    return [digits[place : place + 32] for place in range(0, 32 * count, 32)]


def below(limit: int) -> int:
    """An even choice out of 0 … limit − 1."""
    source = _seeded.get()
    return source.randrange(limit) if source else secrets.randbelow(limit)


def digits(length: int) -> str:
    """A code of decimal digits, for counters and small screens."""
    return f"{below(10**length):0{length}d}"
