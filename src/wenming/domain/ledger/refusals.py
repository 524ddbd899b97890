"""What the books refuse, and the words for it. Raised by the engine; `services` hands them on."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Refusal


class NotEnoughPoints(Refusal):
    """`missing` is in hundredths; `lacking` is the same for people; `position` is the place in a batch, from 0."""

    code, message, status = "ledger.not_enough_points", _("积分还差 {lacking} 分。"), 409


class NotEnoughMoney(NotEnoughPoints):
    code, message = "ledger.not_enough_money", _("这笔资金还差 {lacking} 元。")


class ShortOfPoints(Refusal):
    """A reversal would take more than is left."""

    code, message, status = (
        "ledger.short_of_points",
        _("这笔积分已经用掉了一部分，还差 {lacking} 分收不回来。可以选“差额核销”再更正。"),
        409,
    )


class UnknownAccount(Refusal):
    code, message, status = "ledger.unknown_account", _("账本里没有这个账户。"), 404


class UnknownTransaction(Refusal):
    code, message, status = "ledger.unknown_transaction", _("账本里没有这一笔。"), 404


class MixedUnits(Refusal):
    code, message = "ledger.mixed_units", _("积分、荣誉分和资金不能互相转。")


class KeyReused(Refusal):
    code, message, status = "ledger.key_reused", _("这个编号已经记过另一笔账，请换一个编号。"), 409


class HoldEnded(Refusal):
    code, message, status = "ledger.hold_ended", _("这笔预留的积分已经办结了。"), 409


class HoldAmount(Refusal):
    code, message = "ledger.hold_amount", _("办结的积分要和预留的一样多。")


class AccountClosed(Refusal):
    code, message, status = "ledger.account_closed", _("这本存折已经销户，不能再记账。"), 409


class AccountNotEmpty(Refusal):
    code, message, status = "ledger.account_not_empty", _("存折里还有 {left} 分，请先用完或转走，再销户。"), 409


class AmountOutOfRange(Refusal):
    code, message = "ledger.amount_out_of_range", _("数额要大于 0，并且不能太大，请再看一遍。")


class AlreadyReversed(Refusal):
    code, message, status = "ledger.already_reversed", _("这一笔已经更正过了。"), 409


class CannotReverse(Refusal):
    code, message, status = "ledger.cannot_reverse", _("这一笔本身是更正或办结，不能再更正。"), 409
