"""A Debian tree below a directory: made by debootstrap, converged by the playbook, entered without a container engine.

Needs root, the network, and this machine's own way to the package registries, which the tree is given: apt's sources, pip's
and npm's settings, the certificates.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE_CORE = re.search(r"ansible-core==\S+?(?=['+ ])", (ROOT / "deploy/lib/linters.sh").read_text())[0]
WAYS_OUT = (
    "/etc/apt/apt.conf.d", "/etc/apt/sources.list.d/debian.sources", "/etc/hosts", "/etc/pip.conf", "/etc/resolv.conf",
    "/etc/ssl/certs/ca-certificates.crt", "/etc/xdg/pip", "/root/.npmrc", "/usr/local/share/ca-certificates",
)  # fmt: skip
GROUPS = ("postgres", "redis", "control", "processor", "nginx")

# A process namespace of its own: whatever was started in it ends with it. The network is the machine's, or one without a
# way out.
ENTER = """
tree=$1 network=$2; shift 2
mount -t proc proc "$tree/proc"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mkdir -m 1777 "$tree/run/lock"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for name in null zero full random urandom tty; do
    touch "$tree/dev/$name"
    mount --bind "/dev/$name" "$tree/dev/$name"
done
mkdir "$tree/dev/shm" "$tree/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
ln -s /proc/self/fd "$tree/dev/fd"
if [ "$network" = machine ]; then
    chroot "$tree" "$@"
else
    # The kernel makes no user namespace (bubblewrap) below a chroot: here the tree becomes the root itself.
    mount --rbind "$tree" "$tree"
    cd "$tree"
    pivot_root . .
    umount -l .
    chroot . "$@"
fi
"""


class Tree:
    def __init__(self, path: Path):
        self.path = path

    def make(self) -> None:
        """A minimal Debian with systemd, git and Ansible in it, in which no package starts anything."""
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates,git,python3-apt,python3-venv,systemd-sysv",
             "bookworm", self.path, _mirror()], check=True,
        )  # fmt: skip
        (self.path / "etc/apt/sources.list").unlink(missing_ok=True)
        for place in filter(Path.exists, map(Path, WAYS_OUT)):
            self._give(place)
        policy = self.path / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, self.path / "root/sluice"], check=True)
        self.run("apt-get", "update", "--quiet")  # debootstrap knows of no security updates
        self.run("apt-get", "dist-upgrade", "--yes", "--quiet")
        self.run("python3", "-m", "venv", "/opt/ansible")
        self.run("/opt/ansible/bin/pip", "install", "--quiet", ANSIBLE_CORE)

    def _give(self, place: Path) -> None:
        target = self.path / place.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.copytree(place, target, dirs_exist_ok=True)
        else:
            target.unlink(missing_ok=True)
            shutil.copyfile(place, target)

    def run(self, *command: str, network: Path | None = None) -> str:
        """Its output; raises with all of it where the command fails. `network` is that of :func:`loopback`."""
        done = subprocess.run(
            [*(["nsenter", f"--net={network}"] if network else []), "unshare", "--mount", "--pid", "--fork", "--kill-child",
             "sh", "-euc", ENTER, "sh", self.path, "loopback" if network else "machine", *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def copy(self, path: Path) -> Tree:
        """Another machine like this one."""
        subprocess.run(["cp", "-a", self.path, path], check=True)
        return Tree(path)

    def give(self, *files: Path) -> None:
        """Into /root, as files that root alone reads."""
        for file in files:
            shutil.copy(file, self.path / "root" / file.name)

    def converge(self, within: tuple[str, ...] = (), groups: tuple[str, ...] = GROUPS, **variables) -> dict[str, int]:
        """Run the playbook with this host in these groups, `within` another command; its counts: ok, changed, failed, …"""
        here = "localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3"
        (self.path / "root/inventory").write_text("".join(f"[{group}]\n{here}\n" for group in groups))
        (self.path / "root/variables.json").write_text(json.dumps(variables))
        said = self.run(
            *within, "/opt/ansible/bin/ansible-playbook", "--inventory=/root/inventory", "--extra-vars=@/root/variables.json",
            "/root/sluice/ansible/site.yml",
        )  # fmt: skip
        print(said)
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", said.rpartition("PLAY RECAP")[2])}


@contextlib.contextmanager
def loopback() -> Iterator[Path]:
    """A network that trees share, and nobody else."""
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"],
                              stdout=subprocess.PIPE)  # fmt: skip
    try:
        holder.stdout.readline()
        yield Path(f"/proc/{holder.pid}/ns/net")
    finally:
        holder.kill()
        holder.wait()


def _mirror() -> str:
    """Where this machine gets its Debian from."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    text = sources.read_text() if sources.exists() else Path("/etc/apt/sources.list").read_text()
    return re.search(r"^(?:URIs:|deb)\s.*?(https?://\S+)", text, re.MULTILINE)[1]
