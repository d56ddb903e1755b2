"""Sample assessments with every verdict, reason, layer and state in them, and with hostile text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from itomm.reports.html import render_report
from itomm.scoring.assessment import (
    AnswerInForce,
    Assessment,
    CriterionAnswer,
    CriterionText,
    EvidenceRecord,
    InferredAnswer,
    Interval,
    ModelText,
    NamedPart,
    OverrideInForce,
    ScopeKind,
    SourceState,
    StatedAnswer,
    UnknownReason,
    Verdict,
    View,
)
from tests.reports.sample_scores import ONE, scope

AS_OF = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
POINTS = {Verdict.YES: ONE, Verdict.PARTIAL: Fraction(1, 2), Verdict.NO: Fraction(0)}
HOSTILE = "<script>alert(\"x\")</script> & 'quotes' \u202eevil\u202c עברית \x00\x1b[31m " + "w" * 120
AREA_NAMES = ("Service delivery", "Service support", "Infrastructure management", "Security management")
STATES = ("active", "proposed", "rejected", "withdrawn", "expired", "superseded", "drifted")
RULES = {"share-of-things": 'rule: share-of-things\nwhere: severity <= 2 and name <> "</pre><script>"\n'}


@dataclass(frozen=True)
class Sample:
    """What a report is made from."""

    assessment: Assessment
    evidence: Mapping[tuple[str, str], tuple[EvidenceRecord, ...]]
    rules: Mapping[str, str]

    def html(self) -> str:
        return render_report(self.assessment, self.evidence, self.rules, "itomm 0.0.0-test")


SampleBuilder = Callable[..., Sample]


def make_sample(practices_per_area: int = 2, services: int = 3, records: int = 3) -> Sample:
    model = make_model(practices_per_area)
    names = [f"service-{number}" for number in range(services)]
    names[0] = HOSTILE
    service_answers = [
        tuple(service_answer(text, number, own) for number, text in enumerate(model.criteria))
        for own in range(services)
    ]
    organisation_answers = tuple(
        organisation_answer(text, number, [answers[number] for answers in service_answers])
        for number, text in enumerate(model.criteria)
    )
    scopes = [scope("acme", "Acme", ScopeKind.ORGANISATION, model, organisation_answers)]
    scopes += [
        scope(f"s{number}", name, ScopeKind.SERVICE, model, answers)
        for number, (name, answers) in enumerate(zip(names, service_answers, strict=True))
    ]
    assessment = Assessment(
        as_of=AS_OF,
        profile="itomm",
        organisation="acme",
        inputs={name: f"{name}-digest" for name in ("snapshot", "model", "rules", "decisions", "settings")},
        model=model,
        scopes=tuple(scopes),
        sources=make_sources(),
    )
    evidence = {
        (text.id, "acme"): tuple(record(text.id, number) for number in range(records))
        for position, text in enumerate(model.criteria)
        if kind_of_answer(position) in {0, 1, 2, 5}
    }
    return Sample(assessment, evidence, RULES)


def make_model(practices_per_area: int) -> ModelText:
    areas = tuple(
        NamedPart(f"A{number}", name, ONE, f"Purpose of {name}.") for number, name in enumerate(AREA_NAMES)
    )
    practices = tuple(
        NamedPart(
            f"{area.id}-P{number}", f"Practice {number} of {area.name}", ONE, "Why it is there.", area.id
        )
        for area in areas
        for number in range(practices_per_area)
    )
    criteria = tuple(
        make_criterion(practice, level, number)
        for practice in practices
        for level, number in ((2, 1), (2, 2), (3, 1), (4, 1), (5, 1))
    )
    levels = {
        1: "Initial: ad-hoc and reactive",
        2: "Repeatable: documented",
        3: "Defined: standardized",
        4: "Managed: measured",
        5: "Optimized: improved",
    }
    return ModelText("itomm", "IT Operations Maturity Model", "1.0", levels, areas, practices, criteria)


def make_criterion(practice: NamedPart, level: int, number: int) -> CriterionText:
    return CriterionText(
        id=f"{practice.id}-{level}.{number}",
        area=practice.area,
        practice=practice.id,
        level=level,
        weight=Fraction(3, 2),
        mandatory=number == 2,
        dimension="process",
        mode="hybrid",
        title=f"Things are done at level {level}",
        question="Are the things done?",
        why="Things undone come back.",
        evidence_of_yes="Nine in ten are done.",
        advice="Do the things, one after the other.",
        effort="M",
        not_applicable_when="There are no things.",
        rubric={"yes": "All are done.", "partial": "Some are.", "no": "None is."},
        references={"iso20000": ("8.6.1", "8.7"), "itil4": ("Incident management",)},
    )


def inferred(
    verdict: Verdict, reason: UnknownReason | None = None, detail: str = "", measured: str | None = "83.3 %"
) -> InferredAnswer:
    return InferredAnswer(
        verdict=verdict,
        reason=reason,
        detail=detail,
        rule="share-of-things",
        measured=None if reason else measured,
        grade_yes=">= 90 %",
        grade_partial=">= 50 %",
        counted=12,
        matched=10,
        seen=20,
        minimum_sample=5,
        base="direct",
        confidence=Fraction(9, 10),
        record_types=("incident", "ticket"),
        window_days=90,
        what_would_change_it="One more done thing would make it met.",
    )


def in_force(verdict: Verdict, layer: str, known: Fraction | None = None) -> AnswerInForce:
    known_share = known if known is not None else Fraction(verdict is not Verdict.UNKNOWN)
    if verdict is Verdict.NOT_APPLICABLE:
        return AnswerInForce(verdict, None, ONE, ONE, layer)
    point = POINTS.get(verdict, Fraction(0))
    return AnswerInForce(
        verdict, Interval(point, point, point + (1 - known_share) * (1 - point)), known_share, ONE, layer
    )


def answer(
    criterion: str,
    *,
    rule: InferredAnswer | None = None,
    stated: StatedAnswer | None = None,
    overrides: tuple[OverrideInForce, ...] = (),
    layer: str = "rule",
) -> CriterionAnswer:
    """An answer whose three views follow from its layers."""
    alone = in_force(rule.verdict, layer) if rule else in_force(Verdict.UNKNOWN, "nobody")
    with_stated = in_force(stated.verdict, "person") if stated and not rule else alone
    active = [each for each in overrides if each.state == "active"]
    everything = in_force(active[0].verdict, "override") if active else with_stated
    views = {View.EVIDENCE: alone, View.STATED: with_stated, View.OVERRIDES: everything}
    return CriterionAnswer(criterion, rule, stated, overrides, views)


def override(
    number: int, state: str, verdict: Verdict, kind: str = "compensating_control"
) -> OverrideInForce:
    return OverrideInForce(
        id=f"o-{number}",
        state=state,
        kind=kind,
        verdict=verdict,
        reason=f"A second team checks them by hand every week. {HOSTILE}",
        proposer="r.iyer",
        approver=None if state == "proposed" else "m.okafor",
        effective_from=AS_OF - timedelta(days=10),
        expires_at=AS_OF + timedelta(days=90),
        saw_verdict=Verdict.NO,
        saw_measured="40 %",
    )


def stated_answer(verdict: Verdict) -> StatedAnswer:
    return StatedAnswer(
        verdict=verdict,
        author="j.doe",
        at=AS_OF - timedelta(days=5),
        reason="We have done so since spring.",
        attachments=("https://wiki.example/things", "javascript:alert(1)", "minutes.pdf"),
        expires_at=AS_OF + timedelta(days=175),
        confidence=Fraction(7, 10),
    )


def organisation_answer(text: CriterionText, number: int, below: list[CriterionAnswer]) -> CriterionAnswer:
    """Ten kinds of answer, one after the other."""
    state = STATES[number // 10 % len(STATES)]
    reason = list(UnknownReason)[number // 10 % len(UnknownReason)]
    raised = override(number, "active", Verdict.YES)
    dropped = override(number, "active", Verdict.NOT_APPLICABLE, "not_applicable")
    later = (override(number, state, Verdict.YES),) if state != "active" else ()
    known = Fraction(sum(each.in_force[View.EVIDENCE].known_share for each in below), len(below))
    rolled_up = in_force(Verdict.PARTIAL, "roll_up", known)
    kinds = (
        answer(text.id, rule=inferred(Verdict.YES)),
        answer(text.id, rule=inferred(Verdict.NO)),
        answer(text.id, rule=inferred(Verdict.PARTIAL)),
        answer(text.id, rule=inferred(Verdict.UNKNOWN, reason, "jira-prod said 403")),
        answer(text.id, stated=stated_answer(Verdict.YES)),
        answer(text.id, rule=inferred(Verdict.NO), overrides=(raised,)),
        answer(text.id, rule=inferred(Verdict.NO), overrides=(dropped,)),
        CriterionAnswer(text.id, None, None, (), dict.fromkeys(View, rolled_up)),
        answer(text.id),
        answer(text.id, rule=inferred(Verdict.PARTIAL), stated=stated_answer(Verdict.NO), overrides=later),
    )
    return kinds[kind_of_answer(number)]


def kind_of_answer(number: int) -> int:
    """Each of ten kinds once in ten criteria, in another order from ten to ten, so that areas differ."""
    return (number + number // 10 * 3) % 10


def service_answer(text: CriterionText, number: int, service: int) -> CriterionAnswer:
    if kind_of_answer(number) != 7:
        return answer(text.id, rule=inferred(Verdict.PARTIAL), layer="inherited")
    match service % 3:
        case 0:
            return answer(text.id, rule=inferred(Verdict.YES, measured="100 %"))
        case 1:
            return answer(text.id, rule=inferred(Verdict.UNKNOWN, UnknownReason.INSUFFICIENT_SAMPLE, HOSTILE))
        case _:
            return answer(
                text.id, rule=inferred(Verdict.NO), overrides=(override(900, "active", Verdict.PARTIAL),)
            )


def make_sources() -> tuple[SourceState, ...]:
    good = SourceState(
        "prometheus", "prometheus", "alert_rule", AS_OF, True, None, "", 139, AS_OF - timedelta(90), AS_OF, ()
    )
    denied = SourceState(
        source="gitlab",
        collector="gitlab",
        record_type="merge_request",
        finished_at=AS_OF,
        complete=False,
        reason=UnknownReason.PERMISSION_DENIED,
        error=f"403 Forbidden. {HOSTILE}",
        records=0,
        window_start=None,
        window_end=None,
        denied=("shop/checkout", "shop/basket"),
    )
    cut_short = SourceState(
        "jira", "jira", "incident", AS_OF, False, None, "", 412, AS_OF - timedelta(90), AS_OF, ()
    )
    return good, denied, cut_short


def record(criterion: str, number: int) -> EvidenceRecord:
    addresses = ("https://jira.example/browse/OPS-1", "javascript:alert(1)", "file:///srv/git/shop")
    return EvidenceRecord(
        source="jira",
        record_type="incident",
        source_ref=f"OPS-{number} {HOSTILE if number == 1 else ''}".strip(),
        url=addresses[number % 3],
        service="s1",
        collected_at=AS_OF - timedelta(hours=2),
        counted=number % 5 != 4,
        matched=(True, False, None)[number % 3],
        fields={
            "severity": str(number),
            "summary": f"{criterion} {HOSTILE}" if number == 0 else "Slow checkout",
        },
        request="GET https://jira.example/rest/api/3/search/jql?jql=project%20%3D%20OPS&maxResults=100",
    )
