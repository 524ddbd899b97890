"""One family at the villager's door: whose passbook is read, whose points are spent, what waits today, and leafing by month."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.surfaces import stage as stages
from tests.surfaces.stage import Stage
from wenming.core.actor import system
from wenming.domain.deeds import queries as deed_queries
from wenming.domain.depositors import queries as depositor_queries
from wenming.domain.mall import queries as mall_queries
from wenming.domain.notices import queries as notice_queries


def number_of(stage: Stage, name: str) -> str:
    return depositor_queries.passbook_of(depositor_id=stage.village.person(name)).number


def powder(stage: Stage) -> str:
    (order,) = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])
    return f"/mall/{order.product.public_id}/"


def test_the_passbooks_of_the_household_are_read_and_no_others(stage: Stage) -> None:
    client = stage.client("李秀英")
    his = f"/household/{number_of(stage, '王建国')}/"
    home = client.get("/household/").content.decode()
    assert "王建国" in home and his not in home, "of another grown-up the balance only"
    assert client.get(his).status_code == 404
    deed = deed_queries.declaration(actor=system(), declaration_id=stage.deeds["submitted"])
    assert deed.depositor.name == "王建国" and deed.public_id not in client.get("/deeds/").content.decode()
    child = stage.client("王小雨")
    assert child.get(f"/household/{number_of(stage, '李秀英')}/").status_code == 404
    husband = stage.client("王建国")
    assert "让家里大人也能看" in husband.get("/household/").content.decode()
    husband.post("/household/open/", {"family": "open"})
    assert child.get(his).status_code == 404
    assert deed.public_id in client.get("/deeds/").content.decode()
    home = client.get("/household/").content.decode()
    for name in ("王建国", "王小雨", "王建国家"):
        address = f"/household/{number_of(stage, name)}/"
        assert f'href="{address}"' in home
        html = client.get(address).content.decode()
        assert f"{name}的善行簿" in html
        assert not re.search(r'href="/(passbook|deeds)/\w', html.replace('href="/passbook/"', "")), "pages of the holder alone"
    assert client.get(f"/household/{number_of(stage, '张伟')}/").status_code == 404
    assert client.get("/household/nothing/").status_code == 404
    assert "改成只看余额" in husband.get("/household/").content.decode()
    husband.post("/household/open/", {"family": ""})
    assert client.get(his).status_code == 404


def test_a_grown_up_spends_from_the_family_passbook_and_a_child_does_not(stage: Stage) -> None:
    stage.shop.give("王建国家", 50_00)
    family, own = stage.village.person("王建国家"), stage.village.person("李秀英")
    client, address = stage.client("李秀英"), powder(stage)
    assert f'value="{family}"' in client.get(address).content.decode()
    checked = client.get(f"{address}?quantity=1&payer={family}").content.decode()
    assert "王建国家" in checked and f'name="payer" value="{family}"' in checked
    form = dict(re.findall(r'name="(quantity|submission_key|price|payer)" value="([^"]+)"', checked))
    answer = client.post(address, form)
    assert answer.status_code == 302
    (order,) = mall_queries.orders_of(depositor_ids=[family])
    assert answer["Location"] == f"/orders/{order.public_id}/" and order.depositor_id == family
    assert "王建国家" in client.get("/orders/").content.decode()
    assert mall_queries.orders_of(depositor_ids=[own]) == []
    stage.shop.give("王小雨", 50_00)
    child = stage.client("王小雨")
    assert f'value="{family}"' not in child.get(address).content.decode()
    form = {"quantity": "1", "submission_key": "child", "price": form["price"], "payer": str(family)}
    refused = child.post(address, form)
    assert refused.status_code == 422 and "请选用哪本存折" in refused.content.decode()
    assert len(mall_queries.orders_of(depositor_ids=[family])) == 1


def test_the_count_goes_up_and_down_without_script(stage: Stage) -> None:
    client, address = stage.client("王建国"), powder(stage)
    html = client.get(f"{address}?count=4").content.decode()
    assert 'value="4"' in html
    assert re.findall(r'href="\?count=(\d+)&amp;', html) == ["3", "5"]
    for asked, shown in (("0", ["1", "2"]), ("x", ["1", "2"]), ("500", ["98", "99"])):
        html = client.get(f"{address}?count={asked}").content.decode()
        assert re.findall(r'href="\?count=(\d+)&amp;', html) == shown, asked


def test_home_says_what_waits_today(stage: Stage) -> None:
    html = stage.client("王建国").get("/").content.decode()
    today = html.split('id="today"')[1].split('id="news"')[0]
    (order,) = mall_queries.orders_of(depositor_ids=[stage.village.person("王建国")])
    assert f"/orders/{order.public_id}/" in today and "看看要补什么" in today
    assert "今天没有等您办的事" in stage.client("尉迟恭礼").get("/").content.decode()
    notice = next(one for one in re.findall(r'href="/notices/([^/"]+)/"', html))
    found = notice_queries.notice(number=notice)
    stage.turn_to(found.ends_at - timedelta(hours=5))
    assert "有不对的，今天还能提" in stage.client("尉迟恭礼").get("/").content.decode()


def test_what_the_family_ordered_waits_on_the_home_of_each_of_its_members_alone(stage: Stage) -> None:
    stage.shop.give("王建国家", 50_00)
    client, before = stage.client("李秀英"), "今天没有等您办的事"
    assert before in client.get("/").content.decode()
    with CaptureQueriesContext(connection) as seen:
        client.get("/")
    order = stage.shop.order("王建国家", key="family", at=stage.now)
    with CaptureQueriesContext(connection) as seen_now:
        html = client.get("/").content.decode()
    assert f"/orders/{order.public_id}/" in html and "· 王建国家" in html and before not in html
    assert len(seen_now) == len(seen)
    client.cookies["wm_look"] = "elder"
    assert f"{order.product.title}等您领" in client.get("/").content.decode()
    assert order.public_id not in stage.client("尉迟恭礼").get("/").content.decode()


def test_the_passbook_is_leafed_by_month_and_printed(stage: Stage) -> None:
    client = stage.client("王建国")
    months = client.get("/passbook/months/").content.decode()
    asked = re.findall(r'href="/passbook/\?month=(\d{4}-\d\d)"', months)
    opened = depositor_queries.passbook_of(depositor_id=stage.village.person("王建国")).opened_on
    assert asked and len(asked) == len(set(asked)) and f"{opened:%Y-%m}" in asked

    def vouchers(address: str) -> set[str]:
        return set(re.findall(r'href="/board/proof/(\w+)/"', client.get(address).content.decode()))

    shown = {month: vouchers(f"/passbook/?month={month}") for month in asked}
    whole = vouchers("/passbook/")
    assert set().union(*shown.values()) == whole and sum(map(len, shown.values())) == len(whole)
    assert "这个月没有记账" in client.get(f"/passbook/?month={opened.year - 1}-12").content.decode()
    assert client.get("/passbook/?month=13").status_code == 200
    paper = client.get("/passbook/paper.pdf")
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")


def test_a_notice_is_searched_by_household_name_and_deduction(stage: Stage) -> None:
    client = stage.client("王建国")
    (number,) = stages.notices_up(stage)
    address = f"/notices/{number}/"

    def masked(query: str) -> list[str]:
        html = client.get(address + query).content.decode()
        return re.findall(r"<b>([^<]+)</b>(?= <span class=\"tag|<br>)", html.split('class="chips"')[1])

    everyone = masked("")
    assert masked("?show=home") and set(masked("?show=home")) < set(everyone)
    assert "我家</span>" in client.get(address).content.decode()
    assert set(masked("?q=张")) == {name for name in everyone if name.startswith("张")} != set()
    assert "这张榜上没有这个姓" in client.get(address + "?q=欧").content.decode()
    assert masked("?show=deductions") == [name for name in everyone if name == "1 户"]
    assert "这张榜上没有您家的" in stage.client("尉迟恭礼").get(address + "?show=home").content.decode()
