"""Starts a real Icinga 2 with a few hosts, whose API speaks TLS by a certificate of our own authority."""

from __future__ import annotations

import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

from tests.real.servers import binary, free_port, running

PASSWORD = "icinga-password"
CONFIGURATION = Path(__file__).with_name("icinga2.conf")
_FOLDERS = ("ConfigDir", "DataDir", "CacheDir", "LogDir", "InitRunDir", "SpoolDir")


@dataclass(frozen=True)
class Icinga:
    """A running Icinga 2; ``authority`` is the certificate of who signed its own."""

    url: str
    authority: Path

    def ask(self, method: str, path: str, **body: object) -> requests.Response:
        """Ask its API as the account that may do everything."""
        answer = requests.request(
            method,
            f"{self.url}/v1/{quote(path)}",
            auth=("root", PASSWORD),
            headers={"Accept": "application/json"},
            json=body or None,
            verify=str(self.authority),
            timeout=10,
        )
        answer.raise_for_status()
        return answer


@contextmanager
def start_icinga() -> Iterator[Icinga]:
    """An Icinga 2 on a free port; it refuses to run as root, so root becomes its user."""
    user = "nagios" if os.getuid() == 0 else None
    folder = Path(
        tempfile.mkdtemp(prefix="itomm-icinga-", dir="/tmp")
    )  # its user cannot enter root's folders
    try:
        certificates = folder / "DataDir" / "certs"
        for name in _FOLDERS:
            (folder / name).mkdir()
        certificates.mkdir()
        authority = _certificates(folder, certificates)
        port = free_port()
        text = CONFIGURATION.read_text(encoding="utf-8")
        text = text.replace("@PORT@", str(port)).replace("@PASSWORD@", PASSWORD)
        configured = folder / "ConfigDir" / "icinga2.conf"
        configured.write_text(text, encoding="utf-8")
        if user:
            _give(folder, user)
        command = [binary("icinga2"), "daemon", "-c", str(configured)]
        command += [word for name in _FOLDERS for word in ("-D", f"{name}={folder / name}")]
        url = f"https://127.0.0.1:{port}"
        trusting = ssl.create_default_context(cafile=str(authority))
        with running(command, folder, url, ready="/v1", user=user, trusting=trusting):
            server = Icinga(url, authority)
            _settle(server)
            yield server
    finally:
        shutil.rmtree(folder)


def _settle(server: Icinga) -> None:
    """Check once, by hand and in order, what the configuration keeps from being checked by itself."""
    for host, service, status in (
        ("checkout1", "", 0),
        ("cart1", "", 1),
        ("checkout1", "http", 2),
        ("cart1", "disk", 0),
    ):
        name = f"{host}!{service}" if service else host
        server.ask(
            "POST",
            "actions/process-check-result",
            type="Service" if service else "Host",
            filter=f'{"service" if service else "host"}.__name == "{name}"',
            exit_status=status,
            plugin_output="told by the test",
        )


def _certificates(folder: Path, certificates: Path) -> Path:
    """A certificate for 127.0.0.1, signed by a new authority; the path of the authority's own."""
    authority, request = certificates / "ca.crt", folder / "request.pem"
    extensions = folder / "extensions"
    extensions.write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n", encoding="utf-8"
    )
    key = ("-newkey", "rsa:2048", "-nodes")

    def openssl(*words: str | Path) -> None:
        done = subprocess.run([binary("openssl"), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    openssl(
        "req",
        "-x509",
        *key,
        "-days",
        "2",
        "-subj",
        "/CN=test authority",
        "-keyout",
        folder / "ca.key",
        "-out",
        authority,
    )
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", certificates / "localhost.key", "-out", request)
    openssl(
        *("x509", "-req", "-in", request, "-CA", authority, "-CAkey", folder / "ca.key", "-CAcreateserial"),
        *("-days", "2", "-extfile", extensions, "-out", certificates / "localhost.crt"),
    )
    return authority


def _give(folder: Path, user: str) -> None:
    known = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, known.pw_uid, known.pw_gid)
