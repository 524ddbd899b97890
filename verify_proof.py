"""Check a proof file of Wenming Bank against the fingerprint on the wall. Standard library only, none of the product's code.

    python3 verify_proof.py proof.json --root HEX --size N            a transaction is in the book of N transactions
    python3 verify_proof.py steps.json --first-root HEX --root HEX    the later book began with the earlier one

Take the fingerprints (and sizes) from the printed notice, not from the file. Exit code 0: it holds; 1: it does not; 2: wrong use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys


def node(algorithm: str, left: bytes, right: bytes) -> bytes:
    return hashlib.new(algorithm, b"\x01" + left + right).digest()


def root_of_inclusion(algorithm: str, memento: bytes, number: int, size: int, path: list[bytes]) -> bytes | None:
    """RFC 9162, 2.1.3.2: climb from the leaf; None when the path is too short or too long."""
    if not 1 <= number <= size:
        return None
    place, last = number - 1, size - 1
    value = hashlib.new(algorithm, b"\x00" + memento).digest()
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            value = node(algorithm, step, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node(algorithm, value, step)
        place, last = place >> 1, last >> 1
    return value if last == 0 else None


def is_consistent(algorithm: str, first: int, first_root: bytes, second: int, second_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: rebuild both roots from one path."""
    if not 1 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root, *path]
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    early = late = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            early, late = node(algorithm, step, early), node(algorithm, step, late)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            late = node(algorithm, late, step)
        place, last = place >> 1, last >> 1
    return last == 0 and early == first_root and late == second_root


def check(proof: dict, root: str, size: int, first_root: str) -> bool:
    algorithm, path = proof["algorithm"], [bytes.fromhex(step) for step in proof["path"]]
    if any(len(step) != 32 for step in path):
        return False
    if proof["proof"] == "consistency":
        wanted = bytes.fromhex(first_root or proof["first_root"]), bytes.fromhex(root or proof["second_root"])
        return (not size or size == proof["second"]) and is_consistent(
            algorithm, proof["first"], wanted[0], proof["second"], wanted[1], path
        )
    found = root_of_inclusion(algorithm, bytes.fromhex(proof["memento"]), proof["number"], size or proof["size"], path)
    return found is not None and found == bytes.fromhex(root or proof["root"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--root", default="", help="the fingerprint on the paper")
    parser.add_argument("--size", type=int, default=0, help="the number of transactions on the paper")
    parser.add_argument("--first-root", default="", help="the fingerprint on the earlier paper")
    given = parser.parse_args()
    try:
        with open(given.file, encoding="utf-8") as file:
            holds = check(json.load(file), given.root, given.size, given.first_root)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"不能核对 / cannot be checked: {error}", file=sys.stderr)
        return 2
    print("核对无误 / it holds" if holds else "对不上 / it does not hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
