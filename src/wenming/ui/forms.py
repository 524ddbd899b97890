"""The form that every door's forms are made from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms.utils import ErrorDict
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from wenming.core.errors import Refusal
from wenming.ui import typed


class Form(forms.Form):
    """A form that turns a refusal into words beside the field it speaks of, and keeps what was typed."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if isinstance(data, typed.Typed):
            self._errors = ErrorDict()

    def is_valid(self) -> bool:
        """What comes back after a log-in is shown as it was typed, without complaints, and never acted on."""
        return not isinstance(self.data, typed.Typed) and super().is_valid()

    @contextlib.contextmanager
    def catching_refusals(self) -> Iterator[None]:
        """Inside, a refusal ends the block and becomes an error; go on behind the block by showing the form again."""
        try:
            yield
        except Refusal as refusal:
            field = refusal.field if refusal.field in self.fields else None
            self.add_error(field, refusal.words)


def posted(request: HttpRequest) -> tuple[QueryDict | None, MultiValueDict[str, UploadedFile] | None]:
    """What a form is bound to: the fields and files of a POST, however empty; what waited for the log-in; else nothing."""
    kept = typed.of(request)
    return (request.POST, request.FILES) if request.method == "POST" else (kept, None)
