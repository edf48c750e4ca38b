"""The catalogue and the stock: what can be ordered, and how many there are where."""

from . import changes as changes
from .catalogue import (
    Article,
    ArticleType,
    BillingForm,
    ClassCount,
    IsoClass,
    Price,
    Project,
    Responsibility,
    Supplier,
    _picture_path,
)
from .parts import (
    ArticleDocument,
    Fit,
    ReplacementGroup,
    ReplacementMember,
    StandardComponent,
    _document_path,
)
from .stock import Balance, StockMovement
from .users import ArticleLook, CatalogueImport, Favourite, _import_path

__all__ = [
    "Article",
    "ArticleDocument",
    "ArticleLook",
    "ArticleType",
    "Balance",
    "BillingForm",
    "CatalogueImport",
    "ClassCount",
    "Favourite",
    "Fit",
    "IsoClass",
    "Price",
    "Project",
    "ReplacementGroup",
    "ReplacementMember",
    "Responsibility",
    "StandardComponent",
    "StockMovement",
    "Supplier",
    "_document_path",
    "_import_path",
    "_picture_path",
]
