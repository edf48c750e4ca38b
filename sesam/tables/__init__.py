"""The one list of the portal: sorting, pages, an honest count, empty state, column choice.

A list is declared once, in its app's ``tables.py``, and fetched in one call::

    class LoanTable(Table[LoanRow]):
        columns = (
            CodeColumn("article", "Artikelnr", "article_number", sort="article__number"),
            PanelColumn("name", "Benämning", sort=(sv("title"), "title")),
            PiecesColumn("quantity", "Antal", sort="quantity", priority=2),
            DateColumn("delivered", "Levererad", "delivered_at", sort="delivered_at"),
        )
        order = "-delivered"
        noun = ("hjälpmedel", "hjälpmedel")
        empty_text = "Inga hjälpmedel"

    table = LoanTable.fetch(request, loans)

and drawn by ``{% include "parts/table.html" %}``. Three sources:

* ``fetch(request, queryset)``: a queryset of records, or a ``values()`` with ``row=`` that makes
  the row (a dataclass). Sorted, cut and counted with one question; ``total=`` where the count is
  known already.
* ``found(request, find)``: a search with SQL of its own. ``find(asked)`` gives the rows of the
  page and how many there are in all; ``asked`` has the column's ``sort`` key, ``falling``,
  ``offset``, ``per_page`` and ``most``, how many to count at most.
* ``Table(request, rows)``: a few rows that stand as they are.

Past the end the last page is shown. In the address: ``sortera`` (a column's name, ``-`` before it
for falling), ``sida``, and ``panel``, the open row.

Class attributes: ``order`` (the column sorted by at first), ``tie`` (what decides between equals),
``per_page``, ``counted_to`` (beyond it «Fler än 10 000», and no pages; give it to what can get
long, with an index for each order), ``dom_id`` (id of the list, also what
htmx swaps), ``caption`` (read out), ``noun`` (one, many), ``count_note`` (after the count: «nyast
först»), ``empty_text``, ``empty_hint``, ``empty_url``, ``empty_action``, ``empty_order`` (green),
``preference_key`` (turns the column chooser on; the ``optional`` columns may be left out, those of
``hidden_first`` are off until chosen), ``tools_template``, ``link_query`` (behind every row's
link). What a request decides is set on the instance.

Column keyword ``priority``: 1 (always) … 4 (leaves first when the *list* gets narrow).
``css``: more classes for th and td; ``title`` (first line of a card), ``sub`` (second, small),
``lead`` (before the others there), ``act`` (buttons), ``num``, ``code``, ``hide-card`` (not on
cards). A card is at most 96 px high where its first line is one line: what it says beside that
has three.
"""

from sesam.escaping import escaped

from .choice import save_columns
from .columns import (
    ActionColumn,
    CodeColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    PanelColumn,
    PiecesColumn,
    StatusColumn,
    StockColumn,
    TickColumn,
    link,
)
from .sorting import by_label, by_number, label_places, sv
from .table import SORT, Asked, Table

__all__ = [
    "ActionColumn", "Asked", "CodeColumn", "Column", "DateColumn", "DateTimeColumn", "LinkColumn",
    "MoneyColumn", "NumberColumn", "PanelColumn", "PiecesColumn", "SORT", "StatusColumn", "StockColumn", "Table",
    "TickColumn", "by_label", "by_number", "escaped", "label_places", "link",
    "save_columns", "sv",
]  # fmt: skip
