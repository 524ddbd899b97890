"""The console's forms about people: facts, classes, kin, households, leaving the roll."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.ledger import queries as ledger_queries


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


def enter(stage: Stage, key: str) -> Client:
    return stage.client_of(stage.village.users[key])


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_facts_are_put_right_and_sealed_ones_are_never_shown(stage: Stage) -> None:
    client, person = enter(stage, "clerk"), stage.village.person("王建国")
    page = f"/console/depositors/{person}/facts/"
    shown = text_of(client.get(page))
    assert "13800000001" not in shown and "登记过，不改就空着" in shown and 'value="1968-03-02"' in shown
    facts = {"name": "王建国", "sex": "m", "born_on": "1968-03-02", "guardian": "", "phone": "", "id_number": ""}
    wrong = client.post(page, {**facts, "phone": "123"})
    assert wrong.status_code == 422 and "手机填 11 位" in text_of(wrong)
    assert client.post(page, {**facts, "phone": "13900000009", "remove": "phone"}).status_code == 422
    assert client.post(page, {**facts, "name": "王建邦", "phone": "13900000009"}).status_code == 302
    found = depositor_queries.depositor(actor=stage.village.officer("clerk"), depositor_id=person)
    assert (found.name, found.initials, found.born_on.isoformat()) == ("王建邦", "wjb", "1968-03-02")
    assert depositor_queries.depositors_by_phone(actor=stage.village.officer("clerk"), phone="13900000009") == [found]
    assert client.post(page, {**facts, "remove": "phone"}).status_code == 302
    assert depositor_queries.vault_fields(depositor_id=person) == frozenset()
    child = f"/console/depositors/{stage.village.person('王小雨')}/facts/"
    unguarded = client.post(child, {"name": "王小雨", "sex": "f", "born_on": "2016-05-20", "guardian": ""})
    assert unguarded.status_code == 422 and 'href="#f-guardian"' in text_of(unguarded)
    assert client.post(child, {"name": "王小雨", "sex": "f", "born_on": "2016-05-20", "guardian": "李秀英"}).status_code == 302
    assert enter(stage, "teller").get(page).status_code == 403
    assert enter(stage, "other_clerk").get(page).status_code == 404


def test_classes_and_kin_begin_and_end(stage: Stage) -> None:
    client, person = enter(stage, "clerk"), stage.village.person("赵志强")
    page, tab = f"/console/depositors/{person}/change/", f"/console/depositors/{person}/?tab=changes"
    given = {"act": "class", "identity_class": "party_member", "class_on": "2026-01-01"}
    assert client.post(page, {**given, "class_on": ""}).status_code == 422
    assert client.post(page, given)["Location"] == tab
    assert "2026年1月1日" in text_of(client.get(tab))
    ended = client.post(page, {"act": "end_class", "identity_class": "party_member", "ends_on": "二月"})
    assert ended.status_code == 422 and "记着的身份" in text_of(ended)
    assert client.post(page, {"act": "end_class", "identity_class": "party_member", "ends_on": "2026-03-01"}).status_code == 302
    (term,) = depositor_queries.class_terms(depositor_id=person)
    assert term.valid_to is not None and term.valid_to.isoformat() == "2026-03-01"
    assert client.post(page, {"act": "kin", "kin": "张伟", "relation": "表亲"}).status_code == 302
    other = stage.village.person("张伟")
    assert "表亲" in text_of(client.get(tab))
    assert client.post(page, {"act": "end_kin", "other": other}).status_code == 302
    assert depositor_queries.kin_of(depositor_id=person) == []


def test_a_household_is_changed_led_divided_and_left(stage: Stage) -> None:
    client, homes, person = enter(stage, "clerk"), stage.village.households, stage.village.person
    page = f"/console/households/{homes['0004']}/"
    assert "张伟" in text_of(client.get(page)) and "户主" in text_of(client.get(page))
    facts = {"act": "facts", "lane": "东街", "village_code": "990101100202", "resident_count": "五"}
    wrong = client.post(page, facts)
    assert wrong.status_code == 422 and 'value="东街"' in text_of(wrong)
    assert client.post(page, {**facts, "village_code": "990101100203", "resident_count": "5"}).status_code == 422
    assert client.post(page, {**facts, "resident_count": "5"}).status_code == 302
    leaving = [person("曾静"), person("张子轩")]
    split = {"act": "split", "leaving": leaving, "split_head": person("张子轩"), "split_number": "0044"}
    minor = client.post(page, split)
    assert minor.status_code == 422 and "满 18 岁" in text_of(minor)
    assert client.post(page, {**split, "split_head": person("张伟")}).status_code == 422
    assert client.post(page, {**split, "leaving": []}).status_code == 422
    divided = client.post(page, {**split, "split_head": person("曾静")})
    assert divided.status_code == 302
    new = depositor_queries.household_by_number(branch_id=stage.village.branch_id, number="0044")
    assert new is not None and divided["Location"] == f"/console/households/{new.pk}/"
    assert client.post(page, {"act": "head", "new_head": person("曾静")}).status_code == 422
    there = client.post(divided["Location"], {"act": "move", "mover": person("张子轩"), "to_number": "9999"})
    assert there.status_code == 422 and "没有这个户号" in text_of(there)
    moved = client.post(divided["Location"], {"act": "move", "mover": person("张子轩"), "to_number": "0004"})
    assert moved.status_code == 302 and moved["Location"] == page
    assert client.post(f"/console/households/{homes['0001']}/", {"act": "head", "new_head": person("李秀英")}).status_code == 302
    assert client.post(page, {"act": "sell"}).status_code == 404
    assert enter(stage, "teller").post(page, facts).status_code == 403
    assert enter(stage, "other_clerk").get(page).status_code == 404


def test_two_households_become_one_after_a_look(stage: Stage) -> None:
    client, homes = enter(stage, "clerk"), stage.village.households
    page = f"/console/households/{homes['0002']}/merge/"
    for number, words in (("", "请填户号"), ("0002", "另外一户"), ("9999", "没有这个户号")):
        assert words in text_of(client.get(page, {"with_number": number}))
    look = text_of(client.get(page, {"with_number": "0001"}))
    assert "王建国家" in look and "转给王秀梅" in look and "0001 销了" in look
    assert depositor_queries.members_of(household_id=homes["0001"])
    assert client.post(page, {"with_number": "0001"})["Location"] == f"/console/households/{homes['0002']}/"
    assert {one.name for one in depositor_queries.members_of(household_id=homes["0002"])} >= {"王建国", "王秀梅"}
    assert client.post(page, {"with_number": "0001"}).status_code == 422


def test_leaving_says_first_what_goes_and_what_stays(stage: Stage) -> None:
    client, person = enter(stage, "clerk"), stage.village.person
    wife = f"/console/depositors/{person('李秀英')}/leave/"
    assert "迁走了" in text_of(client.get(wife)) and "way=erased" not in text_of(client.get(wife))
    assert client.get(wife, {"way": "erased"}).status_code == 404
    assert "没了的" in text_of(client.get(wife, {"way": "moved"}))
    unsure = client.post(wife, {"way": "moved"})
    assert unsure.status_code == 422 and "表示看明白了" in text_of(unsure)
    assert client.post(wife, {"way": "moved", "sure": "yes"}).status_code == 302
    record = f"/console/depositors/{person('李秀英')}/"
    assert "迁回来了" in text_of(client.get(record))
    assert client.post(f"{record}change/", {"act": "back", "home_number": "0001"}).status_code == 302
    head = client.post(f"/console/depositors/{person('王建国')}/leave/", {"way": "moved", "sure": "yes"})
    assert head.status_code == 422 and "另选一位户主" in text_of(head)
    old = f"/console/depositors/{person('陈桂花')}/leave/"
    assert "刘德福" in text_of(client.get(old, {"way": "deceased"}))
    assert client.post(old, {"way": "deceased", "sure": "yes", "heir": person("刘德福")}).status_code == 302
    assert client.get(old, {"way": "moved"}).status_code == 404


def test_erasing_takes_the_number_and_a_yes(stage: Stage) -> None:
    client, person = enter(stage, "director"), stage.village.person("张伟")
    page = f"/console/depositors/{person}/leave/"
    look = text_of(client.get(page, {"way": "erased"}))
    number = depositor_queries.passbook_of(depositor_id=person).number
    assert number in look and "账本只有随机编号" in look and "不能再用，也不转给别人" in look
    for typed in ({"sure": "yes"}, {"number": number}, {"sure": "yes", "number": "LX01P99999"}):
        assert client.post(page, {"way": "erased", **typed}).status_code == 422
    assert depositor_queries.depositor(actor=system(), depositor_id=person).name == "张伟"
    done = client.post(page, {"way": "erased", "sure": "yes", "number": f" {number.lower()} "})
    assert done["Location"].startswith("/console/depositors/erased/?paper=") and "张伟" not in done["Location"]
    assert "打印证明，交给本人" in text_of(client.get(done["Location"]))
    paper = client.get(done["Location"].replace("erased/", "erased.pdf"))
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF-")
    assert client.get("/console/depositors/erased.pdf", {"paper": "made up"}).status_code == 404
    assert client.get(f"/console/depositors/{person}/").status_code == 404
    assert ledger_queries.verify().ok


def test_a_code_for_an_officer_is_not_the_counters_to_give(stage: Stage) -> None:
    person = stage.village.person("王秀梅")
    refused = enter(stage, "teller").post(f"/console/depositors/{person}/activation/")
    assert refused.status_code == 422 and "要由任命他的人来发" in text_of(refused)
    assert enter(stage, "director").post(f"/console/depositors/{person}/activation/").status_code == 200
