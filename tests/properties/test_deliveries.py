"""However the things of phones and counters arrive, the books are those of one clean delivery. The long form is in tests/long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from pytest_django import DjangoDbBlocker

from tests import deliveries
from wenming.core import fates
from wenming.core.models import Fate

pytestmark = pytest.mark.django_db
SCHEDULES = 8


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[deliveries.World]:
    with deliveries.standing(django_db_blocker, tmp_path_factory.mktemp("deliveries")) as world:
        yield world


def test_random_schedules_end_in_the_books_of_one_clean_delivery(world: deliveries.World) -> None:
    outcomes: Counter[str] = Counter()
    sent = things = 0
    for seed in range(SCHEDULES):
        run = deliveries.check(world, seed, verify=seed % 4 == 0)
        outcomes.update(deliveries.expected(world, run).values())
        sent, things = sent + run.deliveries, things + len(run.things)
    assert set(outcomes) == {"applied", "duplicate", "refused", "conflict"}, "every fate was met"
    assert sent > 2 * things, "most things came more than once"


def test_a_server_that_forgets_does_not_pass(world: deliveries.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: decide every copy anew, and a schedule soon shows it."""

    def decide_anew(*, user_id: int, item: fates.Item, at: datetime, do: Callable[[], fates.Effect]) -> Fate:
        Fate.objects.filter(user_id=user_id, key=item.key).delete()
        return settle(user_id=user_id, item=item, at=at, do=do)

    settle = fates.settle
    monkeypatch.setattr(fates, "settle", decide_anew)
    with pytest.raises(AssertionError, match="schedule"):
        for seed in range(SCHEDULES):
            deliveries.check(world, seed)
