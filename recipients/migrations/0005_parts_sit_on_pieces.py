"""A part's loan points at the component it sits as, instead of each finding the other by article
and case number."""

from collections import defaultdict

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


def match(apps, schema_editor):
    """Each component with its loan, once; what sits and has none is listed."""
    Component = apps.get_model("individuals", "Component")
    Loan = apps.get_model("recipients", "Loan")
    components = defaultdict(list)
    for component in Component.objects.exclude(case_number="").order_by("pk"):
        components[component.article_id, component.case_number].append(component)
    loans = defaultdict(list)
    cases = {case_number for _, case_number in components}
    for loan in (
        Loan.objects.filter(case_number__in=cases, component=None)
        .select_related("part_of")
        .order_by("pk")
    ):
        if (loan.article_id, loan.case_number) in components:
            loans[loan.article_id, loan.case_number].append(loan)
    lent = dict(
        Loan.objects.filter(individual__isnull=False, ended_at=None).values_list(
            "individual_id", "recipient_id"
        )
    )
    matched, alone = [], []
    for key, group in components.items():
        # What sits now comes before what sat: a part that was put back has both.
        for component in sorted(group, key=lambda c: (c.removed_at is not None, c.pk)):
            loan = best(component, loans[key], lent)
            if loan is not None:
                loans[key].remove(loan)
                loan.component = component
                matched.append(loan)
            elif component.removed_at is None:
                alone.append(component)
    Loan.objects.bulk_update(matched, ["component"], batch_size=1000)
    for component in alone:
        print(
            f"  No loan found for component {component.pk}: article {component.article_id},"
            f" individual {component.individual_id}, case {component.case_number}"
        )


def best(component, loans, lent):
    """Of the same article and case, the loan that fits best: what sits at somebody's is held by
    them; delivered with the very aid; as many."""

    def agrees(loan):
        return (
            (loan.ended_at is None) == (component.removed_at is None),
            loan.part_of is not None and loan.part_of.individual_id == component.individual_id,
            lent.get(component.individual_id) == loan.recipient_id,
            loan.quantity == component.quantity,
        )

    return max(loans, key=agrees, default=None)


class Migration(migrations.Migration):
    dependencies = [
        ("individuals", "0007_history_is_kept"),
        ("recipients", "0004_protected_forgets_what_was_unsent"),
    ]
    operations = [
        migrations.AddField(
            "loan",
            "component",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="loan",
                to="individuals.component",
                verbose_name="sitter som",
            ),
        ),
        migrations.AlterField(
            "carerelation",
            "recipient",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="care_relations",
                to="recipients.recipient",
            ),
        ),
        migrations.RunPython(match, migrations.RunPython.noop),
        # The table is altered in the transaction that wrote rows.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "loan",
            models.CheckConstraint(
                condition=Q(quantity=F("returned") + F("lost"), ended_at__isnull=False)
                | (~Q(quantity=F("returned") + F("lost")) & Q(ended_at__isnull=True)),
                name="loan_ends_with_the_last_of_it",
            ),
        ),
        migrations.AddConstraint(
            "loan",
            models.CheckConstraint(
                condition=Q(individual__isnull=True) | Q(quantity=1), name="a_marked_piece_is_one"
            ),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL DEFERRED", migrations.RunSQL.noop),
    ]
