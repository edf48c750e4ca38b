from django.urls import path

from . import views
from .figures import views as figures

app_name = "invoicing"

urlpatterns = [
    path("siffror/", figures.page, name="figures"),
    path("siffror/<slug:name>/excel/", figures.sheet, name="figures_sheet"),
    path("fakturaspecifikationer/", views.report, name="report"),
    path("fakturaspecifikationer/<str:number>/", views.detail, name="detail"),
    path("fakturaspecifikationer/<str:number>/excel/", views.excel, name="excel"),
    path("fakturaspecifikationer/<str:number>/kreditera/", views.credit, name="credit"),
    path("fakturaspecifikationer/<str:number>/rader/<int:row>/ifragasatt/", views.ask, name="ask"),
    path("fakturaspecifikationer/<str:number>/rader/<int:row>/svar/", views.answer, name="answer"),
    path(
        "fakturaspecifikationer/<str:number>/rader/<int:row>/kreditera/",
        views.credit_row,
        name="credit_row",
    ),
]
