"""Log-in, activation by a code from the counter, passwords, and how pages look."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, get_user_model, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from wenming.core import clock
from wenming.domain.identity import queries as identity_queries
from wenming.domain.identity import services as identity
from wenming.surfaces import devices
from wenming.surfaces.villager.door import own_path, page
from wenming.ui import looks, typed
from wenming.ui.forms import Form, posted

BACKEND = "wenming.domain.identity.backends.LoginNameBackend"


def _secret(label: str, missing: str) -> forms.CharField:
    return forms.CharField(
        label=label, widget=forms.PasswordInput, strip=False, max_length=128, error_messages={"required": missing}
    )


class LoginForm(Form):
    name = forms.CharField(
        label=gettext_lazy("手机号或户号"), max_length=60, error_messages={"required": gettext_lazy("请填手机号或户号。")}
    )
    password = _secret(gettext_lazy("密码"), gettext_lazy("请填密码。"))


class NewPassword(Form):
    password = _secret(gettext_lazy("新密码"), gettext_lazy("请定一个新密码。"))
    again = _secret(gettext_lazy("再填一遍"), gettext_lazy("请把新密码再填一遍。"))

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if "password" in self.cleaned_data and self.cleaned_data["password"] != again:
            raise forms.ValidationError(_("两遍填的不一样，请再填一遍。"))
        return again


class ActivationForm(NewPassword):
    name = forms.CharField(
        label=gettext_lazy("手机号或户号"), max_length=60, error_messages={"required": gettext_lazy("请填手机号或户号。")}
    )
    code = forms.CharField(
        label=gettext_lazy("激活码"), max_length=20, error_messages={"required": gettext_lazy("请填柜台给的 8 位激活码。")}
    )
    field_order = ("name", "code", "password", "again")


class PasswordForm(NewPassword):
    present = _secret(gettext_lazy("现在的密码"), gettext_lazy("请填现在的密码。"))
    field_order = ("present", "password", "again")


def _first_page(request: HttpRequest) -> str:
    return reverse("console:desk") if request.actor.is_officer else reverse("villager:home")


def _enter(request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
    login(request, user, backend=BACKEND)
    if kept := typed.waiting(request):
        words = _("您填的都还在，接着交就行。") if kept == "words" else _("您填的都还在，照片要再选一次。")
        messages.info(request, words)
    _device, keep_device = devices.meet(request)
    answer = redirect(own_path(request, _first_page(request)))
    keep_device(answer)
    answer.delete_cookie("wm_kept")
    kept = user.preferences.get("looks", "")
    if kept and looks.COOKIE not in request.COOKIES:
        looks.keep(answer, looks.read(kept), secure=settings.IS_HTTPS)
    return answer


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """One form for everybody: phone or household number (officers: their working name) and password."""
    if request.user.is_authenticated and request.method == "GET":
        return redirect(own_path(request, _first_page(request)))
    form = LoginForm(*posted(request))
    if form.is_valid():
        user = authenticate(request, username=form.cleaned_data["name"], password=form.cleaned_data["password"])
        if user is not None:
            return _enter(request, user)
        form.add_error(None, _("手机号、户号或密码不对，请再看一遍。"))
    context = {"form": form, "next": own_path(request, ""), "ended": devices.ended_here(request), "typed": typed.waiting(request)}
    return page(request, "villager/account/login.html", context, status=422 if form.errors else 200)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("已经退出。"))
    return redirect("villager:login")


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again", "code")
@require_http_methods(["GET", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    """The code from the counter and a new password, in one step; then straight in."""
    form = ActivationForm(*posted(request))
    if form.is_valid():
        with form.catching_refusals():
            user = identity.activate(
                name=form.cleaned_data["name"],
                code=form.cleaned_data["code"],
                password=form.cleaned_data["password"],
                at=clock.now(),
            )
            messages.success(request, _("密码定好了，以后用它登录。"))
            return _enter(request, user)
    return page(request, "villager/account/activate.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("present", "password", "again")
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password, for which the present one is asked; other devices are logged out."""
    form = PasswordForm(*posted(request))
    if form.is_valid():
        if not request.user.check_password(form.cleaned_data["present"]):
            form.add_error("present", _("现在的密码不对。"))
        else:
            with form.catching_refusals():
                identity.set_password(user_id=request.user.pk, password=form.cleaned_data["password"], at=clock.now())
                fresh = get_user_model()._default_manager.get(pk=request.user.pk)
                update_session_auth_hash(request, fresh)
                request.session["token_version"] = fresh.token_version
                devices.meet(request)
                messages.success(request, _("密码换好了。别的手机上要重新登录。"))
                return redirect("villager:me")
    context = {"form": form}
    return page(request, "villager/account/password.html", context, here="me", status=422 if form.errors else 200)


@login_not_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme, size, contrast and language, in a cookie; what is not in the form stays as it is."""
    present = looks.looks_of(request)
    if request.method == "GET":
        is_in = request.user.is_authenticated
        fallback = reverse("villager:me") if is_in else reverse("board:town")
        known = identity_queries.devices_of(user_id=request.user.pk) if is_in else []
        context = {"back": own_path(request, fallback), "devices": known, "this": request.session.get(devices.SLOT)}
        context["device_words"] = devices.words_for
        return page(request, "villager/account/settings.html", context, here="me")
    chosen = [request.POST.get(name, getattr(present, name)) for name in ("theme", "size", "contrast", "language")]
    wanted = looks.read(".".join(chosen))
    answer = redirect(own_path(request, reverse("villager:settings")))
    looks.keep(answer, wanted, secure=settings.IS_HTTPS)
    if request.user.is_authenticated:
        identity.set_preference(user_id=request.user.pk, name="looks", value=wanted.words)
    return answer


@require_POST
def end_device(request: HttpRequest, public_id: str) -> HttpResponse:
    """A phone that was lost: its log-in is over at once, and what waits on it is not taken any more."""
    identity.revoke_device(actor=request.actor, user_id=request.user.pk, public_id=public_id, at=clock.now())
    if public_id == request.session.get(devices.SLOT):
        logout(request)
        return redirect("villager:login")
    messages.success(request, _("停用好了。那部手机要重新登录，里面没交的会清掉。"))
    return redirect("villager:settings")
