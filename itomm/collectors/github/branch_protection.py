"""What protects a default branch: classic protection and rulesets together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itomm.collectors.github.repository_facts import Repository
from itomm.collectors.payload import Payload, mapping_of, rows_of
from itomm.evidence.observation import Observation


@dataclass(frozen=True)
class _Effect:
    """What one kind of protection does to the branch."""

    push_restricted: bool
    force_push_allowed: bool
    required_approvals: int
    code_owner_required: bool
    status_checks_required: bool


def branch_protection(
    repository: Repository, branch: str, classic: Payload | None, rules: Sequence[Payload]
) -> Observation:
    """The rules on the branch; a branch that nothing protects is a fact, too.

    Classic protection and rulesets hold side by side, and the stricter one wins. Who may go past a ruleset is
    only shown to those who may change it, so ``applies_to_admins`` is known of classic protection alone.

    Args:
        repository: the repository.
        branch: its default branch.
        classic: the branch's classic protection; None when there is none.
        rules: the active rules of all rulesets for the branch.
    """
    effects = [_of_rulesets(rules)]
    if classic is not None:
        effects.append(_of_classic(classic))
    fields: Mapping[str, Any] = {
        "repo_id": repository.path,
        "branch": branch,
        "push_restricted": any(effect.push_restricted for effect in effects),
        "force_push_allowed": all(effect.force_push_allowed for effect in effects),
        "required_approvals": max(effect.required_approvals for effect in effects),
        "code_owner_required": any(effect.code_owner_required for effect in effects),
        "status_checks_required": any(effect.status_checks_required for effect in effects),
        "applies_to_admins": _applies_to_administrators(classic, rules),
    }
    return Observation(
        source_ref=f"{repository.path}@{branch}",
        fields=fields,
        raw={"protection": _kept(classic), "rules": list(rules)},
        url=f"{repository.web_url}/settings/branches",
        service_keys=repository.service_keys,
    )


def required_scanners(rules: Sequence[Payload]) -> bool:
    """Whether a ruleset lets nothing onto the branch without results of code scanning."""
    return any(rule.get("type") == "code_scanning" for rule in rules)


def _of_classic(protection: Payload) -> _Effect:
    reviews = protection.get("required_pull_request_reviews")
    review = mapping_of(reviews)
    restrictions = protection.get("restrictions")
    locked = _is_on(protection, "lock_branch")
    nobody_listed = isinstance(restrictions, Mapping) and not _anybody(restrictions)
    by_request_only = isinstance(reviews, Mapping) and not _anybody(
        mapping_of(review.get("bypass_pull_request_allowances"))
    )
    return _Effect(
        push_restricted=locked or nobody_listed or by_request_only,
        force_push_allowed=_is_on(protection, "allow_force_pushes") and not locked,
        required_approvals=_number(review.get("required_approving_review_count")),
        code_owner_required=review.get("require_code_owner_reviews") is True,
        status_checks_required=_demands_checks(mapping_of(protection.get("required_status_checks"))),
    )


def _of_rulesets(rules: Sequence[Payload]) -> _Effect:
    by_type: dict[str, list[Payload]] = {}
    for rule in rules:
        by_type.setdefault(str(rule.get("type")), []).append(mapping_of(rule.get("parameters")))
    requests = by_type.get("pull_request", [])
    return _Effect(
        push_restricted=bool(requests) or "update" in by_type or "merge_queue" in by_type,
        force_push_allowed="non_fast_forward" not in by_type and "update" not in by_type,
        required_approvals=max(
            (_number(request.get("required_approving_review_count")) for request in requests), default=0
        ),
        code_owner_required=any(request.get("require_code_owner_review") is True for request in requests),
        status_checks_required=any(map(_demands_checks, by_type.get("required_status_checks", [])))
        or "workflows" in by_type,
    )


def _applies_to_administrators(classic: Payload | None, rules: Sequence[Payload]) -> bool | None:
    if classic is not None and _is_on(classic, "enforce_admins"):
        return True
    return False if classic is not None and not rules else None


def _demands_checks(setting: Payload) -> bool:
    return any(bool(setting.get(name)) for name in ("contexts", "checks", "required_status_checks"))


def _anybody(allowances: Payload) -> bool:
    return any(rows_of(allowances.get(kind)) for kind in ("users", "teams", "apps"))


def _is_on(protection: Payload, name: str) -> bool:
    return mapping_of(protection.get(name)).get("enabled") is True


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _kept(classic: Payload | None) -> dict[str, Any] | None:
    """The protection without the accounts, teams and apps that it lists: only how many there are."""
    if classic is None:
        return None
    return {name: _counted(value) for name, value in classic.items() if not name.endswith("url")}


def _counted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: len(part)
            if name in {"users", "teams", "apps"} and isinstance(part, list)
            else _counted(part)
            for name, part in value.items()
            if not str(name).endswith("url")
        }
    return value
