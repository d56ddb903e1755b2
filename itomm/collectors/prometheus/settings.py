"""Settings of a Prometheus source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from itomm.collectors.contract import BaseUrl, CollectorSettings, NetworkedSettings
from itomm.collectors.prometheus import queries
from itomm.collectors.tenancy import Tenant


class Queries(CollectorSettings):
    """The PromQL that is asked; every expression may be replaced by one that returns the same kind of value.

    Attributes:
        availability: share of the last day a service was available, at midnight UTC.
        availability_samples: share of the last day's samples that are present.
        capacity: utilisation from 0 to 1 now, by kind (cpu, memory, disk, inode, network, connections,
            quota, queue).
        objective: service level objectives, from 0 to 1.
        objective_period_days: their periods in days, with the same labels.
        firing: firing alerts, one series each.
        oldest_sample: anything that has a sample whenever the server collected at all.
        certificate_expiry: when certificates end, in seconds since 1970.
        backup_last_success: when each backup last succeeded, in seconds since 1970.
    """

    availability: str = queries.AVAILABILITY
    availability_samples: str = queries.AVAILABILITY_SAMPLES
    capacity: dict[str, str] = queries.CAPACITY
    objective: str = queries.OBJECTIVE
    objective_period_days: str = queries.OBJECTIVE_PERIOD_DAYS
    firing: str = queries.FIRING
    oldest_sample: str = queries.OLDEST_SAMPLE
    certificate_expiry: str = queries.CERTIFICATE_EXPIRY
    backup_last_success: str = queries.BACKUP_LAST_SUCCESS


class PrometheusSettings(NetworkedSettings):
    """How to reach a Prometheus (or what answers as one) and what its labels mean.

    A ``token`` alone is sent as bearer; with ``user`` it is the password of basic authentication.

    Attributes:
        tenant: whose data is read, on servers that keep several tenants apart (Mimir): ``X-Scope-OrgID``.
        retention_days: for how long samples are kept, on servers that do not tell (Thanos, Mimir, vmselect).
        web_url: where people open Prometheus, when that is not ``url``.
        service_labels: labels that may name the service, best first.
        severity_label: the label of an alerting rule that says how bad it is.
        paging_severities: severities that wake somebody.
        owner_labels: labels of an alerting rule that name its owner, best first.
        rules_in_git: folders of git repositories that hold the alerting rules; a rule that stands in none of
            them counts as not kept there. Without it nobody says.
        alert_history_days: how far back firing alerts are read; each week costs one request.
        objective_period_days: period of an objective that states none.
        queries: replacements for the PromQL that is asked.
    """

    tenant: Tenant | None = None
    retention_days: Annotated[int, Field(ge=1)] | None = None
    web_url: BaseUrl | None = None
    service_labels: tuple[str, ...] = ("service", "app", "job")
    severity_label: str = "severity"
    paging_severities: tuple[str, ...] = ("page", "critical")
    owner_labels: tuple[str, ...] = ("owner", "team")
    rules_in_git: tuple[Path, ...] = ()
    alert_history_days: Annotated[int, Field(ge=1, le=400)] = 90
    objective_period_days: Annotated[int, Field(ge=1, le=366)] = 30
    queries: Queries = Queries()

    @property
    def page(self) -> str:
        """The address that people open."""
        return self.web_url or self.url
