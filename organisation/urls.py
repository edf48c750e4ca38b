from django.urls import path

from . import inbox, views
from .siths import views as siths

urlpatterns = [
    path("logga-in/", views.sign_in, name="sign_in"),
    path("logga-in/siths/", siths.begin, name="siths"),
    path("logga-in/siths/svar/", siths.answer, name="siths_answer"),
    path("logga-ut/", views.sign_out, name="sign_out"),
    path("installningar/", views.settings, name="settings"),
    path("meddelanden/", inbox.messages, name="messages"),
    path("meddelanden/e-post/", inbox.mail_choice, name="message_mail"),
    path("meddelanden/<uuid:key>/", inbox.message, name="message"),
    path("meddelanden/<uuid:key>/arkivera/", inbox.put_away, name="message_put_away"),
    path("meddelanden/<uuid:key>/ta-fram/", inbox.put_back, name="message_take_out"),
]
