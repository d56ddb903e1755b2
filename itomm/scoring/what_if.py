"""What would be, if, from answers that are there already: only what is supposed is answered again."""

from __future__ import annotations

from dataclasses import replace

from itomm.rules.model import Model
from itomm.scoring.assess import score_views
from itomm.scoring.assessment import ScopeResult
from itomm.scoring.levels import Rules
from itomm.scoring.scope_answers import ScopeAnswers
from itomm.scoring.scorer import Scorer


def what_if(base: ScopeResult, model: Model, rules: Rules, supposed: ScopeAnswers) -> ScopeResult:
    """A scope as it would be; the same as assessing everything with the assumptions of ``supposed``.

    ``base`` is the scope without them, from the same answers, decisions and settings.
    """
    about = supposed.assumed_about
    answers = [
        supposed.of(each.criterion, base.kind, base.id) if each.criterion in about else each
        for each in base.answers
    ]
    decided = [place for place, each in enumerate(answers) if supposed.is_decided(each.criterion)]
    views = score_views(answers, Scorer(model, rules), decided)
    return replace(base, views=views, answers=tuple(answers))
