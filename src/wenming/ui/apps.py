from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "wenming.ui"
    label = "ui"
