"""The tree of the books is that of RFC 9162, and what the books prove holds against their papers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
import verify_proof
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.books import Bank
from tests.vectors.make import MOST, Tree, leaf
from wenming.core.errors import Refusal
from wenming.domain.ledger import merkle, numbers, queries, sealing, services, verification
from wenming.domain.ledger.hashing import digest_of, leaf_hash

SHA = digest_of("sha256")
LEAVES = [leaf(number) for number in range(1, MOST + 1)]
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
        self.growth, self.leaves, self.nodes, self.roots = merkle.Growth("sha256"), [], [], [SHA(b"")]
        for one in leaves:
            hashed = leaf_hash(SHA, one)
            self.leaves.append(hashed)
            self.nodes += self.growth.extend([hashed])
            self.roots.append(self.growth.root())

    def read(self, start: int, height: int) -> bytes:
        return self.nodes[merkle.place(start + (1 << height), height)] if height else self.leaves[start]


def test_published_vectors() -> None:
    assert [root.hex() for root in Grown([bytes.fromhex(one) for one in VECTOR_LEAVES]).roots[1:]] == VECTOR_ROOTS


@given(st.lists(st.integers(0, MOST), max_size=8), st.integers(0, MOST))
def test_however_leaves_are_handed_over_the_tree_grows_alike(parts: list[int], before: int) -> None:
    hashed = [leaf_hash(SHA, b"%d" % number) for number in range(before + sum(parts))]
    one_by_one, in_parts = merkle.Growth("sha256"), merkle.Growth("sha256")
    nodes = [node for leaf in hashed for node in one_by_one.extend([leaf])]
    made = in_parts.extend(hashed[:before])
    for part in parts:
        made += in_parts.extend(hashed[in_parts.size : in_parts.size + part])
    assert (made, in_parts.peaks, in_parts.size) == (nodes, one_by_one.peaks, one_by_one.size)


def test_every_root_and_path_is_the_one_that_the_definitions_give() -> None:
    grown, definition = Grown(LEAVES), Tree("sha256", LEAVES)
    for size in range(1, MOST + 1):
        root = definition.root(0, size)
        assert root == grown.roots[size] == merkle.root(SHA, size, grown.read)
        assert merkle.Growth("sha256", size, merkle.peaks(size, grown.read)).root() == root
        for number in range(1, size + 1):
            path = merkle.inclusion_path(SHA, number - 1, size, grown.read)
            assert path == definition.inclusion(number - 1, 0, size)
            assert merkle.root_of(SHA, grown.leaves[number - 1], number, size, path) == root
            steps = merkle.consistency_path(SHA, number, size, grown.read)
            assert steps == definition.consistency(number, 0, size)
            assert merkle.is_consistent(SHA, number, grown.roots[number], size, root, steps)


@pytest.mark.parametrize(("number", "size"), [(0, 0), (0, 1), (2, 1), (-1, 4), (5, 4), (0, 4)])
def test_no_place_in_the_tree_no_proof(number: int, size: int) -> None:
    grown = Grown(LEAVES[:4])
    for steps in range(4):
        assert merkle.root_of(SHA, grown.leaves[0], number, size, grown.leaves[:steps]) not in grown.roots
        assert not merkle.is_consistent(SHA, number, grown.roots[1], size, grown.roots[4], grown.leaves[:steps])


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_proofs_out_of_the_books(at: datetime, algorithm: str) -> None:
    if algorithm == "sm3":
        services.open_book(code="421222103", at=at, algorithm="sm3")
    bank = Bank(at)
    papers = {}
    for step, count in enumerate((1, 2, 4, 9, 5)):
        batch = [bank.posting("issuance", bank.wang, 100 + number, f"{step}:{number}") for number in range(count)]
        services.post_many(book_id=bank.book.pk, postings=batch)
        sealed = services.seal(book_id=bank.book.pk, at=at)
        assert sealed is not None
        papers[sealed.size] = {"size": str(sealed.size), "root": bytes(sealed.root).hex(), "book": bank.book.code}
    assert list(papers) == [1, 3, 7, 16, 21]
    assert services.seal(book_id=bank.book.pk, at=at) is None
    for line in queries.statement(bank.wang):
        proof = queries.inclusion_proof(line.public_id)
        assert verify_proof.check(asdict(proof), papers[21], {})
        assert (proof.number, proof.algorithm) == (line.number, algorithm)
    for first in papers:
        for second in [size for size in papers if size >= first]:
            steps = queries.consistency_proof(bank.book.pk, first, second)
            assert verify_proof.check(asdict(steps), papers[second], papers[first])
    earlier = queries.inclusion_proof(queries.statement(bank.wang)[-1].public_id, size=7)
    assert (earlier.number, earlier.size) == (1, 7)
    assert verify_proof.check(asdict(earlier), papers[7], {})
    fresh = bank.earn(1, "unsealed")
    for wanted in (
        lambda: queries.inclusion_proof(queries.statement(bank.wang)[0].public_id),
        lambda: queries.consistency_proof(bank.book.pk, 2, 7),
    ):
        with pytest.raises(Refusal):
            wanted()
    assert fresh
    assert queries.verify().ok


@pytest.mark.sqlite_only
@pytest.mark.django_db
def test_the_leaves_of_a_run_are_found_by_their_ids(at: datetime) -> None:
    """With a town's counts in the store's statistics too: found by book, each run would read the whole book once more."""
    bank = Bank(at)
    bank.earn(100, "a")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl IN ('ledger_transaction', 'ledger_numbering')")
        for table, index, counts in (
            ("ledger_numbering", "sqlite_autoindex_ledger_numbering_1", "56873 401 1"),
            ("ledger_transaction", "sqlite_autoindex_ledger_transaction_1", "372346 401 1"),
        ):
            cursor.execute("INSERT INTO sqlite_stat1 VALUES (%s, %s, %s)", [table, index, counts])
        cursor.execute("ANALYZE sqlite_schema")
        plans = []
        for statement in (verification.LEAVES, verification.LEAVES.replace("+t.book_id", "t.book_id")):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", [bank.book.pk])
            plans.append(" ".join(str(row[3]) for row in cursor.fetchall()))
    assert "SEARCH t USING INTEGER PRIMARY KEY" in plans[0]
    assert "SEARCH t USING INTEGER PRIMARY KEY" not in plans[1], "without the mark it would not be so"


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 1024])
def test_where_instants_do_not_rise_with_ids_numbers_go_by_instants(
    at: datetime, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Whatever was numbered and sealed until that was seen is undone, and done again in their order."""
    bank = Bank(at)
    monkeypatch.setattr(sealing, "SEAL_MOST", size)
    minutes = (3, 5, 4, 5, 1)
    posted = [
        bank.post("issuance", member, 100, f"{place}", recorded_at=bank.at + timedelta(minutes=minute))
        for place, (member, minute) in enumerate(zip(bank.members(5, 0), minutes, strict=True))
    ]
    services.seal(book_id=bank.book.pk, at=bank.at + timedelta(hours=1))
    assert [numbers.number_of(pk) for pk in posted] == [2, 4, 3, 5, 1] and queries.verify().ok
    bank.post("issuance", bank.wang, 1, "later", recorded_at=bank.at)
    services.seal(book_id=bank.book.pk, at=bank.at + timedelta(hours=2))
    assert queries.verify().ok
