"""{% load recipients %}{% ticked_rows rows tick_label scrap %}    held aids to choose among"""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString, mark_safe

from sesam.escaping import escaped
from sesam.templatetags.sesam import icon_html

from ..ticked import HeldAidRow

register = template.Library()


@register.simple_tag
def ticked_rows(rows: Iterable[HeldAidRow], tick_label: str, scrap: bool = False) -> SafeString:
    """The rows of templates/recipients/_ticked.html, drawn here as those of lists are: by a template
    they take longer than all the rest of their page."""
    return mark_safe("".join(_row(row, escaped(tick_label), scrap) for row in rows))


def _row(row: HeldAidRow, tick: str, scrap: bool) -> str:
    loan, key = row.loan, row.key
    label, title, piece = escaped(row.label), escaped(loan.title), loan.individual
    off = "" if row.is_free else " disabled"
    is_part = row.part_of is not None
    cells = (
        _pick(row, tick, label, off),
        f'<td class="title" data-label="Hjälpmedel"><label for="valj-{key}">'
        f"{icon_html('corner-down-right', 16) + ' ' if is_part else ''}{title}</label>\n"
        f'      <small class="muted">{escaped(loan.article.number)} · '
        f"{escaped(loan.article.get_responsibility_display())}"
        f"{' · följer med om den är vald' if is_part else ''}</small>\n"
        f"      {_taken(row)}\n      {_error(row)}</td>",
        f'<td class="code{"" if piece else " is-bare"}" data-label="Individ">'
        f"{escaped(piece.number) if piece and piece.number else '–'}</td>",
        f'<td class="num" data-label="Antal">{_count(row, title)}</td>',
        _scrap(row, label, off) if scrap else "",
    )
    css = ' class="is-part"' if is_part else ""
    drawn = "\n    ".join(cells)
    return f'\n  <tr id="rad-{key}" data-has="{loan.held}"{css}>\n    {drawn}\n  </tr>'


def _pick(row: HeldAidRow, tick: str, label: str, off: str) -> str:
    key = row.key
    about = [" checked" if row.chosen else "", off]
    if row.has_parts:
        about.append(f' data-main="{key}"')
    if row.part_of is not None:
        about.append(f' data-part-of="{row.part_of}"')
    if row.error:
        about.append(f' aria-invalid="true" aria-describedby="fel-{key}"')
    return (
        f'<td class="pick" data-label="{tick}"><input type="hidden" name="visad" value="{key}">'
        f'<input class="form-check-input" type="checkbox" name="valda" value="{key}"'
        f' data-kind="{"a" if row.is_a else "b"}" id="valj-{key}"{"".join(about)}'
        f' aria-label="{tick} {label}"></td>'
    )


def _taken(row: HeldAidRow) -> str:
    if not row.taken_by:
        return ""
    return f'<span class="loan-tag">{icon_html("truck", 16)} Står på {escaped(row.taken_by)}</span>'


def _error(row: HeldAidRow) -> str:
    if not row.error:
        return ""
    said = f"{icon_html('circle-alert', 18)}<span>{escaped(row.error)}</span>"
    return f'<p class="field-error" id="fel-{row.key}">{said}</p>'


def _count(row: HeldAidRow, title: str) -> str:
    held = row.loan.held
    if not (row.is_counted and row.is_free):
        return str(held)
    return (
        '<span class="nowrap"><input class="form-control back-count" type="text"'
        f' inputmode="numeric" autocomplete="off" name="{row.quantity_name}"'
        f' value="{escaped(row.typed)}" aria-label="Antal av {title}"> av {held}</span>'
    )


def _scrap(row: HeldAidRow, label: str, off: str) -> str:
    checked = " checked" if getattr(row, "scrap", False) else ""
    return (
        '<td class="scrap" data-label="Skrota"><input class="form-check-input" type="checkbox"'
        f' name="skrota" value="{row.key}"{checked}{off} aria-label="Skrota {label}"></td>'
    )
