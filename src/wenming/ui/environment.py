"""The Jinja2 environment of every page.

`_("…")` translates; its text is always a format string, so a literal per cent sign is written `%%` and values go in as
`_("公示到 %(day)s", day=…)`. Globals: `url`, `static`, `icon`, `picture`, `qr`, `looks`, `is_offline_on`,
`is_english`, `now`. Undefined names are errors.
"""

from __future__ import annotations

import functools
import io
from typing import Any
from urllib.parse import quote

import segno
from django.conf import settings
from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from wenming.core import clock
from wenming.ui import icons, looks
from wenming.ui.filters import FILTERS


@functools.lru_cache(maxsize=1024)
def _shape(name: str, count: int, urlconf: str) -> tuple[str, ...]:
    """The fixed parts of an address around its arguments."""
    marks = [f"90817263{place}" for place in range(count)]
    address = reverse(name, args=marks)
    parts = []
    for mark in marks:
        before, _mark, address = address.partition(mark)
        parts.append(before)
    return (*parts, address)


def url(name: str, *args: object) -> str:
    """The address of a page. The shape of each address is looked up once: Django's reverse took half of a page's time."""
    parts = _shape(name, len(args), settings.ROOT_URLCONF)
    if not args:
        return parts[0]
    words = [word if word.isalnum() and word.isascii() else quote(word, safe="") for word in map(str, args)]
    return "".join([part + word for part, word in zip(parts, words, strict=False)]) + parts[-1]


@functools.lru_cache(maxsize=4096)
def _plain(_language: str | None, text: str) -> Markup:
    return Markup(translation.gettext(text)) % {}  # noqa: S704 (texts of our own templates)


@functools.lru_cache(maxsize=1024)
def _with_values(_language: str | None, text: str) -> Markup:
    return Markup(translation.gettext(text))  # noqa: S704 (texts of our own templates)


def say(text: str, /, **values: object) -> Markup:
    """A text in the language of the page, with these values in it, escaped. What was looked up is kept: finding the words of a
    page took a tenth of its time."""
    language = translation.get_language()
    return _with_values(language, text) % values if values else _plain(language, text)


@functools.lru_cache(maxsize=512)
def icon(name: str, size: str = "") -> Markup:
    """One line icon; always decorative, so a word stands beside it or the link carries a label."""
    classes = f"i i-{size}" if size else "i"
    path = icons.PATHS[name]
    return Markup(f'<svg class="{classes}" viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>')  # noqa: S704


def picture(name: str, label: str = "") -> Markup:
    """One illustration out of `pictures.svg`, a gift for a name it has not; decorative unless labelled."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    drawing = Markup('<svg viewBox="0 0 160 120" preserveAspectRatio="xMidYMid slice" {}><use href="{}#{}"/></svg>')
    return drawing.format(said, static("ui/pictures.svg"), name if name in icons.PICTURES else "gift")


def qr(text: str, label: str) -> Markup:
    """A QR code as inline SVG, black on white in every theme, with a quiet zone; never a Micro QR, which phones do not read."""
    code = segno.make(text, error="m", micro=False)
    out = io.BytesIO()
    code.save(out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, svgclass=None, lineclass=None)
    drawing = out.getvalue().decode().replace("<svg ", '<svg role="img" aria-label="{}" ', 1)
    return Markup(drawing).format(label)  # noqa: S704


def make(**options: Any) -> Environment:
    options |= {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined, "autoescape": True}
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], **options)  # noqa: S701 (autoescape is in options)
    environment.install_gettext_translations(translation, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(_=say, gettext=say)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    environment.filters.update(FILTERS)
    environment.globals.update(
        url=url, static=static, icon=icon, picture=picture, qr=qr, looks=looks.looks_of, get_messages=get_messages,
        is_offline_on=lambda: settings.OFFLINE, now=clock.now,
        is_english=lambda: translation.get_language().startswith("en"),
    )  # fmt: skip
    return environment
