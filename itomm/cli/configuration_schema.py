"""The JSON Schemas of all YAML that people write, the configuration with its collectors among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from itomm.collectors.discovery import collector_names, load_collector
from itomm.config.errors import StoreError
from itomm.config.settings import Settings
from itomm.rules.pack import shipped_packs
from itomm.rules.schemas.describing import Texts, described_schema
from itomm.rules.schemas.documents import model_schema, pack_schema
from itomm.rules.schemas.rule import rule_schema

_TEXTS: Texts = {
    "Settings": {
        "organisation": ("The whole that is assessed.", {"id": "acme", "name": "Acme"}),
        "history_days": ("How many days back events are read on a first run.", 400),
        "full_reading_days": ("So many days apart everything is read; in between only what changed.", 7),
        "processes": ("How many processes read sources side by side.", 2),
        "sources": ("The tools that evidence is read from, by a name of your own.",),
        "groups": ("Parts of the organisation.", [{"id": "shop", "name": "Shop"}]),
        "services": ("What is assessed.", [{"id": "checkout", "tier": 1}]),
        "scopes": ("Other catalogues that services come from.",),
        "rules": ("Which questionnaire and rules apply.", {"packs": ["itomm"]}),
        "scoring": ("How answers become levels.", {"profile": "itomm"}),
        "store": ("Where evidence and decisions are kept.", {"path": ".itomm"}),
        "signing": ("The key that signs assessments, when it is not kept in the store.",),
        "retention": ("Rules for letting content go; without any, everything is kept.",),
        "health": ("From where on 'itomm doctor' warns of stored evidence.",),
        "trackers": ("Where 'itomm export tickets' makes tickets, by a name of your own.",),
    },
    "Organisation": {"id": ("Id, used everywhere.", "acme"), "name": ("Name that is shown.", "Acme")},
    "Group": {"id": ("Id, used everywhere.", "shop"), "name": ("Name that is shown.", "Shop")},
    "Service": {
        "id": ("Id, used everywhere.", "checkout"),
        "name": ("Name that is shown; default: the id.", "Checkout"),
        "group": ("Id of its group.", "shop"),
        "weight": ("How much it counts in roll-ups.", 3),
        "tier": ("1 is most critical.", 1),
        "lifecycle": ("Only production is assessed.", "production"),
        "owner_team": ("The team that owns it.", "shop-core"),
        "owner_contact": ("How to reach that team.", "shop-core@example.org"),
        "business_owner": ("Who answers for it in the business.",),
        "stateful": ("Whether it keeps data.", True),
        "internet_facing": ("Whether it faces the internet.", True),
        "depends_on": ("Ids of services that it needs.", ["payments"]),
        "last_reviewed_at": ("When its entry was last looked through.", "2026-10-01"),
        "keys": ("By source: the names by which the source knows it.", {"jira": ["checkout"]}),
    },
    "ScopeSettings": {
        "import": (
            "Catalogues in the order in which they count, each a collector of services with its settings.",
            [{"collector": "backstage_files", "path": "catalog"}],
        ),
    },
    "RuleSettings": {
        "packs": ("Shipped packs by name.", ["itomm"]),
        "paths": ("Your own files or folders, relative to this file.", ["rules"]),
        "without": ("Rules to leave out, by name.", ["incidents-fully-logged"]),
        "parameters": ("By rule: parameters with your values.",),
    },
    "ScoringSettings": {
        "profile": ("How strictly levels are given.", "itomm"),
        "minimum_known_share": ("Less known weight than this: not rated.", 0.6),
    },
    "StoreSettings": {
        "path": ("The store's folder, relative to this file.", ".itomm"),
        "database": ("Reference to a team store's database URL.", "env:ITOMM_DATABASE_URL"),
    },
    "SigningSettings": {
        "key": ("Reference to the private key in PEM form.", "file:/run/secrets/itomm-key"),
        "passphrase": ("Reference to what unlocks the key.", "env:ITOMM_PASSPHRASE"),
    },
    "RetentionRule": {
        "name": ("Recorded with everything that the rule lets go.", "raw-one-year"),
        "content": ("What is let go.", "raw"),
        "keep_days": ("How long it is kept.", 365),
        "record_types": ("Only these record types; default: all.", ["incident"]),
    },
    "HealthSettings": {
        "shrinking_share": ("Warn when a stream has lost this share of its records.", 0.2),
        "shrinking_records": ("Warn only when it has lost at least so many.", 5),
        "clock_skew_seconds": ("Warn when a server's clock is off by more.", 60),
        "failures_in_a_row": ("Warn when a stream was incomplete so many times running.", 3),
        "assessment_days": ("Warn when the newest recorded assessment is older.", 90),
    },
    "OverrideSettings": {
        "longest_days": ("How long an override may live.", 90),
        "without_approval": ("What counts without a second person.", ["filling_unknown"]),
        "approvers": ("Who may approve what; without any, everybody but the proposer.",),
        "people": (
            "Other names of a person, by the one they are known by.",
            {"ann@acme.example": ["Ann Lee"]},
        ),
        "most_on_overrides": ("Share of a level's points that may rest on overrides.", "30 %"),
        "most_on_people": ("Share that may rest on overrides and stated answers together.", "60 %"),
    },
    "ApproverSettings": {
        "people": ("Who may approve.", ["cio@acme.example"]),
        "parts": ("Ids of areas, practices and criteria; default: all.", ["SM"]),
        "kinds": ("Kinds of override; default: all.", ["accepted_risk"]),
    },
    "RoadmapSettings": {
        "find_out": ("What it costs to learn an answer that is unknown.", 1),
    },
    "EffortCosts": {
        "S": ("What a small effort costs.", 1),
        "M": ("What a medium effort costs.", 3),
        "L": ("What a large effort costs.", 8),
    },
    "TrackerSettings": {
        "kind": ("What tool it is.", "jira"),
        "url": ("Where the tool answers.", "https://acme.atlassian.net"),
        "user": ("User name or e-mail address; Jira Cloud wants one.", "itomm@acme.example"),
        "token": ("Reference to a token that may make issues in the project.", "env:ITOMM_TRACKER_TOKEN"),
        "project": ("Key in Jira, path in GitLab.", "OPS"),
        "issue_type": ("Type of the issues, in Jira.", "Task"),
        "labels": ("Put on every ticket beside itomm's own.", ["operations"]),
        "deadline_minutes": ("Longest time for one run.", 10),
        "verify": ("true, or the path of a CA bundle.", True),
    },
    "GateSettings": {
        "view": ("Which layers count.", "overrides"),
        "minimum_level": ("Lowest level of the organisation.", 2),
        "areas": ("Lowest level, by area.", {"SM": 2}),
        "practices": ("Lowest level, by practice.", {"SS-INC": 3}),
        "services": ("Lowest level, by service or group.", {"checkout": 3}),
        "minimum_coverage": ("Share of the weight that must be known.", "60 %"),
        "no_expired_overrides": (
            "Whether an override that has ended without a new one fails the gate.",
            True,
        ),
        "no_expired_answers": (
            "Whether a stated answer that has ended without a newer one fails the gate.",
            True,
        ),
        "within_caps": (
            "Whether more resting on people's words than 'overrides' lets fails the gate.",
            True,
        ),
        "largest_drop": ("How far the index may fall below the baseline's.", 0.2),
        "baseline": ("A recorded assessment to compare with.", "S1"),
        "allow_incomplete_sources": ("Whether sources may have failed.", False),
    },
}


def configuration_schema() -> dict[str, Any]:
    """The schema of ``itomm.yaml``; each source is checked by the settings of its collector."""
    schema = described_schema(Settings, "The configuration of itomm (itomm.yaml)", _TEXTS)
    definitions = schema["$defs"]
    (names,) = schema["properties"]["sources"]["patternProperties"]
    chosen = []
    for name in collector_names():
        settings = described_schema(load_collector(name).settings_model, name, {})
        settings = json.loads(json.dumps(settings, default=str).replace('"#/$defs/', f'"#/$defs/{name}-'))
        parts = settings.pop("$defs", {})
        definitions |= {f"{name}-{part}": declared for part, declared in parts.items()}
        settings.pop("$schema")
        settings["properties"]["collector"] = {"const": name, "description": "The collector that reads it."}
        definitions[f"source-{name}"] = settings
        chosen.append(
            {
                "if": {"properties": {"collector": {"const": name}}, "required": ["collector"]},
                "then": {"$ref": f"#/$defs/source-{name}"},
            }
        )
    source = {
        "type": "object",
        "required": ["collector"],
        "properties": {
            "collector": {"description": "The collector that reads it.", "enum": collector_names()}
        },
        "allOf": chosen,
    }
    schema["properties"]["sources"]["patternProperties"] = {names: source}
    definitions["ScopeSettings"]["properties"]["import"]["items"] = source
    packs = definitions["RuleSettings"]["properties"]["packs"]
    packs["items"] = {"enum": shipped_packs()}
    return schema


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "configuration": configuration_schema,
    "model": model_schema,
    "pack": pack_schema,
    "rule": rule_schema,
}


def schema_text(kind: str) -> str:
    """A schema as JSON text; always the same bytes."""
    return json.dumps(SCHEMAS[kind](), ensure_ascii=False, indent=1, default=str) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas into a folder, which is made when it is not there.

    Raises:
        StoreError: they cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in SCHEMAS:
            target = folder / f"{kind}.json"
            target.write_text(schema_text(kind), encoding="utf-8")
            written.append(target)
    except OSError as error:
        raise StoreError(f"{folder} could not be written: {error.strerror}.") from None
    return written
