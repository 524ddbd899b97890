from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "wenming.domain.notices"
    label = "notices"
