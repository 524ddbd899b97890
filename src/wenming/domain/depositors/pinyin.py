"""Names in pinyin, for search: surnames by their own readings, every character looked up once per process."""

from __future__ import annotations

import functools
import os
import unicodedata

os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")  # single characters need no book of phrases, 45 MB in memory
from pypinyin import lazy_pinyin  # noqa: E402

SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "区": "ou", "查": "zha", "任": "ren", "盖": "ge", "华": "hua",
    "朴": "piao", "缪": "miao", "宁": "ning", "秘": "bi", "冼": "xian", "洗": "xian", "翟": "zhai", "员": "yun", "贠": "yun",
    "召": "shao", "乐": "yue", "那": "na", "么": "yao", "黑": "he", "折": "she", "繁": "po", "种": "chong", "句": "gou",
    "不": "fou", "逄": "pang", "覃": "qin", "谌": "chen", "隗": "wei", "訾": "zi", "能": "nai", "莘": "shen", "都": "du",
    "六": "lu", "万": "wan", "角": "jue", "於": "yu", "占": "zhan", "祭": "zhai", "颉": "xie", "燕": "yan", "重": "chong",
    "尉": "wei", "车": "che", "柏": "bai", "葛": "ge", "娄": "lou", "褚": "chu", "晟": "cheng", "郇": "xun", "郗": "chi",
    "行": "xing", "降": "jiang", "藏": "zang", "贾": "jia", "沈": "shen", "长": "chang", "阚": "kan", "石": "shi",
    "应": "ying", "哈": "ha", "过": "guo", "强": "qiang", "纪": "ji", "撒": "sa", "宓": "mi", "洪": "hong", "曲": "qu",
    "殷": "yin", "瞿": "qu", "臧": "zang", "戚": "qi", "卜": "bu", "干": "gan", "谷": "gu", "俞": "yu", "舍": "she",
    "无": "wu", "夏": "xia", "适": "kuo", "乜": "nie", "厍": "she", "亓": "qi", "仉": "zhang", "昝": "zan", "庹": "tuo",
}  # fmt: skip
DOUBLE_SURNAMES = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "长孙": ("zhang", "sun"), "单于": ("chan", "yu"), "澹台": ("tan", "tai"),
    "令狐": ("ling", "hu"), "鲜于": ("xian", "yu"), "宿六": ("su", "lu"), "夏侯": ("xia", "hou"), "呼延": ("hu", "yan"),
    "皇甫": ("huang", "fu"), "宇文": ("yu", "wen"), "公冶": ("gong", "ye"), "宗政": ("zong", "zheng"), "濮阳": ("pu", "yang"),
    "太叔": ("tai", "shu"), "申屠": ("shen", "tu"), "仲孙": ("zhong", "sun"), "钟离": ("zhong", "li"), "轩辕": ("xuan", "yuan"),
    "乐正": ("yue", "zheng"), "漆雕": ("qi", "diao"), "公孙": ("gong", "sun"), "慕容": ("mu", "rong"), "司空": ("si", "kong"),
    "司徒": ("si", "tu"), "司马": ("si", "ma"), "上官": ("shang", "guan"), "欧阳": ("ou", "yang"), "诸葛": ("zhu", "ge"),
    "东方": ("dong", "fang"), "赫连": ("he", "lian"), "拓跋": ("tuo", "ba"), "南宫": ("nan", "gong"), "百里": ("bai", "li"),
}  # fmt: skip


@functools.lru_cache(maxsize=20_000)
def syllable(letter: str) -> str:
    """One character in plain small letters; empty for what has no reading, such as punctuation."""
    read = lazy_pinyin(letter)
    plain = unicodedata.normalize("NFKD", read[0] if read else "").lower().replace("ü", "v")
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


def of_name(name: str, is_person: bool = True) -> tuple[str, str]:
    """The full pinyin and the initials of a name: 单秀兰 → shanxiulan, sxl. Only a person's name starts with a surname."""
    start: tuple[str, ...] = ()
    if is_person:
        start = DOUBLE_SURNAMES.get(name[:2], ())
        if not start and name[:1] in SURNAMES:
            start = (SURNAMES[name[0]],)
    syllables = [*start, *map(syllable, name[len(start) :])]
    return "".join(syllables), "".join(part[:1] for part in syllables)
