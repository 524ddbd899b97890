"""Users, log-in, activation codes, API keys."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory, override_settings

from tests import village
from wenming.core import audit
from wenming.core.actor import Actor, system
from wenming.core.errors import NotAllowed, NotFound, WrongInput
from wenming.domain.identity import queries, services
from wenming.domain.identity.backends import LoginNameBackend
from wenming.domain.identity.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "liuxi-cun-2026"


@pytest.fixture
def user(at: datetime) -> User:
    made = services.register_user(display_name="王建国", at=at)
    services.add_login_name(user_id=made.pk, kind="phone", name="13800000001")
    return made


def log_in(name: str, password: str) -> User | None:
    request = RequestFactory().post("/login", {"username": name, "password": password})
    return authenticate(request, username=name, password=password)  # type: ignore[return-value]


def test_activation_sets_a_password_once(user: User, at: datetime) -> None:
    code = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    assert len(code) == 8 and code.isdigit()
    services.activate(name="138 0000 0001", code=f"{code[:4]} {code[4:]}", password=PASSWORD, at=at)
    assert log_in("+86 138-0000-0001", PASSWORD) == user
    assert log_in("１３８００００００01", PASSWORD) == user
    with pytest.raises(services.WrongActivation):
        services.activate(name="13800000001", code=code, password=PASSWORD, at=at)


def test_five_wrong_codes_void_the_right_one(user: User, at: datetime) -> None:
    code = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _try in range(services.CODE_TRIES):
        with pytest.raises(services.WrongActivation):
            services.activate(name="13800000001", code=wrong, password=PASSWORD, at=at)
    with pytest.raises(services.WrongActivation):
        services.activate(name="13800000001", code=code, password=PASSWORD, at=at)


def test_four_wrong_codes_do_not(user: User, at: datetime) -> None:
    code = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    for _try in range(services.CODE_TRIES - 1):
        with pytest.raises(services.WrongActivation):
            services.activate(name="13800000001", code="00000000x", password=PASSWORD, at=at)
    assert services.activate(name="13800000001", code=code, password=PASSWORD, at=at) == user


def test_a_code_lasts_seven_days_and_a_new_one_voids_it(user: User, at: datetime) -> None:
    first = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    second = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    for code, when in ((first, at), (second, at + timedelta(days=7))):
        with pytest.raises(services.WrongActivation):
            services.activate(name="13800000001", code=code, password=PASSWORD, at=when)
    services.activate(name="13800000001", code=second, password=PASSWORD, at=at + timedelta(days=7, seconds=-1))


def test_a_code_belongs_to_one_user(user: User, at: datetime) -> None:
    other = services.register_user(display_name="李秀英", at=at)
    services.add_login_name(user_id=other.pk, kind="household", name="LX01-0002")
    services.issue_activation(actor=system(), user_id=other.pk, at=at)
    code = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    with pytest.raises(services.WrongActivation):
        services.activate(name="LX01-0002", code=code, password=PASSWORD, at=at)


def test_the_answer_does_not_say_who_exists(user: User, at: datetime) -> None:
    services.issue_activation(actor=system(), user_id=user.pk, at=at)
    words = set()
    for name in ("13800000001", "13999999999"):
        with pytest.raises(services.WrongActivation) as refused:
            services.activate(name=name, code="12345678", password=PASSWORD, at=at)
        words.add((refused.value.words, refused.value.code, refused.value.field, refused.value.status))
    assert len(words) == 1


def test_an_unknown_name_costs_a_hash_too(user: User, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed: list[str] = []
    plain_encode = Argon2PasswordHasher.encode

    def count(self: Argon2PasswordHasher, password: str, salt: str) -> str:
        hashed.append(salt)
        return str(plain_encode(self, password, salt))

    monkeypatch.setattr(Argon2PasswordHasher, "encode", count)
    backend = LoginNameBackend()
    assert backend.authenticate(None, username="13999999999", password=PASSWORD) is None
    assert len(hashed) == 1
    assert backend.authenticate(None, username="13800000001", password=PASSWORD) is None
    assert len(hashed) == 2


@override_settings(AXES_USERNAME_CALLABLE="wenming.domain.identity.backends.lockout_name")
def test_five_wrong_passwords_lock_the_name_out(user: User, at: datetime) -> None:
    services.set_password(user_id=user.pk, password=PASSWORD, at=at)
    for _try in range(5):
        assert log_in("13800000001", "wrong-password") is None
    assert log_in("138 0000 0001", PASSWORD) is None, "another way of writing the number is the same name"
    from axes.models import AccessAttempt

    assert not AccessAttempt.objects.filter(username__contains="138").exists(), "no phone number in the lock-out table"


def test_four_wrong_passwords_do_not(user: User, at: datetime) -> None:
    services.set_password(user_id=user.pk, password=PASSWORD, at=at)
    for _try in range(4):
        assert log_in("13800000001", "wrong-password") is None
    assert log_in("13800000001", PASSWORD) == user


@pytest.mark.parametrize("password", ["short", "password", "12345678", "x" * 129])
def test_weak_passwords_are_refused(user: User, at: datetime, password: str) -> None:
    with pytest.raises((services.WeakPassword, WrongInput)) as refused:
        services.set_password(user_id=user.pk, password=password, at=at)
    assert refused.value.field == "password" and refused.value.words


def test_a_login_name_is_one_users(user: User, at: datetime) -> None:
    other = services.register_user(display_name="李秀英", at=at)
    services.add_login_name(user_id=user.pk, kind="phone", name="+8613800000001")
    with pytest.raises(services.LoginNameTaken):
        services.add_login_name(user_id=other.pk, kind="phone", name="138-0000-0001")
    with pytest.raises(WrongInput):
        services.add_login_name(user_id=other.pk, kind="phone", name=" - ")


def test_a_new_password_or_end_of_sessions_raises_the_token_version(user: User, at: datetime) -> None:
    services.set_password(user_id=user.pk, password=PASSWORD, at=at)
    services.end_sessions(user_id=user.pk)
    user.refresh_from_db()
    assert user.token_version == 3


def test_a_session_carries_the_token_version(user: User, at: datetime, client) -> None:  # type: ignore[no-untyped-def]
    services.set_password(user_id=user.pk, password=PASSWORD, at=at)
    user.refresh_from_db()
    client.force_login(user, backend="wenming.domain.identity.backends.LoginNameBackend")
    assert client.session["token_version"] == user.token_version


def test_closed_users_are_gone(user: User, at: datetime) -> None:
    services.set_password(user_id=user.pk, password=PASSWORD, at=at)
    services.close_user(user_id=user.pk)
    assert log_in("13800000001", PASSWORD) is None
    assert LoginNameBackend().get_user(user.pk) is None
    with pytest.raises(NotFound):
        services.issue_activation(actor=system(), user_id=user.pk, at=at)


def test_a_villager_hands_out_no_codes(user: User, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        services.issue_activation(actor=Actor(user_id=user.pk, door="villager"), user_id=user.pk, at=at)


def test_api_keys(user: User, at: datetime) -> None:
    own = Actor(user_id=user.pk, door="console")
    key = services.issue_api_key(actor=own, user_id=user.pk, name="街道平台", scopes=["deeds:write", "read"], at=at, days=30)
    assert queries.user_by_api_key(key=key, at=at) == (user.pk, frozenset({"deeds:write", "read"}))
    assert queries.user_by_api_key(key=key[:-1] + ("0" if key[-1] != "0" else "1"), at=at) is None
    assert queries.user_by_api_key(key="wm_nothing", at=at) is None
    assert queries.user_by_api_key(key=key, at=at + timedelta(days=30)) is None
    [card] = queries.api_keys_of(user_id=user.pk)
    assert card.name == "街道平台" and card.prefix in key
    with pytest.raises(NotFound):
        services.revoke_api_key(actor=Actor(user_id=user.pk + 1, door="api"), key_id=card.id, at=at)
    services.revoke_api_key(actor=own, key_id=card.id, at=at)
    assert queries.user_by_api_key(key=key, at=at) is None


@pytest.mark.parametrize(("scopes", "days"), [([], 10), (["All Powers"], 10), (["read"], 0), (["read"], 99999)])
def test_api_keys_are_refused(user: User, at: datetime, scopes: list[str], days: int) -> None:
    with pytest.raises(WrongInput):
        services.issue_api_key(actor=system(), user_id=user.pk, name="钥匙", scopes=scopes, at=at, days=days)
    with pytest.raises(NotAllowed):
        services.issue_api_key(actor=Actor(1 + user.pk, "api"), user_id=user.pk, name="钥匙", scopes=["read"], at=at)


def test_preferences(user: User) -> None:
    services.set_preference(user_id=user.pk, name="size", value="large")
    user.refresh_from_db()
    assert user.preferences == {"size": "large"}
    with pytest.raises(WrongInput):
        services.set_preference(user_id=user.pk, name="a b", value="x")


def test_secrets_are_kept_as_hashes_only(user: User, at: datetime) -> None:
    code = services.issue_activation(actor=system(), user_id=user.pk, at=at)
    key = services.issue_api_key(actor=system(), user_id=user.pk, name="钥匙", scopes=["read"], at=at)
    from django.core import serializers

    from wenming.domain.identity.models import Activation, ApiKey, LoginName

    kept = serializers.serialize("json", [*Activation.objects.all(), *ApiKey.objects.all(), *LoginName.objects.all()])
    for secret in (code, key.rsplit("_", 1)[1], "13800000001"):
        assert secret not in kept
    assert audit.first_broken() is None


def test_officers_log_in_by_their_name(at: datetime) -> None:
    town = village.build(at)
    village.log_in(town, "director")
    found = log_in("柳书记", village.PASSWORD)
    assert found is not None and found.pk == town.users["director"]


def test_one_password_for_several(user: User, at: datetime) -> None:
    other = services.register_user(display_name="李秀英", at=at)
    services.add_login_name(user_id=other.pk, kind="phone", name="13800000002")
    services.set_passwords(user_ids=[user.pk, other.pk], password=PASSWORD, at=at)
    assert log_in("13800000001", PASSWORD) == user and log_in("13800000002", PASSWORD) == other
    assert len(audit.trail(subject=f"user:{other.pk}")) == len(audit.trail(subject=f"user:{user.pk}")) == 1
    with pytest.raises(services.WeakPassword):
        services.set_passwords(user_ids=[user.pk, other.pk], password="short", at=at)
    assert log_in("13800000001", PASSWORD) == user
