"""Pieces under warranty: what is wrong with one is its supplier's, so a complaint is offered before
anything is ordered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone

from sesam.places import Button, Shown

from .models import Individual
from .slots import piece_complaint


@dataclass(frozen=True)
class UnderWarranty:
    """A piece whose warranty holds, and where a complaint of it begins."""

    piece: Individual
    complaints: list[Shown[Button[Individual]]]


def covered(request: HttpRequest, pieces: Iterable[Individual]) -> list[UnderWarranty]:
    """Those of the pieces, with their articles loaded, whose warranty holds today."""
    today = timezone.localdate()
    return [
        UnderWarranty(piece, piece_complaint.shown(request, piece))
        for piece in pieces
        if piece.warranty_until is not None and piece.warranty_until >= today
    ]
