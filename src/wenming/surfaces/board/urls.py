"""The addresses of the public board. Every page here is open to all; a test holds the list."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from wenming.surfaces.board import papers, proof, rules, wall

app_name = "board"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", wall.town, name="town"),
    path("notices/<str:number>/", wall.notice, name="notice"),
    path("notices/<str:number>/lines.json", wall.notice_data, name="notice_data"),
    path("compare/", papers.compare, name="compare"),
    path("steps.json", papers.steps, name="steps"),
    path("proof/", proof.find, name="find"),
    path("proof/<str:public_id>/", proof.proof, name="proof"),
    path("proof/<str:public_id>/proof.json", proof.proof_data, name="proof_data"),
    path("seals/<str:code>/", proof.seals, name="seals"),
    path("seals/<str:code>/<str:day>.pdf", papers.day_sheet, name="day_sheet"),
    path("<str:code>/", wall.branch, name="branch"),
    path("<str:code>/days/<str:day>/", wall.day, name="day"),
    path("<str:code>/rules/", rules.rules, name="rules"),
]
