"""表格导入: upload, look at the sheet as it is, take the good rows in; all but a roll want a second signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from wenming.core import clock
from wenming.core.errors import NotFound
from wenming.domain.identity import queries as identity_queries
from wenming.domain.intake import outgoing, workbooks
from wenming.domain.intake import queries as intake_queries
from wenming.domain.intake import services as intake
from wenming.domain.intake.headings import SHOWN
from wenming.domain.intake.reader import column_letters
from wenming.surfaces.console.page import CLERKS, Desk, Entry, console, cursor, xlsx

KINDS = (
    ("register", gettext_lazy("积分登记台账")),
    ("roll", gettext_lazy("储户名册")),
    ("rulebook", gettext_lazy("积分细则")),
    ("balances", gettext_lazy("期初结余（月度汇总表）")),
)
EXPORTS = (
    ("roll", gettext_lazy("储户名册")),
    ("register", gettext_lazy("积分登记台账")),
    ("balances", gettext_lazy("积分结余表")),
    ("statements", gettext_lazy("存折流水")),
    ("rulebook", gettext_lazy("积分细则")),
)
FIELDS = {
    "roll": outgoing.ROLL,
    "rulebook": outgoing.RULEBOOK,
    "register": outgoing.REGISTER,
    "balances": outgoing.BALANCES,
}
ROWS = 50
LARGEST = 12 * 1024 * 1024


@console("sheets", *CLERKS)
def sheets(desk: Desk) -> HttpResponse:
    """Upload a sheet; the earlier ones with what became of them."""
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        kind = form.choice("kind", [code for code, _words in KINDS], ask=_("请选这是哪种表。"))
        file = desk.request.FILES.get("file")
        if file is None:
            form.wrong("file", _("请选一个文件。"))
        elif file.size > LARGEST:
            form.wrong("file", _("文件太大了，请拆成几份，每份 12 MB 以内。"))
        made: Any = None
        if form.ok and file is not None:
            with form.catching("file"):
                made = intake.stage_sheet(
                    actor=desk.actor,
                    kind=kind,
                    branch_id=desk.branch.pk,
                    file_name=file.name or "",
                    data=file.read(),
                    at=desk.at,
                )
        if form.ok:
            return redirect("console:sheet", public_id=made.public_id)
    earlier = intake_queries.sheets_of(actor=desk.actor, branch_id=desk.branch.pk)
    return desk.show(
        "intake/sheets.html",
        status=form.status if desk.request.method == "POST" else 200,
        form=form,
        kinds=KINDS,
        exports=EXPORTS,
        kind_words=dict(KINDS),
        earlier=earlier,
        people=identity_queries.display_names(user_ids=[one.uploaded_by for one in earlier if one.uploaded_by]),
    )


@console("sheets", *CLERKS)
def sheet(desk: Desk, public_id: str) -> HttpResponse:
    """The preview with the sheet's own row numbers and column letters; then in with the good rows."""
    found = intake_queries.sheet(actor=desk.actor, public_id=public_id)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        said = _act(desk, form, found)
        if form.ok:
            desk.say(said)
            return redirect("console:sheets") if form["act"] == "drop" else redirect("console:sheet", public_id=public_id)
        found = intake_queries.sheet(actor=desk.actor, public_id=public_id)
    show = desk.request.GET.get("show") or ("bad" if found.bad_count else "all")
    rows, after = _rows(desk, found, show)
    officers = (found.uploaded_by, found.signed_by, found.committed_by)
    return desk.show(
        "intake/sheet.html",
        status=form.status if desk.request.method == "POST" else 200,
        sheet=found,
        kind_words=dict(KINDS),
        columns=[(column["letters"], column["title"]) for column in found.columns],
        rows=rows,
        whole=[problem for problem in found.problems if not problem["row"]],
        notes=found.facts.get("notes", []),
        show=show,
        after=after,
        people=identity_queries.display_names(user_ids=[number for number in officers if number]),
        needs_second=intake_queries.wants_two(sheet=found),
        may_sign=intake_queries.may_sign(actor=desk.actor, sheet=found),
        may_commit=intake_queries.may_commit(actor=desk.actor, sheet=found),
        form=form,
    )


def _act(desk: Desk, form: Entry, found: Any) -> str:
    act = form.choice("act", ("commit", "sign", "drop"))
    with form.catching("form"):
        if act == "commit":
            done = intake.commit_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at)
            return _("入册了 {n} 行。").format(n=done.committed_count)
        if act == "sign":
            signed = intake.sign_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at)
            left = len([problem for problem in signed.problems if problem["code"] == "signers_household"])
            words = _("您签字了，可以入册了。")
            return words + _("有 {n} 行是您自己家或亲属的，没有签，请另一位来签。").format(n=left) if left else words
        if act == "drop":
            intake.drop_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at)
    return _("这张表作废了，没有再入账。")


@dataclass(frozen=True)
class Row:
    """One row as the page shows it: cells by column letters, which are wrong, and how to mend them."""

    number: int
    cells: dict[str, str]
    wrong: frozenset[str]
    words: list[str]


def _rows(desk: Desk, found: Any, show: str) -> tuple[list[Row], int | None]:
    start = cursor(desk.request) or 0
    asked = intake_queries.preview(
        actor=desk.actor, public_id=found.public_id, only_bad=show == "bad", after=start, limit=ROWS + 1
    )
    shown = [row for row in asked[:ROWS] if row.number]
    rows = [
        Row(
            number=row.number,
            cells={column_letters(place): text for place, text in enumerate(row.cells, 1)},
            wrong=frozenset(row.problems),
            words=[problem["message"] for problem in row.problems.values()],
        )
        for row in shown
    ]
    return rows, (asked[ROWS - 1].number if len(asked) > ROWS else None)


@console("sheets", *CLERKS)
def problems(desk: Desk, public_id: str) -> HttpResponse:
    """The wrong rows as a sheet of their own: the same columns, and what to mend behind them."""
    return xlsx(intake_queries.problems_workbook(actor=desk.actor, public_id=public_id), "problems")


@console("sheets", *CLERKS)
def template(desk: Desk, kind: str) -> HttpResponse:
    """An empty sheet with the headings that the import knows."""
    if kind not in FIELDS:
        raise NotFound()
    titles = [str(SHOWN[kind][name]) for name in FIELDS[kind]]
    return xlsx(workbooks.table(str(dict(KINDS)[kind]), titles, []), kind)


@require_POST
@console("sheets", *CLERKS)
def export(desk: Desk, kind: str) -> HttpResponse:
    """A table of the branch as it is now, with the headings that the import knows."""
    data = intake.export_sheet(actor=desk.actor, kind=kind, branch_id=desk.branch.pk, at=desk.at)
    return xlsx(data, f"{kind}-{clock.local_date(desk.at)}")
