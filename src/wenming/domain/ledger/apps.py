from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "wenming.domain.ledger"
    label = "ledger"
