"""The red lines as a table: what must be stopped, and what must not."""

from __future__ import annotations

import pytest

from wenming.domain.rulebooks import redlines
from wenming.domain.rulebooks.redlines import Severity
from wenming.domain.rulebooks.starter import ITEMS

STOPPED = [
    ("subsidies", "积分低于 60 分的取消低保资格"),
    ("subsidies", "不参加活动的停发耕地补贴"),
    ("subsidies", "卫生不合格扣养 老 金"),
    ("dividends", "取消当年集体分红"),
    ("dividends", "减少股金"),
    ("land", "不予审批宅基地"),
    ("land", "收回承包地"),
    ("certificates", "不予开具证明"),
    ("certificates", "暂停办理各类手续"),
    ("certificates", "积分满 80 分方可盖章"),
    ("utilities", "拒不整改的停水停电"),
    ("utilities", "不予供水"),
    ("school", "子女不得入学"),
    ("school", "取消入学资格"),
    ("voice", "越级上访扣 50 分"),
    ("voice", "拨打 12345 热线"),
    ("voice", "网上发帖批评村里"),
    ("praise", "向检查组说好话"),
    ("praise", "上级调查时给出满意评价"),
    ("belief", "参加宗教活动"),
    ("ethnicity", "少数民族家庭加 10 分"),
    ("family", "生育三孩"),
    ("family", "大龄男青年未婚"),
    ("health", "家中有精神病人"),
    ("health", "未接种疫苗"),
    ("income", "家庭收入低于平均"),
    ("opinion", "投反对票"),
    ("apps", "未下载村务APP"),
    ("apps", "没有关注公众号"),
    ("apps", "转发村里的朋友圈"),
    ("blacklist", "列入黑名单"),
    ("blacklist", "在曝光台公开"),
    ("fines", "罚款 200 元"),
    ("fines", "用积分抵罚款"),
    ("fines", "缴纳保证金"),
    ("zeroing", "发现一次积分归零"),
    ("zeroing", "一票否决"),
]
DISGUISED = ["低 保", "低-保", "低·保", "低\u200b保", "ＡＰＰ没装", "罚　款", "【罚】款"]
WARNED = [("kin_blame", "家属减 10 分"), ("informing", "举报邻居乱倒垃圾")]
LET_PASS = [
    "义务捡拾垃圾",
    "街上环境卫生清扫",
    "帮老人修水电",
    "无偿献血",
    "参加村民会议",
    "帮助调解邻里纠纷",
    "民族团结活动",
    "红事新办，不收高价彩礼",
    "应征入伍",
    "村里的好婆婆",
    "带动邻里一起干",
    "文明养犬",
    "爱心捐赠",
    "自愿让出边角地用于修路",
    "学生在学校获得的表彰",
    "教老人用手机",
]


@pytest.mark.parametrize(("theme", "words"), STOPPED)
def test_forbidden_themes_are_stopped_with_reason_and_ground(theme: str, words: str) -> None:
    hits = {hit.theme: hit for hit in redlines.check(words)}
    assert theme in hits
    hit = hits[theme]
    assert hit.severity == Severity.HARD and hit.reason and hit.anchor and hit.words


@pytest.mark.parametrize("words", DISGUISED)
def test_disguises_do_not_help(words: str) -> None:
    assert any(hit.severity == Severity.HARD for hit in redlines.check(words))


@pytest.mark.parametrize(("theme", "words"), WARNED)
def test_doubtful_themes_warn(theme: str, words: str) -> None:
    assert [(hit.theme, hit.severity) for hit in redlines.check(words)] == [(theme, Severity.WARN)]


@pytest.mark.parametrize("words", LET_PASS)
def test_ordinary_clauses_pass(words: str) -> None:
    assert redlines.check(words) == []


def test_every_theme_is_tried_here() -> None:
    assert {theme.code for theme in redlines.THEMES} == {theme for theme, _words in STOPPED + WARNED}


def test_the_starter_book_is_clean() -> None:
    for item in ITEMS:
        assert redlines.check(f"{item.title}。{item.plain}。{item.repair}") == [], item.code
