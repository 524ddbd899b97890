from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "wenming.domain.identity"
    label = "identity"
