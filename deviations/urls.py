from django.urls import path

from .views import cases, khs, papers, recall_deeds, recall_units, recalls, registering

app_name = "deviations"

urlpatterns = [
    path("avvikelser/ny/", registering.begin, name="begin"),
    path("avvikelser/ny/mottagare/<uuid:key>/", registering.begin_for, name="begin_for"),
    path("avvikelser/ny/individ/<str:number>/", registering.begin_of_piece, name="begin_of_piece"),
    path("avvikelser/ny/arende/<str:number>/", registering.begin_of_case, name="begin_of_case"),
    path("avvikelser/ny/<str:key>/<str:step>/", registering.step, name="step"),
    path("avvikelser/<str:number>/", cases.detail, name="detail"),
    path("avvikelser/<str:number>/bekraftelse/", cases.confirmation, name="confirmation"),
    path("avvikelser/<str:number>/aterta/", cases.withdraw, name="withdraw"),
    path("avvikelser/<str:number>/pdf/", papers.full, name="pdf"),
    path("avvikelser/<str:number>/pdf-leverantor/", papers.supplier, name="supplier_pdf"),
    path("avvikelser/<str:number>/bilagor/<uuid:key>/", cases.attachment, name="attachment"),
    # KHS's deeds on it
    path("avvikelser/<str:number>/ta-emot/", khs.receive, name="receive"),
    path("avvikelser/<str:number>/utred/", khs.investigate, name="investigate"),
    path("avvikelser/<str:number>/oppna-igen/", khs.reopen, name="reopen"),
    path("avvikelser/<str:number>/sparra/", khs.hold, name="hold"),
    path("avvikelser/<str:number>/hav-sparr/", khs.release, name="release"),
    # recalls
    path("aterkallelser/", recall_units.mine, name="recalls"),
    path("aterkallelser/ny/", recalls.begin, name="recall_begin"),
    path("aterkallelser/ny/<str:key>/<str:step>/", recalls.step, name="recall_step"),
    path("aterkallelser/<str:number>/", recalls.detail, name="recall"),
    path(
        "aterkallelser/<str:number>/bilagor/<uuid:key>/",
        recalls.attachment,
        name="recall_attachment",
    ),
    path("aterkallelser/<str:number>/sok-igen/", recalls.search_again, name="recall_search"),
    path("aterkallelser/<str:number>/svar/", recall_units.answer, name="recall_answer"),
    path("aterkallelser/<str:number>/atgarda/", recall_deeds.act, name="recall_act"),
    path(
        "aterkallelser/atgarda/<str:key>/<str:step>/", recall_deeds.act_step, name="recall_act_step"
    ),
    path("aterkallelser/<str:number>/atgard/<uuid:key>/", recall_deeds.deed, name="recall_deed"),
    path("aterkallelser/<str:number>/paminn/", recall_deeds.remind, name="recall_remind"),
    path("aterkallelser/<str:number>/bekrafta/", recall_deeds.confirm, name="recall_confirm"),
    path(
        "aterkallelser/bekrafta/<str:key>/<str:step>/",
        recall_deeds.confirm_step,
        name="recall_confirm_step",
    ),
    path("aterkallelser/<str:number>/excel/", recall_deeds.excel, name="recall_excel"),
    path("aterkallelser/<str:number>/avsluta/", recall_deeds.close, name="recall_close"),
]
