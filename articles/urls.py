from django.urls import path

from . import views

app_name = "articles"
urlpatterns = [
    path("artiklar/", views.search, name="search"),
    path("artiklar/senast-visade/ta-bort/", views.forget, name="forget"),
    path("artiklar/<str:number>/", views.detail, name="detail"),
]
