from django.urls import path

from .views import pages

app_name = "individuals"
urlpatterns = [
    path("individer/", pages.search, name="search"),
    path("individer/<str:number>/", pages.detail, name="detail"),
]
