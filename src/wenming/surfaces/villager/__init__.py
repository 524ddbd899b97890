"""The phone of a villager."""
