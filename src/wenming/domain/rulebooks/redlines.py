"""The red lines: themes that no rule item may touch, found in its words. Effects are typed besides, so that even an
item that slips through these words has no way to reach subsidies, collective income, public services or property.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SPEECH = _("乡村治理积分制工作要求：惩戒不得侵犯群众合法权利，不得剥夺依法享有的政府补贴和集体经济收益")
VILLAGES = _("村民委员会组织法：村规民约不得与法律相抵触，不得侵犯村民的人身权利、民主权利和合法财产权利")
COLLECTIVE = _("农村集体经济组织法")
DIRECTORY = _("国办发〔2020〕49号：减损权利、增加义务的措施必须有法律、法规或中央政策依据")
PENALTIES = _("行政处罚法：村里没有罚款的权力")
PRIVACY = _("个人信息保护法：敏感个人信息不得作为评价依据")
APPS = _("国办函〔2026〕12号：不得强制群众安装、使用政务应用程序")
MINORS = _("未成年人保护法")


class Severity(StrEnum):
    HARD = "hard"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Theme:
    """A forbidden theme: what it is called, why, on which ground, and the words that give it away."""

    code: str
    title: str | Promise
    reason: str | Promise
    anchor: str | Promise
    words: str
    severity: Severity = Severity.HARD


@dataclass(frozen=True, slots=True)
class RedLine:
    """One hit: the theme and the words that hit it."""

    theme: str
    title: str
    words: str
    reason: str
    anchor: str
    severity: Severity


_JOINTS = re.compile(r"[\s\-—–_·.、*/\\|'\"“”‘’()（）\[\]【】《》<>\u200b\u200c\u200d\ufeff]+")
_TAKE = "(?:扣|停|取消|不予|不给|不得|不准|不能|不发|暂停|暂缓|限制|拒绝|收回|减|断)"

THEMES: tuple[Theme, ...] = (
    Theme(
        "subsidies",
        _("政府补贴和救助"),
        _("依法享有的补贴、救助和养老待遇，积分不能碰。"),
        SPEECH,
        "低保|五保|补贴|补助金|救助金|救济|抚恤|养老金|退休金|医保|新农合|合作医疗|惠农|直补|特困供养|危房改造",
    ),
    Theme(
        "dividends",
        _("集体收益和分红"),
        _("集体的收益按成员身份分，积分不能碰。"),
        COLLECTIVE,
        "分红|股金|股权|集体收益|集体经济收益|收益分配|福利分配",
    ),
    Theme(
        "land",
        _("土地和房屋"),
        _("承包地、宅基地和补偿款是财产权利，积分不能碰。"),
        COLLECTIVE,
        "宅基地|承包地|承包田|责任田|征地|征收补偿|土地补偿|拆迁款|建房审批|建房资格",
    ),
    Theme(
        "certificates",
        _("证明和手续"),
        _("开证明、办手续是公共服务，不能拿积分卡人。"),
        VILLAGES,
        _TAKE + "[^，。；]{0,6}(?:证明|手续|盖章|户口|落户|迁户|证件|政审|办事)"
        "|(?:积分|分数)[^，。；]{0,8}(?:才|方可|方能)[^，。；]{0,6}(?:证明|手续|盖章)",
    ),
    Theme(
        "utilities",
        _("水电气等公共服务"),
        _("水、电、气、路是基本生活，不能停。"),
        VILLAGES,
        "(?:停|断|限|掐)(?:水|电|气|暖|网)(?!泵)|" + _TAKE + "[^，。；]{0,4}(?:供水|供电|供气|供暖|用水|用电|通行)",
    ),
    Theme(
        "school",
        _("上学和看病"),
        _("上学、看病是法定权利，积分不能碰。"),
        MINORS,
        _TAKE + "[^，。；]{0,6}(?:入学|上学|入园|就读|升学|就医|看病|就诊|报销)|(?:入学|升学|就读)资格",
    ),
    Theme(
        "voice",
        _("信访、投诉和提意见"),
        _("反映问题、提意见是群众的权利，不加分也不减分。"),
        DIRECTORY,
        "信访|上访|越级|投诉|12345|热线|告状|网上(?:发帖|批评|曝光)|发帖|负面言论|批评(?:干部|领导|村里|政府)|顶撞|提反对意见",
    ),
    Theme(
        "praise",
        _("向检查的人说好话"),
        _("替干部说好话得分，会把情况弄假。"),
        DIRECTORY,
        "(?:检查|督查|巡查组|考核|暗访|验收|调查|测评)[^，。；]{0,8}(?:好话|说好|正面评价|好评|满意)|满意度[^，。；]{0,4}(?:满分|非常满意)",
    ),
    Theme(
        "belief",
        _("宗教信仰"),
        _("信什么、不信什么，不能拿来记分。"),
        PRIVACY,
        "宗教|信教|入教|教徒|礼拜|做弥撒|朝觐|去教堂|去清真寺|皈依",
    ),
    Theme(
        "ethnicity",
        _("民族身份"),
        _("民族身份不能拿来记分。"),
        PRIVACY,
        "民族(?:身份|成分|成份|籍)|少数民族(?:户|村民|家庭)|(?:汉|回|藏|维吾尔|苗|彝|壮|满|蒙古)族",
    ),
    Theme(
        "family",
        _("婚育"),
        _("结不结婚、生不生孩子是家里的事，不能拿来记分。"),
        PRIVACY,
        "生育|二胎|二孩|三胎|三孩|超生|计划生育|怀孕|避孕|结扎|不婚|未婚|离婚|改嫁|再婚|大龄(?:男|女|青年)|婚检|催婚",
    ),
    Theme(
        "health",
        _("健康情况"),
        _("身体好坏是隐私，不能拿来记分。"),
        PRIVACY,
        "患病|病史|病情|精神病|传染病人|艾滋|残疾(?:等级|程度)|体检结果|体重|血压|疫苗接种|接种疫苗",
    ),
    Theme(
        "income",
        _("收入和财产多少"),
        _("收入多少不能拿来记分。"),
        PRIVACY,
        "(?:家庭|人均|个人|年|月)收入|收入(?:高|低|达到|超过|水平)|存款(?:达|超|额|多)|贫困户身份|资产(?:达|超)",
    ),
    Theme(
        "opinion",
        _("政治观点"),
        _("心里怎么想、投票投给谁，不能拿来记分。"),
        DIRECTORY,
        "政治观点|政治立场|投(?:赞成|反对|弃权)票|投票给|选举(?:某|指定|组织)人",
    ),
    Theme(
        "apps",
        _("安装和使用软件"),
        _("装不装、用不用软件，不能拿来加减分。"),
        APPS,
        "(?:下载|安装|注册|登录|登陆|使用|关注|打卡|签到率|转发|点赞|刷)[^，。；]{0,8}(?:APP|app|小程序|公众号|软件|客户端|朋友圈|抖音|视频号|平台)|APP|活跃度|日活|集赞|转发率|点赞数",
    ),
    Theme(
        "blacklist",
        _("黑名单和曝光"),
        _("不设黑榜，不公开羞辱人。"),
        PRIVACY,
        "黑榜|黑名单|曝光台|曝光栏|失信名单|失信人|张贴检讨|公开检讨|游街|挂牌示众|示众|老赖|征信",
    ),
    Theme(
        "fines",
        _("罚款和押金"),
        _("村里不能罚款，也不能拿积分抵罚款。"),
        PENALTIES,
        "罚款|罚金|罚没|押金|保证金|滞纳金|违约金|抵罚|交钱|收费处理|没收(?!到)",
    ),
    Theme(
        "zeroing",
        _("清零和除名"),
        _("不能因为一件事把分清零，或把人除名。"),
        SPEECH,
        "清零|归零|扣光|扣完|扣为零|全部扣除|取消全部积分|积分作废|除名|取消储户资格|一票否决|负分|倒扣",
    ),
    Theme(
        "kin_blame",
        _("一人犯错全家受罚"),
        _("一个人的事不能连累家里人；只有门前、院里这类全家共用的事可以按户评。"),
        VILLAGES,
        "连坐|株连|全家(?:扣|减|取消|不得)|家属(?:也|同样)?(?:扣|减)|连带(?:扣|减)",
        Severity.WARN,
    ),
    Theme(
        "informing",
        _("举报邻居"),
        _("举报邻居给分容易伤和气；只宜收不记名的安全隐患线索。"),
        VILLAGES,
        "举报|检举|揭发|告发",
        Severity.WARN,
    ),
)


@cache
def _pattern(theme: Theme) -> re.Pattern[str]:
    return re.compile(theme.words, re.IGNORECASE)


def plain(text: str) -> str:
    """Full-width forms made plain; blanks and joining marks between characters dropped, so that 低 保 and 低-保 are 低保."""
    return _JOINTS.sub("", unicodedata.normalize("NFKC", text))


def check(text: str) -> list[RedLine]:
    """Every theme that the words touch, hard ones first."""
    words = plain(text)
    hits = []
    for theme in THEMES:
        found = _pattern(theme).search(words)
        if found:
            hits.append(
                RedLine(theme.code, str(theme.title), found.group(), str(theme.reason), str(theme.anchor), theme.severity)
            )
    return sorted(hits, key=lambda hit: hit.severity != Severity.HARD)
