from django.urls import path

from . import inbox, views

urlpatterns = [
    path("logga-in/", views.sign_in, name="sign_in"),
    path("logga-ut/", views.sign_out, name="sign_out"),
    path("installningar/", views.settings, name="settings"),
    path("meddelanden/", inbox.messages, name="messages"),
    path("meddelanden/<uuid:key>/", inbox.message, name="message"),
]
