"""Households, depositors, identity classes, kinship, passbooks, and the vault record with the encrypted facts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DepositorKind(models.TextChoices):
    PERSON = "person", _("个人")
    HOUSEHOLD = "household", _("家庭")
    UNIT = "unit", _("单位")
    COLLECTIVE = "collective", _("集体")


class IdentityClass(models.TextChoices):
    VILLAGER = "villager", _("村民")
    PARTY_MEMBER = "party_member", _("党员")
    LANE_CHIEF = "lane_chief", _("街巷长")
    MINOR = "minor", _("未成年人")
    UNIT = "unit", _("社会单位")
    NEW_VILLAGER = "new_villager", _("新村民")


class Sex(models.TextChoices):
    MALE = "m", _("男")
    FEMALE = "f", _("女")


class RevealPurpose(models.TextChoices):
    """Why an officer may read an encrypted fact; there is no other reason."""

    COUNTER = "counter", _("柜台核对本人")
    CONTACT = "contact", _("联系本人")
    PAYMENT = "payment", _("发放物品或资金")
    INSPECTION = "inspection", _("监督检查")


class Series(models.Model):
    """The last running numbers that a branch gave out; locked while new ones are given."""

    branch = models.OneToOneField("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    last_household = models.PositiveIntegerField(default=0)
    last_passbook = models.PositiveIntegerField(default=0)


class Household(models.Model):
    """A family at a branch, by its household number; `lane` is the lane or group that a lane chief looks after."""

    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    village_code = models.CharField(max_length=12, blank=True)
    number = models.CharField(max_length=20)
    lane = models.CharField(max_length=30, blank=True)
    resident_count = models.PositiveSmallIntegerField(default=1)
    head = models.ForeignKey("depositors.Depositor", null=True, on_delete=models.PROTECT, related_name="+")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "number"], name="household_number_once")]


class Depositor(models.Model):
    """Who may hold a passbook: a person, a household, a unit or a collective. The names are cleared at erasure.

    `guardian` is who consented, and on which day, to the passbook of a child under fourteen.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("在册")
        MOVED = "moved", _("已迁出")
        DECEASED = "deceased", _("已故")
        ERASED = "erased", _("已注销")

    STEPS = {
        Status.ACTIVE: frozenset({Status.MOVED, Status.DECEASED, Status.ERASED}),
        Status.MOVED: frozenset({Status.ACTIVE, Status.ERASED}),
        Status.DECEASED: frozenset({Status.ERASED}),
    }

    public_id = models.CharField(max_length=32, unique=True)
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=DepositorKind.choices)
    household = models.ForeignKey(Household, null=True, on_delete=models.PROTECT, related_name="members")
    user = models.OneToOneField("identity.User", null=True, on_delete=models.SET_NULL, related_name="depositor")
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=160, blank=True)
    initials = models.CharField(max_length=40, blank=True)
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True)
    born_on = models.DateField(null=True)
    guardian = models.CharField(max_length=60, blank=True)
    guardian_consent_on = models.DateField(null=True)
    joined_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    status_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["branch", "pinyin"], name="depositor_pinyin"),
            models.Index(fields=["branch", "initials"], name="depositor_initials"),
            models.Index(fields=["branch", "name"], name="depositor_name"),
        ]


class VaultRecord(models.Model):
    """Encrypted identity facts of one depositor under a key of their own; the digests are for look-up."""

    depositor = models.OneToOneField(Depositor, on_delete=models.CASCADE, related_name="vault")
    wrapped_key = models.BinaryField()
    id_number = models.BinaryField(null=True)
    id_digest = models.CharField(max_length=64, null=True, unique=True)
    phone = models.BinaryField(null=True)
    phone_digest = models.CharField(max_length=64, null=True, db_index=True)


class Erasure(models.Model):
    """An erasure under way: the name, under a key of its own, until the rooms above have forgotten it too; then the row goes."""

    depositor = models.OneToOneField(Depositor, on_delete=models.PROTECT, related_name="+")
    user_id = models.BigIntegerField(null=True)
    wrapped_key = models.BinaryField()
    name = models.BinaryField()
    begun_at = models.DateTimeField()


class Reveal(models.Model):
    """An encrypted fact was read by a user: which, whose, what for, when."""

    depositor = models.ForeignKey(Depositor, on_delete=models.CASCADE, related_name="reveals")
    user_id = models.BigIntegerField(null=True)
    field = models.CharField(max_length=12)
    purpose = models.CharField(max_length=12, choices=RevealPurpose.choices)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user_id", "at"], name="reveal_of_user")]


class ClassMembership(models.Model):
    """A depositor is of a class from a day until a day; several classes may hold at once."""

    depositor = models.ForeignKey(Depositor, on_delete=models.CASCADE, related_name="classes")
    identity_class = models.CharField(max_length=16, choices=IdentityClass.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["depositor", "identity_class", "valid_from"], name="class_once_a_day"),
        ]


class Kinship(models.Model):
    """Registered kin beyond the household, written once with the lower id first."""

    first = models.ForeignKey(Depositor, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Depositor, on_delete=models.CASCADE, related_name="+")
    relation = models.CharField(max_length=20)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="kin_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="kin_in_order"),
        ]


class Passbook(models.Model):
    """A depositor's passbook: one account of spendable points, one of honour. The card code is printed as a QR."""

    depositor = models.OneToOneField(Depositor, on_delete=models.PROTECT, related_name="passbook")
    branch = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20, unique=True)
    card_code = models.CharField(max_length=32, unique=True)
    points_account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    honour_account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
