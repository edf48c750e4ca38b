from django.urls import path

from . import views

urlpatterns = [
    path("logga-in/", views.sign_in, name="sign_in"),
    path("logga-ut/", views.sign_out, name="sign_out"),
    path("installningar/", views.settings, name="settings"),
]
