"""Rule books, dated editions and rule items."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Category(models.TextChoices):
    VOLUNTEERING = "volunteering", _("志愿服务")
    CUSTOMS = "customs", _("文明习俗")
    PARTICIPATION = "participation", _("文明参与")
    GOOD_DEEDS = "good_deeds", _("好人好事")
    CONTESTS = "contests", _("文明评比")
    SPECIAL_WORK = "special_work", _("特殊工作")
    EMPLOYMENT = "employment", _("就业促进服务")


class Direction(models.TextChoices):
    MERIT = "merit", _("加分")
    DEMERIT = "demerit", _("减分")


class ValueKind(models.TextChoices):
    FIXED = "fixed", _("每次固定")
    PER_UNIT = "per_unit", _("按数量")
    STEPS = "steps", _("分档")


class Effect(models.TextChoices):
    """All that a rule item can do. Subsidies, collective income, public services and property have no effect here,
    so no rule can touch them (RedLines explains; the database check repeats it)."""

    POINTS_AND_HONOUR = "points_and_honour", _("可用积分和荣誉积分")
    POINTS = "points", _("只给可用积分")
    HONOUR = "honour", _("只给荣誉积分")


class Track(models.TextChoices):
    NOTICE_FIRST = "notice_first", _("先公示后入账")
    POST_FIRST = "post_first", _("先入账再公示")


class DemeritKind(models.TextChoices):
    """The lawful grounds of a demerit: one's own yard, public space, dog, waste, a task or pledge taken on freely, or a
    ruling that is already in force. There is no other."""

    NONE = "", _("不是减分项")
    YARD = "yard", _("自家门前和院里")
    PUBLIC_SPACE = "public_space", _("占用公共地方")
    DOG = "dog", _("养犬")
    WASTE = "waste", _("垃圾投放")
    NO_SHOW = "no_show", _("报名后没来")
    PLEDGE = "pledge", _("自己的承诺没兑现")
    RULING = "ruling", _("有生效的法律文书")


class Expiry(models.TextChoices):
    """How long spendable points last. Honour points last for ever."""

    NEVER = "never", _("长期有效")
    AFTER_MONTHS = "after_months", _("满若干个月")
    YEAR_END = "year_end", _("每年年底")


class RuleBook(models.Model):
    """The rules of one organisation: a head bank's book holds for branches that have none of their own."""

    organisation = models.OneToOneField("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=60)


class Edition(models.Model):
    """A dated version. In force over [in_force_from, in_force_to); editions of a book never overlap.

    `drafted_by` is who wrote in it last. Demerit items count only where `demerits_vote` names the recorded vote that
    switched them on. `expiry` says how long spendable points last: for ever, `expiry_months`, or until the end of the year
    but for `carry_percent` of what is left.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("起草中")
        IN_FORCE = "in_force", _("已生效")

    STEPS = {Status.DRAFT: frozenset({Status.IN_FORCE})}

    rule_book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    in_force_from = models.DateField(null=True)
    in_force_to = models.DateField(null=True)
    drafted_by = models.BigIntegerField(null=True)
    approved_by = models.BigIntegerField(null=True)
    drafted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    adopted_note = models.CharField(max_length=200, blank=True)
    demerits_vote = models.CharField(max_length=120, blank=True)
    expiry = models.CharField(max_length=12, choices=Expiry.choices, default=Expiry.NEVER)
    expiry_months = models.PositiveSmallIntegerField(default=0)
    carry_percent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expiry="never", expiry_months=0, carry_percent=0)
                | Q(expiry="after_months", expiry_months__gte=6, expiry_months__lte=120, carry_percent=0)
                | Q(expiry="year_end", expiry_months=0, carry_percent__lte=99),
                name="expiry_is_whole",
            ),
            models.UniqueConstraint(
                fields=["rule_book"], condition=Q(status="in_force", in_force_to__isnull=True), name="one_open_edition"
            ),
            models.CheckConstraint(
                condition=~Q(status="in_force") | Q(drafted_by__isnull=True) | ~Q(drafted_by=F("approved_by")),
                name="edition_by_two_persons",
            ),
            models.UniqueConstraint(fields=["rule_book", "number"], name="edition_number_once"),
            models.CheckConstraint(condition=~Q(status="in_force") | Q(in_force_from__isnull=False), name="in_force_has_date"),
            models.CheckConstraint(
                condition=Q(in_force_to__isnull=True) | Q(in_force_to__gt=F("in_force_from")), name="edition_runs_forward"
            ),
        ]


class ExpiryRound(models.Model):
    """One walk over the passbooks of a branch: the notice so many days before points go, or (0 days) their going.

    `due_on` is the first day without the points; `reached` the passbook up to which the walk has come, so that a walk that
    broke off goes on where it was and nobody is met twice.
    """

    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    due_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    reached = models.BigIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    points = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "due_on", "days_before"], name="expiry_round_once")]


class RuleItem(models.Model):
    """One clause. Amounts are hundredths of a point. The JSON fields:

    steps: [{"from": 4, "points": 100}, …] by rising `from`, in the item's unit;
    classes: {"villager": {}, "minor": {"points": 100, "person_times_month": 2}, …}: who may earn, and what differs for
    them; empty: everyone, alike;
    declarers: any of self, other, lane_chief, counter, sheet, activity;
    evidence: any of photo, document, witness, none.
    Caps count times (`*_times_*`) or points (`*_points_*`); NULL means no cap.
    """

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="items")
    place = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=12)
    category = models.CharField(max_length=16, choices=Category.choices)
    direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.MERIT)
    effect = models.CharField(max_length=20, choices=Effect.choices, default=Effect.POINTS_AND_HONOUR)
    demerit_kind = models.CharField(max_length=14, choices=DemeritKind.choices, blank=True, default=DemeritKind.NONE)
    title = models.CharField(max_length=60)
    plain = models.CharField(max_length=200, blank=True)
    value_kind = models.CharField(max_length=10, choices=ValueKind.choices, default=ValueKind.FIXED)
    points = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=10, default="次")
    quantity_max = models.PositiveIntegerField(default=1)
    steps = models.JSONField(default=list)
    classes = models.JSONField(default=dict)
    declarers = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    credits_household = models.BooleanField(default=False)
    person_times_day = models.PositiveIntegerField(null=True)
    person_times_month = models.PositiveIntegerField(null=True)
    person_times_year = models.PositiveIntegerField(null=True)
    household_times_month = models.PositiveIntegerField(null=True)
    person_points_day = models.BigIntegerField(null=True)
    person_points_month = models.BigIntegerField(null=True)
    person_points_year = models.BigIntegerField(null=True)
    household_points_month = models.BigIntegerField(null=True)
    household_points_year = models.BigIntegerField(null=True)
    reviews_needed = models.PositiveSmallIntegerField(default=1)
    track = models.CharField(max_length=14, choices=Track.choices, default=Track.NOTICE_FIRST)
    notice_workdays = models.PositiveSmallIntegerField(default=5)
    window_days = models.PositiveSmallIntegerField(default=30)
    repair = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="item_code_once"),
            models.CheckConstraint(condition=Q(effect__in=["points_and_honour", "points", "honour"]), name="effect_is_lawful"),
            models.CheckConstraint(condition=Q(notice_workdays__gte=3, notice_workdays__lte=7), name="notice_3_to_7"),
            models.CheckConstraint(condition=Q(reviews_needed__gte=1, reviews_needed__lte=5), name="reviews_1_to_5"),
            models.CheckConstraint(condition=Q(points__gte=0), name="value_not_negative"),
            models.CheckConstraint(
                condition=Q(direction="merit", demerit_kind="") | (Q(direction="demerit", effect="points") & ~Q(demerit_kind="")),
                name="demerit_is_of_a_lawful_kind",
            ),
        ]
