"""Every question of insight, and one's history, is answered by an index: a year of sums is not read for a month of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from control.domain.insight import SPANS, lately, span
from control.storage.sql import rankings
from control.storage.sql.insight import InsightStore
from tests.bench import insight
from tests.control.storage.conftest import private_postgres
from tests.control.storage.test_plans import Explaining, executed, looked_at, nodes

LARGE = {"insight_media", "insight_users", "insight_media_lately", "insight_media_weeks", "insight_heat", "history", "viewings", "receipts"}
SITTINGS, LIMIT = 3000, 20


@pytest.fixture(scope="module")
def asked():
    with private_postgres() as url:
        insight.prepared(url, SITTINGS)
        with psycopg.connect(url, autocommit=True) as connection:
            keep_as_the_processor_does(connection)
            insight.sum_up(url)
            connection.execute(f"VACUUM ANALYZE insight_media, insight_users, {', '.join(insight.RUNNING)}")
        database = Explaining(url, max_size=2)
        database.plans = []
        database.open()
        yield database, insight.questions(database)
        database.close()


def keep_as_the_processor_does(connection) -> None:
    """Days for a year, hours for four days."""
    for table in ("insight_media", "insight_users"):
        connection.execute(f"DELETE FROM {table} WHERE grain = 'h' AND at < now() - interval '4 days'")
        connection.execute(f"CREATE TEMP TABLE earlier AS SELECT * FROM {table} WHERE grain = 'd'")
        for _ in range(5):
            connection.execute("UPDATE earlier SET at = at - interval '61 days'")
            connection.execute(f"INSERT INTO {table} SELECT * FROM earlier")
        connection.execute("DROP TABLE earlier")


def test_no_question_reads_a_whole_table(asked):
    database, questions = asked
    for name, ask in questions.items():
        database.plans.clear()
        ask()
        for plan in database.plans:
            whole = [node for node in filter(executed, nodes(plan)) if node["Node Type"] == "Seq Scan"]
            assert not LARGE & {node["Relation Name"] for node in whole}, f"{name}: {json.dumps(plan, indent=1)}"


@pytest.mark.parametrize("name", SPANS)
def test_what_is_asked_most_is_read_off_running_sums(asked, name):
    """A list of twenty is twenty of them, and the days of the twenty: however many more media and users there are."""
    database, questions = asked
    database.plans.clear()
    questions[f"popular {name}"]()
    read = [(node["Relation Name"], looked_at(node)) for node in scans(database)]
    assert sum(rows for table, rows in read if table == "insight_media_lately") <= LIMIT
    assert sum(rows for table, rows in read if table == "insight_media") <= LIMIT * 30
    database.plans.clear()
    questions[f"most active {name}"]()
    questions[f"active users {name}"]()
    assert "insight_users" not in {node.get("Relation Name") for node in scans(database)}


def scans(database) -> list[dict]:
    return [node for plan in database.plans for node in nodes(plan) if executed(node) and "Relation Name" in node]


def test_every_way_to_a_list_says_the_same(asked, monkeypatch):
    """Running sums, the likely ones first, and all rows added up."""
    database, _ = asked
    store, now = InsightStore(database), datetime.now(UTC)
    spans = [lately(name, now) for name in SPANS] + [
        span(now - timedelta(days=days), now - timedelta(days=days // 3), "d") for days in (1, 9, 29, 80, 250)
    ]
    for one in spans:
        answers = []
        for kept, reach in ((True, 4), (False, 200), (False, 1), (False, 0)):
            with monkeypatch.context() as patched:
                patched.setattr(rankings, "_REACH", reach)
                if not kept:
                    patched.setattr(rankings.Ranking, "_kept", "SELECT WHERE FALSE")
                answers.append((store.popular(one, None, True, None, LIMIT), store.most_active(one, LIMIT)))
        assert all(answers[0]) and all(other == answers[0] for other in answers[1:])
    active = {row["id"] for row in store.most_active(spans[2], 1000)}
    assert [store.active_users(one) for one in spans[2:3]] == [len(active)]
