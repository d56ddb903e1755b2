"""The report shows every layer, every reason and every record that it was given."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from itomm.reports.wording import (
    LAYER_WORDS,
    OVERRIDE_STATE_WORDS,
    REASON_SENTENCES,
    VERDICT_WORDS,
    VIEW_TITLES,
)
from itomm.scoring.assessment import Assessment, EvidenceRecord, LevelRange, ModelText, View
from tests.reports.page_tree import Node, by_id, criterion_details, parse
from tests.reports.sample_assessment import Sample, SampleBuilder


@pytest.fixture(scope="module")
def page(report: str) -> Node:
    return parse(report)


def test_every_criterion_appears_once_under_its_practice(sample: Sample, page: Node) -> None:
    shown = [
        node.attributes["id"].removeprefix("criterion-")
        for node in page.walk()
        if node.attributes.get("id", "").startswith("criterion-")
    ]
    assert sorted(shown) == sorted(text.id for text in sample.assessment.model.criteria)
    for text in sample.assessment.model.criteria:
        section = next(
            node for node in by_id(page, f"criterion-{text.id}").ancestors if node.tag == "section"
        )
        assert section.attributes["aria-labelledby"] == f"practice-{text.practice}"


def test_groups_count_their_criteria_and_start_with_what_holds_back(page: Node) -> None:
    for section in page.classed("practice"):
        headings = [node.text for node in section.all("h4")]
        counts = [int(number) for number in re.findall(r"\((\d+)\)", " ".join(headings))]
        assert sum(counts) == len(section.classed("criterion"))
        assert not [text for text in headings[1:] if text.startswith("Holds")]


def test_the_three_views_stand_side_by_side(page: Node) -> None:
    cards = page.classed("card")
    assert [card.all("h3")[0].text for card in cards] == list(VIEW_TITLES.values())
    for card in cards:
        for label in ("Low to high", "Index", "Known", "Confidence"):
            assert label in card.text


def with_level(sample: Sample, view: View, level: LevelRange) -> Sample:
    organisation = sample.assessment.scopes[0]
    views = {**organisation.views, view: replace(organisation.views[view], level=level)}
    scopes = (replace(organisation, views=views), *sample.assessment.scopes[1:])
    return replace(sample, assessment=replace(sample.assessment, scopes=scopes))


def test_overrides_that_change_the_level_are_announced(sample: Sample) -> None:
    before = with_level(sample, View.STATED, LevelRange(1, 2, 3, rated=True))
    after = with_level(before, View.OVERRIDES, LevelRange(2, 3, 3, rated=True))
    assert "Overrides change the level: 2 without them, 3 with them." in parse(after.html()).text


def test_overrides_that_change_no_level_are_not_announced(sample: Sample) -> None:
    same = LevelRange(1, 2, 3, rated=True)
    unchanged = with_level(with_level(sample, View.STATED, same), View.OVERRIDES, same)
    assert "Overrides change the level" not in parse(unchanged.html()).text


def test_a_view_that_is_not_rated_shows_no_level(sample: Sample) -> None:
    unrated = parse(with_level(sample, View.EVIDENCE, LevelRange(1, 2, 4, rated=False)).html())
    card = unrated.classed("card")[0]
    assert "NR Not rated: too little is known" in card.text
    assert "1–4" in card.text  # noqa: RUF001 - the dash that people see
    assert "Level 2" not in card.text


def test_failed_and_refused_collections_are_listed_with_what_to_do(page: Node) -> None:
    section = by_id(page, "collection").parent
    assert section
    rows = [row.text for row in section.all("table")[0].all("tr")[1:]]
    assert len(rows) == 2
    assert rows[0].startswith("gitlab merge_request The source refused access")
    assert "403 Forbidden" in rows[0]
    assert "Grant the collector's account read access" in rows[0]
    assert "shop/checkout, shop/basket" in rows[0]
    assert rows[1].startswith("jira incident The collection behind this failed")


def test_a_collection_without_fault_says_so(sample: Sample) -> None:
    good = replace(sample, assessment=replace(sample.assessment, sources=sample.assessment.sources[:1]))
    assert "Nothing: all 1 stream was collected completely." in parse(good.html()).text


def test_without_any_collection_the_page_says_how_to_start(sample: Sample) -> None:
    empty = replace(sample, assessment=replace(sample.assessment, sources=()))
    assert "Nothing has been collected yet." in parse(empty.html()).text


def test_every_unknown_reason_and_layer_and_state_is_worded(build_sample: SampleBuilder) -> None:
    text = parse(build_sample(practices_per_area=4).html()).text
    for sentence in (*REASON_SENTENCES.values(), *OVERRIDE_STATE_WORDS.values(), *VERDICT_WORDS.values()):
        assert sentence in text
    for layer in ("rule", "person", "override", "roll_up"):
        assert f"Decided by {LAYER_WORDS[layer]}" in text


def test_an_override_stands_beside_the_answer_it_replaced(sample: Sample, page: Node) -> None:
    overridden = next(
        answer
        for answer in sample.assessment.scopes[0].answers
        if any(each.state == "active" and each.verdict.value == "yes" for each in answer.overrides)
    )
    details = criterion_details(page, overridden.criterion)
    summary = details.all("summary")[0].text
    assert summary.startswith("✓ Met")
    assert "evidence says ✗ Not met" in summary
    layers = details.classed("layers")[0].text
    assert "Inferred by rule share-of-things: ✗ Not met" in layers
    assert "in place of ✗ Not met (40 % measured then)" in layers
    assert "Proposed by r.iyer, approved by m.okafor" in layers
    assert "from 2026-11-12 06:00 UTC until 2027-02-20 06:00 UTC" in layers
    assert "On evidence alone: ✗ Not met" in layers
    assert "With overrides: ✓ Met" in layers


def test_a_service_override_names_its_service(sample: Sample, page: Node) -> None:
    rolled_up = next(
        answer
        for answer in sample.assessment.scopes[0].answers
        if answer.in_force[View.EVIDENCE].layer == "roll_up"
    )
    details = criterion_details(page, rolled_up.criterion)
    assert "3 services: 1 met, 1 partly met, 1 unknown" in details.all("summary")[0].text
    assert "Override o-900 for service-2" in details.text
    rows = [row.text for row in details.all("tbody")[0].all("tr")]
    assert len(rows) == 3
    assert "too few records" in rows[1]
    assert "◐ Partly met ✗ Not met" in rows[2]


def test_the_rule_is_shown_as_written(page: Node) -> None:
    written = page.all("pre")[0]
    assert written.words == ['rule: share-of-things\nwhere: severity <= 2 and name <> "</pre><script>"\n']


def test_a_rule_whose_text_is_not_at_hand_is_still_named(sample: Sample) -> None:
    page = parse(replace(sample, rules={}).html())
    assert not page.all("pre")
    assert "Rule: share-of-things" in page.text


def test_records_say_how_many_of_how_many_and_the_request_that_fetched_them(page: Node) -> None:
    table = page.classed("records")[0]
    assert table.all("caption")[0].text.endswith("3 of the 12 that counted are shown")
    assert [row.children[2].text for row in table.all("tr")[1:]] == [
        "counts, condition holds",
        "counts, condition fails",
        "counts",
    ]
    requests = page.classed("requests")[0]
    assert [node.text for node in requests.all("li")] == [
        "GET https://jira.example/rest/api/3/search/jql?jql=project%20%3D%20OPS&maxResults=100"
    ]


def test_records_that_did_not_count_come_last_and_say_so(build_sample: SampleBuilder) -> None:
    table = parse(build_sample(records=7).html()).classed("records")[0]
    standings = [row.children[2].text for row in table.all("tr")[1:]]
    assert standings[-1] == "does not count"
    assert standings.count("does not count") == 1
    assert table.all("caption")[0].text.endswith("6 of the 12 that counted are shown")


def test_a_record_that_counted_for_the_service_and_the_organisation_is_shown_once(sample: Sample) -> None:
    criterion, _ = next(iter(sample.evidence))
    records = sample.evidence[criterion, "acme"]
    later = tuple(replace(each, collected_at=each.collected_at + timedelta(0)) for each in records)
    doubled: dict[tuple[str, str], tuple[EvidenceRecord, ...]] = {
        (criterion, "acme"): records,
        (criterion, "s1"): later,
    }
    table = parse(replace(sample, evidence=doubled).html()).classed("records")[0]
    assert len(table.all("tr")) == 1 + len(records)


def test_records_that_counted_but_are_not_given_are_counted(sample: Sample) -> None:
    assert "12 records counted; none is shown here." in parse(replace(sample, evidence={}).html()).text


def test_every_cell_of_the_heat_map_has_a_level_and_every_practice_a_link(sample: Sample, page: Node) -> None:
    heat = page.classed("heat")[0]
    rows = heat.all("tbody")[0].all("tr")
    practices = sample.assessment.model.practices
    assert len(rows) == len(sample.assessment.scopes)
    for row in rows:
        cells = row.all("td")
        assert len(cells) == 1 + len(practices)
        assert all(re.match(r"[1-5]|NR", cell.text) for cell in cells)
    assert [link.attributes["href"] for link in heat.all("a")] == [
        f"#practice-{each.id}" for each in practices
    ]


def test_cells_that_are_not_rated_are_marked_by_word_and_line(sample: Sample, page: Node) -> None:
    unrated = [cell for cell in page.classed("heat")[0].all("td") if cell.text.startswith("NR")]
    assert all("unrated" in cell.attributes["class"] for cell in unrated)
    expected = sum(
        not level.rated
        for scope in sample.assessment.scopes
        for score in [scope.views[View.OVERRIDES]]
        for level in (score.level, *(practice.level for practice in score.practices))
    )
    assert len(unrated) == expected


def test_the_radar_stands_beside_its_table(page: Node) -> None:
    beside = page.classed("beside")[0]
    assert beside.classed("radar")
    assert len(beside.all("table")[0].all("tbody")[0].all("tr")) == 4


def test_with_too_few_areas_for_a_radar_the_table_stands_alone(sample: Sample) -> None:
    model = sample.assessment.model
    areas = model.areas[:2]
    kept = {area.id for area in areas}
    smaller = replace(
        model,
        areas=areas,
        practices=tuple(each for each in model.practices if each.area in kept),
        criteria=tuple(each for each in model.criteria if each.area in kept),
    )
    page = parse(replace(sample, assessment=with_model(sample.assessment, smaller)).html())
    assert not page.classed("radar")
    assert len(page.classed("beside")[0].all("tbody")[0].all("tr")) == 2


def with_model(assessment: Assessment, model: ModelText) -> Assessment:
    """The assessment without the parts that the model lacks."""
    areas = {each.id for each in model.areas}
    practices = {each.id for each in model.practices}
    criteria = {each.id for each in model.criteria}
    scopes = tuple(
        replace(
            scope,
            answers=tuple(each for each in scope.answers if each.criterion in criteria),
            views={
                view: replace(
                    score,
                    areas=tuple(each for each in score.areas if each.area in areas),
                    practices=tuple(each for each in score.practices if each.practice in practices),
                )
                for view, score in scope.views.items()
            },
        )
        for scope in assessment.scopes
    )
    return replace(assessment, model=model, scopes=scopes)


def test_the_foot_names_every_input(sample: Sample, page: Node) -> None:
    foot = page.all("footer")[0].text
    for name, digest in sample.assessment.inputs.items():
        assert f"SHA-256 of {name} {digest}" in foot
    assert "Written by itomm 0.0.0-test" in foot
    assert "As of 2026-11-22 06:00 UTC" in foot
    assert "version 1.0" in foot


def test_a_criterion_without_any_answer_is_unknown(sample: Sample) -> None:
    organisation = sample.assessment.scopes[0]
    missing = organisation.answers[0].criterion
    scopes = (replace(organisation, answers=organisation.answers[1:]), *sample.assessment.scopes[1:])
    page = parse(replace(sample, assessment=replace(sample.assessment, scopes=scopes)).html())
    assert criterion_details(page, missing).all("summary")[0].text.startswith("? Unknown")


def test_a_practice_of_which_nothing_applies_still_shows_its_criteria(sample: Sample) -> None:
    left_out = sample.assessment.model.practices[0].id
    organisation = sample.assessment.scopes[0]
    views = {
        view: replace(score, practices=tuple(each for each in score.practices if each.practice != left_out))
        for view, score in organisation.views.items()
    }
    scopes = (replace(organisation, views=views), *sample.assessment.scopes[1:])
    page = parse(replace(sample, assessment=replace(sample.assessment, scopes=scopes)).html())
    section = by_id(page, f"practice-{left_out}").parent
    assert section
    assert "Nothing of it applies." in section.text
    assert len(section.classed("criterion")) == 5


def test_an_area_of_which_nothing_applies_is_listed_without_a_level(sample: Sample) -> None:
    organisation = sample.assessment.scopes[0]
    views = {view: replace(score, areas=score.areas[1:]) for view, score in organisation.views.items()}
    scopes = (replace(organisation, views=views), *sample.assessment.scopes[1:])
    page = parse(replace(sample, assessment=replace(sample.assessment, scopes=scopes)).html())
    first = page.classed("beside")[0].all("tbody")[0].all("tr")[0]
    assert first.text.startswith("Service delivery – not applicable")  # noqa: RUF001 - the dash that people see


def test_a_criterion_without_a_rule_waits_for_a_person(sample: Sample, page: Node) -> None:
    nobody = next(
        each
        for each in sample.assessment.scopes[0].answers
        if each.in_force[View.OVERRIDES].layer == "nobody"
    )
    details = criterion_details(page, nobody.criterion)
    assert "No rule answers this, so a person has to." in details.text
    assert "Not decided." in details.text
    assert "With overrides: ? Unknown, points 0.00 (0.00–1.00), confidence –." in details.text  # noqa: RUF001 - dash


def test_an_unknown_answer_claims_no_decider_and_no_confidence(sample: Sample, page: Node) -> None:
    rolled_up = next(
        each
        for each in sample.assessment.scopes[0].answers
        if each.in_force[View.EVIDENCE].layer == "roll_up"
    )
    unknown = criterion_details(page, rolled_up.criterion).all("tbody")[0].all("tr")[1]
    assert [cell.text for cell in unknown.all("td")[4:6]] == ["–", "–"]  # noqa: RUF001 - the dash that people see
