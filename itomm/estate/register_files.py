"""Write the registers as the exports of other teams' tools: CSV, JSON, JSON Lines, YAML and XLSX.

Each tool writes dates in its own way, and the words of some are Chinese. ``register_mappings.yaml`` says how
they are read.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from itomm.estate.company import Company
from itomm.estate.registers import Account, Registers
from itomm.estate.working_time import DAY, midnight

_WESTERN = timezone(timedelta(hours=-5))
_CHINA = ZoneInfo("Asia/Shanghai")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_STATUS = {"in use": "在用", "retired": "已报废", "": ""}


def write_registers(company: Company, folder: Path) -> None:
    """Write every register that the company keeps into ``folder``, as if its export had just run."""
    folder.mkdir(parents=True)
    for name, written in exports_of(company).items():
        path = folder / name
        path.write_bytes(written())
        os.utime(path, (company.as_of.timestamp(),) * 2)


def exports_of(company: Company) -> Mapping[str, Callable[[], bytes]]:
    """What writes each export, by file name; none where the company keeps no registers."""
    kept = company.registers
    if kept is None:
        return {}
    files = {name: partial(write, kept) for name, write in _WRITERS.items()}
    files["links.csv"] = partial(_links, company)
    if kept.checks:
        files["checks.yaml"] = partial(_checks, kept)
    if kept.with_survey:
        files["survey.csv"] = partial(_survey, kept)
    if kept.with_commits:
        files["commits.csv"] = partial(_commits, company)
    return files


def _inventory(kept: Registers) -> bytes:
    header = (
        "名称",
        "服务",
        "类别",
        "负责人",
        "环境",
        "状态",
        "发现时间",
        "修改时间",
        "支持终止",
        "补丁时间",
        "待装",
    )
    rows = (
        (
            item.name,
            item.service or "",
            item.kind,
            item.owner,
            item.environment,
            _STATUS[item.written_status],
            _local(item.seen_at),
            _local(item.changed_at),
            _local(item.supported_until),
            _local(item.patched_at),
            "" if item.waiting_updates is None else item.waiting_updates,
        )
        for item in kept.items
    )
    return _csv(header, rows, delimiter=";", encoding="utf-8-sig")


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(_CHINA):%d.%m.%Y %H:%M}"


def _drift(kept: Registers) -> bytes:
    rows = (
        (one.service, one.at.astimezone(_WESTERN).isoformat(), one.managed, one.drifted) for one in kept.drift
    )
    return _csv(("stack", "checked at", "resources", "drifted"), rows)


def _rotas(kept: Registers) -> bytes:
    rows = [
        {
            "rota": f"{rota.service} primary",
            "team": rota.team,
            "services": [rota.service],
            "people": rota.people,
            "levels": rota.levels,
            "hours": rota.hours,
            "covered": f"{rota.coverage * 100:g} %",
        }
        for rota in kept.rotas
    ]
    return yaml.safe_dump({"rotas": rows}, sort_keys=False, allow_unicode=True).encode()


def _shifts(kept: Registers) -> bytes:
    rows = (
        (one.service, one.person, one.start.isoformat(), one.end.isoformat(), one.pages)
        for one in kept.shifts
    )
    return _csv(("service", "who", "from", "to", "pages"), rows)


def _routes(kept: Registers) -> bytes:
    policies = [
        {"id": one.name, "service": {"name": one.service}, "steps": one.levels, "ways": ["phone", "push"]}
        for one in kept.routes
    ]
    return _json({"policies": policies})


def _alerts(kept: Registers) -> bytes:
    def line(row: Mapping[str, object]) -> str:
        return json.dumps(row, ensure_ascii=False) + "\n"

    return "".join(
        line(
            {
                "id": f"{one.service}-{one.number}",
                "service": one.service,
                "check": one.check,
                "urgency": "高" if one.paging else "低",
                "opened": _milliseconds(one.started_at),
                "closed": _milliseconds(one.ended_at),
                "minutes": (one.ended_at - one.started_at).total_seconds() / 60,
                "acknowledged": one.acknowledged_at and _milliseconds(one.acknowledged_at),
            }
        )
        for one in kept.alerts
    ).encode()


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _accounts(kept: Registers) -> bytes:
    rows = [
        {
            "login": one.login,
            "type": {"human": "员工", "service": "service"}[one.kind],
            "enabled": one.active,
            "roles": {"admin": "yes" if one.administrator else "no"},
            "signIn": _way_to_sign_in(one),
            "lastLogin": one.last_used_at and one.last_used_at.astimezone(_WESTERN).isoformat(),
            "created": one.created_at.isoformat(),
        }
        for one in kept.accounts
    ]
    return _json({"directory": {"accounts": rows}})


def _way_to_sign_in(account: Account) -> str:
    if account.strong is None:
        return ""
    if not account.strong:
        return "password"
    return "sso" if account.login.endswith("1") else "code"


def _grants(kept: Registers) -> bytes:
    rows = (
        (one.login, one.resource, one.service, f"{one.ends_at:%Y-%m-%d}" if one.ends_at else "-")
        for one in kept.grants
    )
    return _csv(("login", "resource", "service", "until"), rows, delimiter="\t")


def _certificates(kept: Registers) -> bytes:
    rows = (
        (
            one.endpoint,
            one.service,
            one.valid_from.isoformat(),
            one.valid_until.isoformat(),
            "acme" if one.by_machine else "by hand",
        )
        for one in (*kept.endpoint_certificates, *kept.inner_certificates)
    )
    return _csv(("endpoint", "service", "from", "until", "renewal"), rows)


def _backups(kept: Registers) -> bytes:
    rows = (
        (one.data_set, one.service, one.finished_at.isoformat(), "OK", "yes" if one.out_of_reach else "no")
        for one in kept.backups
    )
    return _csv(("data set", "service", "finished", "result", "copied away"), rows)


def _restores(kept: Registers) -> bytes:
    rows = ((one.data_set, one.service, one.at.isoformat(), "verified") for one in kept.restores)
    return _csv(("data set", "service", "at", "result"), rows)


def _log_sources(kept: Registers) -> bytes:
    rows = [
        (
            one.system,
            "是" if one.central else "否",
            one.days_kept,
            one.last_event_at.isoformat() if one.last_event_at else None,
        )
        for one in kept.log_sources
    ]
    return _workbook("日志来源", ("system", "集中", "days kept", "last event"), rows)


def _survey(kept: Registers) -> bytes:
    rows = ((one.number, f"{one.at:%Y-%m-%dT%H:%M:%S%z}", f"{one.stars},0") for one in kept.survey)
    return _csv(("answer", "given", "stars"), rows, delimiter=";")


def _flaws(kept: Registers) -> bytes:
    rows = (
        (
            f"CVE-2026-{one.number:04d}",
            one.host,
            one.service,
            one.found_at.astimezone(_WESTERN).isoformat(),
            f"{one.due_at.astimezone(_WESTERN):%Y-%m-%dT%H:%M:%S%z}",
            one.fixed_at.astimezone(_WESTERN).isoformat() if one.fixed_at else "",
            "fixed" if one.fixed_at else "open",
            "",
        )
        for one in kept.flaws
    )
    return _csv(("flaw", "host", "service", "found", "KEV due", "fixed", "state", "accepted"), rows)


def _links(company: Company) -> bytes:
    """The last days of each link, all alike."""
    kept = company.registers or Registers()
    last = midnight(company.as_of)
    rows = (
        (link.name, link.service, f"{last - DAY * back:%Y-%m-%d}", f"{link.fill:.0%}", link.scales)
        for link in kept.links
        for back in (3, 2, 1)
    )
    return _csv(("link", "service", "day", "fill", "scales"), rows)


def _checks(kept: Registers) -> bytes:
    checks = [
        {
            "name": f"check {one.number}",
            "owner": one.team if one.in_order else None,
            "severity": "warning" if one.in_order else None,
            "summary": one.in_order,
            "hold": "0:05" if one.in_order else "0:00",
            "git": one.in_git,
        }
        for one in kept.checks
    ]
    return yaml.safe_dump(checks, sort_keys=False, allow_unicode=True).encode()


def _commits(company: Company) -> bytes:
    rows = (
        (
            f"acme/{project.path}",
            commit.sha,
            commit.author.login,
            commit.authored_at.isoformat(),
            commit.committed_at.isoformat(),
            commit.merge,
            commit.author.bot,
        )
        for project in company.projects
        for commit in project.commits
    )
    return _csv(("repository", "sha", "author", "authored", "committed", "merge", "bot"), rows)


_WRITERS: Mapping[str, Callable[[Registers], bytes]] = {
    "inventory.csv": _inventory,
    "drift.csv": _drift,
    "rotas.yaml": _rotas,
    "shifts.csv": _shifts,
    "escalation.json": _routes,
    "alerts.jsonl": _alerts,
    "accounts.json": _accounts,
    "grants.tsv": _grants,
    "certificates.csv": _certificates,
    "backups.csv": _backups,
    "restores.csv": _restores,
    "log_sources.xlsx": _log_sources,
    "exploited.csv": _flaws,
}


def _csv(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _workbook(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415  an extra, which only companies with registers need

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    long_ago = datetime(*_LONG_AGO)  # noqa: DTZ001  a workbook's own dates have no zone
    book.properties.created = book.properties.modified = long_ago
    written = io.BytesIO()
    book.save(written)
    return _timeless(written.getvalue())


def _timeless(archive: bytes) -> bytes:
    """The same archive without the time at which its parts were written."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as read, zipfile.ZipFile(result, "w") as written:
        for name in read.namelist():
            content = read.read(name)
            if name == "docProps/core.xml":
                content = _without_modified(content)
            written.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _without_modified(properties: bytes) -> bytes:
    """When it saves, openpyxl sets the time of the last change, whatever was said before."""
    start, opening, rest = properties.partition(b"<dcterms:modified")
    _, closing, end = rest.partition(b"</dcterms:modified>")
    return start + end if opening and closing else properties
