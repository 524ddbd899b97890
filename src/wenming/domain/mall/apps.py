from django.apps import AppConfig


class MallConfig(AppConfig):
    name = "wenming.domain.mall"
    label = "mall"
