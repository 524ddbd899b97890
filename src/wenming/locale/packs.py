"""Word packs: the names under which places run the same system, term by term, in both languages.

A pack changes whole catalogues when they are made, never a page: only the product's own sentences are touched, never what
a bank typed. Longer terms go first; `KEPT` are longer words in which a term stands by chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CHINESE, ENGLISH = "zh-hans", "en"
Terms = Mapping[str, str]

PACKS: Mapping[str, tuple[Terms, Terms]] = {
    "daode": (
        {"文明银行": "道德银行", "善行簿": "道德存折"},
        {"Wenming Bank": "Virtue Bank", "passbook": "virtue passbook"},
    ),
    "aixin": (
        {
            "文明银行": "爱心超市",
            "善行簿": "积分卡",
            "存折": "积分卡",
            "商城": "超市",
            "总行": "总店",
            "分行": "村店",
            "行长": "店长",
        },
        {
            "Wenming Bank": "Care Shop",
            "passbook": "points card",
            "mall": "shop",
            "head bank": "head shop",
            "branch": "village shop",
            "branches": "village shops",
            "director": "shop manager",
        },
    ),
    "chuxu": (
        {"文明银行": "积分储蓄站", "善行簿": "储蓄折", "存折": "储蓄折", "总行": "总站", "分行": "村站", "行长": "站长"},
        {
            "Wenming Bank": "Points Savings Station",
            "passbook": "savings book",
            "head bank": "head station",
            "branch": "station",
            "branches": "stations",
            "director": "station head",
        },
    ),
    "jifenka": (
        {"文明银行": "文明实践积分卡", "善行簿": "积分卡", "存折": "积分卡", "总行": "实践所", "分行": "实践站", "行长": "站长"},
        {
            "Wenming Bank": "Wenming Points Card",
            "passbook": "points card",
            "head bank": "practice centre",
            "branch": "practice station",
            "branches": "practice stations",
            "director": "station head",
        },
    ),
    "bangfu": (
        {"文明银行": "积分+帮扶", "善行簿": "帮扶簿", "存折": "帮扶簿", "总行": "总站", "分行": "村站", "行长": "站长"},
        {
            "Wenming Bank": "Points and Support",
            "passbook": "support book",
            "head bank": "head station",
            "branch": "station",
            "branches": "stations",
            "director": "station head",
        },
    ),
}
KEPT = ("汇总行",)


def names(language: str) -> list[tuple[str, str]]:
    """The packs to choose from, by the name of the system, which no pack rewords; the plain words first."""
    is_english = language.startswith(ENGLISH)
    term = "Wenming Bank" if is_english else "文明银行"
    return [("", term), *((pack, both[is_english][term]) for pack, both in PACKS.items())]


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _whole(terms: Terms, language: str) -> tuple[dict[str, str], re.Pattern[str]]:
    """The terms as they stand in sentences, and what finds them; English words also at the start of a sentence, and plural."""
    if language != ENGLISH:
        known = {**{word: word for word in KEPT}, **terms}
        return known, re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))
    known = {**terms, **{f"{word}s": f"{said}s" for word, said in terms.items() if f"{word}s" not in terms}}
    known = {**{_capital(word): _capital(said) for word, said in known.items()}, **known}
    found = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    return known, re.compile(rf"\b(?:{found})\b")


def reworded(words: Mapping[str, str], pack: str, language: str) -> dict[str, str]:
    """Those sentences that read otherwise under this pack."""
    known, finding = _whole(PACKS[pack][language == ENGLISH], language)
    changed = {key: finding.sub(lambda found: known[found[0]], text) for key, text in words.items()}
    return {key: text for key, text in changed.items() if text != words[key]}
