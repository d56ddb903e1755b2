"""The report is one well-formed, self-contained page that shows every layer and obeys no text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from itertools import pairwise

import pytest

from tests.reports.page_tree import PHRASING, Node, parse
from tests.reports.sample_assessment import Sample, SampleBuilder

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def page(report: str) -> Node:
    return parse(report)


def test_the_same_input_gives_the_same_bytes(sample: Sample, build_sample: SampleBuilder) -> None:
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


def test_a_large_report_stays_small(build_sample: SampleBuilder) -> None:
    """120 criteria, 12 services, 20 records each for four in ten criteria."""
    large = build_sample(practices_per_area=6, services=12, records=20)
    assert len(large.html().encode()) < 3 * MEGABYTE
