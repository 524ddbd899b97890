from __future__ import annotations

from wenming.surfaces.api.build import make, urls

app_name = "api"
api = make()
urlpatterns = urls(api)
