"""When it is looked whether an aid does its work: what the catalogue presets."""

from .models import Article, ArticleType, IsoClass


def preset_weeks(article: Article) -> int | None:
    """How many weeks after its delivery, as the article says or the nearest ISO class that says
    anything; None for no follow-up. One query at most."""
    if article.type != ArticleType.MAIN:
        return None
    if article.follow_up_weeks is not None:
        return article.follow_up_weeks or None
    code = article.iso_class_id or ""
    classes = IsoClass.objects.filter(
        code__in={code, code[:4], code[:2]} - {""}, follow_up_weeks__isnull=False
    )
    weeks = classes.order_by("-level").values_list("follow_up_weeks", flat=True).first()
    return weeks or None
