"""Writes of the identity room: users, log-in names, passwords, activation codes, API keys."""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from wenming.core import audit, chance, vault
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal, WrongInput, require
from wenming.core.failpoints import failpoint
from wenming.core.transactions import service
from wenming.domain.identity import queries
from wenming.domain.identity.devices import meet_device as meet_device
from wenming.domain.identity.devices import revoke_device as revoke_device
from wenming.domain.identity.models import Activation, ApiKey, Device, LoginName, User

CODE_LENGTH = 8
CODE_TRIES = 5
CODE_DAYS = 7
NAME_MAX = 60
PREFERENCES_MAX = 32
SCOPE = re.compile(r"[a-z_]{1,24}(:[a-z_]{1,24})?")
P = ParamSpec("P")


class LoginNameTaken(Refusal):
    code, message, status = "identity.login_name_taken", _("这个登录名已经有人用了，请换一个。"), 409


class WrongActivation(Refusal):
    """The one answer for an unknown name, a wrong, used or overdue code, or too many tries: says nothing about who exists."""

    code, message, field = (
        "identity.wrong_activation",
        _("登录名或激活码不对，或激活码已过期。请再看一遍，或到柜台重领。"),
        "code",
    )


class WeakPassword(Refusal):
    code, message = "identity.weak_password", _("这个密码太容易被猜到：{why}")


def _refuse_afterwards(function: Callable[P, User | Refusal]) -> Callable[P, User]:
    """Raise a returned refusal only after its act is durable, so that the count of tries outlives the refusal."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> User:
        outcome = function(*args, **kwargs)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    return run


def _user(user_id: int) -> User:
    found = User.objects.select_for_update().filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def _check_password(password: str, user: User | None) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(field="password", why="".join(error.messages)) from error
    if len(password) > 128:
        raise WrongInput(field="password", message=_("密码最长 128 个字。"))


@service
def register_user(*, display_name: str, at: datetime) -> User:
    """Make a user without a password; an activation code lets them set one."""
    name = display_name.strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise WrongInput(field="display_name", message=_("请填姓名，最多 60 个字。"))
    return User.objects.create(public_id=chance.public_id(), display_name=name, registered_at=at, password=make_password(None))


@service
def rename_user(*, user_id: int, display_name: str) -> None:
    """Change the name by which the pages greet a user."""
    User.objects.filter(pk=user_id).update(display_name=display_name[:NAME_MAX])


@service
def add_login_name(*, user_id: int, kind: str, name: str) -> None:
    """Let a user log in by one more name. Saying it twice does it once; refuses a name that is someone else's."""
    if kind not in LoginName.Kind.values:
        raise WrongInput(field="kind")
    if not queries.plain_name(name):
        raise WrongInput(field="name", message=_("登录名不能是空的。"))
    digest = queries.digest_of(name)
    present = LoginName.objects.filter(digest=digest).first()
    if present is not None and present.user_id != user_id:
        raise LoginNameTaken(field="name")
    if present is None:
        LoginName.objects.create(user_id=user_id, kind=kind, digest=digest)


@service
def drop_login_names(*, user_id: int, kind: str) -> int:
    """Take away a user's log-in names of one kind, for example when the phone changes hands; says how many went."""
    gone, _by_model = LoginName.objects.filter(user_id=user_id, kind=kind).delete()
    return gone


@service
def set_password(*, user_id: int, password: str, at: datetime) -> None:
    """Set a password and end every other session of the user. Refuses weak ones."""
    set_passwords(user_ids=[user_id], password=password, at=at)


@service
def set_passwords(*, user_ids: Sequence[int], password: str, at: datetime) -> None:
    """Set the same password for several users, hashed once: for the log-ins of a demo, which everybody may know."""
    users = [_user(user_id) for user_id in user_ids]
    for user in users:
        _check_password(password, user)
    hashed = make_password(password)
    for user in users:
        user.password, user.must_change_password = hashed, False
        user.token_version += 1
        user.save(update_fields=["password", "must_change_password", "token_version"])
        audit.record(actor=Actor(user_id=user.pk, door="self"), act="identity.password_set", subject=f"user:{user.pk}", at=at)


@service
def issue_activation(*, actor: Actor, user_id: int, at: datetime) -> str:
    """A fresh code of eight digits for the counter to hand over; the user's earlier unused code is void.

    Whether this officer may do it for this person is asked by the room that knows the person.
    """
    require(actor.is_system or actor.is_officer)
    user = _user(user_id)
    if not user.is_active:
        raise NotFound
    code = chance.digits(CODE_LENGTH)
    Activation.objects.filter(user_id=user_id, used_at__isnull=True).delete()
    Activation.objects.create(
        user=user,
        digest=vault.digest("activation", f"{user_id}:{code}"),
        issued_by=actor.user_id,
        issued_at=at,
        expires_at=at + timedelta(days=CODE_DAYS),
    )
    failpoint("identity.activation_issued")
    audit.record(actor=actor, act="identity.activation_issued", subject=f"user:{user_id}", at=at)
    return code


@_refuse_afterwards
@service
def activate(*, name: str, code: str, password: str, at: datetime) -> User | Refusal:
    """Set a password by an activation code. Five wrong codes make it void; every failure has the same answer."""
    _check_password(password, None)
    found = queries.user_by_login_name(name=name)
    activation = Activation.objects.select_for_update().filter(user_id=found.pk, used_at__isnull=True).first() if found else None
    given = vault.digest("activation", f"{found.pk if found else 0}:{_digits(code)}")
    encoded = make_password(password)
    if found is None or activation is None or activation.expires_at <= at or activation.tries >= CODE_TRIES:
        return WrongActivation()
    if not hmac.compare_digest(activation.digest, given):
        Activation.objects.filter(pk=activation.pk).update(tries=F("tries") + 1)
        return WrongActivation()
    activation.used_at = at
    activation.save(update_fields=["used_at"])
    failpoint("identity.activation_used")
    user = _user(found.pk)
    user.password = encoded
    user.must_change_password = False
    user.token_version += 1
    user.save(update_fields=["password", "must_change_password", "token_version"])
    failpoint("identity.password_set")
    audit.record(actor=Actor(user_id=user.pk, door="self"), act="identity.activated", subject=f"user:{user.pk}", at=at)
    return user


def _digits(code: str) -> str:
    return queries.plain_name(code)[:32]


@service
def issue_api_key(*, actor: Actor, user_id: int, name: str, scopes: Sequence[str], at: datetime, days: int = 365) -> str:
    """A key for a program that acts as this user; the whole key is returned once and never again.

    A scope is a word or two such as `deeds:write`; what each opens is said by the door. Only the user and the operator's
    shell may ask for a key.
    """
    require(actor.is_system or actor.user_id == user_id)
    if not scopes or not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise WrongInput(field="scopes", message=_("请选这把密钥能办哪些事。"))
    if not 1 <= len(name.strip()) <= NAME_MAX or not 1 <= days <= 3660:
        raise WrongInput(field="name", message=_("请给密钥起个名字，期限不超过十年。"))
    _user(user_id)
    prefix, secret = chance.random_bytes(4).hex(), chance.random_bytes(queries.SECRET_LENGTH // 2).hex()
    key = ApiKey.objects.create(
        user_id=user_id,
        name=name.strip(),
        prefix=prefix,
        digest=vault.digest("api-key", secret),
        scopes=sorted(set(scopes)),
        issued_at=at,
        expires_at=at + timedelta(days=days),
    )
    audit.record(actor=actor, act="identity.api_key_issued", subject=f"api-key:{key.pk}", at=at)
    return f"{queries.KEY_MARK}_{prefix}_{secret}"


@service
def revoke_api_key(*, actor: Actor, key_id: int, at: datetime) -> None:
    """End a key at once. Saying it twice does it once."""
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None or not (actor.is_system or key.user_id == actor.user_id):
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
        audit.record(actor=actor, act="identity.api_key_revoked", subject=f"api-key:{key.pk}", at=at)


@service
def end_sessions(*, user_id: int) -> None:
    """Log a user out everywhere: sessions of an earlier token version are refused at their next click."""
    User.objects.filter(pk=user_id).update(token_version=F("token_version") + 1)


@service
def set_preference(*, user_id: int, name: str, value: str) -> None:
    """Remember one choice of the user, for example large type."""
    if not name.isidentifier() or len(name) > 32 or len(value) > 64:
        raise WrongInput(field=name)
    user = _user(user_id)
    user.preferences = {**user.preferences, name: value}
    if len(user.preferences) > PREFERENCES_MAX:
        raise WrongInput(field=name)
    user.save(update_fields=["preferences"])


@service
def close_user(*, user_id: int) -> None:
    """End a log-in for good: its names are free for others, its sessions and keys are over at once."""
    for rows in (LoginName, Activation, ApiKey, Device):
        rows.objects.filter(user_id=user_id).delete()
    User.objects.filter(pk=user_id).update(is_active=False, token_version=F("token_version") + 1)


@service
def forget_sessions(*, at: datetime) -> int:
    """Remove sessions that ended by themselves, with whatever was typed in them; says how many."""
    done, _by_model = Session.objects.filter(expire_date__lt=at).delete()
    return done


@service
def erase_user(*, user_id: int) -> None:
    """Forget a user: names, codes, keys, sessions, password; the empty row stays because the audit trail names its number."""
    close_user(user_id=user_id)
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get(SESSION_KEY) == str(user_id):
            session.delete()
    user = _user(user_id)
    user.display_name, user.preferences = "", {}
    user.set_unusable_password()
    user.save(update_fields=["display_name", "preferences", "password"])
