"""The hash algorithms of a book, leaf and node hashes of its tree (RFC 9162), and the hash of an account's fixed facts."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping

ALGORITHMS = ("sha256", "sm3")
Digest = Callable[[bytes], bytes]
Digests = Callable[[Iterable[bytes]], list[bytes]]


@functools.cache
def digest_of(algorithm: str) -> Digest:
    """The book's hash of some bytes. SM3 comes from the cryptographic library behind Python; a ready context is copied."""
    assert algorithm in ALGORITHMS, algorithm
    if algorithm == "sha256":
        sha256 = hashlib.sha256
        return lambda data: sha256(data).digest()
    ready = hashlib.new(algorithm)

    def digest(data: bytes) -> bytes:
        context = ready.copy()
        context.update(data)
        return context.digest()

    return digest


@functools.cache
def digests_of(algorithm: str) -> Digests:
    """The book's hashes of many bytes, with as little around each as can be."""
    if algorithm == "sha256":
        sha256 = hashlib.sha256
        return lambda many: [sha256(data).digest() for data in many]
    digest = digest_of(algorithm)
    return lambda many: [digest(data) for data in many]


def leaf_hash(digest: Digest, memento: bytes) -> bytes:
    return digest(b"\x00" + memento)


def node_hash(digest: Digest, left: bytes, right: bytes) -> bytes:
    return digest(b"\x01" + left + right)


def certificate(
    digest: Digest, book_code: str, public_id: str, unit: str, code: str | None, is_member: bool, floor: int | None, opened: int
) -> bytes:
    """The hash of what never changes about an account; `opened` in microseconds since 1970, UTC."""
    words = ["account", book_code, public_id, unit, code or "", "member" if is_member else "house", str(floor), str(opened)]
    return digest("\n".join(words).encode())


def seal_digest(digest: Digest, before: bytes, size: int, root: bytes, sealed: int, house_balances: Mapping[str, int]) -> bytes:
    """The hash of a seal, chained over the digest of the seal before it; `sealed` in microseconds since 1970, UTC."""
    figures = json.dumps(dict(house_balances), sort_keys=True, separators=(",", ":"))
    return digest(before + f"seal\n{size}\n{sealed}\n{figures}\n".encode() + root)
