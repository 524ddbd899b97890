from typing import Any

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "wenming.domain.identity"
    label = "identity"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.connect(remember_token_version, dispatch_uid="wenming.token_version")


def remember_token_version(*, request: Any, user: Any, **_kwargs: object) -> None:
    """A session belongs to one token version; `end_sessions` raises the user's version, and the session is over."""
    request.session["token_version"] = user.token_version
