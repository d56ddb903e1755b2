"""The texts of the operations handbook: runbooks, policies, plans, processes, reports, exercises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from itomm.estate.company import Company
from itomm.estate.generate_follow_up import Postmortem
from itomm.estate.people import Person

_FILLER = (
    "Read this page once before you need it. Tell the team lead when a step no longer fits what you see, "
    "and mend the page the same day. Every command here was run by somebody other than its author. "
    "Stop and ask when a step asks for more rights than you have. Write down what you did and when. "
)


_CONTINUITY_PLAN_AGE = 95  # days


@dataclass(frozen=True)
class Edit:
    """One commit to the handbook that writes one file."""

    at: datetime
    path: str
    text: str
    author: Person
    message: str
    reviewer: Person | None = None


@dataclass(frozen=True)
class Subject:
    """What a page is about, and where it stands."""

    path: str
    kind: str
    topic: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """What is true of one governed text, for the truth and not for the repository."""

    kind: str
    topic: str
    services: tuple[str, ...]
    touched_at: datetime
    approved: bool
    words: int


def documents_of(company: Company) -> list[tuple[Document, Edit]]:
    """All governed texts but post-mortems and exercises, with the commit that wrote each."""
    pages = [
        *_runbooks(company),
        *_policies(company),
        *_plans(company),
        *_processes(company),
        *_reports(company),
    ]
    return [(document, edit) for document, edit in pages if edit.at <= company.as_of]


def exercises_of(company: Company) -> Iterator[tuple[str, datetime, tuple[str, ...], Edit]]:
    """Kind, date, services and commit of every exercise."""
    habits, author = company.habits, company.staff[1]
    plans: list[tuple[str, int, tuple[str, ...]]] = []
    for service in habits.services:
        days_ago = service.habits.documents.recovery_exercise_days_ago
        plans.extend(("dr", days, (service.id,)) for days in [days_ago] if days is not None)
    if habits.handbook.security_exercise_age is not None:
        plans.append(("security", habits.handbook.security_exercise_age, ()))
    plans.extend(("game_day", days, (habits.services[0].id,)) for days in habits.handbook.game_days_age)
    for kind, days, services in plans:
        at = (habits.as_of - timedelta(days=days)).replace(hour=10, minute=0)
        where = services[0] if services else "company"
        head = {"kind": kind, "date": at.date().isoformat(), "services": f"[{', '.join(services)}]"}
        if kind == "dr":
            head |= {"rto_target": "4h", "rto_actual": "3h"}
        text = page(f"Exercise: {kind} of {where}", "We did it and it went as written.", head)
        path = f"exercises/{at:%Y-%m-%d}-{kind.replace('_', '-')}-{where}.md"
        edit = Edit(at + timedelta(hours=5), path, text, author, f"Record the {kind} exercise")
        if edit.at <= company.as_of:
            yield kind, at, services, edit


def postmortem_edits(company: Company, review: Postmortem) -> Iterator[Edit]:
    """One commit by each participant, within the hours before publication."""
    key = company.keys[review.incident]
    keys = ", ".join(company.keys[action] for action in review.actions if action in company.keys)
    texts = {
        "Timeline": "All times in UTC; see the ticket.",
        "Impact": "Users waited or failed.",
        "Root cause": "Found together, without blame.",
        "Actions": keys or "None.",
    }
    head = {
        "incident": key,
        "service": review.service or "",
        "published": review.published_at.date().isoformat(),
    }
    count = len(review.participants)
    for turn, person in enumerate(review.participants, start=1):
        notes = "".join(f"\nNoted by participant {number}.\n" for number in range(1, turn + 1))
        sections = "".join(f"\n## {name}\n\n{texts[name]}\n" for name in review.sections)
        text = _front(head) + f"# Post-mortem of {key}\n" + sections + notes
        at = review.published_at - timedelta(minutes=20 * (count - turn))
        yield Edit(at, f"postmortems/{key}.md", text, person, f"Post-mortem of {key}, part {turn}")


def page(title: str, lead: str, head: Mapping[str, str], paragraphs: int = 4) -> str:
    """A Markdown page with front matter."""
    return _front(head) + f"# {title}\n\n{lead}\n\n" + "\n".join([_FILLER] * paragraphs)


def _front(head: Mapping[str, str]) -> str:
    return "---\n" + "".join(f"{name}: {text}\n" for name, text in head.items() if text) + "---\n\n"


def _words(text: str) -> int:
    return len(text.split())


def _written(
    company: Company, subject: Subject, title: str, days: int, *, approved: bool = True
) -> tuple[Document, Edit]:
    """A page whose last edit and review lie ``days`` back."""
    touched = (company.habits.as_of - timedelta(days=days)).replace(hour=9, minute=30)
    author = company.staff[days % len(company.staff)]
    other = company.staff[(days + 1) % len(company.staff)]
    path, kind, topic, services = subject.path, subject.kind, subject.topic, subject.services
    head = {"kind": kind, "topic": topic}
    if len(services) == 1:
        head["service"] = services[0]
    elif services:
        head["services"] = f"[{', '.join(services)}]"
    head["reviewed"] = touched.date().isoformat()
    if approved and kind in {"policy", "plan"}:
        head["approved_by"] = other.login
    text = page(title, f"About {title.lower()}.", head)
    document = Document(kind, topic, services, touched, approved, _words(text))
    return document, Edit(touched, path, text, author, f"Write {path}", other)


def _runbooks(company: Company) -> Iterator[tuple[Document, Edit]]:
    for service in company.habits.services:
        own = service.habits.documents
        for number in range(own.runbooks):
            name = service.id if number == 0 else f"{service.id}-{number + 1}"
            subject = Subject(f"docs/runbooks/{name}.md", "runbook", "operations", (service.id,))
            title = f"Runbook {service.name} {number + 1}"
            yield _written(company, subject, title, own.runbook_age_days + 17 * number)


def _policies(company: Company) -> Iterator[tuple[Document, Edit]]:
    handbook = company.habits.handbook
    for name, days in handbook.policy_ages.items():
        subject = Subject(f"docs/policies/{name}.md", "policy", name)
        approved = name not in handbook.unapproved_policies
        yield _written(company, subject, f"Policy on {name}", days, approved=approved)


def _plans(company: Company) -> Iterator[tuple[Document, Edit]]:
    handbook = company.habits.handbook
    for service in company.habits.services:
        if service.habits.documents.continuity_plan:
            path = f"docs/plans/continuity-{service.id}.md"
            subject = Subject(path, "plan", "continuity", (service.id,))
            yield _written(company, subject, f"Continuity plan {service.name}", _CONTINUITY_PLAN_AGE)
    if handbook.capacity_plan_age is not None:
        subject = Subject("docs/plans/capacity.md", "plan", "capacity")
        yield _written(company, subject, "Capacity plan", handbook.capacity_plan_age)
    if handbook.security_plan_age is not None:
        subject = Subject("docs/plans/security-incident.md", "plan", "security incident")
        yield _written(company, subject, "Security incident plan", handbook.security_plan_age)


def _processes(company: Company) -> Iterator[tuple[Document, Edit]]:
    days = company.habits.handbook.incident_process_age
    if days is not None:
        subject = Subject("docs/processes/incident.md", "process", "incident")
        yield _written(company, subject, "Incident process", days)
    subject = Subject("docs/kb/requests.md", "kb_article", "requests")
    yield _written(company, subject, "How to ask for things", 100)


def _reports(company: Company) -> Iterator[tuple[Document, Edit]]:
    """Monthly reports; the latest months are there, older ones were never written."""
    for back in range(1, company.habits.handbook.report_months + 1):
        days = 30 * back - 14
        at = company.habits.as_of - timedelta(days=days)
        subject = Subject(f"docs/reports/{at:%Y-%m}.md", "report", "operations")
        yield _written(company, subject, f"Operations report {at:%Y-%m}", days)
