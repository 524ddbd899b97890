from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "wenming.domain.intake"
    label = "intake"
