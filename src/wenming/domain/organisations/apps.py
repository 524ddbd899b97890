from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "wenming.domain.organisations"
    label = "organisations"
