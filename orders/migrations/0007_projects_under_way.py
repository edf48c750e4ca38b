from django.db import migrations


def begin(apps, schema_editor):
    """Lines of projects that were sent before the stages existed: received by KHS when they were
    sent, and delivered where they have been."""
    OrderLine = apps.get_model("orders", "OrderLine")
    ProjectMove = apps.get_model("orders", "ProjectMove")
    moves = []
    lines = list(
        OrderLine.objects.exclude(article__project="")
        .filter(stage="")
        .select_related("order", "article")
        .prefetch_related("deliveries")
    )
    for line in lines:
        order = line.order
        line.project, line.stage = line.article.project, "received"
        moves.append(
            ProjectMove(line=line, stage=line.stage, at=order.sent_at, by_id=order.ordered_by_id)
        )
        deliveries = sorted(line.deliveries.all(), key=lambda delivery: delivery.at)
        if deliveries and line.quantity == line.delivered + line.cancelled:
            line.stage, last = "delivered", deliveries[-1]
            moves.append(ProjectMove(line=line, stage=line.stage, at=last.at, by_id=last.by_id))
    OrderLine.objects.bulk_update(lines, ["project", "stage"], batch_size=500)
    ProjectMove.objects.bulk_create(moves, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("articles", "0008_hoist_projects"), ("orders", "0006_projects")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
