"""拿墙上的纸核对证明文件，不用本系统的代码 / Check a proof file against the paper on the wall. Standard library only.

    verify_proof.py proof.json --root HEX --size N                                  这一笔在 N 笔的账里 / entry among N
    verify_proof.py steps.json --first-root HEX --first-size M --root HEX --size N  M 笔的账是它的开头 / book of M began it

指纹和笔数要照纸上的填，不照文件。不想手打，--paper 和 --first-paper 填纸上二维码的内容。0 无误，1 对不上，2 不能核对。
Root and size: from the paper, never from the file; or from its QR code. Exit code 0: holds, 1: does not, 2: cannot be checked.
"""

import argparse
import hashlib
import io
import json
import sys
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl


def node(algorithm, left, right):
    return hashlib.new(algorithm, b"\x01" + left + right).digest()


def climb(algorithm, value, number, size, path):
    """RFC 9162, 2.1.3: the root that `path` gives to leaf `number` of `size`; None when the path is too short or too long."""
    if size == 1 or not path:
        return value if size == 1 and not path else None
    half, step = 1 << (size - 1).bit_length() - 1, path[-1]
    if number <= half:
        below = climb(algorithm, value, number, half, path[:-1])
        return below and node(algorithm, below, step)
    below = climb(algorithm, value, number - half, size - half, path[:-1])
    return below and node(algorithm, step, below)


def grow(algorithm, known, first, size, path):
    """RFC 9162, 2.1.4: the roots of the first `first` leaves and of all `size`, from one path; `known` is the former's."""
    if first == size:
        ends = [known, *path] if known else path
        return (ends[0], ends[0]) if len(ends) == 1 else (None, None)
    if not path:
        return None, None
    half, step = 1 << (size - 1).bit_length() - 1, path[-1]
    if first <= half:
        early, late = grow(algorithm, known, first, half, path[:-1])
        return early, late and node(algorithm, late, step)
    early, late = grow(algorithm, None, first - half, size - half, path[:-1])
    return early and node(algorithm, step, early), late and node(algorithm, step, late)


def facts_of(memento):
    """What the bytes of an entry say: its book, and in words its voucher, when it was recorded, its kind, its lines."""
    take = io.BytesIO(memento).read
    book, voucher, recorded = take(take(2)[1]).decode(), take(16).hex(), int.from_bytes(take(8), "big")
    kind = take(take(33)[32]).decode()
    lines = [take(24) for _line in range(take(take(1)[0] + 73)[-1])]
    when = datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))) + timedelta(microseconds=recorded)
    amounts = [f"{line[:16].hex()} {int.from_bytes(line[16:], 'big', signed=True) / 100:+.2f}" for line in lines]
    return book, [f"凭证 voucher {voucher}", f"记账 recorded {when:%Y-%m-%d %H:%M:%S} {kind}", *amounts]


def check(proof, paper, earlier):
    """Does the proof hold against the paper (or both papers), each a dict of size, root and, if known, book?"""
    algorithm, path, book = proof["algorithm"], [bytes.fromhex(step) for step in proof["path"]], proof["book"]
    size, root = int(paper["size"].replace(",", "")), bytes.fromhex("".join(paper["root"].split()))
    if algorithm not in ("sha256", "sm3") or any(len(step) != 32 for step in [*path, root]) or len(path) > 64:
        return False
    if any(sheet.get("book", book) != book for sheet in (paper, earlier)):
        return False
    if "first" in proof:
        first, first_root = int(earlier["size"].replace(",", "")), bytes.fromhex("".join(earlier["root"].split()))
        fits = (proof["first"], proof["second"]) == (first, size) and 1 <= first <= size
        return fits and grow(algorithm, first_root, first, size, path) == (first_root, root)
    memento, number = bytes.fromhex(proof["memento"]), proof["number"]
    leaf = hashlib.new(algorithm, b"\x00" + memento).digest()
    fits = proof["size"] == size and 1 <= number <= size and climb(algorithm, leaf, number, size, path) == root
    return fits and facts_of(memento)[0] == book


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("file", "--root", "--size", "--paper", "--first-root", "--first-size", "--first-paper"):
        parser.add_argument(name, default="")
    given = vars(parser.parse_args())
    scanned = [dict(parse_qsl(given[name].partition("?")[2])) for name in ("paper", "first_paper")]
    typed = [{name: given[one + name] for name in ("size", "root")} for one in ("", "first_")]
    try:
        with open(given["file"], encoding="utf-8") as file:
            proof = json.load(file)
        holds = check(proof, scanned[0] or typed[0], scanned[1] or typed[1])
        words = facts_of(bytes.fromhex(proof["memento"]))[1] if holds and "memento" in proof else []
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        print(f"不能核对 / cannot be checked: {error!r}", file=sys.stderr)
        return 2
    print("核对无误 / it holds" if holds else "对不上 / it does not hold", *words, sep="\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
