from django.urls import path

from . import assortment_views, compare_views, favourites, page_views, pictures, stores_views, views

app_name = "articles"
urlpatterns = [
    path("artiklar/", views.search, name="search"),
    path("artiklar/senast-visade/ta-bort/", views.forget, name="forget"),
    path("artiklar/favoriter/", favourites.mark, name="favourite"),
    path("artiklar/jamfor/", compare_views.compare, name="compare"),
    path("sortiment/", assortment_views.chapters, name="assortment"),
    path("sortiment/<str:code>/", assortment_views.branch, name="assortment_branch"),
    path("lager/", stores_views.store_list, name="stores"),
    path("lager/<str:number>/", stores_views.store_page, name="store"),
    path("lager/<str:number>/rapport/", stores_views.store_report, name="store_report"),
    path("artiklar/<str:number>/", page_views.detail, name="detail"),
    path("artiklar/<str:number>/foto/", pictures.picture, name="picture"),
    path("artiklar/<str:number>/dokument/<uuid:key>/", page_views.document, name="document"),
]
