from django.urls import path

from . import my_page, views

urlpatterns = [
    path("", views.start, name="start"),
    path("min-sida/", my_page.my_page, name="my_page"),
]
