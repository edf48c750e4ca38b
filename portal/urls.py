from django.urls import path

from . import (
    access_log_page,
    accessibility,
    help_pages,
    log_extract,
    my_page,
    news,
    recent,
    search,
    views,
)
from .disposal import khs as disposal
from .spot_checks import views as spot_checks

urlpatterns = [
    path("", views.start, name="start"),
    path("sok/", search.search, name="search"),
    path("sok/excel/", search.sheet, name="search_sheet"),
    path("aktiviteter/", search.activities_moved, name="activities_moved"),
    path("senaste/", recent.recent, name="recent"),
    path("nyheter/", news.news, name="news"),
    path("nyheter/viktigt/", news.important, name="news_important"),
    path("mer-information/", news.documents, name="documents"),
    path("mer-information/<uuid:key>/", news.document, name="document"),
    path("hjalp/", help_pages.index, name="help_index"),
    path("hjalp/ikoner/", help_pages.icons, name="help_icons"),
    path("hjalp/<slug:topic>/", help_pages.help_text, name="help"),
    path("tillganglighet/", accessibility.statement, name="accessibility"),
    path("tillganglighet/hinder/", accessibility.report, name="barrier"),
    path("tillganglighet/hinder/tack/", accessibility.thanks, name="barrier_thanks"),
    path("logg/", access_log_page.page, name="access_log"),
    path("logg/excel/", access_log_page.sheet, name="access_log_sheet"),
    path("logg/<uuid:key>/vem/", access_log_page.who, name="access_log_who"),
    path("logg/<uuid:key>/utdrag/", log_extract.page, name="access_log_extract"),
    path("logg/stickprov/", spot_checks.overview, name="spot_checks"),
    path("logg/stickprov/plan/", spot_checks.plan, name="spot_check_plan"),
    path("logg/stickprov/kanda/", spot_checks.known, name="spot_check_known"),
    path(
        "logg/stickprov/kanda/<int:pk>/ta-bort/", spot_checks.end_known, name="spot_check_known_end"
    ),
    path("logg/stickprov/<slug:month>/", spot_checks.month, name="spot_check"),
    path("logg/stickprov/<slug:month>/avsluta/", spot_checks.close, name="spot_check_close"),
    path(
        "logg/stickprov/<slug:month>/protokoll/<int:number>/",
        spot_checks.protocol,
        name="spot_check_protocol",
    ),
    path("logg/stickprov/<slug:month>/<int:number>/", spot_checks.look, name="spot_check_look"),
    path(
        "logg/stickprov/<slug:month>/<int:number>/vem/", spot_checks.who, name="spot_check_look_who"
    ),
    path(
        "logg/stickprov/<slug:month>/<int:number>/svar/",
        spot_checks.answer,
        name="spot_check_answer",
    ),
    path(
        "logg/stickprov/<slug:month>/<int:number>/atgard/",
        spot_checks.measure,
        name="spot_check_measure",
    ),
    path("registerutdrag/", disposal.archive_page, name="archive"),
    path("min-sida/", my_page.my_page, name="my_page"),
    path("min-sida/tjanststalle/", my_page.switch_unit, name="switch_unit"),
]
