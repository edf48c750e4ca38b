"""Who may open what: one row for every address of the project.

A row says which roles get in (anything but 403, 404 or a way to the sign-in), whether the address
belongs to a unit's case, which another unit's user must not find (404) nor change, and what the
access log then holds of the recipient (``tests/test_access_log.py`` walks all addresses for it).
"""

from dataclasses import dataclass

from organisation.permissions import BUFFERT, CONTROLLER, FORSKRIVARE, KHS, LOGGRANSKARE

NOBODY, SUPERUSER = "nobody", "superuser"
CARE = frozenset({FORSKRIVARE, BUFFERT, KHS})
ONLY_KHS = frozenset({KHS})
WHO_PAYS = frozenset({CONTROLLER, KHS})
SIGNED_IN = frozenset({FORSKRIVARE, BUFFERT, CONTROLLER, KHS, LOGGRANSKARE, SUPERUSER})
EVERYBODY = SIGNED_IN | {NOBODY}
EVERY_ROLE = EVERYBODY


@dataclass(frozen=True)
class Row:
    """``others``: what a prescriber of another unit gets; ``post``: only POST is answered.

    ``logs``: what asking for it leaves in the access log («view», «download», «print»; of an
    address that only POST answers «change»); nothing where nobody's data is shown. ``others_post``:
    what another unit's POST gets, which leaves all as it is.
    """

    who: frozenset[str]
    others: int | None = None
    post: bool = False
    logs: str = ""
    others_post: int | None = None


# They lead to sign-in themselves, or away.
SIGNING = {"sign_in", "sign_out", "siths", "siths_answer"}

URLS: dict[str, Row] = {
    "alive": Row(EVERYBODY),
    "ready": Row(EVERYBODY),
    "metrics": Row(EVERYBODY),  # from the addresses of the settings: tests/sesam/test_metrics.py
    # what a job made is its owner's
    "printout": Row(SIGNED_IN),
    "printout_file": Row(SIGNED_IN),
    # organisation
    "sign_in": Row(EVERYBODY),
    "sign_out": Row(EVERYBODY, post=True),
    "siths": Row(EVERYBODY),
    "siths_answer": Row(EVERYBODY),
    "settings": Row(CARE | {LOGGRANSKARE}),
    # messages are their owner's
    "messages": Row(SIGNED_IN),
    "message": Row(SIGNED_IN),
    "message_mail": Row(SIGNED_IN),
    "message_put_away": Row(SIGNED_IN, post=True),
    "message_take_out": Row(SIGNED_IN, post=True),
    "columns": Row(SIGNED_IN, post=True),
    # portal
    "start": Row(SIGNED_IN),
    "recent": Row(CARE),
    "search": Row(CARE),
    "search_sheet": Row(CARE),
    "activities_moved": Row(CARE),
    "my_page": Row(SIGNED_IN),
    "switch_unit": Row(CARE, post=True),
    # the log reviewer's, who sees no patient: a name only where asked for, which is logged
    "access_log": Row(frozenset({LOGGRANSKARE})),
    "access_log_sheet": Row(frozenset({LOGGRANSKARE})),
    "access_log_who": Row(frozenset({LOGGRANSKARE}), post=True, logs="view"),
    "access_log_extract": Row(frozenset({LOGGRANSKARE})),
    # spot checks: whom a look was at stands as a code there too
    "spot_checks": Row(frozenset({LOGGRANSKARE})),
    "spot_check_plan": Row(frozenset({LOGGRANSKARE})),
    "spot_check_known": Row(frozenset({LOGGRANSKARE})),
    "spot_check_known_end": Row(frozenset({LOGGRANSKARE}), post=True),
    "spot_check": Row(frozenset({LOGGRANSKARE})),
    "spot_check_close": Row(frozenset({LOGGRANSKARE}), post=True),
    "spot_check_protocol": Row(frozenset({LOGGRANSKARE})),
    "spot_check_look": Row(frozenset({LOGGRANSKARE})),
    "spot_check_look_who": Row(frozenset({LOGGRANSKARE}), post=True, logs="view"),
    "spot_check_answer": Row(frozenset({LOGGRANSKARE}), post=True),
    "spot_check_measure": Row(frozenset({LOGGRANSKARE}), post=True),
    # all that is kept about a person, ordered by number
    "archive": Row(ONLY_KHS),
    "news": Row(SIGNED_IN),
    "news_important": Row(SIGNED_IN),
    "documents": Row(SIGNED_IN),
    "document": Row(SIGNED_IN),
    # help, and reporting what hinders somebody: also for who can't sign in
    "help": Row(EVERYBODY),
    "help_index": Row(EVERYBODY),
    "help_icons": Row(EVERYBODY),
    "accessibility": Row(EVERYBODY),
    "barrier": Row(EVERYBODY),
    "barrier_thanks": Row(EVERYBODY),
    # articles
    "articles:search": Row(CARE),
    "articles:detail": Row(CARE),
    "articles:compare": Row(CARE),
    "articles:picture": Row(CARE),
    "articles:favourite": Row(CARE, post=True),
    "articles:document": Row(CARE),
    "articles:assortment": Row(CARE),
    "articles:assortment_branch": Row(CARE),
    # own stores: those of the user's units
    "articles:stores": Row(CARE),
    "articles:store": Row(CARE, others=404, others_post=404),
    "articles:store_report": Row(CARE, others=404, others_post=404),
    "articles:forget": Row(CARE, post=True),
    # marked pieces
    "individuals:search": Row(CARE),
    "individuals:detail": Row(CARE, logs="view"),
    "individuals:label": Row(CARE),
    "individuals:register": Row(frozenset({BUFFERT, KHS})),
    "individuals:register_step": Row(frozenset({BUFFERT, KHS})),
    "individuals:renumber": Row(frozenset({BUFFERT, KHS})),
    "orders:holder": Row(CARE),
    "orders:deliver_piece": Row(CARE),
    "orders:piece_line": Row(CARE),
    # recipients: whoever knows the number may look; every look is logged
    "recipients:search": Row(CARE),
    "recipients:detail": Row(CARE, logs="view"),
    # by name, which the log reviewer isn't told; who has a case goes on at once
    "recipients:why": Row(CARE | {LOGGRANSKARE}, logs="view"),
    "recipients:undo_contact": Row(CARE, post=True),
    "recipients:follow_up": Row(CARE, others=404, logs="view", others_post=404),
    "recipients:information": Row(CARE),
    "recipients:aid_list": Row(CARE, logs="download"),
    "recipients:prescribed_list": Row(CARE, logs="download"),
    # the order in progress is its owner's
    "orders:cart": Row(CARE, logs="view"),
    "orders:to": Row(CARE, logs="view"),
    "orders:to_store": Row(CARE, others=404, others_post=404),
    "orders:from_template": Row(CARE, logs="view"),
    "orders:store_from_template": Row(CARE, others_post=404),  # KHS's templates are its own
    "orders:save_cart": Row(CARE, logs="view"),
    # saved templates: one's own and one's unit's
    "orders:template": Row(CARE),
    "orders:remove_template": Row(CARE, post=True),
    "orders:put_template_back": Row(CARE, post=True),
    "orders:throw_away": Row(CARE, post=True),
    "orders:take_back": Row(CARE, post=True),
    "orders:add": Row(CARE),
    "orders:change_line": Row(CARE),
    "orders:follow_up": Row(CARE, logs="view"),
    "orders:remove_line": Row(CARE, post=True),
    "orders:put_back": Row(CARE, post=True),
    "orders:together": Row(CARE, post=True),
    "orders:line": Row(CARE),
    "orders:checkout": Row(CARE, logs="view"),
    "orders:delivery": Row(CARE, logs="view"),
    "orders:cart_attachment": Row(CARE),
    "orders:attach_again": Row(CARE, post=True),
    # sent orders: the unit's own, and KHS
    "orders:detail": Row(CARE, others=404, logs="view", others_post=404),
    "orders:confirmation": Row(CARE, others=404, logs="view", others_post=405),
    "orders:again": Row(CARE, others=404, logs="view", others_post=404),
    "orders:save_order": Row(CARE, others=404, logs="view", others_post=404),
    "orders:cancel": Row(CARE, others=404, logs="view", others_post=404),
    "orders:attachment": Row(CARE, others=404, logs="download", others_post=405),
    # what KHS does with it
    "orders:pick": Row(ONLY_KHS, post=True, logs="change", others_post=403),
    "orders:stop_picking": Row(ONLY_KHS, post=True, others_post=403),  # nothing is being picked
    "orders:deliver": Row(ONLY_KHS, logs="view", others_post=403),
    "orders:pick_list": Row(ONLY_KHS, logs="download", others_post=403),
    "orders:next_note": Row(ONLY_KHS, logs="download", others_post=403),
    "orders:delivery_note": Row(ONLY_KHS, others_post=403),  # nothing is delivered
    "orders:move": Row(ONLY_KHS, logs="view", others_post=403),
    "orders:put": Row(ONLY_KHS, logs="view", others_post=403),
    "orders:take_off": Row(ONLY_KHS, post=True, others_post=403),  # nothing was put on
    # the offer is the prescribers' of the unit: KHS, who buys, doesn't approve
    "orders:approve_offer": Row(frozenset({FORSKRIVARE, BUFFERT}), logs="view", others_post=404),
    "orders:refuse_offer": Row(frozenset({FORSKRIVARE, BUFFERT}), logs="view", others_post=404),
    # returns and return slips of whoever is looked up; those made are the unit's own, and KHS's
    "pickups:new_return": Row(CARE, logs="view"),
    "pickups:slip": Row(CARE, logs="view"),
    "pickups:returned": Row(CARE, others=404, logs="view", others_post=405),
    "pickups:undo": Row(CARE, post=True, logs="change", others_post=404),
    # activities: of whoever is looked up; those made are the unit's own, and KHS's
    "activities:blank": Row(CARE),
    "activities:begin": Row(CARE),
    "activities:begin_with_piece": Row(CARE),
    "activities:begin_with_order": Row(CARE),
    "activities:step": Row(CARE, logs="view"),
    "activities:detail": Row(CARE, others=404, logs="view", others_post=404),
    "activities:confirmation": Row(CARE, others=404, logs="view", others_post=405),
    "activities:undo_contact": Row(CARE, post=True, others_post=404),
    "activities:cancel": Row(CARE, others=404, logs="view", others_post=404),
    "activities:report": Row(CARE, others=404, logs="view", others_post=404),
    "activities:pdf": Row(CARE, others=404, logs="print", others_post=405),
    "activities:attachment": Row(CARE, others=404, logs="download", others_post=405),
    # what KHS's workshop does with it
    "activities:take": Row(ONLY_KHS, post=True, others_post=403),  # no technician asks
    "activities:plan": Row(ONLY_KHS, post=True, logs="view", others_post=403),  # no day is named
    "activities:hand_back": Row(ONLY_KHS, post=True, others_post=403),  # nobody has it
    "activities:my_day": Row(ONLY_KHS),
    # pickup orders
    "pickups:begin": Row(CARE),
    "pickups:step": Row(CARE, logs="view"),
    "pickups:detail": Row(CARE, others=404, logs="view", others_post=404),
    "pickups:confirmation": Row(CARE, others=404, logs="view", others_post=405),
    "pickups:undo_contact": Row(CARE, post=True, others_post=404),
    "pickups:cancel": Row(CARE, others=404, logs="view", others_post=404),
    "pickups:plan": Row(ONLY_KHS, post=True, others_post=403),  # no day is named
    "pickups:fetch": Row(ONLY_KHS, logs="view", others_post=403),
    "pickups:receive": Row(ONLY_KHS, logs="view", others_post=403),
    "pickups:ready": Row(ONLY_KHS, post=True, logs="change", others_post=403),
    "pickups:pdf": Row(CARE, others=404, logs="print", others_post=405),
    # deviations: the unit's own, and KHS's
    "deviations:begin": Row(CARE),
    "deviations:begin_for": Row(CARE),
    "deviations:begin_of_piece": Row(CARE),
    "deviations:begin_of_case": Row(CARE),  # of a case that one may open: tests/deviations
    "deviations:step": Row(CARE, logs="view"),
    "deviations:detail": Row(CARE, others=404, logs="view", others_post=404),
    "deviations:confirmation": Row(CARE, others=404, logs="view", others_post=405),
    "deviations:withdraw": Row(CARE, others=404, logs="view", others_post=404),
    "deviations:pdf": Row(CARE, others=404, logs="print", others_post=405),
    "deviations:supplier_pdf": Row(CARE, others=404, logs="print", others_post=405),
    "deviations:attachment": Row(CARE, others=404, logs="download", others_post=405),
    "deviations:receive": Row(ONLY_KHS, post=True, logs="change", others_post=403),
    "deviations:investigate": Row(ONLY_KHS, logs="view", others_post=403),
    "deviations:reopen": Row(ONLY_KHS, logs="view", others_post=403),
    "deviations:hold": Row(ONLY_KHS, post=True, others_post=403),  # of a grave one it is there
    "deviations:release": Row(ONLY_KHS, post=True, logs="change", others_post=403),
    # recalls: KHS's page names nobody, so no log is kept; a unit's names whose its own pieces are
    "deviations:recall_begin": Row(ONLY_KHS),
    "deviations:recall_step": Row(ONLY_KHS),
    "deviations:recalls": Row(CARE),
    "deviations:recall": Row(CARE, others=404, logs="view", others_post=405),
    "deviations:recall_answer": Row(CARE, post=True, logs="view", others_post=404),  # shown again
    "deviations:recall_act": Row(ONLY_KHS, others_post=403),
    "deviations:recall_act_step": Row(ONLY_KHS),
    "deviations:recall_deed": Row(ONLY_KHS, others_post=403),
    "deviations:recall_remind": Row(ONLY_KHS, post=True, others_post=403),
    "deviations:recall_confirm": Row(ONLY_KHS, others_post=403),
    "deviations:recall_confirm_step": Row(ONLY_KHS),
    "deviations:recall_excel": Row(ONLY_KHS, post=True, others_post=403),
    "deviations:recall_close": Row(ONLY_KHS, others_post=403),
    "deviations:recall_attachment": Row(CARE, others=404, others_post=405),
    "deviations:recall_search": Row(ONLY_KHS, post=True, others_post=403),
    # invoices: a controller's are those of their payers (tests/invoicing)
    "invoicing:report": Row(WHO_PAYS),
    "invoicing:detail": Row(WHO_PAYS),
    # figures: sums alone, of one's payers or one's units
    "invoicing:figures": Row(frozenset({FORSKRIVARE, CONTROLLER, KHS})),
    "invoicing:figures_sheet": Row(frozenset({FORSKRIVARE, CONTROLLER, KHS})),
    "invoicing:excel": Row(WHO_PAYS, post=True),
    "invoicing:ask": Row(frozenset({CONTROLLER}), post=True),
    "invoicing:answer": Row(ONLY_KHS, post=True),
    "invoicing:credit": Row(ONLY_KHS, post=True),
    "invoicing:credit_row": Row(ONLY_KHS, post=True),
}

# The back office: who works with a register there, whichever of its pages it is. Staff alone come
# in at all; whoever runs the system has no business with recipients, and KHS none with users.
ADMIN_PREFIX = "admin:"
STAFF = frozenset({KHS, SUPERUSER})
FOR_KHS, FOR_SYSTEM = frozenset({KHS}), frozenset({SUPERUSER})
ADMIN: dict[str, frozenset[str]] = {
    "activities_activity": FOR_KHS,
    "activities_activitytype": FOR_KHS,
    "activities_addressinstruction": FOR_KHS,
    "activities_maintenanceplan": FOR_KHS,
    "activities_maintenanceschedule": FOR_KHS,
    "activities_pieceunderwarranty": FOR_KHS,
    "activities_priority": FOR_KHS,
    "activities_servicesupplier": FOR_KHS,
    "articles_article": FOR_KHS,
    "articles_balance": FOR_KHS,
    "articles_billingform": FOR_KHS,
    "articles_isoclass": FOR_KHS,
    "articles_replacementgroup": FOR_KHS,
    "articles_stockmovement": FOR_KHS,
    "articles_supplier": FOR_KHS,
    "deviations_deviation": FOR_KHS,
    "deviations_deviationcategory": FOR_KHS,
    "deviations_recall": FOR_KHS,
    "individuals_blockreason": FOR_KHS,
    "individuals_individual": FOR_KHS,
    "invoicing_calloutfee": FOR_KHS,
    "invoicing_doubtfulloan": FOR_KHS,
    "invoicing_lossverdict": FOR_KHS,
    "invoicing_monthrun": FOR_KHS,
    "invoicing_question": FOR_KHS,
    "invoicing_sharetable": FOR_KHS,
    "invoicing_terms": FOR_KHS,
    "orders_order": FOR_KHS,
    "pickups_pickuporder": FOR_KHS,
    "pickups_pickupreason": FOR_KHS,
    "portal_startcontact": FOR_KHS,
    "portal_startlink": FOR_KHS,
    "portal_barrierreport": FOR_KHS,
    "portal_disposallist": FOR_KHS,
    "portal_document": FOR_KHS,
    "portal_documentheading": FOR_KHS,
    "portal_helptext": FOR_KHS,
    "portal_news": FOR_KHS,
    "recipients_loan": FOR_KHS,
    "recipients_recipient": FOR_KHS,
    "auth_group": FOR_SYSTEM,
    "auth_user": FOR_SYSTEM,  # Django's name of the page for a user's new password
    "organisation_account": FOR_KHS,
    "organisation_lookreason": FOR_KHS,
    "organisation_mail": FOR_KHS,
    "organisation_notice": FOR_KHS,
    "organisation_payer": FOR_SYSTEM,
    "organisation_unit": FOR_SYSTEM,
    "organisation_user": FOR_SYSTEM,
    "organisation_warehouse": FOR_SYSTEM,
}
# What KHS's own pages about a case or a person leave in the access log: as ``Row.logs``.
ADMIN_LOGS = {
    "recipients_recipient_change": "view",
    "recipients_recipient_history": "view",
}
# Pages of the back office that belong to no register.
ADMIN_PAGES = {
    "app_list", "autocomplete", "index", "jsi18n", "login", "logout", "password_change",
    "password_change_done", "view_on_site",
}  # fmt: skip
