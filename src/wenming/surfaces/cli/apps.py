from django.apps import AppConfig


class CliConfig(AppConfig):
    name = "wenming.surfaces.cli"
    label = "surface_cli"
