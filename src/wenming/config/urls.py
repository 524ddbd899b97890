"""Which door stands at which address. The villager's has no name before it, so it is tried last."""

from __future__ import annotations

from django.urls import include, path

from wenming.surfaces import worker
from wenming.surfaces.board.kit import kit

urlpatterns = [
    path("sw.js", worker.serve, name="worker"),
    path("console/", include("wenming.surfaces.console.urls")),
    path("board/", include("wenming.surfaces.board.urls")),
    path("api/v1/", include("wenming.surfaces.api.urls")),
    path("ui/", kit, name="kit"),
    path("", include("wenming.surfaces.villager.urls")),
]
handler400 = "wenming.surfaces.middleware.bad_request"
handler403 = "wenming.surfaces.middleware.forbidden"
handler404 = "wenming.surfaces.middleware.not_found"
handler500 = "wenming.surfaces.middleware.server_error"
