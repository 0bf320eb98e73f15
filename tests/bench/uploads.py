"""``deploy/test bench uploads``: one large file through Sluice, by both planes, and by PUT to a plain Nginx, in turns."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from nginx.settings import binary
from tests.e2e.uploads.clients import begin, complete, create
from tests.stack import SETTINGS, Stack, free_port, running

MIB = 1 << 20

_PLAIN = """
worker_processes auto;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/unused; fastcgi_temp_path {place}/unused;
    uwsgi_temp_path {place}/unused; scgi_temp_path {place}/unused;
    server {{
        listen {port} ssl http2;
        ssl_certificate {tls}/certificate.pem; ssl_certificate_key {tls}/key.pem;
        client_max_body_size 0; client_body_buffer_size 256k;
        location / {{ root {place}/files; dav_methods PUT; }}
    }}
}}
"""


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser("deploy/test bench uploads")
    options.add_argument("--mib", type=int, default=1024)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args(arguments)
    with running(SETTINGS) as stack, tempfile.TemporaryDirectory(dir=stack.data.parent) as place:
        file = _file(Path(place), chosen.mib)
        _compare(stack, Path(place), file, chosen.rounds)


def _file(place: Path, mib: int) -> Path:
    """Says that it is a film, and is none: the processor is done with it at once."""
    file = place / "large.mkv"
    with file.open("wb") as target:
        block = bytearray(b"\x1aE\xdf\xa3" + bytes(range(256)) * 4096)[:MIB]
        for _ in range(mib):
            target.write(block)
    return file


def _compare(stack: Stack, place: Path, file: Path, rounds: int) -> None:
    client, plain = stack.session(), f"https://localhost:{free_port()}"
    server = _plain_nginx(stack, place, int(plain.rpartition(":")[2]))
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)
    found: dict[str, list[float]] = {"plain PUT": [], "part": [], "part and complete": [], "tus": []}
    before = _control_memory(stack)
    try:
        for _ in range(rounds):
            found["plain PUT"].append(_curl(stack, "PUT", f"{plain}/large.mkv", file))
            (place / "files/large.mkv").unlink()
            upload = begin(client, "large.mkv", file.stat().st_size).json()["upload_id"]
            sent = _curl(stack, "POST", f"{stack.url}/v1/files/part?upload_id={upload}", file, f"Cookie: {cookies}")
            started = time.monotonic()
            done = complete(client, upload).json()
            found["part"].append(sent)
            found["part and complete"].append(sent + time.monotonic() - started)
            client.delete(f"/v1/files/{done['key']}")
            url = stack.url + create(client, file.stat().st_size, filename="large.mkv").headers["Location"]
            found["tus"].append(_curl(stack, "PATCH", url, file, "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                                      "Content-Type: application/offset+octet-stream"))  # fmt: skip
            client.delete("/v1/files/" + client.get(f"/v1/files/upload/{url.rpartition('/')[2]}").json()["key"])
    finally:
        server.terminate()
        server.wait()
    size = file.stat().st_size / MIB
    for name, seconds in found.items():
        ratio = statistics.median(p / s for p, s in zip(found["plain PUT"], seconds, strict=True))
        print(f"{name:18} {size / statistics.median(seconds):8.0f} MiB/s   {ratio:.2f} of a plain PUT")
    print(f"memory of control  {before} KiB before, {_control_memory(stack)} KiB after")


def _plain_nginx(stack: Stack, place: Path, port: int) -> subprocess.Popen:
    (place / "files").mkdir(mode=0o777)
    configuration = place / "nginx.conf"
    configuration.write_text(_PLAIN.format(place=place, port=port, tls=stack.data / "tls"))
    place.chmod(0o777)
    (place / "files").chmod(0o777)
    server = subprocess.Popen([binary(), "-c", configuration, "-e", place / "error.log", "-g", "daemon off;"])
    time.sleep(1)
    return server


def _curl(stack: Stack, method: str, url: str, file: Path, *headers: str) -> float:
    """Seconds."""
    given = [part for header in ("Expect:", *headers) for part in ("-H", header)]
    command = ["curl", "-sSf", "--http1.1", "-X", method, "-T", file, *given, "-o", "/dev/null", "-w", "%{time_total}",
               "--cacert", stack.data / "tls/certificate.pem", url]  # fmt: skip
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _control_memory(stack: Stack) -> list[int]:
    """Resident KiB of each process of control."""
    status = (Path(f"/proc/{pid}/status").read_text() for pid in stack.pids("sluice:control"))
    return [int(line.split()[1]) for text in status for line in text.splitlines() if line.startswith("VmRSS")]
