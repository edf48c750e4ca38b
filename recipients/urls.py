from django.urls import path

from . import follow_up_views, views, why

app_name = "recipients"
urlpatterns = [
    path("mottagare/", views.search, name="search"),
    path("mottagare/<uuid:key>/", views.detail, name="detail"),
    path("mottagare/<uuid:key>/varfor/", why.page, name="why"),
    path("mottagare/<uuid:key>/kontakt/angra/", views.undo_contact, name="undo_contact"),
    path(
        "mottagare/<uuid:key>/uppfoljning/<int:loan_id>/",
        follow_up_views.follow_up,
        name="follow_up",
    ),
    path("mottagare/<uuid:key>/mottagarinformation/", views.information, name="information"),
    path("mottagare/<uuid:key>/hjalpmedelslista/", views.aid_list, name="aid_list"),
    path(
        "mottagare/<uuid:key>/hjalpmedelslista/forskrivna/",
        views.prescribed_list,
        name="prescribed_list",
    ),
]
