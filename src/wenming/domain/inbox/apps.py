from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "wenming.domain.inbox"
    label = "inbox"
