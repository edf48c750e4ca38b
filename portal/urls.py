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
    path("min-sida/", my_page.my_page, name="my_page"),
    path("min-sida/tjanststalle/", my_page.switch_unit, name="switch_unit"),
]
