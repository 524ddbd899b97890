from django.apps import AppConfig


class FundsConfig(AppConfig):
    name = "wenming.domain.funds"
    label = "funds"
