from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "wenming.surfaces.api"
    label = "surface_api"
