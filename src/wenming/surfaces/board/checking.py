"""Checks an inclusion proof from its own bytes, after RFC 9162, 2.1.3.2: asks neither the books nor the ledger's code."""

from __future__ import annotations

import hashlib
from typing import Any


def holds(proof: Any) -> bool:
    """Whether the bytes of the entry lead, by the path, to the sealed root."""

    def digest(data: bytes) -> bytes:
        return hashlib.new(proof.algorithm, data).digest()

    place, last = proof.number - 1, proof.size - 1
    reached = digest(b"\x00" + bytes.fromhex(proof.memento))
    for step in map(bytes.fromhex, proof.path):
        if last == 0:
            return False
        if place & 1 or place == last:
            reached = digest(b"\x01" + step + reached)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            reached = digest(b"\x01" + reached + step)
        place, last = place >> 1, last >> 1
    return last == 0 and reached.hex() == proof.root
