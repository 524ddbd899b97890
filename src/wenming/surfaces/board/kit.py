"""The living style page: every colour, size, part and drawing of the screens, as the pages use them, in every theme."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from wenming.ui import icons
from wenming.ui.forms import Form
from wenming.ui.tiers import LADDER

COLOURS = (
    ("paper", _("纸")), ("card", _("卡")), ("sunk", _("凹")), ("fill", _("主红")),
    ("red-soft", _("浅红")), ("gold", _("金")), ("gold-soft", _("浅金")), ("ok", _("松绿")),
    ("ok-soft", _("浅绿")), ("warn", _("赭")), ("warn-soft", _("浅赭")), ("info", _("靛")),
)  # fmt: skip
SIZES = (
    ("t6", "386", 52, _("余额")), ("t5", _("善行簿"), 34, ""), ("t4", _("您做了哪件好事？"), 24, _("页题")),
    ("t3", _("村里消息"), 20, _("段题")), ("t2", _("存进去的是美德"), 17, _("正文")),
    ("t1", _("有不对的，3月17日前都能提"), 15, _("辅助")), ("t0", _("凭证 7K3M-92"), 13, _("最小")),
)  # fmt: skip
ELDER = 1.4
LINES = (
    ("1.2", date(2026, 3, 2), 300, 30100), ("1.10", date(2026, 3, 3), 200, 30300), ("1.9", date(2026, 3, 5), 600, 30900),
    ("2.1", date(2026, 3, 6), -2000, 28900), ("1.2", date(2026, 3, 9), 300, 29200), ("3.4", date(2026, 3, 10), 1000, 30200),
    ("1.10", date(2026, 3, 11), 200, 30400), ("2.1", date(2026, 3, 12), -200, 30200),
)  # fmt: skip
THEMES = (("light", "", _("浅色")), ("dark", "", _("深色")), ("light", "more", _("高对比")))


class Sample(Form):
    """One question of each kind, to be shown empty, answered and wrong."""

    place = forms.CharField(label=_("在哪儿"), help_text=_("写个地名就行。"))
    day = forms.ChoiceField(
        label=_("哪天做的"), choices=[("", _("请选")), ("today", _("今天"))], error_messages={"required": _("请选是哪天做的。")}
    )
    words = forms.CharField(label=_("说一说您知道的"), widget=forms.Textarea, required=False)
    reason = forms.ChoiceField(
        label=_("哪里不对？"), choices=[("person", _("记错了人")), ("points", _("分数不对"))], required=False
    )
    count = forms.IntegerField(label=_("要几份"), initial=1, required=False)
    agreed = forms.BooleanField(label=_("我看过了"), required=False)


@login_not_required
@require_safe
def kit(request: HttpRequest) -> HttpResponse:
    context = {
        "colours": COLOURS,
        "sizes": [(name, words, size, round(size * ELDER, 1), use) for name, words, size, use in SIZES],
        "lines": LINES,
        "themes": THEMES,
        "ladder": [(name, glyph, start) for start, name, glyph in LADDER],
        "blank": Sample(prefix="blank"),
        "wrong": Sample({"place": str(_("槐树巷北口")), "reason": "person"}),
        "icons": sorted(icons.PATHS),
        "pictures": sorted(icons.PICTURES),
    }
    return render(request, "board/kit.html", context)
