"""Who looked at whom."""

import pgtrigger
from django.conf import settings
from django.db import models

from .people import Unit
from .reasons import LookReason


class AccessLogEntry(models.Model):
    """Somebody looked at, searched for or changed a person's data. Rows are never changed; its
    owner thins it after its legal years (``manage.py thin_access_log``).

    ``recipient_key`` is the recipient's opaque id; a search that found nobody has only the
    keyed digest of what was searched for, so that no personal number stands in the log. What no
    user asked for was done by a job, whose name stands there.

    Who has no case with the person says why before a look («Varför?»): a row of its own, whose
    ``reason`` is the answer, and whose ``detail`` what was typed to it.
    """

    class Action(models.TextChoices):
        SEARCH = "search", "Sökte"
        MISS = "miss", "Sökte utan träff"
        VIEW = "view", "Visade"
        CHANGE = "change", "Ändrade"
        CREATE = "create", "Skapade"
        PRINT = "print", "Skrev ut"
        DOWNLOAD = "download", "Laddade ner"
        REFUSED = "refused", "Nekades"
        REASON = "reason", "Angav skäl"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField("tid", auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="användare",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    job = models.CharField("jobb", max_length=60, blank=True, db_default="")
    unit = models.ForeignKey(
        Unit,
        verbose_name="tjänsteställe",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    action = models.CharField("vad", max_length=10, choices=Action.choices)
    recipient_key = models.UUIDField("mottagare", null=True)
    searched = models.CharField("sökt, som kontrollsumma", max_length=64, blank=True)
    reason = models.ForeignKey(
        LookReason,
        verbose_name="skäl",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
    )
    detail = models.CharField("detalj", max_length=200, blank=True)
    case_number = models.CharField("ärende", max_length=12, blank=True)
    ip = models.GenericIPAddressField("från", null=True)

    class Meta:
        verbose_name = "åtkomstlogg"
        verbose_name_plural = "åtkomstlogg"
        ordering = ["-at", "-id"]
        # «Who looked at this person, when», «whom did this user look at, when»: read from the end
        # that was asked for, however long the log. (Not partitioned: see the migration.)
        indexes = [
            models.Index(
                fields=["recipient_key", "at"],
                condition=models.Q(recipient_key__isnull=False),
                name="log_of_a_recipient",
            ),
            # What comes after the time narrows within the index: a busy user's or unit's rare deed
            # is found without reading all their rows.
            models.Index(fields=["user", "at", "unit", "action"], name="log_of_a_user"),
            models.Index(fields=["unit", "at", "action"], name="log_of_a_unit"),
            # A kind alone: the common ones are met soon when the log is read backwards. So a look,
            # which is nearly every row, is written to one index fewer.
            models.Index(
                fields=["action", "at"],
                condition=~models.Q(action__in=["change", "search", "view"]),
                name="log_of_rare_kinds",
            ),
            models.Index(
                fields=["searched", "at"],
                condition=models.Q(recipient_key__isnull=True),
                name="log_of_a_miss",
            ),
            models.Index(
                fields=["reason", "at"],
                condition=models.Q(reason__isnull=False),
                name="log_of_reasons",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) | ~models.Q(job=""), name="somebody_did_it"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    action="reason",
                    user__isnull=False,
                    recipient_key__isnull=False,
                    reason__isnull=False,
                )
                | ~models.Q(action="reason") & models.Q(reason=None),
                name="reason_is_somebodys_about_somebody",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
            # Which reason wants words is KHS's to say, so that no check can know it.
            pgtrigger.Trigger(
                name="reason_is_told",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.reason_id IS NOT NULL AND NEW.detail = ''"),
                func="IF EXISTS (SELECT FROM organisation_lookreason WHERE id = NEW.reason_id"
                " AND needs_text) THEN RAISE EXCEPTION 'the reason wants words'"
                " USING ERRCODE = 'check_violation', CONSTRAINT = 'reason_is_told'; END IF;"
                " RETURN NEW;",
            ),
            # The owner alone may remove anything here, and not even the owner this.
            pgtrigger.Protect(
                name="kept_for_years",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.at > now() - interval '5 years'"),
            ),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'append-only: % cannot be truncated', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"
