"""What is owed, by whom to whom, and the records that say how it is reckoned."""

from .doubts import Doubt, DoubtfulLoan
from .figures import CountedMonth, Figure, Measure
from .invoices import Charge, ChargeKind, Invoice, InvoiceKind, MonthRun
from .questions import Correction, Question, QuestionStatus
from .sums import InvoiceSum
from .terms import CalloutFee, ShareStep, ShareTable, Terms
from .verdicts import LossVerdict

__all__ = [
    "CalloutFee",
    "Charge",
    "ChargeKind",
    "Correction",
    "CountedMonth",
    "Doubt",
    "DoubtfulLoan",
    "Figure",
    "Invoice",
    "InvoiceKind",
    "InvoiceSum",
    "LossVerdict",
    "Measure",
    "MonthRun",
    "Question",
    "QuestionStatus",
    "ShareStep",
    "ShareTable",
    "Terms",
]
