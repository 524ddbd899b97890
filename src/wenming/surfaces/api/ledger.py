"""The books in the open: seals, roots and proofs for anyone; the full check for officers."""

from datetime import datetime
from typing import Any

from ninja import Query, Router

from wenming.domain.ledger import queries as ledger_queries
from wenming.surfaces.api.operations import DIRECTOR, HEAD_OFFICER, PUBLIC, SUPERVISOR, Page, PageOf, Request, Shown, operation

router = Router(tags=["ledger"])


class SealOut(Shown):
    book: str
    algorithm: str
    size: int
    root: str
    sealed_at: datetime | None


class Proof(Shown):
    book: str
    algorithm: str
    number: int
    size: int
    root: str
    sealed_at: datetime
    memento: str
    path: list[str]


class Growth(Shown):
    book: str
    algorithm: str
    first: int
    first_root: str
    second: int
    second_root: str
    path: list[str]


class FaultOut(Shown):
    code: str
    book: str
    number: int | None
    message: str


class Verification(Shown):
    ok: bool
    books: int
    transactions: int
    entries: int
    faults: list[FaultOut]


@operation(
    router, "GET", "/books", roles=[PUBLIC], scopes=[], says="各行的账本，带最近一次封账的笔数和总指纹。", answer=Page[SealOut]
)
def list_books(request: Request, page_of: Query[PageOf]) -> Page[SealOut]:
    """Every bank's book with the size and root of its newest seal."""
    rows = ledger_queries.books(after=page_of.position or 0, limit=page_of.rows)
    seals = ledger_queries.latest_seals([book.pk for book in rows])
    return page_of.of(rows, lambda book: _shown(book, seals.get(book.pk)), lambda book: book.pk)


@operation(
    router,
    "GET",
    "/books/{code}/seal",
    roles=[PUBLIC],
    scopes=[],
    says="一本账最近的封账：墙上贴的就是这个总指纹。",
    answer=SealOut,
)
def read_seal(request: Request, code: str) -> SealOut:
    """The newest seal of one book: the root that hangs on the wall."""
    book = ledger_queries.book_by_code(code=code)
    return _shown(book, ledger_queries.latest_seal(book_id=book.pk))


@operation(
    router,
    "GET",
    "/books/{code}/consistency",
    roles=[PUBLIC],
    scopes=[],
    says="证明记到 `second` 笔的总指纹是从记到 `first` 笔的接着长出来的。",
    answer=Growth,
)
def read_consistency(request: Request, code: str, first: int = Query(..., ge=1), second: int = Query(..., ge=1)) -> Growth:
    """The proof that the root over `second` transactions grew out of the one over `first`."""
    book = ledger_queries.book_by_code(code=code)
    return Growth.model_validate(ledger_queries.consistency_proof(book_id=book.pk, first=first, second=second))


@operation(
    router,
    "GET",
    "/transactions/{public_id}/proof",
    roles=[PUBLIC],
    scopes=[],
    says="证明一笔账在封账的总指纹之下；知道它的随机编号就能核对。",
    answer=Proof,
)
def read_proof(request: Request, public_id: str) -> Proof:
    """The proof that one transaction stands under a sealed root; who knows its random number may check it."""
    return Proof.model_validate(ledger_queries.inclusion_proof(public_id=public_id))


@operation(
    router,
    "GET",
    "/books/verification",
    roles=[DIRECTOR, SUPERVISOR, HEAD_OFFICER],
    scopes=["ledger:verify"],
    says="把每本账从头再读一遍，指出最先对不上的地方。",
    answer=Verification,
)
def verify_books(request: Request) -> Verification:
    """Read every book again and name the first faults."""
    return Verification.model_validate(ledger_queries.verify())


def _shown(book: Any, seal: Any | None) -> SealOut:
    return SealOut(
        book=book.code,
        algorithm=book.algorithm,
        size=seal.size if seal else 0,
        root=bytes(seal.root).hex() if seal else "",
        sealed_at=seal.sealed_at if seal else None,
    )
