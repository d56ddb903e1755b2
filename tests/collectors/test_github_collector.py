"""The GitHub collector over HTTP, against a stand-in that answers as Enterprise Server does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itomm.collectors.conformance import Answer, MemorySink, MisbehavingServer, PretendTime, contract_faults
from itomm.collectors.contract import CheckState
from itomm.collectors.framework.checking import check_source
from itomm.collectors.framework.continuing import Continuation
from itomm.collectors.framework.reading import Assignment
from itomm.collectors.framework.runner import collect
from itomm.collectors.github import GitHubCollector
from itomm.collectors.github.settings import GitHubSettings
from itomm.collectors.source import Source
from itomm.evidence.observation import CollectionOutcome, Observation, UnknownReason
from tests.collectors.github_stand_in import (
    GRAPHQL,
    NO_RIGHT,
    NOT_FOUND,
    REST,
    GitHubStandIn,
    StandInRepository,
    answering,
    deployed,
    job,
    pull,
    refusing,
    reviews,
    run,
)

Estate = tuple[GitHubStandIn, StandInRepository, MisbehavingServer]


@pytest.fixture
def estate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    monkeypatch.setenv("GITHUB_TOKEN", "sesame")
    one = StandInRepository("acme/one")
    github = GitHubStandIn([one])
    with MisbehavingServer(tool=github.answer) as server:
        yield github, one, server


def source_at(server: MisbehavingServer, **settings: Any) -> Source:
    configured = {"url": server.url, "token": "env:GITHUB_TOKEN", "organisations": ["acme"], **settings}
    return Source("github", GitHubCollector, GitHubSettings.model_validate(configured))


def read(
    server: MisbehavingServer,
    *types: str,
    changed_since: datetime | None = None,
    time: PretendTime | None = None,
    **settings: Any,
) -> MemorySink:
    sink, time = MemorySink(), time or PretendTime()
    going_on = (
        Continuation(changed_since, "c", changed_since - timedelta(days=400)) if changed_since else None
    )
    assignment = Assignment(
        run=1,
        until=time.clock(),
        history=timedelta(days=90),
        services=(),
        pseudonym_key=b"github" * 3,
        record_types=frozenset(types) if types else None,
        continue_from={("github", one): going_on for one in types} if going_on else {},
    )
    collect([source_at(server, **settings)], sink, assignment, time.clock, timing=time.timing)
    return sink


def collected(sink: MemorySink, record_type: str) -> tuple[list[Observation], CollectionOutcome]:
    collection = sink.of(record_type)
    assert collection.outcome is not None
    return collection.observations, collection.outcome


def asked_for(server: MisbehavingServer, path: str) -> list[Mapping[str, str]]:
    return [asked.query for asked in server.asked if asked.path == f"{REST}/repos/acme/one{path}"]


@pytest.mark.parametrize("scope", [{}, {"organisations": ["acme"]}, {"repositories": ["acme/one"]}])
def test_github_keeps_the_contract_under_every_fault(scope: Mapping[str, object]) -> None:
    settings = {"token": "env:ITOMM_CONTRACT_TOKEN", **scope}
    assert contract_faults(GitHubCollector, lambda url: {"url": url, **settings}) == []


def busy(repository: StandInRepository) -> None:
    """A repository as busy as an average one: reviews, runs, deployments, releases, findings."""
    repository.files = ["README.md", "infra/main.tf", ".github/workflows/ci.yml"]
    repository.pulls = [
        pull(n, reviews=reviews(("bob", "APPROVED", "2026-10-01T12:00:00Z"))) for n in range(40)
    ]
    repository.runs = [run(n) for n in range(60)]
    repository.jobs = {n: [job("build"), job("unit tests"), job("semgrep")] for n in range(60)}
    waited = [deployed(n, "2026-10-20T10:00:00Z", f"merge{n}", "WAITING", "SUCCESS") for n in range(20)]
    for one in waited:
        one["statuses"]["nodes"][0]["logUrl"] = "https://github.example/acme/one/actions/runs/1/job/2"
    repository.deployments = waited
    repository.environments = [{"name": "production", "protection_rules": [{"type": "required_reviewers"}]}]
    repository.releases = [{"tag_name": f"v{n}", "published_at": "2026-10-01T00:00:00Z"} for n in range(10)]
    repository.collaborators = [{"id": 1, "login": "ann", "permissions": {"admin": True}}]


def test_a_first_run_takes_at_most_35_requests_a_repository(estate: Estate) -> None:
    _, one, server = estate
    busy(one)
    sink = read(server)
    assert [c.outcome.error for c in sink.collections if c.outcome and not c.outcome.complete] == []
    assert len(sink.of("pipeline").observations) == 60
    assert len(server.requests) == 19


def test_a_first_run_with_a_token_that_may_not_read_check_runs_takes_at_most_35_too(estate: Estate) -> None:
    github, one, server = estate
    busy(one)
    github.check_runs = False
    sink = read(server)
    assert len(server.requests) == 33
    _, outcome = collected(sink, "pipeline")
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "the jobs of 45 of 60 workflow runs were not read" in outcome.error
    assert "Checks: read" in outcome.error


def test_a_second_run_asks_only_for_pull_requests_and_runs_that_may_have_changed(estate: Estate) -> None:
    _, one, server = estate
    one.pulls = [
        pull(2, created_at="2026-01-01T00:00:00Z", updatedAt="2026-10-31T00:00:00Z", mergedAt=None),
        pull(1, updatedAt="2026-10-02T08:00:00Z"),
    ]
    one.runs = [
        run(3, "2026-10-31T10:00:00Z"),
        run(2, "2026-10-20T10:00:00Z"),
        run(1, "2026-01-01T10:00:00Z"),
    ]
    since = datetime(2026, 10, 30, tzinfo=UTC)
    sink = read(server, "merge_request", "pipeline", changed_since=since)
    assert [found.source_ref for found in collected(sink, "merge_request")[0]] == ["acme/one#2"]
    assert [found.source_ref for found in collected(sink, "pipeline")[0]] == ["acme/one/runs/3"]


def test_pull_requests_are_read_page_by_page_until_they_are_too_old(estate: Estate) -> None:
    _, one, server = estate
    young = [pull(n, f"2026-10-{n % 28 + 1:02}T08:00:00Z") for n in range(120)]
    one.pulls = [*young, *(pull(n, "2026-01-01T00:00:00Z") for n in range(200, 400))]
    found, outcome = collected(read(server, "merge_request"), "merge_request")
    assert outcome.complete
    assert len(found) == 120
    assert len([asked for asked in server.asked if asked.path == GRAPHQL]) == 3


def test_a_page_of_graphql_that_github_gives_up_on_is_asked_for_in_halves(estate: Estate) -> None:
    github, one, server = estate
    one.pulls = [pull(n) for n in range(30)]
    sizes: list[int] = []

    def answer(asked: Any) -> Answer:
        if asked.path == GRAPHQL:
            size = int(asked.text.partition('"size": ')[2].partition(",")[0].rstrip("}"))
            sizes.append(size)
            if size > 20:
                return Answer(502, b"<html>Bad gateway</html>")
        return github.answer(asked)

    server.tool = answer
    found, outcome = collected(read(server, "merge_request"), "merge_request")
    assert outcome.complete
    assert len(found) == 30
    assert sizes == [50, 25, 12, 12, 12]


def test_all_reviews_are_asked_for_where_more_exist_than_came_along(estate: Estate) -> None:
    _, one, server = estate
    many = reviews(("bob", "COMMENTED", "2026-10-01T10:00:00Z"))
    many["pageInfo"]["hasNextPage"] = True
    one.pulls = [pull(7, reviews=many)]
    late = {"user": {"login": "eve"}, "state": "APPROVED", "submitted_at": "2026-10-01T20:00:00Z"}
    one.answers["/pulls/7/reviews"] = answering([late])
    (found,), _ = collected(read(server, "merge_request", people="named"), "merge_request")
    assert found.fields["approvers"] == ["eve"]


def test_the_next_link_is_followed_by_its_query_alone(estate: Estate) -> None:
    _, _one, server = estate
    elsewhere = "https://evil.example/repos/acme/one/releases?per_page=100&page=2"
    row = {"tag_name": "v1", "published_at": "2026-10-01T00:00:00Z"}
    path = f"{REST}/repos/acme/one/releases"
    server.on(
        path, answering([row], Link=f'<{elsewhere}>; rel="next"'), answering([{**row, "tag_name": "v2"}])
    )
    found, outcome = collected(read(server, "release"), "release")
    assert outcome.complete
    assert [release.fields["tag"] for release in found] == ["v1", "v2"]
    assert [query.get("page") for query in asked_for(server, "/releases")] == [None, "2"]


def test_a_next_link_that_comes_again_ends_the_stream_incomplete(estate: Estate) -> None:
    _, one, server = estate
    again = f'<{server.url}{REST}/repos/acme/one/releases?page=2>; rel="next"'
    one.answers["/releases"] = answering([], Link=again)
    _, outcome = collected(read(server, "release"), "release")
    assert not outcome.complete
    assert len(asked_for(server, "/releases")) == 2


def test_a_used_up_rate_limit_is_waited_for_and_not_taken_for_a_refusal(estate: Estate) -> None:
    _, _one, server = estate
    limited = Answer(403, b'{"message": "You have exceeded a secondary rate limit"}', {"Retry-After": "60"})
    server.on(f"{REST}/repos/acme/one/releases", limited, answering([]))
    time = PretendTime()
    _, outcome = collected(read(server, "release", time=time), "release")
    assert outcome.complete
    assert 60 <= sum(time.waits) < 62


@pytest.mark.parametrize(
    "limited",
    [
        refusing(403, "You have exceeded a secondary rate limit. Please wait a few minutes."),
        Answer(403, b"{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
        Answer(429, b"{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}),
    ],
)
def test_a_rate_limit_that_does_not_end_is_a_failure_and_no_lack_of_rights(
    estate: Estate, limited: Answer
) -> None:
    _, one, server = estate
    one.answers["/releases"] = limited
    _, outcome = collected(read(server, "release"), "release")
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "rate limit" in outcome.error


def test_a_rate_limit_within_graphql_is_a_failure_and_no_lack_of_rights(estate: Estate) -> None:
    _, one, server = estate
    one.answers["pullRequests"] = answering(
        {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit"}]}
    )
    _, outcome = collected(read(server, "merge_request"), "merge_request")
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "rate limit" in outcome.error


@pytest.mark.parametrize(
    ("path", "record_type", "grant"),
    [
        ("/git/trees/main", "repository", "Contents: read"),
        ("/branches/main/protection", "branch_protection", "Administration: read"),
        ("/actions/runs", "pipeline", "Actions: read"),
        ("/releases", "release", "Contents: read"),
        ("/dependabot/alerts", "vulnerability", "Dependabot alerts: read"),
        ("/secret-scanning/alerts", "security_scan", "Secret scanning alerts: read"),
        ("/code-scanning/analyses", "security_scan", "Code scanning alerts: read"),
        ("/collaborators", "access_grant", "push"),
    ],
)
@pytest.mark.parametrize("refused", [NO_RIGHT, NOT_FOUND, refusing(451, "Repository access blocked")])
def test_a_refusal_names_the_permission_and_spares_the_other_repositories(
    estate: Estate, path: str, record_type: str, grant: str, refused: Answer
) -> None:
    github, one, server = estate
    one.answers[path] = refused
    two = StandInRepository("acme/two", releases=[{"tag_name": "v1", "published_at": "2026-10-01T00:00:00Z"}])
    two.collaborators = [{"id": 2, "login": "bob", "permissions": {}}]
    two.runs, two.jobs = [run(9)], {9: [job("semgrep")]}
    two.alerts = {"dependabot": [{"number": 1, "created_at": "2026-10-01T00:00:00Z"}]}
    github.repositories.append(two)
    found, outcome = collected(read(server, record_type), record_type)
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert outcome.denied == ("acme/one",)
    assert grant in outcome.error
    assert any("acme/two" in each.source_ref for each in found)


@pytest.mark.parametrize("kind", ["pullRequests", "deployments"])
def test_a_refusal_of_graphql_is_one_although_its_status_is_200(estate: Estate, kind: str) -> None:
    _, one, server = estate
    forbidden = {"type": "FORBIDDEN", "message": "Resource not accessible by personal access token"}
    one.answers[kind] = answering({"data": {"repository": {kind: None}}, "errors": [forbidden]})
    record_type = "merge_request" if kind == "pullRequests" else "deployment"
    found, outcome = collected(read(server, record_type), record_type)
    assert found == []
    assert outcome.reason is UnknownReason.PERMISSION_DENIED


def test_a_token_refused_half_way_fails_the_stream(estate: Estate) -> None:
    _, one, server = estate
    one.answers["/releases"] = refusing(401, "Bad credentials")
    _, outcome = collected(read(server, "release"), "release")
    assert outcome.reason is UnknownReason.PERMISSION_DENIED
    assert "token" in outcome.error


def test_an_organisation_refused_makes_every_stream_incomplete(estate: Estate) -> None:
    *_, server = estate
    sink = read(server, "release", "repository", organisations=["acme", "elsewhere"])
    for record_type in ("release", "repository"):
        _, outcome = collected(sink, record_type)
        assert outcome.denied == ("elsewhere",)
        assert "Is it an organisation" in outcome.error


def test_an_empty_repository_is_no_failure(estate: Estate) -> None:
    _, one, server = estate
    one.files = []
    one.answers["/branches/main/protection"] = refusing(404, "Branch not found")
    sink = read(server, "repository", "branch_protection", "iac_definition")
    for collection in sink.collections:
        assert collection.observations == []
        assert collection.outcome is not None
        assert collection.outcome.complete
    assert "acme/one is empty" in collected(sink, "repository")[1].warnings[0]


def test_a_branch_with_files_and_without_any_commit_is_a_contradiction_and_no_fact(estate: Estate) -> None:
    _, one, server = estate
    one.answers["/commits"] = answering([])
    found, outcome = collected(read(server, "repository"), "repository")
    assert "acme/one" not in [each.source_ref for each in found]
    assert outcome.denied == ("acme/one",)
    assert outcome.reason is UnknownReason.COLLECTION_FAILED
    assert "no commit" in outcome.error


@pytest.mark.parametrize(
    "unprotected",
    [
        refusing(404, "Branch not protected"),
        refusing(403, "Upgrade to GitHub Pro or make this repository public to enable this feature."),
    ],
)
def test_a_branch_that_is_not_protected_or_cannot_be_is_told_from_one_that_may_not_be_seen(
    estate: Estate, unprotected: Answer
) -> None:
    _, one, server = estate
    one.answers["/branches/main/protection"] = unprotected
    if unprotected.status == 403:
        one.answers["/rules/branches/main"] = unprotected
    (found,), outcome = collected(read(server, "branch_protection"), "branch_protection")
    assert outcome.complete
    assert found.fields["push_restricted"] is False


def test_part_of_a_tree_is_never_taken_for_the_whole(estate: Estate) -> None:
    _, one, server = estate
    one.answers["/git/trees/main"] = answering({"tree": [{"path": "a", "type": "blob"}], "truncated": True})
    found, outcome = collected(read(server, "repository"), "repository")
    assert found == []
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE


def test_a_renamed_repository_is_read_under_its_new_name_and_says_so(estate: Estate) -> None:
    _github, one, server = estate
    there = f"{server.url}{REST}/repositories/1"
    server.on(f"{REST}/repos/acme/old", Answer(301, b"{}", {"Location": there}))
    server.on(f"{REST}/repositories/1", answering(one.payload()))
    sink = read(server, "repository", organisations=[], repositories=["acme/old"])
    (found,), outcome = collected(sink, "repository")
    assert found.source_ref == "acme/one"
    assert found.service_keys[:2] == ("acme/one", "acme/old")
    assert outcome.warnings == ("acme/old is now acme/one; write that in the settings.",)
    assert server.headers[-1]["Authorization"] == "Bearer sesame"


OFF: Mapping[str, Answer] = {
    "/dependabot/alerts": refusing(403, "Dependabot alerts are disabled for this repository."),
    "/code-scanning/alerts": refusing(404, "no analysis found"),
    "/code-scanning/analyses": refusing(403, "Code scanning is not enabled for this repository."),
    "/secret-scanning/alerts": refusing(404, "Secret scanning is disabled on this repository."),
}


def test_a_scanner_that_is_off_is_a_fact_and_no_refusal(estate: Estate) -> None:
    _, one, server = estate
    one.answers = {path: OFF[path] for path in ("/dependabot/alerts", "/code-scanning/analyses")}
    sink = read(server, "vulnerability", "security_scan")
    _, outcome = collected(sink, "vulnerability")
    assert outcome.complete
    assert "Dependabot alerts is off" in outcome.warnings[0]
    found, outcome = collected(sink, "security_scan")
    assert outcome.complete
    assert {scan.fields["kind"]: scan.fields["enabled"] for scan in found} == {"sca": False, "secret": True}


def test_that_nothing_was_found_says_nothing_where_nothing_is_scanned(estate: Estate) -> None:
    _, one, server = estate
    one.answers = dict(OFF)
    _, outcome = collected(read(server, "vulnerability"), "vulnerability")
    assert outcome.reason is UnknownReason.INSUFFICIENT_COVERAGE
    assert "no scanner is switched on" in outcome.error


def test_findings_of_all_kinds_are_read_until_they_are_older_than_the_last_run(estate: Estate) -> None:
    _, one, server = estate
    for kind in ("dependabot", "code-scanning", "secret-scanning"):
        one.alerts[kind] = [
            {"number": 2, "created_at": "2026-03-01T00:00:00Z", "updated_at": "2026-10-31T00:00:00Z"},
            {"number": 1, "created_at": "2026-03-01T00:00:00Z", "updated_at": "2026-03-02T00:00:00Z"},
        ]
    everything, outcome = collected(read(server, "vulnerability"), "vulnerability")
    assert outcome.complete
    assert len(everything) == 6
    since = datetime(2026, 10, 30, tzinfo=UTC)
    changed, _ = collected(read(server, "vulnerability", changed_since=since), "vulnerability")
    assert [one for one in everything if one.source_ref.endswith("/2")] == changed
    assert asked_for(server, "/secret-scanning/alerts")[0]["hide_secret"] == "true"


def test_deployments_are_judged_by_their_neighbours_and_bring_the_tickets_of_what_was_merged(
    estate: Estate,
) -> None:
    _, one, server = estate
    one.pulls = [pull(1, title="OPS-7 mend it", mergeCommit={"oid": "b"})]
    one.deployments = [
        deployed(3, "2026-10-31T10:00:00Z", "a"),
        deployed(2, "2026-10-25T10:00:00Z", "b", "IN_PROGRESS", "SUCCESS", "INACTIVE"),
        deployed(1, "2026-10-24T10:00:00Z", "a"),
        deployed(0, "2026-10-23T10:00:00Z", "z", "IN_PROGRESS"),
    ]
    found, outcome = collected(read(server, "deployment"), "deployment")
    assert outcome.complete
    by_ref = {each.source_ref.rpartition("/")[2]: each.fields for each in found}
    assert set(by_ref) == {"1", "2", "3"}
    assert by_ref["3"]["rollback"] is True
    assert by_ref["2"]["failed_change"] is True
    assert by_ref["2"]["change_keys"] == ["OPS-7"]
    since = datetime(2026, 10, 30, tzinfo=UTC)
    changed, _ = collected(read(server, "deployment", changed_since=since), "deployment")
    assert [each.source_ref for each in changed] == ["acme/one/deployments/3", "acme/one/deployments/2"]
    assert changed[1].fields == by_ref["2"]


def test_a_person_at_the_gate_shows_by_the_environments_rule_or_by_who_started_the_run(
    estate: Estate,
) -> None:
    _, one, server = estate
    one.environments = [{"name": "production", "protection_rules": [{"type": "required_reviewers"}]}]
    by_hand = deployed(3, "2026-10-27T10:00:00Z", "c", environment="staging")
    by_hand["statuses"]["nodes"][0]["logUrl"] = "https://github.example/acme/one/actions/runs/8/job/2"
    one.runs = [run(8, "2026-10-27T09:00:00Z", event="workflow_dispatch")]
    one.deployments = [
        deployed(1, "2026-10-25T10:00:00Z", "a", "WAITING", "SUCCESS"),
        deployed(2, "2026-10-26T10:00:00Z", "b", "SUCCESS"),
        by_hand,
        deployed(4, "2026-10-28T10:00:00Z", "d", "WAITING", "SUCCESS", environment="staging"),
    ]
    found, _ = collected(read(server, "deployment"), "deployment")
    gates = {each.source_ref.rpartition("/")[2]: each.fields["manual_gate"] for each in found}
    assert gates == {"1": True, "2": False, "3": True, "4": False}


def test_runs_say_which_scanners_and_plans_run(estate: Estate) -> None:
    _, one, server = estate
    one.files = ["infra/main.tf"]
    one.runs = [run(2, event="pull_request"), run(1)]
    one.jobs = {2: [job("gitleaks"), job("terraform plan")], 1: [job("terraform apply"), job("checkov")]}
    sink = read(server, "security_scan", "iac_definition")
    scans = {scan.fields["kind"]: scan.fields for scan in collected(sink, "security_scan")[0]}
    assert scans["secret"]["on_merge_request"] is True
    assert scans["iac"]["on_merge_request"] is False
    (plan,) = collected(sink, "iac_definition")[0]
    assert plan.fields["plan_in_ci"] is True
    assert plan.fields["apply_in_ci"] is True
    assert plan.fields["policy_check"] == "blocking"


def test_a_record_leads_to_its_page_and_to_the_question_that_fetched_it(estate: Estate) -> None:
    _, one, server = estate
    one.pulls = [pull(1)]
    page = read(server, "merge_request").of("merge_request").pages[0]
    assert page.observations[0].url == "https://github.example/acme/one/pull/1"
    assert page.request.method == "POST"
    assert page.request.url == f"{server.url}{GRAPHQL}"
    assert page.request.query["name"] == "one"
    assert "pullRequests(first: $size" in page.request.query["query"]
    assert "sesame" not in repr(page)


def test_no_name_of_a_person_and_no_leaked_secret_is_stored(estate: Estate) -> None:
    _, one, server = estate
    busy(one)
    one.alerts["secret-scanning"] = [
        {
            "number": 1,
            "created_at": "2026-10-01T00:00:00Z",
            "secret": "hunter2-hunter2",
            "resolved_by": {"login": "ann", "html_url": "https://github.example/ann"},
        }
    ]
    stored = repr(read(server).collections)
    assert "hunter2" not in stored
    for name in ("'ann'", "'bob'", "/ann", "Ann Author"):
        assert name not in stored


def test_findings_can_be_entered_behind_every_page_of_every_kind(estate: Estate) -> None:
    _, one, server = estate
    rows = [{"number": number, "created_at": "2026-10-01T00:00:00Z"} for number in range(150)]
    one.alerts = {"dependabot": rows, "code-scanning": rows[:1], "secret-scanning": []}
    collection = read(server, "vulnerability").of("vulnerability")
    reached = [dict(progress["checkpoint"]) for progress in collection.progress if progress]
    assert [each["position"] and each["position"]["kind"] for each in reached] == [
        "dependabot",
        "code-scanning",
        "secret-scanning",
        None,
    ]
    assert reached[0]["position"]["page"] == "2"


def test_the_check_tells_the_account_and_each_permission_that_is_missing(estate: Estate) -> None:
    github, one, server = estate
    github.check_runs = False
    one.runs = [run(1)]
    one.answers = {"/branches/main/protection": NO_RIGHT, "/dependabot/alerts": OFF["/dependabot/alerts"]}
    time = PretendTime()
    checks = check_source(source_at(server), time.clock, timing=time.timing)
    by_title = {check.title.partition(" (")[0]: check for check in checks}
    assert "auditor" in by_title["Signed in"].detail
    assert by_title["Branch protection"].state is CheckState.WARNING
    assert "Grant the token Administration: read" in by_title["Branch protection"].remedy
    assert "administration=read" in by_title["Branch protection"].detail
    assert by_title["Dependabot alerts"].state is CheckState.OK
    assert "runs_with_jobs" in by_title["Jobs of workflow runs"].remedy
    others = set(by_title) - {"Branch protection", "Jobs of workflow runs"}
    assert {by_title[title].state for title in others} == {CheckState.OK}


def test_a_token_without_repositories_fails_the_check(estate: Estate) -> None:
    github, _, server = estate
    github.repositories.clear()
    time = PretendTime()
    *_, last = check_source(source_at(server), time.clock, timing=time.timing)
    assert last.state is CheckState.FAILED
    assert last.remedy


@pytest.mark.parametrize(
    ("url", "rest", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
        ("https://git.acme.de", "https://git.acme.de/api/v3", "https://git.acme.de/api/graphql"),
        ("https://git.acme.de/api/v3", "https://git.acme.de/api/v3", "https://git.acme.de/api/graphql"),
    ],
)
def test_every_edition_is_asked_at_its_own_address(url: str, rest: str, graphql: str) -> None:
    settings = GitHubSettings.model_validate({"url": url, "token": "env:T"})
    assert (settings.rest_root, settings.graphql_address) == (rest, graphql)


def test_the_address_for_people_is_refused_with_the_one_for_programs() -> None:
    with pytest.raises(ValueError, match=r"https://api\.github\.com"):
        GitHubSettings.model_validate({"url": "https://github.com", "token": "env:T"})


@pytest.mark.parametrize("name", ["one", "acme/one/two", "../secrets", "acme/one?x=1"])
def test_a_repository_is_named_by_owner_and_name(name: str) -> None:
    with pytest.raises(ValueError, match="repositories"):
        GitHubSettings.model_validate({"token": "env:T", "repositories": [name]})
