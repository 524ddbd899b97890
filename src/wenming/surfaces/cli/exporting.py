"""The tables that the export command writes, and the one instant as of which a longer export reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from wenming.core import clock, points
from wenming.core.actor import Actor
from wenming.domain.intake import queries as intake
from wenming.domain.intake import workbooks
from wenming.domain.intake.queries import Export
from wenming.domain.mall import queries as mall
from wenming.surfaces import statements

PAGE = 2_000
TABLES = ("roll", "balances", "statements", "redemptions")
REDEMPTIONS = ("日期", "分行", "姓名", "户号", "存折号", "物品", "数量", "合计", "状态", "凭证")


def table(*, actor: Actor, kind: str, branch_ids: Sequence[int], at: datetime) -> Export:
    """One of the tables; redemptions come from the mall, the rest from the intake."""
    if kind == "redemptions":
        return Export("兑换登记", (), REDEMPTIONS, _redemptions(actor, branch_ids))
    return intake.export_rows(actor=actor, kind=kind, branch_ids=branch_ids, on=clock.local_date(at), wording=statements.wording)


def _redemptions(actor: Actor, branch_ids: Sequence[int]) -> Iterator[Sequence[str]]:
    before: int | None = None
    while found := mall.orders_in(actor=actor, branch_ids=branch_ids, before=before, limit=PAGE):
        before = found[-1].pk
        for one in found:
            home = one.depositor.household
            yield (
                clock.local_date(one.placed_at).isoformat(),
                one.branch.name,
                one.depositor.name,
                home.number if home else "",
                one.passbook.number,
                one.product.title,
                str(one.quantity),
                points.show(one.price),
                one.get_status_display(),
                one.public_id,
            )


def write_table(made: Export, out: Path) -> int:
    """Write a table as `.csv` or `.xlsx`, by the file's ending; the number of lines."""
    rows = list(made.rows)
    if out.suffix.lower() == ".csv":
        heading = [[text] for text in (made.title, *made.notes)] if made.notes else []
        out.write_bytes(workbooks.comma_separated(made.columns, rows, heading))
    else:
        out.write_bytes(workbooks.table(made.title, made.columns, rows, made.notes))
    return len(rows)


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as of one instant, without holding up those who write; inside an act, as that act sees it."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        usual, connection.transaction_mode = connection.transaction_mode, "DEFERRED"  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                yield
        finally:
            connection.transaction_mode = usual  # type: ignore[attr-defined]
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
