from django.apps import AppConfig


class VillagerConfig(AppConfig):
    name = "wenming.surfaces.villager"
    label = "surface_villager"
