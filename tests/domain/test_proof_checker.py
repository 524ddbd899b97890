"""`verify_proof.py` against trees made by the definitions alone, golden vectors of every release, and every kind of lie.

The twin of "true proofs hold" is here in the same breath: one alteration, and the same call must say no.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymerkle
import pytest
import verify_proof

from tests.vectors.make import Tree
from wenming.domain.ledger import merkle
from wenming.domain.ledger.hashing import digest_of

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
TREES: dict[str, Any] = json.loads((VECTORS / "trees.json").read_text("utf-8"))
LEAVES = [bytes.fromhex(leaf) for leaf in TREES["leaves"]]
RELEASES = sorted(VECTORS.glob("release-*/proofs.json"))
MOST = 64
Proof = dict[str, Any]
Paper = dict[str, str]


def books() -> Iterator[tuple[str, Proof]]:
    for file in RELEASES:
        for book in json.loads(file.read_text("utf-8")):
            yield f"{file.parent.name} {book['algorithm']}", book


BOOKS = dict(books())


def paper(size: int, root: bytes | str, **more: str) -> Paper:
    return {"size": str(size), "root": root if isinstance(root, str) else root.hex(), **more}


def memento(number: int) -> bytes:
    """The bytes of a made-up entry of version 1: two lines, a voucher, an instant."""
    lines = bytes([2]) + b"a" * 16 + (-number).to_bytes(8, "big", signed=True) + b"b" * 16 + number.to_bytes(8, "big")
    head = b"\x01\x02QX" + number.to_bytes(16, "big") + number.to_bytes(8, "big") + bytes(32)
    return head + b"\x04deed" + b"\x04LX01" + bytes(32 + 8 + 32) + lines


class Book:
    """A book of `MOST` entries, its papers and its proofs, by the definitions."""

    def __init__(self, algorithm: str = "sha256", most: int = MOST) -> None:
        self.algorithm = algorithm
        self.entries = [memento(number) for number in range(1, most + 1)]
        self.tree = Tree(algorithm, self.entries)
        self.papers = [paper(size, self.tree.root(0, size), book="QX") for size in range(most + 1)]

    def inclusion(self, number: int, size: int) -> Proof:
        path = [step.hex() for step in self.tree.inclusion(number - 1, 0, size)]
        return self._proof(path, number=number, size=size, memento=self.entries[number - 1].hex())

    def consistency(self, first: int, second: int) -> Proof:
        return self._proof([step.hex() for step in self.tree.consistency(first, 0, second)], first=first, second=second)

    def _proof(self, path: list[str], **facts: object) -> Proof:
        return {"book": "QX", "algorithm": self.algorithm, "path": path, **facts}


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


def altered_paths(path: list[str]) -> Iterator[list[str]]:
    """Every path that differs in one place: a bit turned, a step left out, doubled, put in, exchanged with another."""
    for place, step in enumerate(path):
        for digit in (0, 31, 63):
            yield [*path[:place], f"{step[:digit]}{int(step[digit], 16) ^ 1:x}{step[digit + 1 :]}", *path[place + 1 :]]
        yield path[:place] + path[place + 1 :]
        yield [*path[:place], step, *path[place:]]
        yield [*path[:place], step[:-2], *path[place + 1 :]]
    for place in range(len(path) + 1):
        yield [*path[:place], "00" * 32, *path[place:]]
        yield path[:place] if place < len(path) else [*path, ""]
    for one in range(len(path)):
        for other in range(one + 1, len(path)):
            if path[one] != path[other]:
                swapped = list(path)
                swapped[one], swapped[other] = path[other], path[one]
                yield swapped


def inclusion_lies(book: Book, proof: Proof) -> Iterator[Proof]:
    number, size = proof["number"], proof["size"]
    yield from ({**proof, "number": other} for other in range(MOST + 2) if other != number)
    yield from ({**proof, "size": other} for other in range(MOST + 2) if other != size)
    yield from ({**proof, "path": path} for path in altered_paths(proof["path"]))
    entry = bytes.fromhex(proof["memento"])
    yield {**proof, "memento": book.entries[number % MOST].hex()}
    for lie in (entry[:-1], entry + b"\x00", bytes([*entry[:-1], entry[-1] ^ 1]), entry[1:], b""):
        yield {**proof, "memento": lie.hex()}
    yield {**proof, "book": "HW"}
    yield {**proof, "algorithm": "sm3"}
    yield {**proof, "algorithm": "blake2s"}


def consistency_lies(proof: Proof) -> Iterator[Proof]:
    yield from ({**proof, "first": other} for other in range(MOST + 2) if other != proof["first"])
    yield from ({**proof, "second": other} for other in range(MOST + 2) if other != proof["second"])
    yield from ({**proof, "path": path} for path in altered_paths(proof["path"]))
    yield {**proof, "book": "HW"}
    if proof["path"]:
        yield {**proof, "algorithm": "sm3"}


def test_every_inclusion_proof_up_to_64_holds_and_every_single_alteration_fails(book: Book) -> None:
    proofs = [book.inclusion(number, size) for size in range(1, MOST + 1) for number in range(1, size + 1)]
    assert len(proofs) == 2080
    for proof in proofs:
        sheet = book.papers[proof["size"]]
        assert verify_proof.check(proof, sheet, {})
        assert [lie for lie in inclusion_lies(book, proof) if verify_proof.check(lie, sheet, {})] == []


def test_every_consistency_proof_up_to_64_holds_and_every_single_alteration_fails(book: Book) -> None:
    proofs = [book.consistency(first, second) for second in range(1, MOST + 1) for first in range(1, second + 1)]
    assert len(proofs) == 2080
    for proof in proofs:
        early, late = book.papers[proof["first"]], book.papers[proof["second"]]
        assert verify_proof.check(proof, late, early)
        assert [lie for lie in consistency_lies(proof) if verify_proof.check(lie, late, early)] == []


def test_a_proof_holds_against_its_own_paper_alone(book: Book) -> None:
    """Another size, another root, another book on the paper: no. The papers of a rewritten book: no."""
    other = Book(most=8)
    other.entries[2] = memento(99)
    rewritten = [paper(size, other.tree.root(0, size), book="QX") for size in range(9)]
    for size in range(1, 9):
        for number in range(1, size + 1):
            proof = book.inclusion(number, size)
            assert not any(verify_proof.check(proof, sheet, {}) for sheet in book.papers[:10] if sheet is not book.papers[size])
            assert not verify_proof.check(proof, {**book.papers[size], "book": "HW"}, {})
            assert verify_proof.check(proof, rewritten[size], {}) == (size < 3)
        for first in range(1, size + 1):
            steps = book.consistency(first, size)
            assert verify_proof.check(steps, book.papers[size], rewritten[first]) == (first < 3)
            assert verify_proof.check(steps, rewritten[size], book.papers[first]) == (size < 3)
            assert not verify_proof.check(steps, {**book.papers[size], "book": "HW"}, book.papers[first])
            assert not verify_proof.check(steps, book.papers[size], {**book.papers[first], "book": "HW"})


def test_the_middle_of_a_long_consistency_proof_is_checked(book: Book) -> None:
    """A verifier that looks at the ends alone would let another history in between pass."""
    proof = book.consistency(27, 59)
    assert len(proof["path"]) > 6
    for place in range(len(proof["path"])):
        path = [*proof["path"]]
        path[place] = path[place - 1]
        assert not verify_proof.check({**proof, "path": path}, book.papers[59], book.papers[27])


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_golden_trees(algorithm: str) -> None:
    """The product's tree gives the golden roots and paths, and its own checks and the script's agree on them."""
    kept, digest = TREES[algorithm], digest_of(algorithm)
    growth = merkle.Growth(algorithm)
    hashes, nodes = [digest(b"\x00" + leaf) for leaf in LEAVES], []
    roots = [digest(b"")]
    for one in hashes:
        nodes += growth.extend([one])
        roots.append(growth.root())
    assert [root.hex() for root in roots] == kept["roots"]

    def read(start: int, height: int) -> bytes:
        return nodes[merkle.place(start + (1 << height), height)] if height else hashes[start]

    for one in kept["inclusion"]:
        path = merkle.inclusion_path(digest, one["number"] - 1, one["size"], read)
        assert [step.hex() for step in path] == one["path"]
        leaf = hashes[one["number"] - 1]
        assert merkle.root_of(digest, leaf, one["number"], one["size"], path) == roots[one["size"]]
        assert verify_proof.climb(algorithm, leaf, one["number"], one["size"], path) == roots[one["size"]]
        assert merkle.root_of(digest, leaf, one["number"] + 1, one["size"], path) != roots[one["size"]]
    for one in kept["consistency"]:
        first, second = one["first"], one["second"]
        path = merkle.consistency_path(digest, first, second, read)
        assert [step.hex() for step in path] == one["path"]
        ends = roots[first], roots[second]
        assert merkle.is_consistent(digest, first, ends[0], second, ends[1], path)
        assert verify_proof.grow(algorithm, ends[0], first, second, path) == ends
        assert not merkle.is_consistent(digest, first, ends[0], second, roots[second - 1], path)
        assert not merkle.is_consistent(digest, first, roots[first - 1], second, ends[1], path)
        for lie in altered_paths(one["path"]):
            assert not merkle.is_consistent(digest, first, ends[0], second, ends[1], list(map(bytes.fromhex, lie)))


@pytest.mark.parametrize("name", BOOKS)
def test_golden_proofs_of_every_release(name: str) -> None:
    """What a release proved holds today, against its own paper and no other."""
    book = BOOKS[name]
    papers = {sheet["size"]: paper(**{**sheet, "size": sheet["size"]}) for sheet in book["papers"]}
    assert len(book["proofs"]) > 10 and len(book["steps"]) > 2
    for proof in book["proofs"]:
        assert [size for size, sheet in papers.items() if verify_proof.check(proof, sheet, {})] == [proof["size"]]
        code, words = verify_proof.facts_of(bytes.fromhex(proof["memento"]))
        assert code == book["book"] and len(words) >= 4
        for path in altered_paths(proof["path"]):
            assert not verify_proof.check({**proof, "path": path}, papers[proof["size"]], {})
    for steps in book["steps"]:
        wanted = steps["first"], steps["second"]
        pairs = [(first, second) for first in papers for second in papers]
        assert [one for one in pairs if verify_proof.check(steps, papers[one[1]], papers[one[0]])] == [wanted]
    (other,) = [one for key, one in BOOKS.items() if key.split()[0] == name.split()[0] and key != name]
    foreign = [paper(**{**sheet, "size": sheet["size"]}) for sheet in other["papers"]]
    assert not any(verify_proof.check(proof, sheet, {}) for proof in book["proofs"] for sheet in foreign)


def test_another_library_speaks_of_the_same_tree() -> None:
    """pymerkle 7: the same roots, the same inclusion paths; and its own proofs hold under our roots."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    roots = [bytes.fromhex(root) for root in TREES["sha256"]["roots"]]
    definition = Tree("sha256", LEAVES)
    for size, leaf in enumerate(LEAVES, start=1):
        tree.append_entry(leaf)
        assert tree.get_state() == roots[size]
        for number in range(1, size + 1):
            proof = tree.prove_inclusion(number, size)
            leaf_hash, *path = proof.path
            assert path == definition.inclusion(number - 1, 0, size)
            assert verify_proof.climb("sha256", leaf_hash, number, size, path) == roots[size]
            pymerkle.verify_inclusion(leaf_hash, roots[size], proof)
            pymerkle.verify_consistency(roots[number], roots[size], tree.prove_consistency(number, size))


# The script as somebody at a county office runs it


@pytest.fixture
def script(tmp_path: Path) -> Any:
    def run(proof: object, *arguments: str) -> tuple[int, str]:
        file = tmp_path / "proof.json"
        file.write_text(proof if isinstance(proof, str) else json.dumps(proof), "utf-8")
        command = [sys.executable, "-I", verify_proof.__file__, str(file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    return run


def in_fours(text: str) -> str:
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@pytest.mark.parametrize("name", BOOKS)
def test_the_script_says_it_in_a_word_and_an_exit_code(name: str, script: Any) -> None:
    book = BOOKS[name]
    early, late = book["papers"][0], book["papers"][-1]
    proof = book["proofs"][-1]
    code, said = script(proof, "--root", in_fours(late["root"]), "--size", f"{late['size']:,}")
    assert (code, said.splitlines()[0]) == (0, "核对无误 / it holds")
    assert proof["memento"][2 + 2 * (1 + len(book["book"])) :][:32] in said
    assert script(proof, "--root", early["root"], "--size", str(early["size"]))[0] == 1
    scanned = [
        f"http://127.0.0.1/board/compare/?book={one['book']}&size={one['size']}&root={one['root']}" for one in (early, late)
    ]
    assert script(proof, "--paper", scanned[1])[0] == 0
    assert script(proof, "--paper", scanned[0])[0] == 1
    assert script(proof, "--paper", scanned[1].replace("book=", "book=X"))[0] == 1
    steps = next(one for one in book["steps"] if one["first"] == early["size"] and one["second"] == late["size"])
    typed = ("--root", late["root"], "--size", str(late["size"]))
    assert script(steps, *typed, "--first-root", early["root"], "--first-size", str(early["size"]))[0] == 0
    assert script(steps, *typed, "--first-root", late["root"], "--first-size", str(early["size"]))[0] == 1
    assert script(steps, "--first-paper", scanned[0], "--paper", scanned[1])[0] == 0
    assert script(steps, "--first-paper", scanned[1], "--paper", scanned[0])[0] == 1


def test_what_cannot_be_checked_is_not_called_good(script: Any) -> None:
    (book, *_others) = BOOKS.values()
    late, proof, steps = book["papers"][-1], book["proofs"][-1], book["steps"][1]
    typed = ("--root", late["root"], "--size", str(late["size"]))
    assert script(proof)[0] == 2, "without the paper there is nothing to check against"
    assert script(proof, "--root", late["root"])[0] == 2
    assert script(steps, *typed)[0] == 2, "two papers are needed"
    for damaged in (
        "",
        "{}",
        "[]",
        "null",
        '"text"',
        "{",
        json.dumps({**proof, "path": ["zz"]}),
        json.dumps({**proof, "path": 7}),
    ):
        assert script(damaged, *typed)[0] == 2, damaged
    assert script({**proof, "path": ["00" * 32] * 5000}, *typed)[0] == 1
    assert script(proof, "--root", late["root"][:16], "--size", str(late["size"]))[0] == 1, "sixteen digits are no fingerprint"
    assert script({**proof, "number": 10**400}, *typed)[0] == 1


def test_the_script_is_short_and_stands_alone() -> None:
    text = Path(verify_proof.__file__).read_text("utf-8")
    assert len(text.splitlines()) < 100
    parts = list(ast.walk(ast.parse(text)))
    imported = {name.name for part in parts if isinstance(part, ast.Import) for name in part.names}
    imported |= {str(part.module) for part in parts if isinstance(part, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)
