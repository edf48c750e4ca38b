"""What is owed, by whom to whom, and the records that say how it is reckoned."""

from .invoices import Charge, ChargeKind, Invoice, InvoiceKind, MonthRun
from .terms import CalloutFee, ShareStep, ShareTable, Terms

__all__ = [
    "CalloutFee",
    "Charge",
    "ChargeKind",
    "Invoice",
    "InvoiceKind",
    "MonthRun",
    "ShareStep",
    "ShareTable",
    "Terms",
]
