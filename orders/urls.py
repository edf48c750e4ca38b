from django.urls import path

from .views import (
    again,
    cart,
    cases,
    checkout,
    drafts,
    follow_up,
    khs,
    khs_lines,
    lines,
    offers,
    pieces,
    saved,
    start,
)

app_name = "orders"

urlpatterns = [
    # /bestallning/: the order in progress
    path("bestallning/", cart.cart, name="cart"),
    path("bestallning/till/<uuid:key>/", start.to_recipient, name="to"),
    path("bestallning/till-lager/<str:number>/", start.to_store, name="to_store"),
    path(
        "bestallning/till/<uuid:key>/mall/<uuid:template>/",
        saved.to_recipient,
        name="from_template",
    ),
    path(
        "bestallning/till-lager/<str:number>/mall/<uuid:template>/",
        saved.to_store,
        name="store_from_template",
    ),
    path("bestallning/spara-mall/", saved.save_cart, name="save_cart"),
    path("bestallning/kasta/", drafts.throw_away, name="throw_away"),
    path("bestallning/utkast/<uuid:token>/angra/", drafts.take_back, name="take_back"),
    path("bestallning/artikel/<str:number>/", lines.begin, name="add"),
    path("bestallning/rader/<int:line_id>/andra/", lines.change, name="change_line"),
    path("bestallning/rader/<int:line_id>/uppfoljning/", follow_up.follow_up, name="follow_up"),
    path("bestallning/rader/<int:line_id>/ta-bort/", cart.remove_line, name="remove_line"),
    path("bestallning/rader/<int:line_id>/angra/", cart.put_back, name="put_back"),
    path("bestallning/rader/<int:line_id>/samleverans/", cart.together, name="together"),
    path("bestallning/rad/<str:key>/<str:step>/", lines.step, name="line"),
    path("bestallning/slutfor/", cart.overview, name="checkout"),
    path("bestallning/slutfor/leverans/", checkout.delivery, name="delivery"),
    path("bestallning/bilagor/<uuid:key>/", checkout.attachment, name="cart_attachment"),
    path("bestallning/bilagor/<uuid:key>/angra/", checkout.attach_again, name="attach_again"),
    # /mallar/<key>/: saved templates
    path("mallar/<uuid:key>/", saved.template, name="template"),
    path("mallar/<uuid:key>/ta-bort/", saved.remove, name="remove_template"),
    path("mallar/<uuid:key>/angra/", saved.put_back, name="put_template_back"),
    # /individer/<number>/…: what orders know of a marked piece
    path("individer/<str:number>/mottagare/", pieces.holder, name="holder"),
    path("individer/<str:number>/leverera/", pieces.deliver, name="deliver_piece"),
    path("individer/<str:number>/leverera/rad/", pieces.line, name="piece_line"),
    # /bestallningar/<case number>/: sent orders
    path("bestallningar/<str:number>/", cases.detail, name="detail"),
    path("bestallningar/<str:number>/bekraftelse/", cases.confirmation, name="confirmation"),
    path("bestallningar/<str:number>/igen/", again.order_again, name="again"),
    path("bestallningar/<str:number>/spara-mall/", saved.save_order, name="save_order"),
    path("bestallningar/<str:number>/makulera/", cases.cancel, name="cancel"),
    path(
        "bestallningar/<str:number>/offert/<int:move_id>/godkann/",
        offers.approve,
        name="approve_offer",
    ),
    path(
        "bestallningar/<str:number>/offert/<int:move_id>/avboj/",
        offers.refuse,
        name="refuse_offer",
    ),
    # KHS's deeds on it
    path("bestallningar/<str:number>/plocka/", khs.pick, name="pick"),
    path("bestallningar/<str:number>/avbryt-plock/", khs.stop_picking, name="stop_picking"),
    path("bestallningar/<str:number>/leverera/", khs.deliver, name="deliver"),
    path("bestallningar/<str:number>/plocklista/", khs.pick_list, name="pick_list"),
    path("bestallningar/<str:number>/foljesedel/", khs.delivery_note, name="next_note"),
    path(
        "bestallningar/<str:number>/foljesedel/<int:delivery>/",
        khs.delivery_note,
        name="delivery_note",
    ),
    path(
        "bestallningar/<str:number>/rader/<int:line_id>/projekt/<str:stage>/",
        khs_lines.move,
        name="move",
    ),
    path("bestallningar/<str:number>/rader/<int:line_id>/lagg-pa/", khs_lines.put, name="put"),
    path(
        "bestallningar/<str:number>/rader/<int:line_id>/ta-bort/",
        khs_lines.take_off,
        name="take_off",
    ),
    path("bestallningar/<str:number>/bilagor/<uuid:key>/", cases.attachment, name="attachment"),
]
