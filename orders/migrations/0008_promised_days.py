from django.db import migrations, models
from django.db.models import F, OuterRef, Q, Subquery


def promise(apps, schema_editor):
    """What was promised before lines had a day of their own: the order's. A project or a manual
    prescription was promised for no day, and neither is an order that still waits for one."""
    Order = apps.get_model("orders", "Order")
    OrderLine = apps.get_model("orders", "OrderLine")
    nobody_knows = ~Q(article__project="") | Q(
        article__requires_comment=True, article__is_stocked=False
    ) & ~Q(article__type="service")
    days = Order.objects.filter(pk=OuterRef("order")).values("planned_delivery")
    OrderLine.objects.exclude(nobody_knows).update(planned_delivery=Subquery(days))
    waiting = OrderLine.objects.filter(nobody_knows, quantity__gt=F("delivered") + F("cancelled"))
    Order.objects.filter(pk__in=waiting.values("order")).update(planned_delivery=None)


class Migration(migrations.Migration):
    dependencies = [("articles", "0008_hoist_projects"), ("orders", "0007_projects_under_way")]
    operations = [
        migrations.AddField(
            model_name="orderline",
            name="planned_delivery",
            field=models.DateField(
                blank=True,
                help_text="Den dag som lovades när raden skickades. Tom: inget datum än.",
                null=True,
                verbose_name="planerad leverans",
            ),
        ),
        migrations.RunPython(promise, migrations.RunPython.noop),
    ]
