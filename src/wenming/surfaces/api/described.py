"""The description of the API in the language of whoever asks: `/api/v1/openapi.json`.

What stands in Chinese in the source (descriptions of fields) has its English in the catalogue. What stands in English there
(the docstrings of operations and schemas, the phrases of HTTP) has its Chinese beside it: `says=` of an operation, and here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import get_language, gettext
from ninja import NinjaAPI

from wenming.locale.catalogues import ENGLISH
from wenming.surfaces.api.operations import SAID

PHRASES = {
    "OK": "办好了。",
    "Created": "记下了。",
    "Bad Request": "读不懂：不是正确的 JSON，或没有提交编号。",
    "Unauthorized": "没有登录，也没有有效的密钥。",
    "Forbidden": "这个身份或这把密钥不能办。",
    "Not Found": "没有，或不是您能看的。",
    "Method Not Allowed": "这个地址不能这样用。",
    "Conflict": "这一步已经办过了，或编号用在了别的提交上。",
    "Request Entity Too Large": "一次交的内容太大。",
    "Content Too Large": "一次交的内容太大。",
    "Unsupported Media Type": "不是 UTF-8 的 JSON。",
    "Unprocessable Entity": "有一项填得不对，或规则不允许。",
    "Unprocessable Content": "有一项填得不对，或规则不允许。",
    "Internal Server Error": "系统的错；话里有编号，报这个编号就能查。",
}
"""What each answer means; two phrases have another name in newer versions of Python."""

SCHEMAS = {
    "The one error shape.": "出错都是这一个样子。",
    "Which page: where the last one ended, and how many rows. Every list takes it.": "要哪一页：上一页到哪里为止，这一页几行。",
    "Nothing needs to be said.": "什么都不用填。",
    "What the objector gets: the number under which to ask.": "提意见的人拿到的编号，凭它查答复。",
    "Only what is sent is changed.": "只改写了的，没写的不动。",
    "Nothing is chosen: fund, subject and amount are the order's.": "什么都不用选：资金、事由和数目都照这笔兑换。",
}
SPOKEN = ("description", "summary")


class Described(NinjaAPI):
    """The API, whose description speaks the reader's language."""

    def get_openapi_schema(self, **places: Any) -> Any:
        schema = super().get_openapi_schema(**places)
        schema["info"]["title"] = gettext(self.title)
        return spoken(schema, gettext if get_language() == ENGLISH else chinese)


def chinese(text: str) -> str:
    """The Chinese beside what is English in the source; everything else is Chinese already."""
    return PHRASES.get(text) or SCHEMAS.get(text) or SAID.get(text) or text


def spoken(part: Any, say: Callable[[str], str]) -> Any:
    """The same with every sentence for people put into words. A summary that is the description too is said once."""
    if isinstance(part, list):
        return [spoken(one, say) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: one for name, one in part.items() if name != "description" or one != part.get("summary")}
    return {name: say(one) if name in SPOKEN and isinstance(one, str) else spoken(one, say) for name, one in kept.items()}
