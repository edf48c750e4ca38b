from django.urls import path

from . import views

app_name = "articles"

urlpatterns = [
    path("artiklar/", views.search_page, name="search"),
    path("artiklar/<str:number>/", views.detail, name="detail"),
]
