from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from . import health, metrics, printouts, tables

urlpatterns = [
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("metrics", metrics.page, name="metrics"),
    path("kolumner/", tables.save_columns, name="columns"),
    path("utskrifter/<uuid:key>/", printouts.page, name="printout"),
    path("utskrifter/<uuid:key>/fil/", printouts.download, name="printout_file"),
    path("admin/", admin.site.urls),
    path("", include("organisation.urls")),
    path("", include("articles.urls")),
    path("", include("individuals.urls")),
    path("", include("recipients.urls")),
    path("", include("orders.urls")),
    path("", include("activities.urls")),
    path("", include("pickups.urls")),
    path("", include("deviations.urls")),
    path("", include("invoicing.urls")),
    path("", include("portal.urls")),
]

if settings.DEBUG:
    from .dev import delar

    urlpatterns.append(path("delar/", delar.parts, name="delar"))
