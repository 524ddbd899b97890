"""What every operation shares: who may enter, by session or by key; saying it twice; pages."""

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from wenming.core import clock, idempotency
from wenming.core.actor import Actor
from wenming.core.errors import require
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.identity import queries as identity_queries
from wenming.domain.organisations.queries import Role
from wenming.surfaces.api import errors

PUBLIC, USER, VILLAGER = "public", "user", "villager"
OFFICERS = tuple(role.value for role in Role)
EVERYBODY = (VILLAGER, *OFFICERS)
CLERK, DIRECTOR, REVIEWER, TELLER = Role.CLERK.value, Role.DIRECTOR.value, Role.REVIEWER.value, Role.TELLER.value
HEAD_OFFICER, SUPERVISOR, LANE_CHIEF = Role.HEAD_OFFICER.value, Role.SUPERVISOR.value, Role.LANE_CHIEF.value
KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")
PAGE_USUAL, PAGE_MOST = 50, 200

ERRORS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 500)
DAY = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")

SAID: dict[str, str] = {}
"""The summary of each operation, in English as its docstring has it, with the same in Chinese."""

T = TypeVar("T")
Id = Annotated[int, Field(ge=1, le=errors.INTEGER_MOST)]
Ref = Annotated[int, Field(ge=1, le=errors.INTEGER_MOST, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _written_day(value: Any) -> Any:
    """Days are written out, 2026-03-10, and lie between 1900 and 2199: no instants, no counts of seconds."""
    if isinstance(value, date) or (isinstance(value, str) and DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("not_a_day", "2026-03-10")


Day = Annotated[
    date,
    BeforeValidator(_written_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{DAY.pattern}$"}),
]


class Request(HttpRequest):
    """A request as the operations see it."""

    actor: Actor
    submission_key: str


class Given(BaseModel):
    """The base of everything that is sent in: unknown names are refused, numbers are numbers."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Shown(BaseModel):
    """The base of everything that is given out.

    Not ninja's own Schema, here and above: it wraps whatever it reads to find its way through querysets and methods, which was
    every eleventh call of a declaration.
    """

    model_config = ConfigDict(from_attributes=True)


class Page(Shown, Generic[T]):
    """A page of a list; `next` is the cursor of the page after it, empty on the last."""

    items: list[T]
    next: str = ""


class Fault(Shown):
    """The one error shape."""

    code: str
    message: str
    fields: dict[str, str] = {}


class PageOf(BaseModel):
    """Which page: where the last one ended, and how many rows. Every list takes it."""

    cursor: str = Query("", max_length=64, description=_("上一页的 next；第一页不填"))
    limit: int = Query(PAGE_USUAL, ge=1, le=PAGE_MOST, description=_("这一页最多几行"))

    @property
    def position(self) -> int | None:
        """Where the page before ended; None for the first."""
        return position_of(self.cursor)

    @property
    def rows(self) -> int:
        """How many rows to read: one more than is shown says that there is a next page."""
        return self.limit + 1

    def of(self, found: Sequence[Any], show: Callable[[Any], Any], key: Callable[[Any], int]) -> Page[Any]:
        """The page out of up to `rows` rows that were read in the order of their keys."""
        shown = found[: self.limit]
        has_more = len(found) > self.limit
        return Page[Any](items=[show(row) for row in shown], next=cursor_of(key(shown[-1])) if has_more else "")


class Gate:
    """Who may enter one operation: at least one of its roles; for a key, each of its scopes as well."""

    def __init__(self, roles: Sequence[str], scopes: Sequence[str]) -> None:
        self.roles, self.scopes = tuple(roles), tuple(scopes)

    def enter(self, request: Any, actor: Actor) -> Actor:
        if actor.scopes is not None:
            for scope in self.scopes:
                require(scope in actor.scopes, errors.ScopeMissing, scope=scope)
        is_villager = VILLAGER in self.roles and actor.depositor_id is not None
        require(USER in self.roles or is_villager or any(grant.role in self.roles for grant in actor.grants))
        request.actor = actor
        return actor


class BearerKey(HttpBearer):
    """A program's key: acts as its user, narrowed to its scopes."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        at = clock.now()
        found = identity_queries.user_by_api_key(key=token, at=at)
        if found is None:
            raise AuthenticationError
        user_id, scopes = found
        actor = depositor_queries.actor_for(user_id=user_id, door="api", at=at)
        return self.gate.enter(request, replace(actor, scopes=frozenset(scopes)))


class SessionCookie(APIKeyCookie):
    """A person's own log-in, as in the pages; writes carry the anti-forgery token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def __call__(self, request: HttpRequest) -> Actor | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise errors.CsrfFailed
        return self.gate.enter(request, request.actor)  # type: ignore[attr-defined]

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        return self(request)


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    roles: Sequence[str],
    scopes: Sequence[str],
    says: str,
    answer: Any,
    status: int = 200,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register one operation with its roles and scopes. The docstring's first line is its summary, `says` is the same in
    Chinese. Writes run once a key."""
    is_write = method != "GET"
    is_public = PUBLIC in roles
    gate = Gate(roles, scopes)
    extra: dict[str, Any] = {"x-roles": list(roles), "x-scopes": list(scopes)}
    if is_write:
        extra["parameters"] = [
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
                "description": _("这次提交的编号；重试时用同一个，就只办一次"),
            }
        ]

    known: set[str] = set()

    def register(view: Callable[..., BaseModel]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def run(request: Any, *args: Any, **values: Any) -> HttpResponse:
            _check_parameters(request, known)

            def work() -> idempotency.Answer:
                return idempotency.Answer(status, view(request, *args, **values).model_dump_json().encode())

            return rendered(_once(request, work) if is_write else work())

        words, _blank, detail = (view.__doc__ or view.__name__).partition("\n")
        SAID[words.strip()] = says
        router.api_operation(
            [method],
            path,
            auth=None if is_public else [BearerKey(gate), SessionCookie(gate)],
            response={status: answer, ERRORS: Fault},
            operation_id=view.__name__,
            summary=words.strip(),
            description=detail.strip(),
            openapi_extra=extra,
        )(run)
        models = router.path_operations[path].operations[-1].models
        known.update(name for model in models for name in getattr(model, "__ninja_flatten_map__", None) or ())
        return run

    return register


def _check_parameters(request: Any, known: Collection[str]) -> None:
    """A parameter that is misspelt or said twice would be passed over in silence: say so instead."""
    for name, values in request.GET.lists():
        require(name in known, errors.UnknownParameter, field=name)
        require(len(values) == 1, errors.ParameterTwice, field=name)


def _once(request: Any, work: Callable[[], idempotency.Answer]) -> idempotency.Answer:
    """Run a write under its key; the same key and request again get the first answer."""
    key = request.headers.get(KEY_HEADER, "").strip()
    require(bool(key), errors.KeyMissing)
    require(KEY.fullmatch(key) is not None, errors.KeyMalformed)
    user_id = request.actor.user_id
    assert user_id is not None, "a write needs somebody who writes"
    request.submission_key = f"api:{user_id}:{key}"
    words = f"{request.method} {request.get_full_path()} {hashlib.sha256(request.body).hexdigest()}"
    return idempotency.once(owner_id=user_id, key=key, request=words, at=clock.now(), do=work)


def rendered(answer: idempotency.Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json; charset=utf-8")
    if answer.is_repeat:
        response["Idempotent-Replay"] = "true"
    return response


def cursor_of(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def position_of(cursor: str) -> int | None:
    """Where a cursor stands; None for the first page. Refuses what we did not give out."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise errors.WrongCursor(field="cursor") from error
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise errors.WrongCursor(field="cursor")
    return int(text)
