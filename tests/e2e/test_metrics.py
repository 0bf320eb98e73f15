"""/metrics: what Prometheus sees through Nginx, that it moves, and that the dashboard and the rules ask for what is there."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.people import add_user, wait_until
from tests.e2e.test_leases import Device

MONITORING = Path(__file__).resolve().parents[2] / "deploy/monitoring"
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}")


def scrape(stack) -> dict:
    """family -> its samples, as Prometheus understands them."""
    answer = stack.session(None).get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found: dict, family: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    samples = found[family].samples if family in found else []
    return sum(s.value for s in samples if labels.items() <= s.labels.items() and not s.name.endswith("_created"))


def test_counters_move_with_what_happens(stack, film):
    before = scrape(stack)
    stranger = stack.session(None)
    stranger.post("/api/auth/login", json={"username": f"nobody-{secrets.token_hex(4)}", "password": "wrong"})
    stranger.get(f"/api/media/thumbnail/{film['id']}")
    stack.session().get(f"/api/media/thumbnail/{film['id']}").raise_for_status()
    wanted = (
        ("sluice_sign_ins", {"outcome": "no_such_user"}), ("sluice_sign_ins", {"outcome": "signed_in"}),
        ("sluice_errors", {"code": "AUTH_001"}), ("sluice_errors", {"code": "AUTH_005"}),
        ("sluice_decisions", {"place": "gate", "outcome": "refused", "reason": "sign_in_required"}),
        ("sluice_decisions", {"place": "gate", "outcome": "allowed"}),
        ("sluice_request_seconds", {"method": "POST", "route": "/api/auth/login"}),
    )  # fmt: skip

    def moved() -> bool:
        now = scrape(stack)
        return all(value(now, name, **labels) > value(before, name, **labels) for name, labels in wanted)

    wait_until(moved, what="a counter has not moved")
    seen = [value(scrape(stack), "sluice_request_seconds", route="/metrics") for _ in range(6)]
    assert seen == sorted(seen)  # each process of control tells of all of them


def test_streams_the_queue_and_the_stores_are_seen(stack, film):
    viewer = Device(stack, add_user(stack), film)
    assert viewer.key() == "key"
    wait_until(lambda: value(scrape(stack), "sluice_streams") >= 1, what="nobody watches")
    found = scrape(stack)
    for up in ("sluice_postgres_up", "sluice_redis_up"):
        assert value(found, up) == 1
    assert value(found, "sluice_processor_lanes") >= 2 and value(found, "sluice_certificate_end_seconds") > 1.7e9
    assert value(found, "sluice_mount_away", mount="shelf") == 0 and value(found, "sluice_disk_free_bytes") > 0
    assert value(found, "sluice_pool_connections") >= 1 and value(found, "sluice_receipts_lines") > 0
    viewer.end()


def test_nothing_that_anybody_sent_and_no_id_is_a_label(stack, film):
    marker = f"marker{secrets.token_hex(4)}"
    stranger = stack.session(None)
    for path in (f"/{marker}", f"/watch/{film['id']}", f"/api/media/{film['id']}", f"/s/{marker}", "/healthz"):
        stranger.get(path, headers={"User-Agent": marker, "X-Sluice-Action": marker})
    stranger.request(marker.upper(), f"/api/media/{film['id']}")
    stranger.post("/api/auth/login", json={"username": marker, "password": marker})
    wait_until(lambda: value(scrape(stack), "sluice_request_seconds", route="/watch/{media_id:uuid}") > 0)
    labels = {
        (name, text) for family in scrape(stack).values() for s in family.samples for name, text in s.labels.items()
    }
    assert not [one for one in labels if marker in one[1].lower() or IDS.search(one[1])]
    assert {name for name, _ in labels} <= {
        "place", "outcome", "reason", "code", "method", "route", "le", "state", "kind", "mount", "disk", "status",
    }  # fmt: skip


def test_other_networks_are_refused_by_nginx_and_by_control(stack):
    for path in ("/metrics", "/%6detrics", "//metrics"):
        answer = stack.session(None, address="127.9.9.9").get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) in ((403, "SEC_001"), (404, "FILE_002"))
    assert stack.session(None, address="127.9.9.9").get("/healthz").status_code == 200


def test_ready_tells_that_the_tables_are_newer_and_goes_on(stack):
    stack.query("INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('later', '9999-later')")
    try:
        answer = stack.session(None).get("/readyz")
    finally:
        stack.query("DELETE FROM _yoyo_migration WHERE migration_id = '9999-later'")
    assert (answer.status_code, answer.json()["newer_tables"]) == (200, ["9999-later"])


def test_ready_tells_of_queue_and_mounts(stack):
    wait_until(lambda: stack.session(None).get("/readyz").json()["checks"].get("queue"))
    answer = stack.session(None).get("/readyz")
    assert answer.json() == {
        "status": "ready",
        "checks": {"postgres": True, "redis": True, "tables": True, "queue": True, "mounts": True},
    }


# --- what lies beside it for Prometheus and Grafana ------------------------------------------------------


def rules() -> list[dict]:
    return yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]


def panels() -> list[dict]:
    return json.loads((MONITORING / "grafana-dashboard.json").read_text())["panels"]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for one in panels() for target in one["targets"]]


def series(found: dict) -> set[str]:
    """Every name that a query may use."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {name + ending for name, family in found.items() for ending in endings[family.type]}


def test_dashboard_and_rules_ask_for_what_there_is(stack, film):
    there = series(scrape(stack))
    for expression in expressions():
        named = set(re.findall(r"sluice_[a-z_]+", expression))
        assert named - {"sluice_"} <= there or 'job="sluice"' in expression, (expression, named - there)
        for opening, closing in ("()", "[]", "{}"):
            assert expression.count(opening) == expression.count(closing), expression


def test_rules_and_dashboard_are_whole():
    assert len({rule["alert"] for rule in rules()}) == len(rules()) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]
    assert len({one["id"] for one in panels()}) == len(panels()) > 15
    sample = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    (job,) = sample["scrape_configs"]
    assert job["job_name"] == "sluice" and job["metrics_path"] == "/metrics" and sample["rule_files"] == ["alerts.yml"]
