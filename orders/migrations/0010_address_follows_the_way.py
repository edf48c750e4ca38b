from django.db import migrations, models
from django.db.models import OuterRef, Subquery

ADDRESS = ("co", "street", "postcode", "locality", "door_code", "instructions")


def follow(apps, schema_editor):
    """Orders in progress get the address that fits their way; sent orders stay as they were sent,
    and say by their way whose address it is."""
    Cart = apps.get_model("orders", "Cart")
    DeliveryWay = apps.get_model("orders", "DeliveryWay")
    chosen = DeliveryWay.objects.filter(pk=OuterRef("delivery_way")).order_by().values("address")
    Cart.objects.filter(delivery_way__address="none").update(**dict.fromkeys(ADDRESS, ""))
    without_way_in = Cart.objects.filter(delivery_way__address__in=["unit", "store"])
    without_way_in.update(door_code="", instructions="")
    Cart.objects.exclude(delivery_way=None).update(address_of=Subquery(chosen))


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_order_goes_to_someone")]

    operations = [
        migrations.AddField(
            model_name='cart',
            name='address_of',
            field=models.CharField(blank=True, choices=[('recipient', 'Mottagarens'), ('unit', 'Tjänsteställets'), ('store', 'Förrådets'), ('none', 'Ingen')], max_length=10, verbose_name='adressen är'),
        ),
        migrations.AddField(
            model_name='cart',
            name='aside',
            field=models.JSONField(blank=True, default=dict, verbose_name='undanlagda adresser'),
        ),
        migrations.AddField(
            model_name='order',
            name='address_of',
            field=models.CharField(blank=True, choices=[('recipient', 'Mottagarens'), ('unit', 'Tjänsteställets'), ('store', 'Förrådets'), ('none', 'Ingen')], max_length=10, verbose_name='adressen är'),
        ),
        migrations.RunPython(follow, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='cart',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address_of', 'none'), _negated=True), models.Q(('co', ''), ('door_code', ''), ('instructions', ''), ('locality', ''), ('postcode', ''), ('street', '')), _connector='OR'), name='cart_without_address'),
        ),
        migrations.AddConstraint(
            model_name='cart',
            constraint=models.CheckConstraint(condition=models.Q(('address_of__in', ['', 'recipient']), models.Q(('door_code', ''), ('instructions', '')), _connector='OR'), name='cart_way_in_is_the_recipients'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address_of', 'none'), _negated=True), models.Q(('co', ''), ('door_code', ''), ('instructions', ''), ('locality', ''), ('postcode', ''), ('street', '')), _connector='OR'), name='order_without_address'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('address_of__in', ['', 'recipient']), models.Q(('door_code', ''), ('instructions', '')), _connector='OR'), name='order_way_in_is_the_recipients'),
        ),
    ]
