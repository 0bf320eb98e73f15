"""`sluice doctor` looks at the vault's store: each thing that is wrong has its cure."""

from __future__ import annotations

import pytest

from control.cli.checks.objects import store
from control.settings import Settings, load
from control.settings.sections import Vault
from tests.object_store import BUCKET
from tests.stack import free_port


@pytest.fixture
def settings(object_store, tmp_path) -> Settings:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/s3.ini").write_text(object_store.credentials)
    (tmp_path / "keys/s3.ini").chmod(0o600)
    vault = Vault(store="s3", endpoint=object_store.endpoint, bucket=BUCKET, prefix="doctor-test/")
    return load(tmp_path).model_copy(update={"vault": vault})


def found(settings: Settings, **changed) -> dict[str, tuple[str, str]]:
    changed = settings.model_copy(update={"vault": settings.vault.model_copy(update=changed)})
    return {one.check: (one.state, one.cure) for one in store(changed)}


def test_a_store_that_does_what_it_must_is_well_and_keeps_nothing_of_it(settings, object_store):
    assert {state for state, _ in found(settings).values()} == {"ok"} and len(found(settings)) == 3
    assert not [name for name in object_store.contents() if name.startswith("doctor-test/")]
    assert found(settings, store="posix") == {}


@pytest.mark.parametrize(("wrong", "cure"), [
    ({"bucket": "elsewhere"}, "Make the bucket"), ({"endpoint": f"http://127.0.0.1:{free_port()}"}, "endpoint right"),
])  # fmt: skip
def test_what_is_wrong_has_its_cure(settings, wrong, cure):
    state, said = found(settings, **wrong)["store"]
    assert state == "failed" and cure in said


def test_an_account_that_may_not_and_one_that_others_may_read_are_said(settings):
    file = settings.paths.keys / "s3.ini"
    file.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    file.chmod(0o644)
    seen = found(settings)
    assert seen["store"][0] == "failed" and "GetObject" in seen["store"][1]
    assert seen["store credentials"] == ("failed", f"chmod 600 {file}")
    file.unlink()
    assert next(store(settings)).state == "warning"
