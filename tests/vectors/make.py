"""Makes the golden vectors. Each file is made once and kept for ever: what a release proved must be provable in every later one.

    python -m tests.vectors.make trees                  trees of up to 64 leaves, by the definitions of RFC 9162 alone
    python -m tests.vectors.make release 0.1.0          a small bank as that release kept it: its backup, seals and proofs

No code of the product makes the trees. A release's vectors are made by that release, on a fresh folder, and never again.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ALGORITHMS = ("sha256", "sm3")
MOST = 64
KEPT = (1, 2, 3, 4, 5, 6, 7, 8, 33, 64)
VAULT_KEY = "22" * 32


class Tree:
    """RFC 9162, 2.1, word for word: no node is kept, nothing is clever."""

    def __init__(self, algorithm: str, leaves: list[bytes]) -> None:
        self.algorithm, self.leaves = algorithm, leaves

    def digest(self, data: bytes) -> bytes:
        return hashlib.new(self.algorithm, data).digest()

    def root(self, start: int, end: int) -> bytes:
        if start == end:
            return self.digest(b"")
        if end - start == 1:
            return self.digest(b"\x00" + self.leaves[start])
        middle = start + self.half(end - start)
        return self.digest(b"\x01" + self.root(start, middle) + self.root(middle, end))

    @staticmethod
    def half(count: int) -> int:
        half = 1
        while 2 * half < count:
            half *= 2
        return half

    def inclusion(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + self.half(end - start)
        if index < middle:
            return [*self.inclusion(index, start, middle), self.root(middle, end)]
        return [*self.inclusion(index, middle, end), self.root(start, middle)]

    def consistency(self, first: int, start: int, end: int, is_whole: bool = True) -> list[bytes]:
        if first == end - start:
            return [] if is_whole else [self.root(start, end)]
        middle = start + self.half(end - start)
        if first <= middle - start:
            return [*self.consistency(first, start, middle, is_whole), self.root(middle, end)]
        return [*self.consistency(first - (middle - start), middle, end, False), self.root(start, middle)]


def leaf(number: int) -> bytes:
    """Leaf number 1, 2, …: texts of growing length, so that hashing crosses the edges of a block."""
    return b"" if number == 1 else f"第 {number} 笔 ".encode() * number


def trees() -> dict[str, Any]:
    leaves = [leaf(number) for number in range(1, MOST + 1)]
    made: dict[str, Any] = {"leaves": [one.hex() for one in leaves]}
    for algorithm in ALGORITHMS:
        tree = Tree(algorithm, leaves)
        made[algorithm] = {
            "roots": [tree.root(0, size).hex() for size in range(MOST + 1)],
            "inclusion": [
                {"number": number, "size": size, "path": _hex(tree.inclusion(number - 1, 0, size))}
                for size in KEPT
                for number in _some(size)
            ],
            "consistency": [
                {"first": first, "second": second, "path": _hex(tree.consistency(first, 0, second))}
                for second in KEPT
                for first in _some(second)
            ],
        }
    return made


def _some(size: int) -> Iterable[int]:
    return range(1, size + 1) if size <= 8 else (1, 2, size // 2, size // 2 + 1, size - 1, size)


def _hex(path: Iterable[bytes]) -> list[str]:
    return [step.hex() for step in path]


def release() -> None:
    """Runs inside a fresh data folder: the sample village through every step, and a second book under the other hash."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests import books, village
    from tests.surfaces import stage as stages
    from wenming.domain.ledger import outgoing, queries, services

    clock_file = Path(settings.DATA) / "clock"
    stage = stages.build(village.MORNING, clock_file)
    services.seal(book_id=stage.village.book_id, at=stage.now)
    services.open_book(code=books.BOOK, at=stage.now, algorithm="sm3")
    books.Bank(stage.now).live_a_little()
    services.seal(book_id=queries.book_by_code(books.BOOK).pk, at=stage.now + timedelta(minutes=1))
    facts = [_book_facts(book, queries, outgoing) for book in queries.books()]
    out = Path(os.environ["VECTORS_OUT"])
    (out / "proofs.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
    call_command("backup", out=str(out / "loose.zip"))


def _book_facts(book: Any, queries: Any, outgoing: Any) -> dict[str, Any]:
    seals = list(queries.seals(book.pk).order_by("size"))
    numbered = [(one["number"], one["id"]) for one in outgoing.log(book.pk) if one["number"]]
    sizes = [seal.size for seal in seals]
    proofs = [
        {"proof": "inclusion", **asdict(queries.inclusion_proof(public_id, size))}
        for size in sizes
        for number, public_id in numbered
        if number <= size
    ]
    steps = [
        {"proof": "consistency", **asdict(queries.consistency_proof(book.pk, first, second))}
        for place, first in enumerate(sizes)
        for second in sizes[place:]
    ]
    papers = [{"book": book.code, "size": seal.size, "root": bytes(seal.root).hex()} for seal in seals]
    return {"book": book.code, "algorithm": book.algorithm, "papers": papers, "proofs": proofs, "steps": steps}


def make_release(version: str) -> None:
    out = HERE / f"release-{version}"
    out.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, WENMING_DATA=folder, WENMING_MODE="test", WENMING_VAULT_KEY=VAULT_KEY)
        environment |= {"DJANGO_SETTINGS_MODULE": "wenming.config.settings", "VECTORS_OUT": str(out)}
        call = "from tests.vectors import make; make.release()"
        subprocess.run([sys.executable, "-c", call], cwd=ROOT, env=environment, check=True)
    with zipfile.ZipFile(out / "loose.zip") as loose, zipfile.ZipFile(out / "backup.zip", "w") as tight:
        for name in loose.namelist():
            tight.writestr(name, loose.read(name), zipfile.ZIP_DEFLATED, 9)
    (out / "loose.zip").unlink()


if __name__ == "__main__":
    if sys.argv[1:] == ["trees"]:
        (HERE / "trees.json").write_text(json.dumps(trees(), indent=0) + "\n", "utf-8")
    elif len(sys.argv) == 3 and sys.argv[1] == "release":
        make_release(sys.argv[2])
    else:
        sys.exit(__doc__)
