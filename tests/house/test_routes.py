"""Every page asks for a log-in unless it stands on this list."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC_PREFIXES = ("board/", "api/v1/")
PUBLIC_PAGES = {
    "villager:login",
    "villager:activate",
    "villager:preferences",
    "villager:preference",
    "villager:settings",
    "kit",
    "villager:kept",
    "console:counter_offline",
    "worker",
}


def routes(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (namespace, entry.namespace or "") if part)
            yield from routes(entry, address, inner)
        else:
            yield address, ":".join(part for part in (namespace, entry.name or "") if part), entry


def test_pages_are_guarded() -> None:
    found = list(routes(get_resolver()))
    assert len(found) > 20
    open_pages = {
        name or address
        for address, name, entry in found
        if not getattr(entry.callback, "login_required", True) and not address.startswith(PUBLIC_PREFIXES)
    }
    assert open_pages <= PUBLIC_PAGES
