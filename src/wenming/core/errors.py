"""Refusals: ordinary answers with a code and kind words. A bug is an exception of another kind and is never caught here."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """A rule said no. `field` names the input it speaks of; `details` fill the words and travel in the API answer."""

    code: str = "refused"
    message: str | Promise = _("这件事现在办不了。")
    status: int = 422
    field: str = ""

    def __init__(self, *, field: str = "", message: str | Promise = "", **details: object) -> None:
        self.field = field or type(self).field
        self.details: Mapping[str, object] = details
        if message:
            self.message = message
        super().__init__(self.code)

    @property
    def words(self) -> str:
        """The sentence for the screen, with the details filled in."""
        return str(self.message).format(**self.details)

    def __str__(self) -> str:
        return self.words


class NotAllowed(Refusal):
    code, message, status = "not_allowed", _("您没有办这件事的权限。要办请找村里的会计。"), 403


class NotFound(Refusal):
    """Also the answer for what the actor may not see: other villages do not exist."""

    code, message, status = "not_found", _("没有找到。"), 404


class Conflict(Refusal):
    code, message, status = "conflict", _("这一步已经办过了。"), 409


class WrongInput(Refusal):
    """A field that can't be read or is out of range."""

    code, message, status = "wrong_input", _("这一项填得不对。"), 422


def require(allowed: bool, refusal: type[Refusal] = NotAllowed, **details: object) -> None:
    """Go on only if `allowed`; otherwise refuse."""
    if not allowed:
        raise refusal(**details)  # type: ignore[arg-type]
