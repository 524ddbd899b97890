from django.apps import AppConfig


class RulebooksConfig(AppConfig):
    name = "wenming.domain.rulebooks"
    label = "rulebooks"
