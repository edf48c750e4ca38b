import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def interval(piece, today):
    """The piece's own, in months; of one that had a next day alone, what leads there or a little before:
    without it the day would be forgotten."""
    months = piece.maintenance_interval
    if not months and piece.next_maintenance:
        since, until = piece.last_maintenance or piece.purchased_on or today, piece.next_maintenance
        months = (until.year - since.year) * 12 + until.month - since.month
        months = max(1, months - (until.day < since.day))
    return min(months, 240) if months else None


def take_over(apps, schema_editor):
    """What stood on the pieces themselves: a schedule of their own."""
    today = django.utils.timezone.localdate()
    pieces = apps.get_model("individuals", "Individual").objects.exclude(
        last_maintenance=None, next_maintenance=None, maintenance_interval=None
    )
    Schedule = apps.get_model("activities", "MaintenanceSchedule")
    Schedule.objects.bulk_create(
        (
            Schedule(
                individual=piece,
                kind="service",
                own_months=interval(piece, today),
                last_on=piece.last_maintenance,
                due_on=piece.next_maintenance,
            )
            for piece in pieces.order_by("pk").iterator(2000)
        ),
        batch_size=2000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0008_hour_price_or_none'),
        ('articles', '0021_follow_up'),
        ('individuals', '0011_overdue'),
        ('orders', '0026_follow_up'),
        ('organisation', '0017_emergency_messages'),
        ('recipients', '0013_follow_ups_of_a_unit'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='activity',
            name='done_by',
            field=models.CharField(blank=True, choices=[('khs', 'KHS'), ('store', 'Eget förråd'), ('supplier', 'Leverantören'), ('unit', 'Tjänstestället')], max_length=10, verbose_name='utförs av'),
        ),
        migrations.AlterField(
            model_name='activity',
            name='ordered_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='placed_activities', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='activity',
            name='unit',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='activities', to='organisation.unit'),
        ),
        migrations.CreateModel(
            name='MaintenancePlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('service', 'Service'), ('inspection', 'Säkerhetsbesiktning'), ('battery', 'Batteribyte'), ('other', 'Annan kontroll')], max_length=10, verbose_name='underhåll')),
                ('months', models.PositiveSmallIntegerField(help_text='Från 1 till 240.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='intervall i månader')),
                ('counts_from', models.CharField(choices=[('last', 'Förra gången, och första gången inköpet'), ('delivery', 'Leveransen till mottagaren, och sedan förra gången')], default='last', max_length=8, verbose_name='räknas från')),
                ('starts_on', models.DateField(default=django.utils.timezone.localdate, help_text='Inget förfaller före den här dagen. Välj en dag framåt i tiden, om många individer annars skulle förfalla på en gång.', verbose_name='gäller från')),
                ('lead_days', models.PositiveSmallIntegerField(default=30, help_text='Så många dagar innan underhållet förfaller. Högst 365.', validators=[django.core.validators.MaxValueValidator(365)], verbose_name='aktiviteten skapas dagar före')),
                ('done_by', models.CharField(choices=[('khs', 'KHS'), ('store', 'Eget förråd'), ('supplier', 'Leverantören')], default='khs', help_text='Eget förråd: det förråd som individen står i, annars det som innehavarens tjänsteställe har. Där inget eget förråd finns gör KHS det.', max_length=10, verbose_name='utförs av')),
                ('blocks', models.BooleanField(default=False, help_text='Det som står i ett lager kan inte levereras förrän underhållet är gjort. En beställning som det var lovat till restnoteras.', verbose_name='spärra när underhållet har gått ut')),
                ('instructions', models.TextField(blank=True, help_text='Står på aktiviteten. Skriv inga personuppgifter.', max_length=500, verbose_name='vad som ska göras')),
                ('is_active', models.BooleanField(default=True, verbose_name='aktiv')),
                ('article', models.ForeignKey(blank=True, db_index=False, help_text='Planen gäller artikelns alla individer. Ange artikel eller ISO-klass.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='articles.article', verbose_name='artikel')),
                ('iso_class', models.ForeignKey(blank=True, db_index=False, help_text='Planen gäller klassens alla individmärkta artiklar som inte har en egen plan för samma slags underhåll.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='articles.isoclass', verbose_name='ISO-klass')),
                ('supplier', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='activities.servicesupplier', verbose_name='leverantör')),
            ],
            options={
                'verbose_name': 'underhållsplan',
                'verbose_name_plural': 'underhållsplaner',
                'ordering': ['kind', 'iso_class', 'article__number', 'id'],
            },
        ),
        migrations.CreateModel(
            name='MaintenanceSchedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('service', 'Service'), ('inspection', 'Säkerhetsbesiktning'), ('battery', 'Batteribyte'), ('other', 'Annan kontroll')], max_length=10, verbose_name='underhåll')),
                ('own_months', models.PositiveSmallIntegerField(blank=True, help_text='Gäller den här individen i stället för planens. Tomt: som planen säger.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='eget intervall i månader')),
                ('is_exempt', models.BooleanField(default=False, help_text='Inget underhåll av det här slaget görs på individen.', verbose_name='undantagen')),
                ('since', models.DateField(default=django.utils.timezone.localdate, verbose_name='från')),
                ('last_on', models.DateField(blank=True, null=True, verbose_name='senaste FU')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='nästa FU')),
                ('individual', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='individuals.individual', verbose_name='individ')),
                ('plan', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='activities.maintenanceplan', verbose_name='plan')),
            ],
            options={
                'verbose_name': 'individs underhåll',
                'verbose_name_plural': 'individers underhåll',
            },
        ),
        migrations.AddField(
            model_name='activity',
            name='maintenance',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='activities', to='activities.maintenanceschedule', verbose_name='underhåll enligt schema'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.UniqueConstraint(condition=models.Q(('maintenance__isnull', False), models.Q(('status__in', ['closed', 'cancelled']), _negated=True)), fields=('maintenance',), name='one_open_activity_a_schedule'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(('maintenance__isnull', False), models.Q(('ordered_by__isnull', False), ('unit__isnull', False)), _connector='OR'), name='somebody_ordered_the_activity'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('article__isnull', False), ('iso_class__isnull', True)), models.Q(('article__isnull', True), ('iso_class__isnull', False)), _connector='OR'), name='plan_of_an_article_or_a_class'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('article', 'kind'), name='one_plan_a_kind_and_article'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('iso_class', 'kind'), name='one_plan_a_kind_and_class'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.CheckConstraint(condition=models.Q(('months__gte', 1), ('months__lte', 240)), name='plan_every_some_months'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('done_by', 'supplier'), ('supplier__isnull', False)), models.Q(models.Q(('done_by', 'supplier'), _negated=True), ('supplier__isnull', True)), _connector='OR'), name='plan_names_its_supplier'),
        ),
        migrations.AddIndex(
            model_name='maintenanceschedule',
            index=models.Index(condition=models.Q(('due_on__isnull', False)), fields=['due_on', 'id'], name='schedule_due'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceschedule',
            constraint=models.UniqueConstraint(fields=('individual', 'kind'), name='one_schedule_a_kind_and_piece'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceschedule',
            constraint=models.CheckConstraint(condition=models.Q(('own_months__gte', 1), ('own_months__lte', 240)), name='schedule_every_some_months'),
        ),
        migrations.AddConstraint(
            model_name='maintenanceschedule',
            constraint=models.CheckConstraint(condition=models.Q(('is_exempt', False), ('due_on', None), _connector='OR'), name='what_is_exempt_is_never_due'),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
