from django.urls import path

from . import views

app_name = "recipients"
urlpatterns = [
    path("mottagare/", views.search, name="search"),
    path("mottagare/<uuid:key>/", views.detail, name="detail"),
    path("mottagare/<uuid:key>/kontakt/", views.contact, name="contact"),
]
