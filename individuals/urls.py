from django.urls import path

from .views import pages, register, renumber

app_name = "individuals"
urlpatterns = [
    path("individer/", pages.search, name="search"),
    path("individer/ny/", register.begin, name="register"),
    path("individer/ny/<str:key>/<str:step>/", register.step, name="register_step"),
    path("individer/<str:number>/", pages.detail, name="detail"),
    path("individer/<str:number>/etikett/", pages.label, name="label"),
    path("individer/<str:number>/byt-nummer/", renumber.renumber, name="renumber"),
]
