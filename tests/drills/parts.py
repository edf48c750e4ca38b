"""What drills are made of: a portal's database with the demo's data, its processes, a proxy in front."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import production
from tests.production import ROOT
from tests.visitor import Failed


class Skipped(Exception):
    """What is missing, and how to get it."""


def program(*names: str) -> str:
    """The first of the programs that there is."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise Skipped(f"no {' or '.join(names)} (apt-get install {' | '.join(names)})")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def status(port: int, path: str) -> int:
    """What is answered; 0 where nobody is."""
    try:
        urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=30).close()
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
    return 200


def refused(environment: dict[str, str], setting: str) -> str:
    """The sentence by which a web server doesn't start, which names the ``setting``."""
    done = subprocess.run(
        [sys.executable, "-c", "import sesam.wsgi"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    said = (done.stderr.strip().splitlines() or [""])[-1]
    if not done.returncode or setting not in said:
        raise Failed(f"a server starts that {setting} should keep from it:\n{done.stderr}")
    return said.rpartition("ImproperlyConfigured: ")[2]


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


@contextmanager
def portal(
    name: str,
    database: Callable[
        [str], contextlib.AbstractContextManager[tuple[str, str]]
    ] = production.database,
    root: Path = ROOT,
    **settings: str,
) -> Iterator[dict[str, str]]:
    """Production's settings for a migrated database with the demo's data; all gone afterwards. ``root``:
    the checkout whose migrations and demo it is."""
    with (
        tempfile.TemporaryDirectory(prefix="drill-") as scratch,
        database(f"drill_{name}") as (owner, running),
    ):
        media = f"{scratch}/media"
        told = production.environment(running, media, STATIC_ROOT=f"{scratch}/static", **settings)
        told["DRILL_FOLDER"], told["DRILL_OWNER"] = scratch, owner
        production.manage(
            told | {"DATABASE_OWNER_URL": owner},
            *("migrate", "--verbosity", "0", "--skip-checks"),
            root=root,
        )
        production.with_demo_data(told, owner, root)
        yield told


@dataclass
class Node:
    """A web server as on a machine of its own: its port, its static files, its scratch folder."""

    name: str
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    root: Path = ROOT

    def __post_init__(self) -> None:
        own = Path(self.environment["DRILL_FOLDER"], self.name)
        (own / "tmp").mkdir(parents=True)
        self.environment = self.environment | {
            "PORT": str(self.port),
            "STATIC_ROOT": str(own / "static"),
            "TMPDIR": str(own / "tmp"),
        }
        collect = ("collectstatic", "--noinput", "--verbosity", "0")
        production.manage(self.environment, *collect, root=self.root)

    def start(self) -> None:
        self.process = production.web_server(
            self.environment, "--log-level", "warning", root=self.root
        )
        production.until_ready(self.process, self.port)

    def stop(self) -> None:
        """As an operator does: SIGTERM, and wait."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.until_ended()

    def until_ended(self) -> None:
        """Was told already: told twice, it would not wait for the proxies (sesam/draining.py)."""
        assert self.process
        try:
            self.process.wait(timeout=90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"{self.name} didn't stop within 90 s") from None


@contextmanager
def started(*nodes: Node) -> Iterator[None]:
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            if node.process and node.process.poll() is None:
                node.process.send_signal(2)  # at once
        for node in nodes:
            if node.process:
                node.process.wait(timeout=60)


@contextmanager
def worker(environment: dict[str, str], root: Path = ROOT) -> Iterator[subprocess.Popen]:
    """The one that does the jobs, on a machine of its own."""
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], env=environment, cwd=root)
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        process.kill()


# --- the proxy in front ---


@contextmanager
def proxy(nodes: list[Node], folder: str) -> Iterator[tuple[str, int]]:
    """What it is called, and its port. Caddy with the file that docker-compose.nodes.yml gives it;
    else nginx, for which a thread plays the one who asks ``/readyz``, as it can't itself."""
    program("caddy", "nginx")
    port = free_port()
    with contextlib.suppress(Skipped):
        caddy = program("caddy")
        with _caddy(caddy, nodes, port, folder):
            yield "Caddy, deploy/Caddyfile", port
        return
    with _nginx(program("nginx"), nodes, port, folder):
        yield "nginx, told by who asks /readyz", port


@contextmanager
def _caddy(caddy: str, nodes: list[Node], port: int, folder: str) -> Iterator[None]:
    environment = {
        **os.environ,
        "HOME": folder,
        "WEB_NODES": " ".join(f"127.0.0.1:{node.port}" for node in nodes),
        "PROXY_ADDRESS": f":{port}",
        "PROXY_BIND": "127.0.0.1",
    }
    command = [caddy, "run", "--config", str(ROOT / "deploy/Caddyfile"), "--adapter", "caddyfile"]
    log = Path(folder, "caddy.log")
    with log.open("w") as told:
        process = subprocess.Popen(command, env=environment, stdout=told, stderr=told)
    try:
        until(lambda: process.poll() is not None or status(port, "/healthz") == 200, "Caddy")
        if process.poll() is not None:
            raise Failed(f"Caddy didn't start:\n{log.read_text()[-2000:]}")
        yield
    except Failed:
        faults = [line for line in log.read_text().splitlines() if '"error"' in line]
        print("Caddy's last words:", *faults[-3:], sep="\n")
        raise
    finally:
        process.terminate()
        process.wait(timeout=30)


_NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
events {{ worker_connections 256; }}
http {{
  access_log off;
  keepalive_timeout 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream portal {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://portal;
      proxy_set_header Host $http_host;
    }}
  }}
}}
"""


@contextmanager
def _nginx(nginx: str, nodes: list[Node], port: int, folder: str) -> Iterator[None]:
    file = Path(folder, "nginx.conf")
    shown: list[bool] = []
    ended = threading.Event()

    def write(ready: list[bool]) -> None:
        shown[:] = ready
        servers = " ".join(
            f"server 127.0.0.1:{node.port}{'' if up else ' down'};"
            for node, up in zip(nodes, ready, strict=True)
        )
        file.write_text(_NGINX.format(folder=folder, servers=servers, port=port))

    def is_ready(node: Node) -> bool:
        return status(node.port, "/readyz") == 200

    def watch() -> None:
        asking = ThreadPoolExecutor(len(nodes))
        while not ended.wait(0.3):
            ready = list(asking.map(is_ready, nodes))
            if ready != shown and any(ready):
                write(ready)
                subprocess.run([nginx, "-c", str(file), "-s", "reload"], stderr=subprocess.DEVNULL)

    write([True] * len(nodes))
    process = subprocess.Popen([nginx, "-c", str(file)], stderr=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        until(lambda: status(port, "/healthz") == 200, "nginx")
        yield
    finally:
        ended.set()
        watcher.join()
        process.terminate()
        process.wait(timeout=30)
