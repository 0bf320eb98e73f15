"""Every question of insight, and one's history, is answered by an index: a year of sums is not read for a month of them."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.bench import insight
from tests.control.storage.conftest import private_postgres
from tests.control.storage.test_plans import Explaining, executed, nodes

LARGE = {"insight_media", "insight_users", "insight_heat", "history", "viewings", "receipts"}
SITTINGS = 3000


@pytest.fixture(scope="module")
def asked():
    with private_postgres() as url:
        insight.prepared(url, SITTINGS)
        with psycopg.connect(url, autocommit=True) as connection:
            keep_as_the_processor_does(connection)
            connection.execute("VACUUM ANALYZE insight_media, insight_users")
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
