"""How a person wants pages to be: theme, size, contrast, language. One cookie, so it works without log-in and script."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

COOKIE = "wm_look"
YEAR = 366 * 86400
THEMES = ("light", "dark")
SIZES = ("elder",)
CONTRASTS = ("more",)
LANGUAGES = ("en",)


@dataclass(frozen=True, slots=True)
class Looks:
    """Empty words mean: as the system has it (theme), standard (size, contrast), Chinese (language)."""

    theme: str = ""
    size: str = ""
    contrast: str = ""
    language: str = ""

    @property
    def is_elder(self) -> bool:
        return self.size == "elder"

    @property
    def words(self) -> str:
        """The cookie's text, such as `dark.elder`; an empty string for all defaults."""
        return ".".join(word for word in (self.theme, self.size, self.contrast, self.language) if word)


@functools.lru_cache(maxsize=256)
def read(text: str) -> Looks:
    """Read the cookie's text; words that are not known are dropped."""
    words = set(text.split("."))

    def chosen(known: tuple[str, ...]) -> str:
        return next((word for word in known if word in words), "")

    return Looks(theme=chosen(THEMES), size=chosen(SIZES), contrast=chosen(CONTRASTS), language=chosen(LANGUAGES))


def looks_of(request: HttpRequest) -> Looks:
    return read(request.COOKIES.get(COOKIE, ""))


def keep(response: HttpResponse, looks: Looks, *, secure: bool) -> None:
    """Write the choice into the answer's cookie."""
    response.set_cookie(COOKIE, looks.words, max_age=YEAR, samesite="Lax", httponly=True, secure=secure)
