"""What the deeds' room refuses, and the words for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import NotAllowed, Refusal


class KeyReused(Refusal):
    code, message, status = "deeds.key_reused", _("这个提交编号已经交过另一件事，请刷新后再交。"), 409


class EnteredTwice(Refusal):
    """`deed` carries the id of the declaration that says the same."""

    code, message, status = (
        "deeds.entered_twice",
        _("{when}已记过一模一样的。是同一件就不用再记；是另一件，请在说明里写清楚。"),
        409,
    )


class NobodyNamed(Refusal):
    code, message = "deeds.nobody_named", _("请选记给谁。")


class TooManyNamed(Refusal):
    code, message = "deeds.too_many_named", _("一次最多记 {most} 个人。")


class NotOnRoll(Refusal):
    code, message = "deeds.not_on_roll", _("这位储户现在不在册，不能再记。")


class ItemNotInForce(Refusal):
    code, message = "deeds.item_not_in_force", _("那一天的细则里没有这一项。")


class DoorClosed(Refusal):
    code, message = "deeds.door_closed", _("这一项不由您这边记，{who}来记。")


class DemeritsOff(Refusal):
    code, message = "deeds.demerits_off", _("村里没有表决开减分，这一项不能记。")


class NotYetHappened(Refusal):
    code, message = "deeds.not_yet_happened", _("日子还没到，做了再记。")


class TooLate(Refusal):
    code, message = "deeds.too_late", _("这一项要在 {days} 天内记，已经过了。")


class BeforeJoining(Refusal):
    code, message = "deeds.before_joining", _("那时还没有开户，开户以后的才能记。")


class PhotoNeeded(Refusal):
    code, message = "deeds.photo_needed", _("请拍一张照片。拍到做的事就行。")


class EvidenceNeeded(Refusal):
    code, message = "deeds.evidence_needed", _("请拍一张照片，或写明凭据或谁能作证。")


class WordsTooLong(Refusal):
    code, message = "deeds.words_too_long", _("最多写 500 个字。")


class TooManyPhotos(Refusal):
    code, message = "deeds.too_many_photos", _("一次最多交 {most} 张照片。")


class Recused(NotAllowed):
    code, message = "deeds.recused", _("您和这一笔有关系（本人、家里人、亲戚、申报或导入的人），请别人来审。")


class OthersCanReview(NotAllowed):
    code, message = "deeds.others_can_review", _("这一笔村里还有人能审，先由村里审。")


class ReviewedBefore(Refusal):
    code, message, status = "deeds.reviewed_before", _("您已经审过这一笔了，要由另一个人再审。"), 409


class RevisionPassed(Refusal):
    code, message, status = "deeds.revision_passed", _("这一笔刚改过，请看过新内容再审。"), 409


class ReasonNeeded(Refusal):
    code, message = "deeds.reason_needed", _("请写明原因，本人看得到。")


class NothingChosen(Refusal):
    code, message = "deeds.nothing_chosen", _("还没有选哪几笔。")


class AlreadyDeposited(Refusal):
    code, message, status = "deeds.already_deposited", _("这一笔已经入账，不能改了。记错了请村里更正。"), 409


class PersonErased(Refusal):
    code, message, status = "deeds.person_erased", _("这个人已经注销，记下的内容不能再改。"), 409


class NotDeposited(Refusal):
    code, message, status = "deeds.not_deposited", _("这一笔没有入账，不用更正。"), 409


class ReversalWaiting(Refusal):
    code, message, status = "deeds.reversal_waiting", _("这一笔的更正已经有人提了，等复核。"), 409


class SecondOfficerNeeded(NotAllowed):
    code, message = "deeds.second_officer", _("提更正的人不能自己复核，请另一位来办。")


class SentBack(Refusal):
    code, message, status = "deeds.sent_back", _("审核的人和这一笔有亲属关系，已退回重新审核。"), 409


class BatchTooLarge(Refusal):
    code, message = "deeds.batch_too_large", _("一张表最多 {most} 行，请分开导入。")


class RegisterHasProblems(Refusal):
    """`problems` carries the rows; nothing was written."""

    code, message = "deeds.register_has_problems", _("表里有 {count} 行不能记，请先改好。")


class PointsDiffer(Refusal):
    code, message = "deeds.points_differ", _("表上写 {written} 分，按细则是 {due} 分。")


class DemeritUnnoticed(Refusal):
    code, message = "deeds.demerit_unnoticed", _("减分要先公示，公示过的才能登记。")
