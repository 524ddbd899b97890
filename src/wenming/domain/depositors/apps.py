from django.apps import AppConfig


class DepositorsConfig(AppConfig):
    name = "wenming.domain.depositors"
    label = "depositors"
