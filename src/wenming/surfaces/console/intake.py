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
from wenming.surfaces import statements
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
    """The preview with the sheet's own row numbers and column letters; mend what is wrong, then in with the good rows."""
    found = intake_queries.sheet(actor=desk.actor, public_id=public_id)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        said = _act(desk, form, found)
        if form.ok:
            desk.say(said)
            if form["act"] in ("mend", "sure"):
                return redirect(f"{desk.request.get_full_path()}#grid")
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
        show=show,
        after=after,
        people=identity_queries.display_names(user_ids=[number for number in officers if number]),
        needs_second=intake_queries.wants_two(sheet=found),
        may_mend=intake_queries.may_mend(actor=desk.actor, sheet=found),
        may_sign=intake_queries.may_sign(actor=desk.actor, sheet=found),
        may_commit=intake_queries.may_commit(actor=desk.actor, sheet=found),
        form=form,
    )


def _act(desk: Desk, form: Entry, found: Any) -> str:
    act = form.choice("act", ("commit", "sign", "drop", "mend", "sure"))
    seen = int(form["seen"]) if form["seen"].isdecimal() else None
    with form.catching("form"):
        if act == "mend":
            return _mend(desk, form, found)
        if act == "sure":
            done = intake.mend_sure(actor=desk.actor, sheet_id=found.pk, at=desk.at)
            return _("能自动改的都改了，还有 {n} 行要改。").format(n=done.bad_count) if done.bad_count else _("都改好了。")
        if act == "commit":
            done = intake.commit_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at, seen=seen)
            return _("入册了 {n} 行。").format(n=done.committed_count)
        if act == "sign":
            signed = intake.sign_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at, seen=seen)
            left = len([problem for problem in signed.problems if problem["code"] == "signers_household"])
            words = _("您签字了，可以入册了。")
            return words + _("有 {n} 行是您自己家或亲属的，没有签，请另一位来签。").format(n=left) if left else words
        if act == "drop":
            intake.drop_sheet(actor=desk.actor, sheet_id=found.pk, at=desk.at)
    return _("这张表作废了，没有再入账。")


def _mend(desk: Desk, form: Entry, found: Any) -> str:
    """What the button that was pressed says: `14:out`, `14:back`, `14:B:王秀梅`, or `14:B` for what is picked in the list."""
    number, _colon, way = form["way"].partition(":")
    if not number.isdecimal() or len(number) > 7:
        raise NotFound()
    row = {"actor": desk.actor, "sheet_id": found.pk, "row": int(number), "at": desk.at}
    if way == "out":
        intake.leave_out_row(**row)
        return _("第 {row} 行去掉了，在“改过的”里还能放回来。").format(row=number)
    if way == "back":
        intake.put_back_row(**row)
        return _("第 {row} 行改回原样了。").format(row=number)
    column, _colon, text = way.partition(":")
    done = intake.mend_cell(**row, column=column, text=text or form[f"pick-{number}-{column}"])
    if any(problem["row"] == int(number) for problem in done.problems):
        return _("第 {row} 行改了一处，还有别处要改。").format(row=number)
    return _("第 {row} 行改好了。").format(row=number)


@dataclass(frozen=True)
class Row:
    """One row as the page shows it: cells by column letters, which are wrong, what they were, and how to mend them."""

    number: int
    cells: dict[str, str]
    wrong: frozenset[str]
    was: dict[str, str]
    words: list[str]
    offers: list[tuple[str, tuple[str, ...], bool]]
    is_left_out: bool
    may_leave_out: bool


def _rows(desk: Desk, found: Any, show: str) -> tuple[list[Row], int | None]:
    asked = intake_queries.preview(
        actor=desk.actor,
        public_id=found.public_id,
        only_bad=show == "bad",
        only_mended=show == "mended",
        after=cursor(desk.request) or 0,
        limit=ROWS + 1,
    )
    rows = [_row(row) for row in asked[:ROWS] if row.number]
    return rows, (asked[ROWS - 1].number if len(asked) > ROWS else None)


def _row(row: Any) -> Row:
    cells = {column_letters(place): text for place, text in enumerate(row.cells, 1)}
    return Row(
        number=row.number,
        cells=cells,
        wrong=frozenset(row.problems),
        was=row.mended,
        words=[problem["message"] for problem in row.problems.values()],
        offers=[(at, one.texts, _adds_to(cells.get(one.column, ""), one.texts[0])) for at, one in row.offers.items()],
        is_left_out=row.is_left_out,
        may_leave_out=row.may_leave_out,
    )


def _adds_to(before: str, after: str) -> bool:
    """Whether the offered text only fills up what is there: 0002 for 2."""
    return after.endswith(before)


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
    data = intake.export_sheet(actor=desk.actor, kind=kind, branch_id=desk.branch.pk, at=desk.at, wording=statements.wording)
    return xlsx(data, f"{kind}-{clock.local_date(desk.at)}")
