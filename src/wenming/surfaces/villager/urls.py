"""The addresses of the villager's door."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from wenming.surfaces.villager import account, declaring, deeds, home, household, inbox, mall, notices, outbox, own_data, passbook

app_name = "villager"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("login/", account.enter, name="login"),
    path("logout/", account.leave, name="logout"),
    path("activate/", account.activate, name="activate"),
    path("password/", account.change_password, name="password"),
    path("settings/", account.preferences, name="settings"),
    path("settings/devices/<str:public_id>/end/", account.end_device, name="device_end"),
    path("kept/", outbox.kept, name="kept"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/kit/", outbox.kit, name="kit"),
    path("passbook/", passbook.passbook, name="passbook"),
    path("passbook/months/", passbook.months, name="months"),
    path("passbook/paper.pdf", passbook.paper, name="passbook_paper"),
    path("passbook/<str:public_id>/", passbook.entry, name="entry"),
    path("declare/", declaring.choose, name="declare"),
    path("declare/check/", declaring.check, name="check"),
    path("declare/discard/", declaring.discard, name="discard"),
    path("declare/<int:item_id>/", declaring.details, name="details"),
    path("deeds/", deeds.deeds, name="deeds"),
    path("deeds/<str:public_id>/", deeds.deed, name="deed"),
    path("deeds/<str:public_id>/done/", deeds.declared, name="declared"),
    path("deeds/<str:public_id>/amend/", declaring.amend, name="amend"),
    path("deeds/<str:public_id>/withdraw/", declaring.withdraw, name="withdraw"),
    path("photos/<str:public_id>/", deeds.photo, name="photo"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<str:number>/", notices.notice, name="notice"),
    path("notices/<str:number>/lines/<int:line_id>/", notices.object_to, name="object"),
    path("mall/", mall.shelf, name="mall"),
    path("mall/<str:public_id>/", mall.product, name="product"),
    path("orders/", mall.orders, name="orders"),
    path("orders/<str:public_id>/", mall.order, name="order"),
    path("orders/<str:public_id>/cancel/", mall.cancel, name="order_cancel"),
    path("messages/", inbox.messages, name="messages"),
    path("household/", household.household, name="household"),
    path("household/open/", household.open_to_family, name="open_to_family"),
    path("household/<str:number>/", household.passbook_of, name="passbook_of"),
    path("me/", household.me, name="me"),
    path("me/data/", own_data.my_data, name="my_data"),
    path("me/data/copy.xlsx", own_data.my_copy, name="my_copy"),
]
