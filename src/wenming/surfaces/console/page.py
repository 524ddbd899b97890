"""What every page of the console shares: who sits at the desk and where, what was typed, and the frame around it."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import attachments, clock, points
from wenming.core.actor import Actor
from wenming.core.errors import NotAllowed, NotFound, Refusal
from wenming.core.models import Attachment
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.organisations import queries as organisations
from wenming.domain.organisations.queries import Role
from wenming.ui import typed

PAGE = 30
REVIEW_WITHIN = timedelta(days=2)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RUNNERS = (Role.DIRECTOR, Role.HEAD_OFFICER)
CLERKS = (Role.CLERK, *RUNNERS)
REVIEWERS = (Role.REVIEWER, *RUNNERS)
COUNTER = (Role.TELLER, Role.CLERK)
KEEPERS = (Role.TELLER, Role.CLERK, Role.DIRECTOR)
HELPERS = (Role.TELLER, Role.CLERK, *RUNNERS)
CORRECTORS = (Role.CLERK, Role.REVIEWER, Role.SUPERVISOR, *RUNNERS)
ANSWERERS = (Role.SUPERVISOR, *RUNNERS)
ENROLLERS = CLERKS
READERS = (Role.CLERK, Role.REVIEWER, Role.TELLER, Role.LANE_CHIEF, Role.SUPERVISOR, *RUNNERS)

NAV = (
    ("desk", gettext_lazy("今日待办"), "list", READERS),
    ("review", gettext_lazy("记录审核"), "okc", READERS),
    ("depositors", gettext_lazy("名册与善行簿"), "users", READERS),
    ("sheets", gettext_lazy("表格导入"), "xls", CLERKS),
    ("counter", gettext_lazy("兑换柜台"), "tkt", COUNTER),
    ("notices", gettext_lazy("公示与张榜"), "mega", READERS),
    ("rules", gettext_lazy("积分细则"), "law", READERS),
    ("stock", gettext_lazy("货品与库存"), "gift", (*KEEPERS, Role.HEAD_OFFICER, Role.SUPERVISOR)),
    ("funds", gettext_lazy("资金"), "money", (*RUNNERS, Role.CLERK, Role.SUPERVISOR)),
    ("officers", gettext_lazy("人员与任职"), "case", (*RUNNERS, Role.SUPERVISOR)),
    ("audit", gettext_lazy("操作记录"), "shield", (*RUNNERS, Role.SUPERVISOR)),
    ("branches", gettext_lazy("各分行"), "map", (Role.HEAD_OFFICER,)),
    ("bank", gettext_lazy("总行人员"), "star", (Role.HEAD_OFFICER,)),
)
ABOVE = ("branches", "bank")


class OfficersOnly(Refusal):
    code, message, status = "console.officers_only", gettext_lazy("这一页只有村里和镇里的工作人员能看。"), 403


class NotYourPage(Refusal):
    code, message, status = "console.not_your_page", gettext_lazy("这一页要{roles}才能看。"), 403


@dataclass
class Desk:
    """An officer at the console: the actor, the branch that is open, and the instant of this request."""

    request: HttpRequest
    actor: Actor
    at: datetime
    room: str

    @property
    def on(self) -> date:
        return clock.local_date(self.at)

    @cached_property
    def branches(self) -> list[Any]:
        """Those within reach, by code. Names are kept a minute; who may see what is asked of the actor each time."""
        reach = sorted(self.actor.branches())
        key = f"console:branches:{hashlib.sha256(repr(reach).encode()).hexdigest()}"
        found = cache.get(key) if reach else []
        if found is None:
            found = sorted(organisations.visible_branches(actor=self.actor), key=lambda branch: branch.code)
            cache.set(key, found, 60)
        return list(found)

    @cached_property
    def branch(self) -> Any:
        """The branch chosen last, if it is still within reach; else the first one. A bank without any stands for itself."""
        chosen = self.request.session.get("branch")
        for branch in self.branches:
            if branch.pk == chosen:
                return branch
        return self.branches[0] if self.branches else self.bank

    @cached_property
    def bank(self) -> Any:
        """The head bank above the branch that is open."""
        if self.branches:
            return self.branch.parent
        above = sorted(grant.organisation_id for grant in self.actor.grants if grant.role == Role.HEAD_OFFICER)
        if not above:
            raise OfficersOnly()
        return organisations.organisation(organisation_id=above[0])

    @cached_property
    def counts(self) -> Mapping[str, int]:
        return deed_queries.open_counts(branch_id=self.branch.pk)

    def may(self, *roles: str) -> bool:
        if not self.branches:
            return self.actor.holds(*roles, organisation_id=self.bank.pk)
        return self.actor.holds(*roles, branch_id=self.branch.pk)

    def require(self, *roles: str) -> None:
        if not self.may(*roles):
            raise NotYourPage(roles=_("、").join(str(Role(role).label) for role in dict.fromkeys(roles)))

    def see(self, branch_id: int | None) -> None:
        """Other branches do not exist."""
        if branch_id is None or not (self.actor.is_system or branch_id in self.actor.branches()):
            raise NotFound()

    def nav(self) -> list[dict[str, object]]:
        """The menu for this officer."""
        waiting = {"review": self.counts.get("submitted", 0), "notices": self.counts.get("approved", 0)}
        return [
            {"name": f"console:{name}", "label": label, "icon": icon, "count": waiting.get(name, 0), "current": name == self.room}
            for name, label, icon, roles in NAV
            if self.may(*roles) and (self.branches or name in ABOVE)
        ]

    def show(self, template: str, *, status: int = 200, **context: object) -> HttpResponse:
        role = next((Role(g.role).label for g in self.actor.grants if self.branch.pk in g.branch_ids), "")
        frame: dict[str, object] = {
            "desk": self,
            "at": self.at,
            "today": self.on,
            "branch": self.branch,
            "branches": self.branches,
            "nav": self.nav(),
            "me": self.request.user,
            "my_role": role,
        }
        return render(self.request, f"console/{template}", {**frame, **context}, status=status)

    def say(self, words: str) -> None:
        """What was done, told at the top of the next page."""
        messages.success(self.request, words)


View = Callable[..., HttpResponse]


def console(room: str, *roles: str) -> Callable[[View], View]:
    """A page of the console: officers only, and of these roles if any are named."""

    def wrap(view: View) -> View:
        @wraps(view)
        def run(request: HttpRequest, **kwargs: object) -> HttpResponse:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            if not (actor.is_officer or actor.is_system):
                raise OfficersOnly()
            desk = Desk(request=request, actor=actor, at=clock.now(), room=room)
            if not desk.branches and room not in ABOVE:
                return redirect("console:branches")
            if roles:
                desk.require(*roles)
            return view(desk, **kwargs)

        return run

    return wrap


@dataclass
class Entry:
    """What was typed into a form, and what is wrong with it; nothing typed is lost."""

    typed: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest, present: Mapping[str, Any] | None = None) -> Entry:
        """What was posted; else what waited for the log-in, else what stands there at present or in the address."""
        kept = typed.of(request)
        if request.method == "POST":
            return cls(typed=request.POST, files=request.FILES)
        return cls(typed=kept if kept is not None else request.GET if present is None else present)

    def __getitem__(self, name: str) -> str:
        return str(self.typed.get(name, ""))

    def get(self, name: str, default: str = "") -> str:
        return str(self.typed.get(name, default))

    def many(self, name: str) -> list[str]:
        reader = getattr(self.typed, "getlist", None)
        return list(reader(name)) if reader else list(self.typed.get(name, []))

    def has(self, name: str, value: str) -> bool:
        return value in self.many(name)

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def status(self) -> int:
        return 422 if self.errors else 200

    def wrong(self, name: str, words: str | Promise) -> None:
        self.errors.setdefault(name, str(words))

    def text(self, name: str, *, ask: str = "", most: int = 500) -> str:
        value = self[name].strip()
        if ask and not value:
            self.wrong(name, ask)
        if len(value) > most:
            self.wrong(name, _("最多写 {most} 个字，现在是 {count} 个。").format(most=most, count=len(value)))
        return value

    def day(self, name: str, *, ask: str = "") -> date | None:
        value = self[name].strip()
        if not value:
            if ask:
                self.wrong(name, ask)
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(name, _("日期写成 2026-03-09 这样。"))
            return None

    def amount(self, name: str, *, empty: int | None = None, zero: bool = False) -> int | None:
        if not self[name].strip() and empty is not None:
            return empty
        with self.catching(name):
            return points.parse(self[name], field=name, zero=zero)
        return None

    def optional_amount(self, name: str) -> int | None:
        return self.amount(name, zero=True) if self[name].strip() else None

    def count(self, name: str, *, most: int = 100_000, empty: int | None = None) -> int | None:
        if not self[name].strip() and empty is not None:
            return empty
        with self.catching(name):
            return points.parse_count(self[name], field=name, most=most)
        return None

    def whole(self, name: str) -> int | None:
        """A whole number from zero up: what was counted on a shelf may be nothing."""
        value = self[name].strip()
        return 0 if value in ("0", "０") else self.count(name, most=1_000_000)

    def optional_count(self, name: str) -> int | None:
        return self.count(name) if self[name].strip() else None

    def choice(self, name: str, choices: Iterable[str], *, ask: str = "") -> str:
        value = self[name]
        if value not in set(choices):
            self.wrong(name, ask or _("请选一项。"))
        return value

    def ids(self, name: str) -> list[int]:
        return [int(value) for value in self.many(name) if value.isdecimal() and len(value) < 19]

    @contextlib.contextmanager
    def catching(self, default: str = "form") -> Iterator[None]:
        """A refusal becomes words beside the field it speaks of; what may not be seen stays unseen."""
        try:
            yield
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            self.wrong(refusal.field or default, refusal.words)

    @property
    def submission_key(self) -> str:
        """One key a form, made before it is sent, so that a double click is one act."""
        return self["submission_key"] or f"console-{secrets.token_hex(16)}"


def page_of(rows: Iterable[Any], size: int = PAGE) -> tuple[list[Any], Any | None]:
    """One page and the row that the next one starts after, out of a query that was asked for one row more."""
    found: Sequence[Any] = list(rows)
    return list(found[:size]), (found[size - 1] if len(found) > size else None)


def cursor(request: HttpRequest, name: str = "after") -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None


def refuse(allowed: bool) -> None:
    if not allowed:
        raise NotAllowed()


def picture(kept: Attachment) -> HttpResponse:
    """A photo that was kept, for those who may see it."""
    response = HttpResponse(attachments.content(kept), content_type=kept.kind)
    response["Cache-Control"] = "private, max-age=600"
    return response


def pdf(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


def xlsx(data: bytes, name: str) -> HttpResponse:
    """A workbook to take away."""
    response = HttpResponse(data, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    response["Cache-Control"] = "private, no-store"
    return response
