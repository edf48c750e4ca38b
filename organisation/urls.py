from django.urls import path

from sesam.tables import save_columns

from . import views

urlpatterns = [
    path("logga-in/", views.sign_in, name="sign_in"),
    path("logga-ut/", views.SignOut.as_view(), name="sign_out"),
    path("installningar/", views.preferences, name="settings"),
    path("kolumner/", save_columns, name="columns"),
]
