"""The one list of the portal: sorting, pages, an honest count, empty state, column choice.

Declare columns as with django-tables2 and draw with ``{% render_table table %}``::

    class LoanTable(Table):
        number = CodeColumn("Artikelnr", accessor="article__number")
        name = PanelColumn("Benämning", accessor="article__name", panel_id="pk")
        quantity = NumberColumn("Antal", priority=2)
        delivered = DateColumn("Levererad")

        class Meta:
            order_by = "-delivered"
            empty_text = "Inga hjälpmedel"

        noun = ("hjälpmedel", "hjälpmedel")
        empty_hint = "Det som har levererats till mottagaren hamnar här."

Three ways to fill it:

* a queryset or list, sorted and cut here: ``LoanTable(queryset, request=request)``
* everything on one page: ``LoanTable(list, request=request, paginate=False)``
* *counted*: the view's own SQL sorts, cuts and counts in one go (``count(*) OVER ()``)::

      sort = ArticleTable.sorting(request)          # "name", "-name" …: always a sortable column
      page = ArticleTable.page_number(request)      # 1 …
      rows, total = search(…, order=sort, limit=25, offset=(page - 1) * 25)
      table = ArticleTable(rows=rows, total=total, page=page, per_page=25, request=request)

  Rows may be model objects, dicts or anything with attributes. When ``page`` is past the end the
  query gives no rows and so no total: ask again for page 1 (``rows or page == 1``).

Query parameters: ``sortera`` (a column's name, ``-`` before it for falling) and ``sida``, both
with the table's ``prefix`` when a page has two lists. ``panel`` names the open row.

Class attributes: ``dom_id`` (id of the list, also what htmx swaps), ``caption`` (read out),
``noun`` (one, many), ``count_note`` (after the count: «nyast först»), ``empty_hint``,
``empty_url``, ``empty_action``, ``empty_order`` (green), ``preference_key`` (turns the column
chooser on; the names of ``Table.optional`` columns may be left out, those of ``hidden_first`` are
off until chosen), ``tight`` (33 px rows of KHS lists), ``tools_template``.
All may be given to the constructor or set on the instance before drawing.

Column keyword ``priority``: 1 (always) … 4 (leaves first when the *list* gets narrow).
``css``: more classes for th and td; ``title`` (first line of a card), ``sub`` (second, small),
``act`` (buttons), ``num``, ``code``, ``hide-card`` (not on cards).
"""

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
    StatusColumn,
    StockColumn,
    TickColumn,
)
from .drawing import escaped
from .table import CountedPage, Table

__all__ = [
    "ActionColumn", "CodeColumn", "Column", "CountedPage", "DateColumn", "DateTimeColumn",
    "LinkColumn", "MoneyColumn", "NumberColumn", "PanelColumn", "StatusColumn", "StockColumn",
    "Table", "TickColumn", "escaped", "save_columns",
]  # fmt: skip
