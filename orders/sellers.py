"""Who sells what is on a line."""

from articles.models import Article, Responsibility
from organisation.models import Unit, Warehouse


def seller_id(article: Article, warehouse: Warehouse, unit: Unit) -> int:
    """The aid centre (whoever owns the unit's KHS warehouse) sells every A aid, also one that stood
    in a municipality's own store; everything else is sold by the owner of the place that it left.

    Needs the unit's ``delivering_warehouse`` loaded.
    """
    if warehouse.is_central or article.responsibility != Responsibility.A:
        return warehouse.owner_id
    return unit.delivering_warehouse.owner_id
