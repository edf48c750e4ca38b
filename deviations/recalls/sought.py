"""What a recall looks for, before it has a number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from articles.models import Article
from individuals.models import Watch


@dataclass(frozen=True)
class Sought:
    """A criterion, of each of the recall's articles. Numbers have their ends, days theirs."""

    by: Watch.By
    first: str = ""
    last: str = ""
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    def of(self, article: Article, case_number: str = "") -> Watch:
        return Watch(
            case_number=case_number,
            article=article,
            by=self.by,
            first=self.first,
            last=self.last,
            first_day=self.first_day,
            last_day=self.last_day,
        )
