"""Plain words for what rooms keep as codes: a clause in two sentences, an act of the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wenming.core import points
from wenming.domain.rulebooks.engine import CAPS, CLASS_NAMES

DECLARERS = (
    ("self", gettext_lazy("本人记")),
    ("other", gettext_lazy("别人替记")),
    ("lane_chief", gettext_lazy("街巷长记")),
    ("counter", gettext_lazy("柜台记")),
    ("sheet", gettext_lazy("表格导入")),
    ("activity", gettext_lazy("活动签到")),
)
EVIDENCE = (
    ("photo", gettext_lazy("照片")),
    ("document", gettext_lazy("证书或单据")),
    ("witness", gettext_lazy("有人作证")),
    ("none", gettext_lazy("不用凭据")),
)
CAP_WORDS = {
    "person_times_day": gettext_lazy("每人每天最多几次"),
    "person_times_month": gettext_lazy("每人每月最多几次"),
    "person_times_year": gettext_lazy("每人每年最多几次"),
    "household_times_month": gettext_lazy("每户每月最多几次"),
    "person_points_day": gettext_lazy("每人每天最多几分"),
    "person_points_month": gettext_lazy("每人每月最多几分"),
    "person_points_year": gettext_lazy("每人每年最多几分"),
    "household_points_month": gettext_lazy("每户每月最多几分"),
    "household_points_year": gettext_lazy("每户每年最多几分"),
}
_CAP_SAID = {
    "person_times_day": gettext_lazy("每人每天最多 {n} 次"),
    "person_times_month": gettext_lazy("每人每月最多 {n} 次"),
    "person_times_year": gettext_lazy("每人每年最多 {n} 次"),
    "household_times_month": gettext_lazy("每户每月最多 {n} 次"),
    "person_points_day": gettext_lazy("每人每天最多 {n} 分"),
    "person_points_month": gettext_lazy("每人每月最多 {n} 分"),
    "person_points_year": gettext_lazy("每人每年最多 {n} 分"),
    "household_points_month": gettext_lazy("每户每月最多 {n} 分"),
    "household_points_year": gettext_lazy("每户每年最多 {n} 分"),
}
GROWN_UPS = {"villager", "party_member", "lane_chief", "new_villager"}
ACTS = {
    "deeds.declared": gettext_lazy("记下一笔"),
    "deeds.amended": gettext_lazy("改了再交"),
    "deeds.withdrawn": gettext_lazy("撤回一笔"),
    "deeds.approve": gettext_lazy("审核通过"),
    "deeds.approved": gettext_lazy("审核通过"),
    "deeds.return": gettext_lazy("退回补充"),
    "deeds.returned": gettext_lazy("退回补充"),
    "deeds.reject": gettext_lazy("审核不通过"),
    "deeds.rejected": gettext_lazy("审核不通过"),
    "deeds.reviewed": gettext_lazy("审核"),
    "deeds.sent_back": gettext_lazy("撤榜重审"),
    "deeds.forgotten": gettext_lazy("按注销清除记录里的文字和照片"),
    "deeds.rejected_on_objection": gettext_lazy("意见成立，撤下一笔"),
    "deeds.deposited": gettext_lazy("入账"),
    "deeds.register_recorded": gettext_lazy("整表入账"),
    "deeds.reversal_proposed": gettext_lazy("提出更正"),
    "deeds.reversal_dropped": gettext_lazy("不更正"),
    "deeds.reversed": gettext_lazy("更正"),
    "notices.published": gettext_lazy("发布公示"),
    "notices.photo_kept": gettext_lazy("拍下张贴的红榜"),
    "notices.objection_raised": gettext_lazy("有人提意见"),
    "notices.objection_resolved": gettext_lazy("答复意见"),
    "notices.objector_revealed": gettext_lazy("看了是谁提的意见"),
    "depositors.enrolled": gettext_lazy("开户"),
    "depositors.corrected": gettext_lazy("改登记的事"),
    "depositors.revealed": gettext_lazy("看了全号"),
    "depositors.device_ended": gettext_lazy("停用手机"),
    "depositors.class_set": gettext_lazy("记身份"),
    "depositors.class_ended": gettext_lazy("身份到期"),
    "depositors.kin_registered": gettext_lazy("登记亲属"),
    "depositors.kin_removed": gettext_lazy("取消亲属"),
    "depositors.login_given": gettext_lazy("发登录账号"),
    "depositors.moved_out": gettext_lazy("迁出"),
    "depositors.moved_back": gettext_lazy("迁回"),
    "depositors.member_moved": gettext_lazy("换户"),
    "depositors.head_changed": gettext_lazy("换户主"),
    "depositors.household_changed": gettext_lazy("改一户的事"),
    "depositors.household_split": gettext_lazy("分户"),
    "depositors.households_merged": gettext_lazy("并户"),
    "depositors.deceased": gettext_lazy("记为去世"),
    "depositors.erased": gettext_lazy("注销"),
    "identity.activation_issued": gettext_lazy("发激活码"),
    "identity.activated": gettext_lazy("第一次登录"),
    "identity.password_set": gettext_lazy("改密码"),
    "identity.api_key_issued": gettext_lazy("发接口钥匙"),
    "identity.api_key_revoked": gettext_lazy("收回接口钥匙"),
    "organisations.county_opened": gettext_lazy("开县区"),
    "organisations.head_bank_opened": gettext_lazy("开总行"),
    "organisations.branch_opened": gettext_lazy("开分行"),
    "organisations.words_chosen": gettext_lazy("改叫法"),
    "organisations.villages_set": gettext_lazy("改服务的村"),
    "organisations.officer_appointed": gettext_lazy("任职"),
    "organisations.appointment_ended": gettext_lazy("任职结束"),
    "organisations.office_proposed": gettext_lazy("提议任职"),
    "organisations.office_dropped": gettext_lazy("放下任职提议"),
    "mall.ordered": gettext_lazy("兑换"),
    "mall.handed_over": gettext_lazy("发货"),
    "mall.cancelled": gettext_lazy("取消兑换"),
    "mall.expired": gettext_lazy("过期退回"),
    "mall.refunded": gettext_lazy("退换"),
    "mall.history_recorded": gettext_lazy("记以前的兑换"),
    "mall.stock_received": gettext_lazy("入库"),
    "mall.stock_counted": gettext_lazy("盘点"),
    "mall.product_added": gettext_lazy("上新货品"),
    "mall.product_changed": gettext_lazy("改货品"),
    "funds.opened": gettext_lazy("开资金"),
    "funds.money_received": gettext_lazy("收到资金"),
    "funds.draw_approved": gettext_lazy("点头大额支出"),
    "funds.limit_set": gettext_lazy("改单笔限额"),
    "funds.raise_proposed": gettext_lazy("提议提高限额"),
    "rulebooks.edition_drafted": gettext_lazy("起草细则"),
    "rulebooks.edition_in_force": gettext_lazy("细则生效"),
    "rulebooks.expiry_set": gettext_lazy("细则定积分能用多久"),
    "rulebooks.expiry_noticed": gettext_lazy("提醒积分快到期"),
    "rulebooks.points_expired": gettext_lazy("积分到期清零"),
    "rulebooks.item_added": gettext_lazy("细则添一条"),
    "rulebooks.item_changed": gettext_lazy("细则改一条"),
    "rulebooks.item_removed": gettext_lazy("细则拿掉一条"),
    "intake.checked": gettext_lazy("上传表格"),
    "intake.mended": gettext_lazy("改了表里的格子"),
    "intake.row_left_out": gettext_lazy("去掉表里一行"),
    "intake.row_put_back": gettext_lazy("表里一行改回原样"),
    "intake.signed": gettext_lazy("表格签字"),
    "intake.committed": gettext_lazy("表格入册"),
    "intake.dropped": gettext_lazy("表格作废"),
    "intake.exported": gettext_lazy("导出表格"),
}
SUBJECTS = {
    "deed": gettext_lazy("记录"),
    "depositor": gettext_lazy("储户"),
    "household": gettext_lazy("户"),
    "order": gettext_lazy("兑换"),
    "product": gettext_lazy("货品"),
    "notice": gettext_lazy("榜"),
    "objection": gettext_lazy("意见"),
    "sheet": gettext_lazy("表"),
    "edition": gettext_lazy("细则"),
    "item": gettext_lazy("条目"),
    "fund": gettext_lazy("资金"),
    "receipt": gettext_lazy("收据"),
    "reversal": gettext_lazy("更正"),
    "organisation": gettext_lazy("机构"),
    "branch": gettext_lazy("分行"),
    "appointment": gettext_lazy("任职"),
    "user": gettext_lazy("账号"),
    "stock": gettext_lazy("库存"),
}
_ROOMS = {
    "deeds": gettext_lazy("记录"),
    "notices": gettext_lazy("公示"),
    "depositors": gettext_lazy("名册"),
    "identity": gettext_lazy("账号"),
    "organisations": gettext_lazy("机构"),
    "mall": gettext_lazy("兑换"),
    "funds": gettext_lazy("资金"),
    "rulebooks": gettext_lazy("细则"),
    "intake": gettext_lazy("表格"),
    "ledger": gettext_lazy("账本"),
}


def act_of(act: str) -> str:
    """An act in words; one that has none yet is named by its room, never in English."""
    room = _ROOMS.get(act.split(".")[0])
    return str(ACTS.get(act) or (_("{room}有改动").format(room=room) if room else _("其他改动")))


def subject_of(subject: str) -> str:
    """A subject such as `deed:12` in words: 记录 12."""
    kind, _colon, number = subject.partition(":")
    named = SUBJECTS.get(kind)
    return f"{named} {number}" if named else number or ""


def cap_value(name: str, limit: int) -> str:
    return points.show(limit) if "_points_" in name else str(limit)


def value_of(item: Any) -> str:
    """What one deed under a clause is worth: 每次 8 分."""
    sign = _("减 ") if item.direction == "demerit" else ""
    if item.value_kind == "steps":
        steps = _("、").join(
            _("满 {start} {unit} {sign}{worth} 分").format(
                start=step["from"], unit=item.unit, sign=sign, worth=points.show(step["points"])
            )
            for step in item.steps
        )
        return steps or _("分档")
    return _("每{unit} {sign}{worth} 分").format(unit=item.unit, sign=sign, worth=points.show(item.points))


def caps_of(item: Any) -> list[str]:
    found = [(name, getattr(item, name)) for name in CAPS]
    return [str(_CAP_SAID[name]).format(n=cap_value(name, limit)) for name, limit in found if limit is not None]


def _who(classes: Iterable[str]) -> list[str]:
    """The classes that may earn; all grown-ups together are called villagers."""
    named = list(classes)
    if set(named) >= GROWN_UPS:
        named = ["villager", *(name for name in named if name not in GROWN_UPS)]
    return [str(CLASS_NAMES.get(name, name)) for name in named]


def clause_of(item: Any) -> str:
    """A clause as one plain paragraph: worth, caps, who, on what evidence, how long it hangs on the wall."""
    named = dict(EVIDENCE)
    parts = [value_of(item), *caps_of(item)]
    if item.classes:
        parts.append(_("{who}能得").format(who=_("、").join(_who(item.classes))))
    proofs = _("或").join(str(named[one]) for one in item.evidence if one in named and one != "none")
    parts.append(_("凭{proofs}").format(proofs=proofs) if proofs else _("不用凭据"))
    when = _("先公示 {days} 个工作日再入账") if item.track == "notice_first" else _("先入账，再公示 {days} 个工作日")
    parts.append(when.format(days=item.notice_workdays))
    return _("；").join(parts) + _("。")
