from django.urls import path

from . import my_page, recent, views

urlpatterns = [
    path("", views.start, name="start"),
    path("senaste/", recent.recent, name="recent"),
    path("min-sida/", my_page.my_page, name="my_page"),
]
