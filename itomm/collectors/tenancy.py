"""Servers that keep the data of several tenants apart (Mimir, Cortex)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

TENANT_HEADER = "X-Scope-OrgID"
"""Tells such a server whose data is meant (Grafana Mimir, HTTP API, authentication)."""

Tenant = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]
"""A pydantic type: a tenant's name, in printable characters without blanks as an HTTP header takes them."""
