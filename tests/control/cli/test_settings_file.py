"""The new sluice.toml promises to show every setting with its default."""

import re

from control import settings
from control.cli.settings_file import demo_sections, settings_file
from control.settings.sections import Section

# Shown as examples, because their default is "none".
EXAMPLES = {"vault.authority", "server.certificate", "server.certificate_key", "mounts", "protected", "issuers", "data"}


def switched_on(text: str) -> str:
    return re.sub(r"^#(?=[a-z\]]| {4}\{)", "", text, flags=re.MULTILINE)


def load(tmp_path, text: str) -> settings.Settings:
    (tmp_path / "sluice.toml").write_text(text)
    return settings.load(tmp_path)


def without_examples(loaded: settings.Settings) -> dict:
    values = loaded.model_dump(exclude={"data", "mounts", "protected", "issuers"})
    del values["vault"]["authority"], values["server"]["certificate"], values["server"]["certificate_key"]
    return values


def test_as_it_is_it_changes_nothing(tmp_path):
    assert load(tmp_path, settings_file()) == settings.Settings(data=tmp_path)


def test_every_shown_value_is_the_default(tmp_path):
    shown = load(tmp_path, switched_on(settings_file()))
    assert without_examples(shown) == without_examples(settings.Settings.model_construct(data=tmp_path))


def test_every_setting_is_shown(tmp_path):
    shown = load(tmp_path, switched_on(settings_file()))
    assert unset(shown) <= EXAMPLES


def unset(section, prefix="") -> set[str]:
    """Settings that the file does not mention."""
    found = set()
    for name in type(section).model_fields:
        value = getattr(section, name)
        if name not in section.model_fields_set:
            found.add(prefix + name)
        elif isinstance(value, Section):
            found |= unset(value, f"{prefix}{name}.")
    return found


def test_the_port_that_was_asked_for_is_set(tmp_path):
    assert load(tmp_path, settings_file(1500)).server.port == 1500


def test_the_demo_is_a_mount_and_a_gate(tmp_path):
    loaded = load(tmp_path, settings_file() + demo_sections(tmp_path / "a 'quoted' place"))
    assert [(mount.name, mount.path.name) for mount in loaded.mounts] == [("demo", "mount")]
    assert [(gate.url, gate.path.parent.parent.name) for gate in loaded.protected] == [
        ("/gate/demo/", "a 'quoted' place")
    ]
