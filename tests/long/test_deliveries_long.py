"""A hundred thousand random deliveries, late, twice, in disorder or in part: always the books of one clean delivery."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests import deliveries

pytestmark = pytest.mark.django_db
CHUNKS, SCHEDULES = 100, 1000


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[deliveries.World]:
    with deliveries.standing(django_db_blocker, tmp_path_factory.mktemp("deliveries")) as world:
        yield world


@pytest.mark.parametrize("chunk", range(1, CHUNKS + 1))
def test_a_thousand_schedules(world: deliveries.World, chunk: int) -> None:
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        deliveries.check(world, seed, verify=seed % 100 == 0)
