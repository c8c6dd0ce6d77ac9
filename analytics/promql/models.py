"""Other Prometheus servers that questions can be asked of."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.accounts.models import User
from portal.lib.secrets import SecretField

CHANGE = "promql.change_prometheusserver"
ASK = "insights.explore"
NO_AUTHENTICATION, BEARER, BASIC = "none", "bearer", "basic"


class ServerQuerySet(models.QuerySet["PrometheusServer"]):
    def visible_to(self, user: User) -> ServerQuerySet:
        return self if user.has_perm(ASK) else self.none()

    def editable_by(self, user: User) -> ServerQuerySet:
        return self if user.has_perm(CHANGE) else self.none()


class PrometheusServer(models.Model):
    """A server that speaks Prometheus's HTTP API: Prometheus, Mimir, Thanos, VictoriaMetrics, ...

    `url` is what stands before /api/v1. `tenant` is sent as X-Scope-OrgID.
    """

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=500)
    authentication = models.CharField(max_length=8, default=NO_AUTHENTICATION)
    user_name = models.CharField(max_length=200, blank=True)  # of basic authentication
    secret = SecretField(blank=True, default="")  # the bearer token, or the password
    tenant = SecretField(blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ServerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
