"""What the keys of models and rules mean, in a sentence each, with examples."""

from __future__ import annotations

from itomm.rules.schemas.describing import Texts

RULE_TEXTS: Texts = {
    "RuleDocument": {
        "rule": ("Name of the rule, unique in the rule set.", "incident-restore-time"),
        "answers": ("Id of the criterion that the rule answers.", "SS-INC-4.2"),
        "per": (
            (
                "service: each service gets its own answer. organisation: one answer from all records. "
                "Both in a list: services get their own, and the organisation's is measured over all records."
            ),
            "service",
            ["service", "organisation"],
        ),
        "from": ("The record type that the rule looks at.", "incident"),
        "where": (
            "Which records count: an expression over the fields of the record type. Null is not true.",
            "severity <= 2 and resolved_at is not null",
        ),
        "services": (
            (
                "To which services the rule applies: an expression over service records. "
                "False: not applicable. Null: unknown."
            ),
            "tier <= 2",
        ),
        "window": ("Only records whose field lies in the last days before the as-of instant count.",),
        "linked": ("Facts about other record types, usable like fields of the record.",),
        "measure": ("How the records that count become one value: exactly one measure.", {"count": True}),
        "minimum_sample": ("Fewer records that count give unknown (insufficient_sample).", 5),
        "minimum_coverage": ("Share of the time looked back at that every source must cover.", "90 %"),
        "grade": ("What the measured value must be for yes, and for partial; anything else is no.",),
        "missing": (
            "The answer when no record counts and every collection behind it was complete.",
            "unknown",
        ),
        "looked": (
            "Records that show that somebody looked: without any, no record that counts means unknown.",
        ),
        "confidence": (
            "direct: the record is the fact. proxy: it stands for the fact. weak: it hints at it.",
        ),
        "because": ("Why this measure is honest, in a sentence; shown by 'itomm explain'.",),
        "untold_as_empty": (
            "Fields that count as empty where the source cannot tell them, each with the reason for that.",
            {"merge_request.first_commit_at": "Then the work began when the change was proposed."},
        ),
        "parameters": ("Values that an organisation may set within limits; written as $name.",),
        "extends": ("Another rule of the same rule set, whose keys are taken where this one has none.",),
        "query": ("One checked SELECT over record types, for what from and where cannot say.",),
        "tests": ("Cases that 'itomm rules test' runs.",),
        "mutants": ("Small changes to the rule that no test notices, each with the reason for that.",),
    },
    "LookedDocument": {
        "from": ("The record type that shows it.", "security_scan"),
        "where": ("Which of its records show it: an expression over its fields.", "enabled"),
    },
    "WindowDocument": {
        "field": ("An instant of the record type.", "opened_at"),
        "days": ("Length of the window, ending at the as-of instant.", 90),
    },
    "LinkedDocument": {
        "from": ("The record type of the linked records.", "postmortem"),
        "on": (
            (
                "Which fields must be equal: field of the linked type, field of the rule's type. "
                "A list on either side means: contains."
            ),
            {"incident_key": "key"},
        ),
        "where": (
            "Which linked records fit. Bare names are theirs; base. names the rule's record.",
            "published_at <= base.resolved_at + interval '14 days'",
        ),
        "count": ("true: the number of fitting records, usable like a number field.", True),
        "none_without_source": (
            "Why no record fits where no source delivers the type at all; else the answer is unknown there.",
            "Who keeps no change tickets has none that could name it.",
        ),
    },
    "GradeDocument": {
        "yes": ("Comparison with a quantity in the measure's unit.", "<= 4 h", ">= 2 and <= 5"),
        "partial": ("The same, for partial.", "<= 24 h"),
    },
    "ThresholdDocument": {
        "measured": ("Comparison with a quantity in the measure's unit.", ">= 95 %"),
        "days": ("Length of this grade's own window.", 180),
    },
    "ParameterDocument": {
        "default": ("The value where the organisation sets none.", "4 h"),
        "from": ("The least value that may be set.", "1 h"),
        "to": ("The greatest value that may be set.", "24 h"),
        "looser": ("Which direction makes the rule easier to pass.", "higher"),
        "about": ("Why an organisation may set it.",),
    },
    "MutantDocument": {
        "change": ("The change as 'itomm rules test --mutate' words it.",),
        "reason": ("Why no test can or should notice it.",),
    },
    "CaseDocument": {
        "name": ("What the case shows.", "median of five fast restores"),
        "given": ("Records by type; only the fields that matter.",),
        "as_of": ("The instant that is scored; default 2026-11-01T00:00:00Z.", "2026-11-01T00:00:00Z"),
        "scope": ("Whose answer is expected where the rule answers for both.", "organisation"),
        "service": ("Which service's answer is expected; default s1.", "s1"),
        "services": ("Services beyond those that the records name, as ids or with fields.", ["a", "b"]),
        "incomplete": ("Record types whose collection failed.", ["incident"]),
        "never_collected": ("Record types that no source delivers.", ["incident"]),
        "untold": (
            "Fields that the source cannot tell, by record type; records with a 'source' tell them.",
            {"incident": ["acknowledged_at"]},
        ),
        "expect": ("The answer, and what else of it must be so.",),
        "parameters": ("Parameters as an organisation would set them.",),
    },
    "ExpectDocument": {
        "answer": ("The expected answer.", "yes"),
        "reason": ("Why it is unknown.", "insufficient_sample"),
        "measured": ("The measured value with its unit.", "2 h"),
        "counted": ("How many records count.", 5),
        "matched": ("How many of those satisfy the measure's condition.", 4),
        "seen": ("How many records were looked at.", 7),
    },
}

MODEL_TEXTS: Texts = {
    "ModelDocument": {
        "model": ("Id of the model.", "itomm"),
        "title": ("Name that people read.",),
        "version": ("Version of the questionnaire.", "1.0.0"),
        "levels": ("Levels by number, from the lowest; nothing is asked at the lowest.",),
        "areas": ("Areas in the order in which they are shown.",),
    },
    "LevelDocument": {"name": ("Name of the level.", "Managed"), "about": ("What it means, in a line.",)},
    "AreaDocument": {
        "id": ("Id of the area.", "SS"),
        "name": ("Name that people read.", "Service support"),
        "weight": ("How much the area counts.", 1),
        "purpose": ("What it is for, in a sentence.",),
    },
    "PracticeDocument": {
        "practice": ("Id of the practice.", "SS-INC"),
        "area": ("Id of the area that it belongs to.", "SS"),
        "name": ("Name that people read.", "Incident management"),
        "purpose": ("What it is for, in a sentence.",),
        "weight": ("How much the practice counts within its area.", 1),
        "references": ("Chapters of frameworks, by framework.", {"itil4": ["Incident management"]}),
        "criteria": ("The questions of the practice.",),
    },
    "CriterionDocument": {
        "id": ("Id of the criterion.", "SS-INC-4.2"),
        "level": ("The level that it belongs to; above the lowest.", 4),
        "weight": ("How much it counts within its level.", 2),
        "dimension": ("process, people or technology.", "process"),
        "mode": ("evidence: a rule answers. human: a person answers. hybrid: either may.", "evidence"),
        "mandatory": ("A no here keeps the level from being reached.", False),
        "title": ("Short name.", "High-priority incidents are picked up fast"),
        "question": ("The question as it is asked.",),
        "why": ("Why it matters, in a sentence.",),
        "evidence_of_yes": ("What a yes looks like.",),
        "advice": ("What to do to get there.",),
        "effort": ("S, M or L: how much work it is to get there.", "M"),
        "depends_on": ("Criteria that have to be met before this one can; a roadmap keeps to it.",),
        "not_applicable_when": ("When the question does not apply.",),
        "rubric": ("What earns a yes, partial or no where a person answers.",),
        "references": ("Chapters of frameworks, by framework.", {"itil4": ["Incident management"]}),
    },
}
