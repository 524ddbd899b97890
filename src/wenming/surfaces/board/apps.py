from django.apps import AppConfig


class BoardConfig(AppConfig):
    name = "wenming.surfaces.board"
    label = "surface_board"
