from django.urls import path

from .views import pages, renumber

app_name = "individuals"
urlpatterns = [
    path("individer/", pages.search, name="search"),
    path("individer/<str:number>/", pages.detail, name="detail"),
    path("individer/<str:number>/byt-nummer/", renumber.renumber, name="renumber"),
]
