"""The report is one well-formed, self-contained page that shows every layer and obeys no text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from itomm.reports.wording import (
    LAYER_WORDS,
    OVERRIDE_STATE_WORDS,
    REASON_SENTENCES,
    VERDICT_WORDS,
    VIEW_TITLES,
)
from itomm.scoring.assessment import Assessment, EvidenceRecord, LevelRange, ModelText, View

if TYPE_CHECKING:
    from tests.reports.conftest import Sample

VOID = {"meta", "link", "img", "br", "hr", "input"}
PHRASING = {"a", "bdi", "b", "code", "em", "small", "span", "strong", "time"}
MEGABYTE = 1_000_000


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: Node | None = None
    contents: list[Node | str] = field(default_factory=list)

    @property
    def children(self) -> list[Node]:
        return [each for each in self.contents if isinstance(each, Node)]

    @property
    def words(self) -> list[str]:
        return [each for each in self.contents if isinstance(each, str)]

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            yield child
            yield from child.walk()

    def all(self, *tags: str) -> list[Node]:
        return [node for node in self.walk() if node.tag in tags]

    def classed(self, name: str) -> list[Node]:
        return [node for node in self.walk() if name in node.attributes.get("class", "").split()]

    @property
    def raw(self) -> str:
        end = "" if self.tag in PHRASING else " "
        return "".join(each if isinstance(each, str) else each.raw for each in self.contents) + end

    @property
    def text(self) -> str:
        """What is read, with whitespace as a browser shows it."""
        return " ".join(self.raw.split())

    @property
    def ancestors(self) -> Iterator[Node]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors


class StrictParser(HTMLParser):
    """Builds a tree; any element that is not closed by its own end tag fails."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document", {})
        self.current = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"attribute twice in {self.get_starttag_text()}"
        node = Node(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.contents.append(node)
        if tag not in VOID:
            self.current = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.current.tag == tag, f"</{tag}> closes <{self.current.tag}> at line {self.getpos()[0]}"
        assert self.current.parent
        self.current = self.current.parent

    def handle_data(self, data: str) -> None:
        self.current.contents.append(data)


def parse(html: str) -> Node:
    parser = StrictParser()
    parser.feed(html)
    parser.close()
    assert parser.current is parser.root, f"<{parser.current.tag}> is never closed"
    return parser.root


@pytest.fixture(scope="module")
def page(report: str) -> Node:
    return parse(report)


def by_id(page: Node, name: str) -> Node:
    return next(node for node in page.walk() if node.attributes.get("id") == name)


def criterion_details(page: Node, criterion: str) -> Node:
    parent = by_id(page, f"criterion-{criterion}").parent
    assert parent
    return parent


def test_the_same_input_gives_the_same_bytes(sample: Sample, build_sample: Callable[..., Sample]) -> None:
    assert sample.html().encode() == build_sample().html().encode()


def test_the_page_says_its_language_and_has_one_main_heading(page: Node) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    assert [node.text for node in page.all("h1")] == ["Maturity assessment of Acme"]
    assert len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1


def test_headings_never_skip_a_rank(page: Node) -> None:
    ranks = [int(node.tag[1]) for node in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert ranks[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(ranks))


def test_every_id_is_used_once(page: Node) -> None:
    ids = Counter(node.attributes["id"] for node in page.walk() if "id" in node.attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    assert not [name for name in ids if re.search(r"\s", name) or not name]


def test_every_reference_within_the_page_leads_somewhere(page: Node) -> None:
    ids = {node.attributes.get("id") for node in page.walk()}
    wanted = {
        node.attributes["href"][1:] for node in page.all("a") if node.attributes["href"].startswith("#")
    }
    for attribute in ("aria-labelledby", "aria-describedby"):
        wanted |= {node.attributes[attribute] for node in page.walk() if attribute in node.attributes}
    assert wanted
    assert wanted <= ids


def test_the_first_link_skips_to_the_report(page: Node) -> None:
    assert page.all("a")[0].attributes["href"] == "#main"


def test_nothing_is_loaded_or_run(report: str, page: Node) -> None:
    assert "<script" not in report.lower()
    assert not page.all(
        "script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio"
    )
    for node in page.walk():
        loading = {
            name for name in node.attributes if name in {"src", "srcset", "style"} or name.startswith("on")
        }
        assert not loading, node
    assert not re.search(r"url\(|@import", page.all("style")[0].text)


def test_the_content_policy_allows_this_stylesheet_and_nothing_else(report: str, page: Node) -> None:
    policy = next(node for node in page.all("meta") if "http-equiv" in node.attributes).attributes["content"]
    style = report[report.index("<style>") + len("<style>") : report.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_links_out_of_the_page_tell_the_other_side_nothing(page: Node) -> None:
    outward = [node for node in page.all("a") if not node.attributes["href"].startswith("#")]
    assert outward
    for link in outward:
        assert re.match(r"(https?|file)://", link.attributes["href"]), link.attributes["href"]
        assert link.attributes["rel"] == "noreferrer noopener"


def test_an_address_that_is_no_page_is_shown_as_text(page: Node) -> None:
    table = page.classed("records")[0]
    assert "(javascript:alert(1))" in table.text
    assert [node.attributes["href"] for node in table.all("a")] == [
        "https://jira.example/browse/OPS-1",
        "file:///srv/git/shop",
    ]


def test_hostile_text_is_shown_as_it_was_written(report: str, page: Node) -> None:
    assert "&lt;script&gt;alert(" in report
    assert "<script>alert(\"x\")</script> & 'quotes'" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", report)


def test_text_that_changes_direction_is_kept_apart(page: Node) -> None:
    turned = [node for node in page.walk() if any("\u202e" in words for words in node.words)]
    assert turned
    assert {node.tag for node in turned} == {"bdi"}


def test_tables_have_captions_and_scoped_headers_and_can_be_scrolled_by_keyboard(page: Node) -> None:
    tables = page.all("table")
    assert tables
    for table in tables:
        assert len(table.all("caption")) == 1
        assert all(header.attributes.get("scope") for header in table.all("th"))
        region = table.parent
        assert region
        assert region.attributes["tabindex"] == "0"
        assert region.attributes["aria-labelledby"] == table.all("caption")[0].attributes["id"]


def test_table_rows_have_as_many_cells_as_their_headers(page: Node) -> None:
    for table in page.all("table"):
        head = table.all("thead")[0]
        columns = sum(int(cell.attributes.get("colspan", 1)) for cell in head.all("tr")[0].children)
        for body in table.all("tbody"):
            for row in body.all("tr"):
                assert sum(int(cell.attributes.get("colspan", 1)) for cell in row.children) == columns


def test_blocks_do_not_stand_inside_paragraphs_or_summaries(page: Node) -> None:
    for paragraph in page.all("p", "summary", "h1", "h2", "h3", "h4", "h5", "caption"):
        assert {node.tag for node in paragraph.walk()} <= PHRASING


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


def test_every_unknown_reason_and_layer_and_state_is_worded(build_sample: Callable[..., Sample]) -> None:
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


def test_records_that_did_not_count_come_last_and_say_so(build_sample: Callable[..., Sample]) -> None:
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


def test_a_large_report_stays_small(build_sample: Callable[..., Sample]) -> None:
    """120 criteria, 12 services, 20 records each for four in ten criteria."""
    large = build_sample(practices_per_area=6, services=12, records=20)
    assert len(large.html().encode()) < 3 * MEGABYTE
