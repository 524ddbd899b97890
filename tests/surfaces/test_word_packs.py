"""Word packs: a head bank chooses what the system is called; screens, wall and papers follow, the books do not."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation

from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.core.errors import NotAllowed, WrongInput
from wenming.domain.organisations import services as organisations
from wenming.locale import catalogues, packs
from wenming.ui import looks


def choose(stage: Stage, pack: str) -> None:
    organisations.choose_word_pack(actor=system(), head_bank_id=stage.village.head_bank_id, pack=pack, at=stage.now)


@pytest.mark.parametrize("pack", packs.PACKS)
def test_every_term_is_reworded_in_both_languages(pack: str) -> None:
    """No sentence keeps a term that the pack has another word for, and none is broken where the new one stands."""
    english = catalogues.read()
    for language, words in ((catalogues.CHINESE, {text: text for text in english}), (catalogues.ENGLISH, english)):
        terms = packs.PACKS[pack][language == catalogues.ENGLISH]
        changed = packs.reworded(words, pack, language)
        assert len(changed) > 3
        for text in {**words, **changed}.values():
            for kept in packs.KEPT:
                text = text.replace(kept, "")
            for word, said in terms.items():
                if language == catalogues.CHINESE:
                    assert word not in text.replace(said, ""), text
                elif word not in said:
                    assert not re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE), text


def test_the_sentence_about_worth_is_never_touched() -> None:
    worth = "文明积分不是钱，不能买卖；不影响任何补贴和集体分红。"
    assert all(worth not in packs.reworded({worth: worth}, pack, "zh-hans") for pack in packs.PACKS)


def test_screens_wall_and_log_in_follow_the_choice(stage: Stage) -> None:
    villager, officer = stage.client("王建国"), stage.client_of(stage.village.officer("head", at=stage.now).user_id or 0)
    places = ((villager, "/me/"), (officer, "/console/branches/"), (Client(), "/login/"), (Client(), "/board/LX01/"))
    assert all("文明银行</title>" in client.get(address).content.decode() for client, address in places)
    choose(stage, "aixin")
    for client, address in places:
        assert "爱心超市</title>" in client.get(address).content.decode(), address
    assert "积分卡" in villager.get("/").content.decode() and "善行簿" not in villager.get("/").content.decode()
    for client, address in places:
        client.cookies[looks.COOKIE] = "en"
        assert "Care Shop</title>" in client.get(address).content.decode(), address
    assert "points card" in villager.get("/").content.decode().lower()
    assert translation.get_language() == "zh-hans"


def test_a_head_officer_chooses_in_the_console_and_it_is_recorded(stage: Stage) -> None:
    client = stage.client_of(stage.village.officer("head", at=stage.now).user_id or 0)
    page = client.get("/console/branches/").content.decode()
    assert all(name in page for _pack, name in packs.names("zh-hans"))
    client.post("/console/branches/words/", {"pack": "daode"})
    page = client.get("/console/branches/").content.decode()
    assert "道德银行</title>" in page and '<option value="daode" selected>' in page
    assert [name for _pack, name in packs.names("zh-hans") if name not in page] == []
    client.post("/console/branches/words/", {"pack": ""})
    assert "文明银行</title>" in client.get("/console/branches/").content.decode()


def test_others_may_not_choose_and_unknown_packs_are_refused(stage: Stage) -> None:
    for key in ("director", "clerk"):
        actor = stage.village.officer(key, at=stage.now)
        with pytest.raises(NotAllowed):
            organisations.choose_word_pack(actor=actor, head_bank_id=stage.village.head_bank_id, pack="daode", at=stage.now)
    with pytest.raises(WrongInput):
        choose(stage, "nothing")


def test_papers_follow_the_choice() -> None:
    with translation.override("zh-hans-x-jifenka"):
        assert translation.gettext("善行簿") == "积分卡" and translation.gettext("分行\n盖章处") == "实践站\n盖章处"
    with translation.override("en-x-jifenka"):
        assert translation.gettext("善行簿") == "Points card"
