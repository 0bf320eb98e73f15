"""A forum's web server (PHP's own) with the library, the plugin and the proxy on it; Discuz is a stand-in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import requests

from tests.stack import REPO, free_port

LIBRARY, STAND_IN = REPO / "deploy/integrations/discuz", Path(__file__).parent / "stand_in"
MEMBER, READER, GUEST = "5.10", "6.11", "0.7"  # uid.group: may download, may see, may nothing
HOSTILE = 'a"\'><img src=x onerror="window.hit=1"> [b]:)  &lt;\u202ex.mp3'
PROXIED = {"proxy_url": "/sluice_proxy.php"}


class Forum:
    """A PHP web server with a forum on it, and the files of its operator outside its web root."""

    def __init__(self, stack, place: Path, token: str):
        self.stack, self.token = stack, token
        self.secrets, self.root = place / "operator", place / "htdocs"
        self.secrets.mkdir()
        shutil.copytree(STAND_IN, self.root)
        shutil.copy(LIBRARY / "proxy.php", self.root / "sluice_proxy.php")
        for name, text in (("token", token), ("proxy", "a secret of the forum's own"), ("text", "the operator's text")):
            (self.secrets / name).write_text(text + "\n")
        self.url = f"http://127.0.0.1:{free_port()}"

    def settings(self, **changes) -> dict:
        keys = self.stack.data / "keys"
        return {
            "url": self.stack.url, "ca_file": str(self.stack.data / "tls/certificate.pem"), "timeout": 30,
            "token_file": str(self.secrets / "token"), "stream_key_file": str(keys / "stream.key"),
            "links_file": str(keys / "links.json"), "see_groups": [10, 11], "download_groups": [10],
            "cache_dir": str(self.secrets / "cache"), "cache_seconds": 0,
            "proxy_secret_file": str(self.secrets / "proxy"), **changes,
        }  # fmt: skip

    def configure(self, **changes) -> None:
        text = json.dumps(self.settings(**changes))
        library = LIBRARY / "lib/Sluice.php"
        config = f"<?php require_once '{library}'; return new Sluice(json_decode(<<<'X'\n{text}\nX, true));"
        (self.secrets / "new.php").write_text(config)
        os.replace(self.secrets / "new.php", self.secrets / "config.php")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        plugin = LIBRARY / "plugin/sluice"
        return {**kept, "FORUM_CONFIG": str(self.secrets / "config.php"), "FORUM_PLUGIN": str(plugin),
                "PHP_CLI_SERVER_WORKERS": "4"}  # fmt: skip

    def php(self, expression: str, *arguments: str, **changes):
        """What an expression over $sluice is; of a SluiceException [code, sentence, status]."""
        self.configure(**changes)
        script = f"""$sluice = null;
            try {{ $sluice = require getenv('FORUM_CONFIG'); $value = {expression}; }}
            catch (SluiceException $e) {{ $value = [$e->sluiceCode, $e->getMessage(), $e->status]; }}
            echo json_encode($value);"""
        run = ["php", "-d", "display_errors=stderr", "-d", "error_reporting=-1", "-r", script, "--", *arguments]
        done = subprocess.run(run, capture_output=True, text=True, env=self.environment, check=True)
        assert not done.stderr, done.stderr
        return json.loads(done.stdout)

    def get(self, path: str, member: str = MEMBER, method: str = "GET", **options) -> requests.Response:
        with requests.Session() as client:
            client.trust_env = False
            return client.request(method, self.url + path, cookies={"forum": member}, timeout=120, **options)

    def page(self, post: str, member: str = MEMBER, **query: str) -> str:
        answer = self.get(f"/?post={quote(post)}" + "".join(f"&{k}={quote(v)}" for k, v in query.items()), member)
        assert answer.status_code == 200
        return answer.text


class Elements(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]
