"""Every question that people ask of the library is answered by indexes, however much there is in it.

What a plan really read is counted, not what it was expected to cost: no statement may look at more than its bound of media.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from control.storage.sql import migrate
from control.storage.sql.pool import Database
from tests.generated_media import generate
from tests.library_questions import LISTS, deep, questions

BOUNDS = {10_000: 5000, 1_000_000: 25_000}  # media that there are -> media that a statement may look at
FETCHED_IN_VAIN = 200
NAMES = [name + who for who in ("", ", as a viewer") for name in (*LISTS, "page 200", "tags", "folders")] + ["uploaders", "the middle"]


class Explaining(Database):
    """Keeps the plan of every statement."""

    plans: list[dict]

    def all(self, query, parameters=()):
        explained = super().all(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {query}", parameters)
        self.plans.append(explained[0]["QUERY PLAN"][0]["Plan"])
        return super().all(query, parameters)

    def one(self, query, parameters=()):
        return next(iter(self.all(query, parameters)), None)


@pytest.fixture(scope="module", params=[10_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def asked(request, database_url):
    """Explains what it is asked, the questions, and the bound; a database of its own is generated beside the tests' one."""
    url = database_url.replace("/sluice?", f"/plans{request.param}?")
    migrate.apply(url)
    owners = generate(url, request.param)
    database = Explaining(url, max_size=2)
    database.plans = []
    database.open()
    yield database, questions(database, owners[0]) | {"the middle": deep(database)}, BOUNDS[request.param]
    database.close()


@pytest.mark.parametrize("name", NAMES)
def test_no_question_reads_the_whole_library(asked, name):
    database, ask, bound = asked
    database.plans.clear()
    ask[name]()
    for plan in database.plans:
        for node in filter(executed, nodes(plan)):
            assert node["Node Type"] != "Seq Scan" or node["Relation Name"] != "media", json.dumps(node, indent=1)
            assert looked_at(node) <= bound, f"{looked_at(node)} media: {json.dumps(node, indent=1)}"


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def executed(node: dict) -> bool:
    return node["Actual Loops"] > 0


def looked_at(node: dict) -> int:
    """Rows that a node was given by an index, or sorted."""
    if "Scan" not in node["Node Type"] and node["Node Type"] != "Sort":
        return 0
    passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + passed_over) * node["Actual Loops"]


@pytest.mark.parametrize("who", ["", ", as a viewer"])
def test_a_tag_of_one_kind_is_found_without_fetching_what_has_it_not(asked, who):
    database, ask, _ = asked
    database.plans.clear()
    ask["a tag and a kind" + who]()
    for node in (node for plan in database.plans for node in filter(executed, nodes(plan))):
        alone = node["Node Type"] == "Index Only Scan"
        fetched = node["Heap Fetches"] if alone else node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
        assert fetched <= FETCHED_IN_VAIN, json.dumps(node, indent=1)
