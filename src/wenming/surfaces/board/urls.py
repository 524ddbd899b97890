"""The addresses of the public board. Every page here is open to all; a test holds the list."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from wenming.surfaces.board import proof, rules, wall

app_name = "board"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", wall.town, name="town"),
    path("notices/<str:number>/", wall.notice, name="notice"),
    path("proof/", proof.find, name="find"),
    path("proof/<str:public_id>/", proof.proof, name="proof"),
    path("proof/<str:public_id>/proof.json", proof.proof_data, name="proof_data"),
    path("seals/<str:code>/", proof.seals, name="seals"),
    path("<str:code>/", wall.branch, name="branch"),
    path("<str:code>/days/<str:day>/", wall.day, name="day"),
    path("<str:code>/rules/", rules.rules, name="rules"),
]
