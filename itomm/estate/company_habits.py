"""The habits of a made-up company, as people write them in YAML.

Everything the stand-in estate serves is grown from these habits and a seed. Shares are 0..1, durations say
their unit in the name. A service takes a profile's habits and overrides single ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import AwareDatetime, ValidationError

from itomm.config.errors import UsageError
from itomm.estate.habit import Habit, Share
from itomm.estate.register_habits import RegisterHabits

HABITS_DIRECTORY = Path(__file__).parent / "habits"
DEFAULT_HABITS = HABITS_DIRECTORY / "acme.yaml"

Scanner = Literal["sast", "sca", "secret", "container", "iac"]


class Delivery(Habit):
    """How code reaches production."""

    merge_requests_per_week: float
    update_requests_per_month: float = 0
    update_merge_days: float = 5
    update_merged_share: Share = 0.9
    coding_hours: float
    review_hours: float
    reviewed_share: Share
    busiest_reviewer_share: Share = 0.4
    ticket_share: Share
    deploy_every_days: int
    automated: bool = True
    manual_gate: bool = False
    failing_share: Share
    failing_causes_incident_share: Share = 0.5
    recovery_hours: float
    releases_per_month: float = 0
    release_proof_share: Share = 0
    merge_method: Literal["ff", "merge"] = "ff"


class Pipelines(Habit):
    """What continuous integration does."""

    enabled: bool = True
    main_success_share: Share = 0.9
    minutes: float = 8
    tests: bool = True
    tests_may_fail: bool = False
    scanners: tuple[Scanner, ...] = ()
    scanners_block: bool = False
    scanners_on_merge_requests: bool = True
    measures_coverage: bool = False


class Repository(Habit):
    """How the repository is set up."""

    protected: bool = True
    force_push: bool = False
    push_level: Literal[0, 30, 40] = 40
    required_approvals: int = 0
    codeowners: bool = False
    codeowners_required: bool = False
    manifest: Literal["package.json", "pyproject.toml", "pom.xml", "go.mod"] | None = "package.json"
    lockfile: bool = True
    update_bot: bool = False
    dockerfile: bool = True
    infrastructure: bool = False
    committers: int = 4
    dominant_committer_share: Share = 0.4


class Incidents(Habit):
    """How often things break and how people answer."""

    per_month: float
    detected_by_monitoring_share: Share
    detection_unrecorded_share: Share = 0.1
    acknowledge_minutes: float
    restore_hours: float
    assigned_share: Share = 0.98
    root_cause_share: Share = 0.8
    recurring_cause_share: Share = 0.4
    follow_up_share: Share
    review_days: float = 9
    review_people: int = 3
    review_sections: int = 4
    clock_share: Share = 0.9


class Changes(Habit):
    """How changes are recorded as tickets."""

    ticket_share: Share
    quality_share: Share
    emergency_share: Share


class Monitoring(Habit):
    """What Prometheus sees of the service and how good its alert rules are."""

    monitored: bool = True
    probed: bool = True
    sampled_days_share: Share = 1.0
    objective: float | None = None
    rules: int = 6
    runbook_share: Share = 0.5
    owned_share: Share = 0.8
    standard_share: Share = 0.8
    burn_rate_alerts: bool = False
    forecast_alerts: bool = False
    saturation_alerts: bool = True
    certificate_alert: bool = False
    noise_pages_per_month: float = 2
    warnings_per_month: float = 6
    flapping_share: Share = 0.3
    typical_load: Share = 0.5
    busy_day_share: Share = 0.02
    pages_reach_a_pager: bool = True


class Backups(Habit):
    """Backups and proofs that they can be restored."""

    enabled: bool = True
    missed_share: Share = 0.01
    alert: bool = True
    restore_test_days_ago: int | None = None


class Certificate(Habit):
    """The certificate at the service's public endpoint, as the probe sees it."""

    probed: bool = True
    lifetime_days: int = 90
    days_left: int = 60


class Vulnerabilities(Habit):
    """What scanners find and how fast it goes away."""

    serious_per_month: float = 1.5
    secrets_per_year: float = 0
    triage_days: float = 4
    fix_days: float = 20
    fixed_share: Share = 0.9
    dismissed_share: Share = 0.05
    revoke_days: float = 4


class Documents(Habit):
    """What the handbook says about the service; ages count from the company's as-of instant."""

    runbooks: int = 1
    runbook_age_days: int = 120
    continuity_plan: bool = False
    recovery_exercise_days_ago: int | None = None


class ServiceHabits(Habit):
    """All habits of one service, after its profile and its own overrides are merged."""

    delivery: Delivery
    pipelines: Pipelines = Pipelines()
    repository: Repository = Repository()
    incidents: Incidents
    changes: Changes
    monitoring: Monitoring = Monitoring()
    backups: Backups = Backups()
    certificate: Certificate = Certificate()
    vulnerabilities: Vulnerabilities = Vulnerabilities()
    documents: Documents = Documents()


class Service(Habit):
    """One production service as the catalogue knows it, with its habits."""

    id: str
    name: str
    group: str
    weight: int = 1
    tier: Literal[1, 2, 3, 4]
    team: str
    owned: bool = True
    stateful: bool = False
    internet_facing: bool = False
    depends_on: tuple[str, ...] | None = None
    last_reviewed_at: date | None = None
    component_share: Share = 0.95
    habits: ServiceHabits


class Team(Habit):
    """People in one time zone. ``people`` maps login to display name."""

    name: str
    utc_offset_hours: float
    people: Mapping[str, str]
    key: str


class Group(Habit):
    """A group of services."""

    id: str
    name: str


class Calendar(Habit):
    """When people work less."""

    summer_months: tuple[int, ...] = (7, 8)
    summer_activity: Share = 0.6


class Outage(Habit):
    """The one big outage everybody remembers."""

    started_at: AwareDatetime
    hours: float
    services: tuple[str, ...]
    cause: str


class ServiceDesk(Habit):
    """Service requests, improvements, risks and the like, company-wide."""

    requests_per_month: float = 30
    portal_share: Share = 0.5
    automated_share: Share = 0.1
    request_hours: float = 20
    request_goal_hours: float = 40
    runbook_link_share: Share = 0.1
    improvements_per_month: float = 3
    improvements_on_time_share: Share = 0.6
    effect_recorded_share: Share = 0.3
    actions_on_time_share: Share = 0.6
    tasks_per_month: float = 6
    risks: int = 8
    risks_reviewed_share: Share = 0.6
    security_incidents_per_year: float = 5
    security_acknowledge_minutes: float = 30
    security_lesson_share: Share = 0.7
    access_review_days_ago: int | None = 200


class Handbook(Habit):
    """Company-wide documents; ages in days before the company's as-of instant, None for no such document."""

    incident_process_age: int | None = 90
    capacity_plan_age: int | None = None
    security_plan_age: int | None = None
    security_exercise_age: int | None = None
    game_days_age: tuple[int, ...] = ()
    policy_ages: Mapping[str, int] = {}
    unapproved_policies: tuple[str, ...] = ()
    report_months: int = 3
    infrastructure_planned_in_pipeline: bool = True
    infrastructure_policy: Literal["none", "advisory", "blocking"] = "none"


class Declared(Habit):
    """What a person would answer where no tool can tell."""

    answer: Literal["yes", "partial", "no", "not_applicable", "unknown"]
    why: str


class Organisation(Habit):
    """Who the company is."""

    id: str
    name: str


class CompanyHabits(Habit):
    """One company."""

    organisation: Organisation
    seed: int
    as_of: AwareDatetime
    history_months: int
    retention_days: int = 400
    calendar: Calendar = Calendar()
    outage: Outage | None = None
    teams: Mapping[str, Team]
    groups: tuple[Group, ...]
    services: tuple[Service, ...]
    service_desk: ServiceDesk = ServiceDesk()
    handbook: Handbook = Handbook()
    registers: RegisterHabits | None = None
    closes_all_before: bool = False  # one person closes every open ticket on the day before ``as_of``
    status_language: Literal["english", "chinese"] = "english"
    declared: Mapping[str, Declared] = {}


def load_habits(path: Path) -> CompanyHabits:
    """Read a company's habits.

    Raises:
        UsageError: the file cannot be read, or says something that is not known.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # a safe loader, in C
    except OSError as error:
        raise UsageError(f"Cannot read the habits file {path}: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"The habits file {path} is no YAML: {error}") from None
    if not isinstance(document, dict):
        raise UsageError(f"The habits file {path} does not hold a mapping.")
    profiles = document.pop("profiles", {})
    for service in document.get("services", []):
        profile = profiles.get(service.pop("profile", None), {})
        service["habits"] = _merged(profile, service.get("habits", {}))
    try:
        return CompanyHabits.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"The habits file {path} is wrong: {error}") from None


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` with the values of ``over``; mappings are merged key by key."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
