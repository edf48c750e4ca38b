"""Whose changes are kept (``sesam.history``): the catalogue's and its registers'."""

from sesam import history

from .catalogue import Article, BillingForm, IsoClass, Price, Supplier
from .parts import ArticleDocument, Fit, ReplacementGroup, ReplacementMember, StandardComponent

history.track(IsoClass)
history.track(Supplier)
history.track(BillingForm)
history.track(Article, but=("search_text",))  # made of the others
history.track(Price, part_of="article")
history.track(ArticleDocument, but=("key", "size"), part_of="article")  # they go with the file
history.track(StandardComponent, part_of="article")
history.track(Fit, part_of="main")
history.track(ReplacementGroup)
history.track(ReplacementMember, part_of="group")
