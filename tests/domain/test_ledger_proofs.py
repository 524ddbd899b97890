"""The tree against another library, proofs from the books, and proofs that must not pass."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pymerkle
import pytest
import verify_proof

from tests.books import Bank
from wenming.core.errors import Refusal
from wenming.domain.ledger import merkle, queries, services
from wenming.domain.ledger.hashing import digest_of, leaf_hash

SHA = digest_of("sha256")
MOST = 64
LEAVES = [f"line {number}".encode() for number in range(MOST)]
# RFC 6962 and RFC 9162 reference data: the eight leaves of the certificate-transparency test vectors and their roots.
VECTOR_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Grown:
    """A tree in memory, kept as the seals keep it: leaves, and inner nodes in the order of completion."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.growth, self.leaves, self.nodes, self.roots = merkle.Growth(SHA), [], [], [SHA(b"")]
        for leaf in leaves:
            hashed = leaf_hash(SHA, leaf)
            self.leaves.append(hashed)
            self.nodes += self.growth.add(hashed)
            self.roots.append(self.growth.root())

    def read(self, start: int, height: int) -> bytes:
        return self.nodes[merkle.place(start + (1 << height), height)] if height else self.leaves[start]


@pytest.fixture(scope="module")
def grown() -> Grown:
    return Grown(LEAVES)


def test_published_vectors() -> None:
    assert [root.hex() for root in Grown([bytes.fromhex(leaf) for leaf in VECTOR_LEAVES]).roots[1:]] == VECTOR_ROOTS


def test_roots_equal_those_of_another_library(grown: Grown) -> None:
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for size, leaf in enumerate(LEAVES, start=1):
        other.append_entry(leaf)
        assert other.get_state() == grown.roots[size] == merkle.root(SHA, size, grown.read)
        assert merkle.Growth(SHA, size, merkle.peaks(size, grown.read)).root() == grown.roots[size]


def proof_of(grown: Grown, index: int, size: int) -> dict[str, Any]:
    path = merkle.inclusion_path(SHA, index, size, grown.read)
    return {
        "proof": "inclusion", "algorithm": "sha256", "memento": LEAVES[index].hex(), "number": index + 1, "size": size,
        "root": grown.roots[size].hex(), "path": [step.hex() for step in path],
    }  # fmt: skip


def steps_of(grown: Grown, first: int, second: int) -> dict[str, Any]:
    path = merkle.consistency_path(SHA, first, second, grown.read)
    return {
        "proof": "consistency", "algorithm": "sha256", "first": first, "first_root": grown.roots[first].hex(), "second": second,
        "second_root": grown.roots[second].hex(), "path": [step.hex() for step in path],
    }  # fmt: skip


def holds(proof: dict[str, Any]) -> bool:
    return verify_proof.check(proof, "", 0, "")


def altered_paths(path: list[str]) -> list[list[str]]:
    """Paths that are too short, too long, swapped, or have one bit turned in one step."""
    other = [[*path, "00" * 32], ["ff" * 32, *path]]
    if path:
        other += [path[:-1], path[1:]]
    for place, step in enumerate(path):
        turned = f"{int(step[0], 16) ^ 1:x}{step[1:]}"
        other.append([*path[:place], turned, *path[place + 1 :]])
    if len(path) > 1 and path[0] != path[-1]:
        other.append([path[-1], *path[1:-1], path[0]])
    return other


def test_every_inclusion_proof_holds_and_every_altered_one_fails(grown: Grown) -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = proof_of(grown, index, size)
            assert holds(proof)
            assert len(proof["path"]) <= size.bit_length()
            assert not holds({**proof, "memento": LEAVES[index - 1].hex() if size > 1 else "00"})
            assert not holds({**proof, "root": grown.roots[size - 1].hex()})
            assert not any(holds({**proof, "number": number}) for number in {0, index, index + 2, size + 1})
            if size in (1, 2, 7, 8, 33, 64):
                assert not any(holds({**proof, "path": path}) for path in altered_paths(proof["path"]))


def test_every_consistency_proof_holds_and_every_altered_one_fails(grown: Grown) -> None:
    for second in range(1, MOST + 1):
        for first in range(1, second + 1):
            proof = steps_of(grown, first, second)
            assert holds(proof)
            if first < second:
                assert not holds({**proof, "first_root": grown.roots[first - 1].hex()})
                assert not holds({**proof, "second_root": grown.roots[second - 1].hex()})
                assert not holds({**proof, "first": 0})
            if second in (2, 7, 8, 33, 64):
                assert not any(holds({**proof, "path": path}) for path in altered_paths(proof["path"]))


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_proofs_out_of_the_books(at: datetime, algorithm: str, tmp_path: Path) -> None:
    if algorithm == "sm3":
        services.open_book(code="421222103", at=at, algorithm="sm3")
    bank = Bank(at)
    sizes = []
    for step, count in enumerate((1, 2, 4, 9, 5)):
        batch = [bank.posting("issuance", bank.wang, 100 + number, f"{step}:{number}") for number in range(count)]
        services.post_many(book_id=bank.book.pk, postings=batch)
        sealed = services.seal(book_id=bank.book.pk, at=at)
        assert sealed is not None
        sizes.append(sealed.size)
    assert sizes == [1, 3, 7, 16, 21]
    assert services.seal(book_id=bank.book.pk, at=at) is None
    for line in queries.statement(bank.wang):
        proof = queries.inclusion_proof(line.public_id)
        assert holds({"proof": "inclusion", **asdict(proof)})
        assert proof.number == line.number
    for place, first in enumerate(sizes):
        for second in sizes[place:]:
            steps = queries.consistency_proof(bank.book.pk, first, second)
            assert holds({"proof": "consistency", **asdict(steps)})
    earlier = queries.inclusion_proof(queries.statement(bank.wang)[-1].public_id, size=7)
    assert (earlier.number, earlier.size) == (1, 7)
    fresh = bank.earn(1, "unsealed")
    for wanted in (
        lambda: queries.inclusion_proof(queries.statement(bank.wang)[0].public_id),
        lambda: queries.consistency_proof(bank.book.pk, 2, 7),
    ):
        with pytest.raises(Refusal):
            wanted()
    assert fresh
    assert queries.verify().ok


def test_the_script_on_its_own(grown: Grown, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    proof = proof_of(grown, 10, 50)

    def code(*arguments: str) -> int:
        script = Path(verify_proof.__file__)
        return subprocess.run([sys.executable, "-I", str(script), str(file), *arguments], capture_output=True).returncode

    file.write_text(json.dumps(proof))
    assert code("--root", grown.roots[50].hex(), "--size", "50") == 0
    assert code("--root", grown.roots[49].hex(), "--size", "49") == 1
    file.write_text(json.dumps(steps_of(grown, 10, 50)))
    assert code("--first-root", grown.roots[10].hex(), "--root", grown.roots[50].hex()) == 0
    assert code("--first-root", grown.roots[11].hex(), "--root", grown.roots[50].hex()) == 1
    file.write_text("{}")
    assert code() == 2
    assert len(Path(verify_proof.__file__).read_text().splitlines()) < 100
    assert hashlib.sha256(b"\x00" + LEAVES[0]).digest() == grown.leaves[0]
