"""公示与张榜: what waits for the wall, the sheets that hang, what residents said, corrections to confirm."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from wenming.core.errors import NotFound
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.deeds import services as deeds
from wenming.domain.ledger import queries as ledger_queries
from wenming.domain.notices import queries as notice_queries
from wenming.domain.notices import services as notices_service
from wenming.domain.organisations import queries as organisations
from wenming.surfaces.console.page import ANSWERERS, CLERKS, RUNNERS, Desk, Entry, console, cursor, page_of, pdf, picture
from wenming.ui import print as paper
from wenming.ui.filters import day, month

LONGEST_PERIOD = 7
LONGEST_PREVIEW = 28
LINES = 60
LONGEST_LIST = 5000


def last_day(ends_at: datetime) -> datetime:
    """The last instant at which objections are taken; the end itself is the first that is too late."""
    return ends_at - timedelta(seconds=1)


@console("notices")
def notices(desk: Desk) -> HttpResponse:
    return _show(desk, Entry())


def _show(desk: Desk, form: Entry) -> HttpResponse:
    waiting = deed_queries.awaiting_notice(actor=desk.actor, branch_id=desk.branch.pk)
    objections = notice_queries.objections_to_answer(actor=desk.actor, at=desk.at, branch_id=desk.branch.pk)
    reversals = deed_queries.reversals_to_confirm(actor=desk.actor) if desk.may(*RUNNERS) else []
    return desk.show(
        "notices/notices.html",
        status=form.status,
        waiting=waiting,
        waiting_points=sum(one.points or 0 for one in waiting),
        up=list(notice_queries.notices_on_wall(branch_id=desk.branch.pk)),
        objections=objections,
        reversals=reversals,
        days=range(max((one.item.notice_workdays for one in waiting), default=3), LONGEST_PERIOD + 1),
        last_day=last_day,
        may_publish=desk.may(*CLERKS),
        may_answer=desk.may(*ANSWERERS),
        form=form,
    )


@require_POST
@console("notices", *CLERKS)
def publish(desk: Desk) -> HttpResponse:
    """Seal the ticked lines into one sheet with its fingerprint and hang it."""
    form = Entry.of(desk.request)
    chosen = form.ids("declarations")
    workdays = form.count("workdays", most=7) if form["workdays"] else None
    if not chosen:
        form.wrong("declarations", _("请至少勾一笔。"))
    made: Any = None
    if form.ok:
        with form.catching("declarations"):
            made = deeds.publish_notice(
                actor=desk.actor, branch_id=desk.branch.pk, at=desk.at, declaration_ids=chosen, workdays=workdays
            )
    if not form.ok:
        return _show(desk, form)
    desk.say(_("红榜 {number} 封好了，网上已经挂出，请打印张贴。").format(number=made.number))
    return redirect("console:notice", number=made.number)


def _found(desk: Desk, number: str) -> Any:
    found = notice_queries.notice(number=number)
    desk.see(found.branch_id)
    return found


@console("notices")
def notice(desk: Desk, number: str) -> HttpResponse:
    """One sheet: where it stands, its fingerprint, its lines, what was said about them, how to print it, how it hangs."""
    found = _found(desk, number)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        _keep_photo(desk, found, form)
        if form.ok:
            desk.say(_("照片存好了。"))
            return redirect("console:notice", number=number)
    after = cursor(desk.request) or 0
    lines, last = page_of(notice_queries.lines(notice_id=found.pk, at=desk.at, after=after, limit=LINES + 1), LINES)
    objections = notice_queries.objections_to_answer(actor=desk.actor, at=desk.at, branch_id=found.branch_id)
    return desk.show(
        "notices/notice.html",
        status=form.status if desk.request.method == "POST" else 200,
        form=form,
        photos=notice_queries.photos(actor=desk.actor, notice=found),
        may_add_photo=desk.may(*CLERKS),
        notice=found,
        lines=lines,
        after=last.place if last else None,
        preview=lines[:LONGEST_PREVIEW],
        last_day=last_day,
        address=desk.request.build_absolute_uri(reverse("board:notice", kwargs={"number": found.number})),
        objections=[o for o in objections if o.notice_number == found.number],
        may_answer=desk.may(*ANSWERERS),
    )


def _keep_photo(desk: Desk, found: Any, form: Entry) -> None:
    file = form.files.get("photo")
    if file is None:
        form.wrong("photo", _("请拍一张贴好的红榜。"))
        return
    with form.catching("photo"):
        notices_service.keep_photo(actor=desk.actor, notice_id=found.pk, photo=file, at=desk.at)


@console("notices")
def photo(desk: Desk, number: str, photo: str) -> HttpResponse:
    """A photo of the sheet where it hangs."""
    kept = notice_queries.photos(actor=desk.actor, notice=_found(desk, number))
    found = next((one for one in kept if one.public_id == photo), None)
    if found is None:
        raise NotFound
    return picture(found)


@console("notices")
def paper_list(desk: Desk, number: str) -> HttpResponse:
    """The red list, A3 or A4, for white paper or for red; deductions stand last, as numbers of households without names."""
    found = _found(desk, number)
    size = "a4" if desk.request.GET.get("paper") == "a4" else "a3"
    lines = notice_queries.lines(notice_id=found.pk, at=desk.at, limit=LONGEST_LIST)
    taken = Counter(line.words for line in lines if line.points < 0)
    data = {
        "place": found.branch.name,
        "number": found.number,
        "lines": [{"name": one.masked_name, "words": one.words, "points": one.points} for one in lines if one.points > 0],
        "demerits": [{"words": said, "count": count} for said, count in taken.items()],
        "fingerprint": found.fingerprint,
        "url": desk.request.build_absolute_uri(reverse("board:notice", kwargs={"number": found.number})),
        **_foot(desk, found),
        "paper": size,
        "black_only": desk.request.GET.get("on") == "red",
        "period": month(found.published_at),
        "until": day(last_day(found.ends_at)),
        "phone": found.branch.phone,
    }
    return pdf(paper.red_list_pdf(data), f"redlist-{number}")


def _foot(desk: Desk, notice: Any) -> dict[str, Any]:
    """The newest head of the book for the foot of a red list, and where its QR code leads; nothing before the first seal."""
    book = ledger_queries.book(organisations.book_of(branch_id=notice.branch_id))
    seal = ledger_queries.latest_seal(book.pk)
    if seal is None:
        return {}
    head = paper.Head.of(book, seal, notice=notice.number, print=notice.fingerprint[: paper.FINGERPRINT_DIGITS])
    return {"head": head, "url": f"{desk.request.build_absolute_uri(reverse('board:compare'))}?{head.address}"}


@console("notices", *ANSWERERS)
def objection(desk: Desk, number: int) -> HttpResponse:
    """What a resident said about a line, and the answer that all may read."""
    found = notice_queries.objection(actor=desk.actor, objection_id=number, at=desk.at)
    desk.see(found.branch_id)
    form = Entry.of(desk.request)
    if desk.request.method == "POST":
        outcome = form.choice("outcome", ("upheld", "dismissed"), ask=_("请选成立还是不成立。"))
        answer = form.text("answer", ask=_("请写答复，提意见的人和大家都看得到。"), most=500)
        if form.ok:
            with form.catching("answer"):
                deeds.resolve_objection(
                    actor=desk.actor, objection_id=number, upheld=outcome == "upheld", answer=answer, at=desk.at
                )
        if form.ok:
            desk.say(_("答复好了。"))
            return redirect(reverse("console:notices") + "#objections")
    return desk.show(
        "notices/objection.html",
        status=form.status if desk.request.method == "POST" else 200,
        objection=found,
        declaration=_declaration_of(desk, found.line.subject),
        form=form,
    )


def _declaration_of(desk: Desk, subject: str) -> Any | None:
    number = deed_queries.id_of(subject)
    return deed_queries.declaration(actor=desk.actor, declaration_id=number) if number is not None else None
