from django.urls import path

from .views import cases, khs, ordering, papers, returns, slips

app_name = "pickups"

urlpatterns = [
    # /returer/: at once, to an own store
    path("returer/ny/<uuid:key>/", returns.new, name="new_return"),
    path("returer/<uuid:key>/", returns.returned, name="returned"),
    path("returer/<uuid:key>/angra/", returns.undo, name="undo"),
    path("retursedel/<uuid:key>/", slips.slip, name="slip"),
    # /hamtordrar/: fetched to the aid centre
    path("hamtordrar/ny/<uuid:key>/", ordering.begin, name="begin"),
    path("hamtordrar/ny/<str:key>/<str:step>/", ordering.step, name="step"),
    path("hamtordrar/<str:number>/", cases.detail, name="detail"),
    path("hamtordrar/<str:number>/bekraftelse/", cases.confirmation, name="confirmation"),
    path("hamtordrar/<str:number>/kontakt/angra/", cases.undo_contact, name="undo_contact"),
    path("hamtordrar/<str:number>/makulera/", cases.cancel, name="cancel"),
    path("hamtordrar/<str:number>/pdf/", papers.pickup, name="pdf"),
    # KHS's deeds on it, and on an activity that fetches
    path("hamtordrar/for-aktivitet/<str:number>/", khs.fetch, name="fetch"),
    path("hamtordrar/<str:number>/planera/", khs.plan, name="plan"),
    path("hamtordrar/<str:number>/ta-emot/", khs.receive, name="receive"),
    path("hamtordrar/<str:number>/klar/<int:receipt>/", khs.ready, name="ready"),
]
