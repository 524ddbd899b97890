from django.apps import AppConfig


class DeedsConfig(AppConfig):
    name = "wenming.domain.deeds"
    label = "deeds"
