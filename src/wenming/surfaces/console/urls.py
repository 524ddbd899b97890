"""The addresses of the console, room by room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from wenming.surfaces.console import (
    deeds,
    depositors,
    desk,
    funds,
    intake,
    mall,
    notices,
    organisation,
    rulebooks,
)

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", desk.today, name="desk"),
    path("figures/", desk.figures, name="figures"),
    path("branch/", desk.switch, name="switch"),
    path("review/", deeds.review, name="review"),
    path("review/several/", deeds.review_several, name="review_several"),
    path("review/<int:number>/", deeds.review, name="review_one"),
    path("deeds/<int:number>/", deeds.deed, name="deed"),
    path("deeds/<int:number>/reverse/", deeds.reverse_deed, name="reverse_deed"),
    path("photos/<str:photo>/", deeds.photo, name="photo"),
    path("reversals/<int:number>/", deeds.reversal, name="reversal"),
    path("depositors/", depositors.roll, name="depositors"),
    path("depositors/enrol/", depositors.enrol, name="enrol"),
    path("depositors/<int:number>/", depositors.record, name="depositor"),
    path("depositors/<int:number>/change/", depositors.change, name="depositor_change"),
    path("depositors/<int:number>/activation/", depositors.activation, name="activation"),
    path("depositors/<int:number>/activation.pdf", depositors.activation_paper, name="activation_paper"),
    path("depositors/<int:number>/passbook.pdf", depositors.passbook_paper, name="passbook_paper"),
    path("depositors/<int:number>/declare/", deeds.declare, name="declare"),
    path("import/", intake.sheets, name="sheets"),
    path("import/templates/<str:kind>.xlsx", intake.template, name="sheet_template"),
    path("import/<str:public_id>/", intake.sheet, name="sheet"),
    path("import/<str:public_id>/problems.xlsx", intake.problems, name="sheet_problems"),
    path("counter/", mall.counter, name="counter"),
    path("counter/orders/<int:number>/", mall.order, name="order"),
    path("counter/orders/<int:number>/slip.pdf", mall.slip, name="slip"),
    path("counter/people/<int:number>/", mall.person, name="counter_person"),
    path("stock/", mall.stock, name="stock"),
    path("stock/new/", mall.product, name="product_new"),
    path("stock/<str:public_id>/", mall.product, name="product"),
    path("notices/", notices.notices, name="notices"),
    path("notices/publish/", notices.publish, name="publish"),
    path("notices/<str:number>/", notices.notice, name="notice"),
    path("notices/<str:number>/redlist.pdf", notices.paper_list, name="redlist"),
    path("objections/<int:number>/", notices.objection, name="objection"),
    path("rules/", rulebooks.editions, name="rules"),
    path("rules/<int:number>/", rulebooks.edition, name="edition"),
    path("rules/<int:number>/new/", rulebooks.item, name="item_new"),
    path("rules/<int:number>/items/<str:code>/", rulebooks.item, name="item"),
    path("funds/", funds.funds, name="funds"),
    path("officers/", organisation.officers, name="officers"),
    path("officers/appoint/", organisation.appoint, name="appoint"),
    path("audit/", organisation.audit_trail, name="audit"),
    path("branches/", organisation.branches, name="branches"),
]
