"""Pages, styles and scripts go out compressed; pictures and papers, which are so already, as they are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

WORTH = ("text/", "image/svg", "application/json", "application/javascript")


class Compress(GZipMiddleware):
    """Django's own, which hides the length of secrets. A compressed answer has a weak ETag; asked back, it is as good."""

    def process_request(self, request: HttpRequest) -> None:
        if known := request.META.get("HTTP_IF_NONE_MATCH"):
            request.META["HTTP_IF_NONE_MATCH"] = known.removeprefix("W/")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith(WORTH):
            return response
        answer: HttpResponseBase = super().process_response(request, response)
        return answer
