from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "wenming.surfaces.console"
    label = "surface_console"
