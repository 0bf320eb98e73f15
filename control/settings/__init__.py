"""Every setting of Sluice, read once at start from ``DIR/sluice.toml``, ``SLUICE_…`` variables and ``…_FILE`` secrets.

Later sources win: file, then environment (``SLUICE_SERVER__PORT=1027``), then secret files
(``SLUICE_DATABASE__URL_FILE=/run/secrets/db``). An unknown or bad setting names itself and stops the start.
The defaults are those of the user's own ``config.yaml`` wherever it names one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from control.settings.paths import Paths
from control.settings.sections import (
    Archives,
    Audio,
    Database,
    Edge,
    Ffmpeg,
    Hls,
    Images,
    Imports,
    Issuer,
    Keys,
    Limits,
    Links,
    Metrics,
    Mount,
    Password,
    Processing,
    Protected,
    Receipts,
    RedisServer,
    Server,
    Session,
    Shares,
    Trail,
    Trash,
    Uploads,
    Vault,
    Video,
)
from nginx.contract import ORIGINALS_ROOT, UPLOADS_ROOT


class SettingsError(Exception):
    """The settings cannot be used; the text names each bad one and where it came from."""


class Settings(BaseSettings):
    """All sections, plus :attr:`data` (DIR), frozen after start."""

    model_config = SettingsConfigDict(
        env_prefix="SLUICE_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=False
    )

    data: Path
    server: Server = Server()
    edge: Edge = Edge()
    metrics: Metrics = Metrics()
    database: Database = Database()
    redis: RedisServer = RedisServer()
    session: Session = Session()
    password: Password = Password()
    limits: Limits = Limits()
    audit: Trail = Trail()
    receipts: Receipts = Receipts()
    issuers: list[Issuer] = []
    keys: Keys = Keys()
    vault: Vault = Vault()
    hls: Hls = Hls()
    links: Links = Links()
    archives: Archives = Archives()
    shares: Shares = Shares()
    video: Video = Video()
    audio: Audio = Audio()
    images: Images = Images()
    ffmpeg: Ffmpeg = Ffmpeg()
    imports: Imports = Imports()
    uploads: Uploads = Uploads()
    trash: Trash = Trash()
    processing: Processing = Processing()
    mounts: list[Mount] = []
    protected: list[Protected] = []

    @field_validator("mounts", "protected", "issuers")
    @classmethod
    def _unique_names(cls, value: list[Any]) -> list[Any]:
        names = [item.name for item in value]
        if len(set(names)) != len(names):
            raise ValueError("two entries share one name")
        for taken in (ORIGINALS_ROOT, UPLOADS_ROOT):
            if taken in names:
                raise ValueError(f"the name {taken!r} is taken by the files that Sluice keeps itself")
        return value

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = Path(init_settings.init_kwargs["data"]) / "sluice.toml"
        secrets = EnvSettingsSource(settings_cls)
        secrets.env_vars = _secrets_from_files(os.environ)
        return init_settings, secrets, _known_variables(env_settings), TomlConfigSettingsSource(settings_cls, toml)

    @property
    def paths(self) -> Paths:
        return Paths(self.data)

    @property
    def public_url(self) -> str:
        return self.server.public_url.rstrip("/") or f"https://localhost:{self.server.port}"

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def database_url(self) -> str:
        return self.database.url or f"postgresql:///sluice?host={quote(str(self.paths.run))}"

    @property
    def redis_url(self) -> str:
        return self.redis.url or f"unix://{quote(str(self.paths.run))}/redis.sock"

    @property
    def certificate(self) -> Path:
        return self.server.certificate or self.paths.tls / "certificate.pem"

    @property
    def certificate_key(self) -> Path:
        return self.server.certificate_key or self.paths.tls / "key.pem"


class Elsewhere(Settings):
    """Of a directory for another machine: no variable of this one counts there."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, **others
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = Path(init_settings.init_kwargs["data"]) / "sluice.toml"
        return init_settings, TomlConfigSettingsSource(settings_cls, toml)


def load(data: Path | str | None = None, where: type[Settings] = Settings) -> Settings:
    """Return the settings of the data directory `data` (default: ``SLUICE_DATA``, then ``./data``).

    Raises SettingsError, naming every bad setting.
    """
    directory = Path(data or os.environ.get("SLUICE_DATA") or "data").absolute()
    try:
        return where(data=directory)
    except ValidationError as error:
        raise SettingsError(_explain(error, directory)) from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{directory / 'sluice.toml'}: {error}") from None


def _explain(error: ValidationError, directory: Path) -> str:
    lines = [f"bad settings (from {directory / 'sluice.toml'} or SLUICE_… variables):"]
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"]) or "(top level)"
        lines.append(f"  {name}: {problem['msg']}")
    return "\n".join(lines)


def _secrets_from_files(environment) -> dict[str, str]:
    """`SLUICE_X_FILE=/path` stands for `SLUICE_X=<that file's content>`."""
    found = {}
    for name, path in environment.items():
        if name.startswith("SLUICE_") and name.endswith("_FILE"):
            found[name.removesuffix("_FILE").lower()] = Path(path).read_text().strip()
    return found


# Variables that belong to the programs around the settings, not to the settings.
NOT_SETTINGS = {"sluice_data", "sluice_admin_password", "sluice_run"}


def _known_variables(source: EnvSettingsSource) -> EnvSettingsSource:
    source.env_vars = {
        name: value
        for name, value in source.env_vars.items()
        if name.lower() not in NOT_SETTINGS and not name.lower().endswith("_file")
    }
    return source
