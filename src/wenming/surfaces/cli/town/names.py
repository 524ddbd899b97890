"""Invented names that could be heard in a northern Chinese village: surnames by frequency, given names by generation.

Nobody here is a real person: every name is put together by chance out of parts that were common when its bearer was
born. A few rare characters are in on purpose, so that search, pinyin and fonts meet them in every demo.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable


def _several(words: str) -> tuple[str, ...]:
    return tuple(words.split())


SURNAMES: dict[str, int] = {
    "王": 1060, "张": 960, "李": 950, "刘": 760, "赵": 390, "杨": 360, "陈": 300, "孙": 220, "马": 200, "高": 180,
    "郭": 160, "徐": 150, "朱": 140, "周": 140, "胡": 125, "宋": 120, "于": 115, "吴": 115, "韩": 110, "何": 90,
    "曹": 90, "许": 85, "董": 85, "田": 80, "冯": 80, "崔": 75, "魏": 72, "任": 70, "梁": 68, "范": 65, "石": 62,
    "贾": 60, "侯": 58, "谢": 56, "郑": 55, "孟": 52, "白": 50, "秦": 48, "邢": 44, "史": 43, "尹": 42, "付": 40,
    "康": 40, "邵": 34, "段": 33, "郝": 33, "常": 32, "武": 30, "乔": 28, "安": 27, "齐": 27, "庞": 26, "葛": 25,
    "岳": 24, "耿": 24, "牛": 23, "梅": 20, "果": 12, "芦": 12, "祁": 12, "景": 10, "佟": 10, "苑": 9, "郎": 9,
    "邸": 6, "蔺": 6, "么": 6, "欧阳": 5, "上官": 2, "司马": 2, "逯": 3, "虢": 1, "仝": 4, "亓": 2,
}  # fmt: skip

MEN: dict[int, tuple[str, ...]] = {
    1930: _several("德福 永贵 长海 文山 玉田 宝山 振东 广才 春和 万荣 庆祥 树林 凤鸣 占山 士杰 国栋 殿臣 景春 克勤 连升"),
    1945: _several("建国 国庆 和平 援朝 胜利 志强 玉柱 福来 长顺 金柱 德明 学文 立民 永江 广田 宝成 万山 长河 满仓 文斌"),
    1958: _several("卫东 跃进 红军 学军 建军 向阳 卫国 爱民 春生 立新 志刚 建华 永强 铁柱 来顺 振国 宝来 国强 海山 秋生"),
    1972: _several("志勇 海涛 晓东 永军 建伟 俊杰 立军 伟东 宏伟 春雷 玉峰 海军 振华 长江 新民 大伟 国辉 小军 增强 连生"),
    1984: _several("磊 鹏 伟 涛 浩 超 杰 斌 洋 凯 海龙 晓亮 志鹏 立鑫 文博 宏宇 建新 少华 亚东 学良"),
    1997: _several("子豪 宇航 嘉伟 一鸣 俊豪 浩然 博文 天宇 思远 泽宇 梓轩 明哲 文轩 家乐 昊天 睿 宸 煜 皓轩 奕辰"),
    2008: _several("梓豪 子轩 浩宇 奕泽 沐辰 宇轩 铭泽 一诺 子墨 俊熙 皓宸 瑾瑜 景行 沐阳 书豪 予安 星辰 嘉树 知远 允执"),
}

WOMEN: dict[int, tuple[str, ...]] = {
    1930: _several("淑兰 秀英 桂英 玉兰 凤英 淑珍 秀兰 桂芝 玉珍 素珍 凤兰 桂荣 淑华 秀珍 翠英 玉芬 慧兰 金凤 淑贤 素琴"),
    1945: _several("秀芹 桂兰 玉梅 淑英 春兰 秀云 凤霞 桂芹 淑敏 玉华 秀荣 兰英 金荣 淑芬 翠兰 秋菊 月英 爱华 玉琴 宝珍"),
    1958: _several("秀梅 春梅 玉霞 红梅 桂花 淑琴 秀华 丽华 凤琴 爱红 建英 立荣 玉红 金花 艳芬 桂香 巧云 永红 春花 秀芳"),
    1972: _several("丽娟 春燕 海燕 艳丽 秀丽 红霞 立娜 晓红 小梅 雪梅 艳红 玉洁 桂敏 玲玲 文娟 建红 彩霞 志芳 亚琴 秋红"),
    1984: _several("静 丽 娜 婷婷 丹 艳 敏 颖 晶 雪 佳 倩 莉莉 晓燕 小雨 海霞 立新 文静 亚男 思思"),
    1997: _several("雨欣 欣怡 思雨 佳怡 梦瑶 雅婷 诗涵 子涵 欣然 晓彤 若曦 雨桐 嘉欣 可欣 一凡 梓涵 悦 瑶 语嫣 紫萱"),
    2008: _several("梓萱 一诺 雨彤 诗琪 依诺 沐瑶 若汐 苡沫 语桐 艺涵 书瑶 清妍 予希 婉清 星冉 知夏 安然 锦书 可馨 念初"),
}  # fmt: skip

FIRST_PARTS = {
    "m": {1930: "文德永玉振广春长", 1958: "建国志永立海春福", 1984: "晓海文立少亚学宏", 2008: "子梓浩奕沐宇铭书"},
    "f": {1930: "淑秀桂玉凤素翠金", 1958: "秀春玉红桂丽艳淑", 1984: "晓小海文亚思雅丽", 2008: "梓雨诗沐若语予婉"},
}
LAST_PARTS = {
    "m": {1930: "山海林田荣祥才和", 1958: "军强民生刚平成友", 1984: "鹏龙亮峰辉宇斌超", 2008: "轩泽辰宇睿墨阳远"},
    "f": {1930: "英兰珍芝芬荣琴华", 1958: "梅霞荣芳花云琴敏", 1984: "娟燕静婷颖娜雪佳", 2008: "涵萱彤瑶琪妍桐汐"},
}
RARE = {
    "m": _several("喆 淼 堃 鑫 赟 垚 炅 镕 昶 祎 晟 翀 建喆 文堃 玉琨 振翃"),
    "f": _several("媖 姝 玥 翾 婞 懿 嫚 鑫 淑媛 玉珺 雨霏 晓蕙 秀媖 文玥"),
}


def generation(year: int, of: Iterable[int]) -> int:
    """The last generation that began by `year`."""
    of = tuple(of)
    return max((start for start in of if start <= year), default=min(of))


class Names:
    """Draws names. A village has a few large families, so half of its people share three or four surnames."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.surnames = tuple(SURNAMES)
        self.heaped = tuple(itertools.accumulate(SURNAMES.values()))

    def clans(self) -> tuple[str, ...]:
        """The large families of one village."""
        return tuple(self.surname(()) for _ in range(self.source.randint(3, 5)))

    def surname(self, clans: tuple[str, ...]) -> str:
        if clans and self.source.random() < 0.5:
            return self.source.choice(clans)
        return self.source.choices(self.surnames, cum_weights=self.heaped)[0]

    def given(self, sex: str, year: int) -> str:
        chance = self.source.random()
        if chance < 0.006:
            return self.source.choice(RARE[sex])
        if chance < 0.62:
            common = MEN if sex == "m" else WOMEN
            return self.source.choice(common[generation(year, common)])
        first, last = FIRST_PARTS[sex], LAST_PARTS[sex]
        born = generation(year, first)
        return self.source.choice(first[born]) + self.source.choice(last[born])


UNITS: tuple[str, ...] = (
    "小学", "卫生室", "供销社门市部", "便民超市", "农机服务站", "运河驿站", "种植专业合作社", "养老驿站",
    "幼儿园", "快递服务点", "自来水服务站", "电力服务所", "邮政所", "理发店", "书画社", "粮油店", "农家小院", "花卉基地",
    "物流服务点", "建材门市部",
)  # fmt: skip

COLLECTIVES: tuple[str, ...] = (
    "志愿服务队", "巾帼服务队", "秧歌队", "红白理事会", "老党员先锋队", "护河队", "平安巡逻队", "文艺宣传队",
    "第一村民小组", "第二村民小组", "广场舞队", "门球队",
)  # fmt: skip
