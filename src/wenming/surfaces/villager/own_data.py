"""What is kept about me: to see, and to take a copy of (Personal Information Protection Law, articles 44 and 45)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from wenming.core import clock, points
from wenming.domain.deeds import queries as deeds
from wenming.domain.depositors import queries as depositors
from wenming.domain.identity import queries as identity
from wenming.domain.intake import workbooks
from wenming.domain.ledger import queries as ledger
from wenming.domain.mall import queries as mall
from wenming.domain.notices import queries as notices
from wenming.surfaces.devices import words_for
from wenming.surfaces.statements import titles_for
from wenming.surfaces.villager.door import page, with_passbook
from wenming.ui.filters import full_day

AT_ONCE = 500
LOOKS = 20
OBJECTIONS = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Rows = Iterator[tuple[str, ...]]


@require_safe
@with_passbook
def my_data(request: HttpRequest, *, book: Any) -> HttpResponse:
    """The facts on the roll, who has read the encrypted ones, and the way to the copy."""
    context = {
        "book": book,
        "facts": list(_facts(book)),
        "readings": depositors.looks_at(depositor_id=book.depositor_id, limit=LOOKS),
    }
    return page(request, "villager/household/my_data.html", context, here="me")


@require_safe
@with_passbook
def my_copy(request: HttpRequest, *, book: Any) -> HttpResponse:
    """Everything in one workbook. ID number and phone are left to the counter: they are kept on no phone."""
    tables = [
        (_("登记资料"), (_("哪一项"), _("怎么记的")), _facts(book)),
        (_("善行簿"), (_("记账"), _("事由"), _("存或用"), _("余额"), _("凭证长号")), _entries(book, book.points_account_id)),
        (_("荣誉积分"), (_("记账"), _("事由"), _("多少"), _("累计"), _("凭证长号")), _entries(book, book.honour_account_id)),
        (_("好事"), (_("哪天"), _("细则"), _("做的事"), _("说明"), _("几分"), _("到哪一步")), _deeds(book)),
        (_("换的东西"), (_("哪天"), _("什么"), _("几份"), _("几分"), _("到哪一步")), _orders(book)),
        (_("提的意见"), (_("哪天"), _("红榜"), _("哪一笔"), _("怎么说的"), _("答复")), _objections(request)),
        (_("登录过的手机"), (_("哪一部"), _("上次用")), _devices(request)),
        (_("谁看过号码"), (_("什么时候"), _("看了什么"), _("为什么"), _("谁")), _looks(book)),
    ]
    answer = HttpResponse(workbooks.several(tables), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="wenming-{book.number}.xlsx"'
    answer["Cache-Control"] = "no-store"
    return answer


def _stamp(at: datetime) -> str:
    """An instant on the village's clock, as a column that sorts."""
    return f"{at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"


def _facts(book: Any) -> Iterator[tuple[str, str]]:
    who = book.depositor
    kept = depositors.vault_fields(depositor_id=who.pk)
    yield _("姓名"), who.name
    if who.sex:
        yield _("性别"), str(who.get_sex_display())
    if who.born_on:
        yield _("出生"), full_day(who.born_on)
    yield _("存折"), book.number
    yield _("分行"), who.branch.name
    if who.household is not None:
        yield _("户号"), " ".join(filter(None, (who.household.number, who.household.lane)))
    yield _("哪天开户"), full_day(who.joined_on)
    for term in depositors.class_terms(depositor_id=who.pk):
        until = full_day(term.valid_to) if term.valid_to else _("现在")
        yield term.label, f"{full_day(term.valid_from)} – {until}"
    for other, relation in depositors.kin_of(depositor_id=who.pk):
        yield _("登记的亲属"), f"{other.name}（{relation}）"
    yield _("身份证号"), _("登记了，加密存着") if "id_number" in kept else _("没登记")
    yield _("手机号"), _("登记了，加密存着") if "phone" in kept else _("没登记")


def _all(read: Callable[[int | None], list[Any]], place: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Page after page, newest first."""
    before: int | None = None
    while found := read(before):
        yield found
        before = place(found[-1])


def _entries(book: Any, account_id: int) -> Rows:
    def read(before: int | None) -> list[Any]:
        return list(ledger.statement(account_id, before=before, limit=AT_ONCE))

    for lines in _all(read, lambda line: int(line.sequence)):
        titles = titles_for(line.subject for line in lines)
        for line in lines:
            amount, rest = points.show_signed(line.amount), points.show(line.balance_after)
            yield _stamp(line.recorded_at), titles.get(line.subject) or line.kind_name, amount, rest, line.public_id


def _deeds(book: Any) -> Rows:
    def read(before: int | None) -> list[Any]:
        return deeds.declarations_of(depositor_ids=[book.depositor_id], before=before, limit=AT_ONCE)

    for found in _all(read, lambda one: int(one.pk)):
        for one in found:
            given = "" if one.points is None else points.show_signed(one.points)
            yield full_day(one.happened_on), one.item.code, one.item.title, one.words, given, str(one.get_status_display())


def _orders(book: Any) -> Rows:
    def read(before: int | None) -> list[Any]:
        return mall.orders_of(depositor_ids=[book.depositor_id], before=before, limit=AT_ONCE)

    for found in _all(read, lambda one: int(one.pk)):
        for one in found:
            status, paid = str(one.get_status_display()), points.show(one.price)
            yield _stamp(one.placed_at), one.product.title, str(one.quantity), paid, status


def _objections(request: HttpRequest) -> Rows:
    for one in notices.my_objections(actor=request.actor, at=clock.now(), limit=OBJECTIONS):
        yield _stamp(one.raised_at), one.notice_number, one.line.words, f"{one.reason_label} {one.words}", one.answer


def _devices(request: HttpRequest) -> Rows:
    for one in identity.devices_of(user_id=request.user.pk):
        yield words_for(one.name), _stamp(one.seen_at)


def _looks(book: Any) -> Rows:
    for look in depositors.looks_at(depositor_id=book.depositor_id, limit=AT_ONCE):
        yield _stamp(look.at), look.fact, look.purpose, look.by
