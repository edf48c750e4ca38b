from django.urls import path

from .views import cases, khs, registering, reporting

app_name = "activities"

urlpatterns = [
    path("aktiviteter/min-dag/", khs.my_day, name="my_day"),
    path("aktiviteter/blankett/<int:pk>/", registering.blank, name="blank"),
    path("aktiviteter/ny/mottagare/<uuid:key>/", registering.begin, name="begin"),
    path(
        "aktiviteter/ny/individ/<str:number>/",
        registering.begin_with_piece,
        name="begin_with_piece",
    ),
    path(
        "aktiviteter/ny/bestallning/<str:number>/",
        registering.begin_with_order,
        name="begin_with_order",
    ),
    path("aktiviteter/ny/<str:key>/<str:step>/", registering.step, name="step"),
    path("aktiviteter/<str:number>/", cases.detail, name="detail"),
    path("aktiviteter/<str:number>/bekraftelse/", cases.confirmation, name="confirmation"),
    path("aktiviteter/<str:number>/kontakt/angra/", cases.undo_contact, name="undo_contact"),
    path("aktiviteter/<str:number>/makulera/", cases.cancel, name="cancel"),
    path("aktiviteter/<str:number>/pdf/", cases.paper, name="pdf"),
    path("aktiviteter/<str:number>/bilaga/<uuid:key>/", cases.attachment, name="attachment"),
    path("aktiviteter/<str:number>/aterrapportera/", reporting.report, name="report"),
    # KHS's workshop
    path("aktiviteter/<str:number>/ta/", khs.take, name="take"),
    path("aktiviteter/<str:number>/planera/", khs.plan, name="plan"),
    path("aktiviteter/<str:number>/lamna-tillbaka/", khs.hand_back, name="hand_back"),
]
