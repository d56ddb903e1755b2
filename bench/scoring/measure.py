"""Times scoring, roadmap, sensitivity and what-if on made-up answers to the shipped questionnaire.

    python bench/scoring/measure.py [SERVICES]     # default 10000

Process CPU time and the process's peak memory, the answers themselves included.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import TypeVar

from itomm.config.settings import Organisation, Service, Settings
from itomm.evidence.decisions import Decisions
from itomm.evidence.observation import UnknownReason
from itomm.rules.answer import InferredAnswer, Verdict
from itomm.rules.evaluation import AnswersByPlace, InferredAnswers
from itomm.rules.model import Model
from itomm.rules.pack import load_packs
from itomm.scoring.assess import assess_answers, rules_for
from itomm.scoring.assessment import Assumption, ScopeResult, View
from itomm.scoring.planning.optimum import Aim
from itomm.scoring.planning.roadmap import roadmap
from itomm.scoring.planning.sensitivity import moves, robustness
from itomm.scoring.planning.standing import Standing
from itomm.scoring.planning.steps import Costs
from itomm.scoring.scope_answers import ScopeAnswers
from itomm.scoring.what_if import what_if

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
PROFILE = "itomm"
VERDICTS = (Verdict.YES, Verdict.PARTIAL, Verdict.NO, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
SHARES = (50, 15, 20, 10, 5)
WITH_A_RULE = 0.8
Result = TypeVar("Result")


def made_up(chance: random.Random) -> InferredAnswer:
    """An answer as a rule gives it."""
    verdict = chance.choices(VERDICTS, SHARES)[0]
    unknown = verdict is Verdict.UNKNOWN
    return InferredAnswer(
        verdict=verdict,
        reason=UnknownReason.NEVER_COLLECTED if unknown else None,
        detail="",
        rule="made-up",
        measured="1",
        grade_yes=">= 2",
        grade_partial=">= 1",
        counted=chance.randrange(100),
        matched=None,
        seen=100,
        minimum_sample=5,
        base="direct",
        confidence=Fraction(0) if unknown else Fraction(chance.choice([90, 70, 50]), 100),
        record_types=("incident",),
        window_days=90,
        what_would_change_it="",
    )


def timed(what: str, work: Callable[[], Result]) -> Result:
    """Do it, and print what it took."""
    begun = time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:<58} {time.process_time() - begun:8.3f} s CPU   peak {peak} MiB", flush=True)
    return result


def main(services: int) -> None:
    """Measure everything once."""
    chance = random.Random(1)  # noqa: S311  made-up answers, no secrets
    model = load_packs(["itomm"], [], []).model
    listed = tuple(Service(id=f"s{number}") for number in range(services))
    settings = Settings(organisation=Organisation(id="acme", name="Acme"), services=listed)
    answers = {
        each.id: {service.id: made_up(chance) for service in listed}
        for each in model.criteria
        if chance.random() < WITH_A_RULE
    }
    inferred = InferredAnswers({}, AnswersByPlace(answers))
    measure(model, inferred, settings)


def measure(model: Model, inferred: InferredAnswers, settings: Settings) -> None:
    """Score, plan, suppose."""

    def scored() -> tuple[ScopeResult, ...]:
        return assess_answers(model, inferred, Decisions(), settings, AS_OF, profile=PROFILE)

    def suppose(base: ScopeResult) -> ScopeResult:
        answers = ScopeAnswers(inferred, Decisions(), settings, AS_OF, supposed)
        return what_if(base, model, rules_for(model, PROFILE, settings), answers)

    number = len(settings.services)
    supposed = (Assumption("SS-INC-4.2", "acme", Verdict.YES),)
    results = timed(f"scoring {number} services x {len(model.criteria)} criteria", scored)
    standing = Standing.of(model, rules_for(model, PROFILE, settings), results[0], View.OVERRIDES)
    gc.collect()
    gc.freeze()  # the answers of all services are no part of what follows
    timed("roadmap of the organisation to level 3", lambda: roadmap(standing, Aim(3), Costs()))
    timed("roadmap of the organisation to level 5", lambda: roadmap(standing, Aim(5), Costs()))
    timed("what hangs on single answers", lambda: moves(standing))
    timed("fewest answers that change the level", lambda: robustness(standing, Aim(0)))
    timed(f"what-if of the organisation, {number} services", lambda: suppose(results[0]))
    timed("what-if of one service", lambda: suppose(results[1]))
    few = settings.model_copy(update={"services": settings.services[:100]})
    timed(
        "what-if of everything, 100 services",
        lambda: assess_answers(
            model, inferred, Decisions(), few, AS_OF, profile=PROFILE, assumptions=supposed
        ),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
