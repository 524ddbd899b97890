"""A small bank for the tests of the books."""

from __future__ import annotations

from datetime import datetime

from wenming.domain.ledger import queries, services
from wenming.domain.ledger.services import Kind, Move, Posting, Unit

BOOK = "421222103"


class Bank:
    """One book with two members, and short words for what the tests do."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.book = services.open_book(code=BOOK, at=at)
        self.wang, self.li = services.open_accounts(book_id=self.book.pk, unit=Unit.POINTS, count=2, at=at)
        (self.merit,) = services.open_accounts(book_id=self.book.pk, unit=Unit.HONOUR, count=1, at=at)

    def posting(self, source: int | str, destination: int | str, amount: int, key: str, **more: object) -> Posting:
        facts: dict[str, object] = {"kind": Kind.DEED_DEPOSITED, "subject": f"deed:{key}", "occurred_at": self.at}
        facts |= {"recorded_at": self.at, **more}
        return Posting(moves=(Move(source, destination, amount),), key=key, **facts)  # type: ignore[arg-type]

    def post(self, source: int | str, destination: int | str, amount: int, key: str, **more: object) -> int:
        return services.post(book_id=self.book.pk, posting=self.posting(source, destination, amount, key, **more)).pk

    def earn(self, amount: int, key: str, **more: object) -> int:
        return self.post("issuance", self.wang, amount, key, **more)

    def hold(self, amount: int, key: str) -> int:
        return self.post(self.wang, "escrow", amount, key, kind=Kind.ORDER_PLACED, subject=f"order:{key}")

    def members(self, count: int, each: int) -> list[int]:
        """More members, each with so much to begin with."""
        pks = services.open_accounts(book_id=self.book.pk, unit=Unit.POINTS, count=count, at=self.at)
        if each:
            first = [self.posting("opening", pk, each, f"opening:{pk}", kind=Kind.OPENING_BALANCE) for pk in pks]
            services.post_many(book_id=self.book.pk, postings=first)
        return pks

    def faults(self) -> list[str]:
        return [fault.code for fault in queries.verify().faults]

    def live_a_little(self) -> None:
        """One of everything that the books know: deposits, a fund, holds open and ended, reversals, seals."""
        earned = self.earn(1_000, "a", scope="07")
        services.post(
            book_id=self.book.pk,
            posting=Posting(
                Kind.DEED_DEPOSITED,
                "deed:both",
                (Move("issuance", self.li, 700), Move("issuance", self.merit, 700)),
                "both",
                self.at,
                self.at,
                "08",
            ),
        )
        fund = services.open_account(book_id=self.book.pk, unit=Unit.FEN, at=self.at, is_member=False, code="fund:1")
        self.post("outside", fund.pk, 5_000, "in", kind=Kind.DONATION_RECEIVED, subject="fund:1")
        services.seal(book_id=self.book.pk, at=self.at)
        hold = self.hold(300, "b")
        self.post("escrow", "redeemed", 300, "c", kind=Kind.ORDER_COLLECTED, ends=hold)
        self.hold(100, "open")
        services.reverse(transaction_id=earned, key="undo", at=self.at, write_off=True)
        self.earn(40, "d")
        services.seal(book_id=self.book.pk, at=self.at)
        self.post(self.li, "redeemed", 7, "late", kind=Kind.ORDER_COLLECTED)
