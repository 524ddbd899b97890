"""The one error shape: {"code", "message", "fields"}, in plain Chinese, for refusals, faults of shape and wrong addresses."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from wenming.core.errors import Refusal

INTEGER_MOST = 2**53
DEEPEST = 32


class KeyMissing(Refusal):
    code, message, status = "key_missing", gettext_lazy("请在请求头 Idempotency-Key 里带上这次提交的编号，重试时用同一个。"), 400


class KeyMalformed(Refusal):
    code, message, status = "key_malformed", gettext_lazy("提交编号用 1 到 64 位字母、数字、点、横线或下划线。"), 400


class ScopeMissing(Refusal):
    code, message, status = "scope_missing", gettext_lazy("这把密钥没有“{scope}”的权限，请换一把或请管理员加上。"), 403


class CsrfFailed(Refusal):
    code, message, status = "csrf_failed", gettext_lazy("这次提交没有带防伪标记，请先取一次页面再交。"), 403


class WrongCursor(Refusal):
    code, message = "wrong_cursor", gettext_lazy("翻页标记不对，请从第一页重新翻。")


class UnknownParameter(Refusal):
    code, message = "unknown_parameter", gettext_lazy("没有这个参数，请去掉。")


class ParameterTwice(Refusal):
    code, message = "parameter_twice", gettext_lazy("这个参数写了两次，请只写一次。")


class HiddenSigns(Refusal):
    code, message = "hidden_signs", gettext_lazy("里面有看不见的控制符，请去掉。")


class WrongMediaType(Refusal):
    code, message, status = "wrong_media_type", gettext_lazy("请用 UTF-8 的 JSON 提交，Content-Type 写 application/json。"), 415


class StrictParser(Parser):
    """JSON as people mean it: UTF-8, no NaN, no numbers too large to be exact elsewhere, no deep nesting, no key twice, no
    signs that hide."""

    def parse_body(self, request: HttpRequest) -> Any:
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
        if request.content_type != "application/json" or charset not in ("utf-8", "utf8") or not plain:
            raise WrongMediaType
        text = request.body.decode("utf-8")
        body = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_refuse, object_pairs_hook=_pairs)
        _check(body, ())
        return body


def _integer(text: str) -> int:
    value = int(text) if len(text) < 20 else INTEGER_MOST + 1
    if abs(value) > INTEGER_MOST:
        raise ValueError(text)
    return value


def _number(text: str) -> int | float:
    """17.0 and 1e3 are whole numbers, as JSON Schema has it; what has a rest stays what it is."""
    value = Decimal(text)
    if value and value.adjusted() > len(str(INTEGER_MOST)):
        raise ValueError(text)
    return _integer(str(int(value))) if value == int(value) else float(value)


def _refuse(text: str) -> None:
    raise ValueError(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_text(text: str) -> bool:
    """Whether it can be kept and shown as it is: no control signs, nothing that turns the direction, no half of a character."""
    return HIDDEN.search(text) is None


def _check(value: Any, place: tuple[str | int, ...]) -> None:
    if len(place) > DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, str) and not is_text(value):
        raise HiddenSigns(field=".".join(map(str, place)))
    if isinstance(value, dict):
        for name, part in value.items():
            if not is_text(name):
                raise HiddenSigns
            _check(part, (*place, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            _check(part, (*place, number))


def shape(code: str, message: str, status: int, fields: Mapping[str, str] | None = None) -> HttpResponse:
    return JsonResponse({"code": code, "message": message, "fields": dict(fields or {})}, status=status)


OWN_NAMES = {"depositor": "depositor_ids", "item": "item_id"}


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    fields = {OWN_NAMES.get(refusal.field, refusal.field): refusal.words} if refusal.field else {}
    return shape(refusal.code, refusal.words, refusal.status, fields)


def unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What does not fit the schema, field by field."""
    faults = [(_field_of(fault["loc"]), fault) for fault in error.errors]
    if any(not field and fault["type"] == "missing" for field, fault in faults):
        return http_fault(request, HttpError(400, "no body"))
    field, fault = faults[0]
    words = _words_of(fault)
    message = _("{field}：{words}").format(field=field, words=words) if field else words
    return shape("wrong_input", message, 422, {field: _words_of(fault) for field, fault in faults if field})


def http_fault(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Refusal):
        return refused(request, error.__cause__)
    if error.status_code == 400:
        return shape("bad_json", _("请求的内容不是正确的 JSON，请检查括号、引号和数字。"), 400)
    return shape("refused", _("这件事现在办不了。"), error.status_code)


def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = shape("unauthenticated", _("请先登录，或带上有效的密钥。"), 401)
    answer["WWW-Authenticate"] = 'Bearer realm="wenming"'
    return answer


def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return shape("too_large", _("这次交的内容太大了，请分几次交。"), 413)


def not_found(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    return shape("not_found", _("没有找到。"), 404)


def unreadable_address(request: HttpRequest) -> HttpResponse:
    return shape("bad_address", _("地址里有读不懂的字符。"), 400)


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    answer = shape("method_not_allowed", _("这个地址不能这样用，可用的方式：{allowed}。").format(allowed=allowed), 405)
    answer["Allow"] = allowed
    return answer


def register(api: NinjaAPI) -> None:
    """Give every kind of fault its answer; bugs go on to the site's own page for them."""
    for kind, handler in (
        (Refusal, refused),
        (ValidationError, unreadable),
        (AuthenticationError, unauthenticated),
        (HttpError, http_fault),
        (Http404, not_found),
        (RequestDataTooBig, too_large),
    ):
        api.add_exception_handler(kind, handler)  # type: ignore[arg-type]


def _field_of(place: tuple[Any, ...]) -> str:
    """("body", "payload", "items", 0, "quantity") → items.0.quantity; the body as a whole has no name."""
    parts = [str(part) for part in place]
    if parts and parts[0] in ("body", "query", "path", "header", "form", "cookie"):
        parts = parts[1:]
    if parts and parts[0] in ("payload", "page_of"):
        parts = parts[1:]
    return ".".join(parts)


WORDS = {
    "missing": gettext_lazy("请填写这一项。"),
    "string_type": gettext_lazy("要填文字。"),
    "string_too_short": gettext_lazy("至少要填 {min_length} 个字。"),
    "string_too_long": gettext_lazy("不能超过 {max_length} 个字。"),
    "int_type": gettext_lazy("要填整数。"),
    "int_parsing": gettext_lazy("要填整数。"),
    "int_parsing_size": gettext_lazy("这个数太大了。"),
    "int_from_float": gettext_lazy("要填整数。"),
    "bool_type": gettext_lazy("要填 true 或 false。"),
    "bool_parsing": gettext_lazy("要填 true 或 false。"),
    "greater_than": gettext_lazy("要大于 {gt}。"),
    "greater_than_equal": gettext_lazy("不能小于 {ge}。"),
    "less_than": gettext_lazy("要小于 {lt}。"),
    "less_than_equal": gettext_lazy("不能大于 {le}。"),
    "too_short": gettext_lazy("至少要有 {min_length} 项。"),
    "too_long": gettext_lazy("最多 {max_length} 项。"),
    "list_type": gettext_lazy("要填一个列表。"),
    "extra_forbidden": gettext_lazy("没有这一项，请去掉。"),
    "literal_error": gettext_lazy("只能填：{expected}。"),
    "enum": gettext_lazy("只能填：{expected}。"),
    "string_pattern_mismatch": gettext_lazy("格式不对。"),
    "model_attributes_type": gettext_lazy("要填一个 JSON 对象。"),
    "dict_type": gettext_lazy("要填一个 JSON 对象。"),
}


def _words_of(fault: Mapping[str, Any]) -> str:
    kind = str(fault.get("type", ""))
    if kind.startswith("date") or kind == "not_a_day":
        return _("日期要写成 2026-03-10 的样子。")
    words = WORDS.get(kind)
    if words is None:
        return _("这一项填得不对。")
    return str(words).format_map(dict(fault.get("ctx", {})))
