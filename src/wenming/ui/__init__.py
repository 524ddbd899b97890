"""Looks only: tokens, components, the template environment."""
