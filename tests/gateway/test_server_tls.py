"""TLS and mutual TLS of the listener, and certificates that change while it runs."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .command import Gateway, ran, serving

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="certificates are made with the openssl command"
)


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(("openssl", *arguments), cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> Path:
    """A certificate authority: NAME.pem and NAME.key."""
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        folder=folder,
    )
    return folder / f"{name}.pem"


def certificate(folder: Path, signer: str, name: str, common_name: str) -> tuple[str, str]:
    """A certificate for 127.0.0.1 from that authority: paths of NAME.pem and NAME.key."""
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common_name}"),
        *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        folder=folder,
    )
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    openssl(
        *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-days", "2"),
        *("-extfile", "extensions", "-out", f"{name}.pem"),
        folder=folder,
    )
    return str(folder / f"{name}.pem"), str(folder / f"{name}.key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tls").mkdir()
    tls = tmp_path / "tls"
    authority(tls, "servers")
    certificate(tls, "servers", "server", "first")
    return tmp_path


@contextmanager
def started(folder: Path, *, mutual: bool = False) -> Iterator[Gateway]:
    client_ca = "client_ca: tls/clients.pem" if mutual else ""
    text = f"listen: {{port: 0, tls: {{cert: tls/server.pem, key: tls/server.key, {client_ca}}}}}"
    (folder / "gateway.yaml").write_text(text)
    with serving("--config", str(folder / "gateway.yaml"), folder=folder.parent) as gateway:
        yield gateway


def trusting(folder: Path, certificate: tuple[str, str] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "tls" / "servers.pem"))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def served_name(gateway: Gateway, context: ssl.SSLContext) -> str:
    """The common name in the certificate that a new connection gets."""
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        shown = wrapped.getpeercert()
        assert shown is not None
        subject = shown["subject"]
        assert isinstance(subject, tuple)
        return next(str(value) for ((key, value),) in subject if key == "commonName")


def until_served(gateway: Gateway, context: ssl.SSLContext, name: str) -> None:
    end = time.monotonic() + 10
    while served_name(gateway, context) != name:
        assert time.monotonic() < end
        time.sleep(0.2)


def replace(folder: Path, name: str, source: str) -> None:
    (folder / f"{source}").rename(folder / f"{name}")


def test_a_renewed_certificate_is_used_without_a_restart(folder: Path) -> None:
    tls = folder / "tls"
    with started(folder) as gateway:
        context = trusting(folder)
        assert gateway.url.startswith("https://")
        with httpx.Client(base_url=gateway.url, verify=context) as client:
            assert client.get("/subjects").json() == []
            assert served_name(gateway, context) == "first"
            certificate(tls, "servers", "next", "second")
            # between the two files the pair does not fit: the old one stays in use
            replace(tls, "server.pem", "next.pem")
            time.sleep(2.5)
            assert served_name(gateway, context) == "first"
            replace(tls, "server.key", "next.key")
            until_served(gateway, context, "second")
            assert client.get("/subjects").json() == []
    log = (folder.parent / "stderr.log").read_text()
    assert "changed certificates cannot be used" in log
    assert "certificates changed and are in use" in log


def test_only_clients_of_the_authority_get_in_also_after_it_changed(folder: Path) -> None:
    tls = folder / "tls"
    authority(tls, "clients")
    authority(tls, "others")
    ours, theirs = certificate(tls, "clients", "ours", "ours"), certificate(tls, "others", "theirs", "theirs")
    with started(folder, mutual=True) as gateway:
        assert admitted(gateway, trusting(folder, ours))
        assert not admitted(gateway, trusting(folder, theirs))
        assert not admitted(gateway, trusting(folder))
        replace(tls, "clients.pem", "others.pem")
        end = time.monotonic() + 10
        while not admitted(gateway, trusting(folder, theirs)):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert not admitted(gateway, trusting(folder, ours))


def admitted(gateway: Gateway, context: ssl.SSLContext) -> bool:
    try:
        return httpx.get(f"{gateway.url}/subjects", verify=context).status_code == 200
    except httpx.TransportError:
        return False


def test_certificates_that_cannot_be_used_refuse_the_start(folder: Path) -> None:
    tls = folder / "tls"
    certificate(tls, "servers", "other", "other")
    openssl("ec", "-in", "server.key", "-aes128", "-passout", "pass:x", "-out", "locked.key", folder=tls)
    for key, sentence in (
        ("other.key", "cannot be used together: KEY_VALUES_MISMATCH"),
        ("locked.key", "the key is encrypted"),
        ("absent.key", "gateway.yaml:1: listen.tls.key: the file cannot be read"),
    ):
        text = f"listen: {{port: 0, tls: {{cert: tls/server.pem, key: tls/{key}}}}}"
        (folder / "gateway.yaml").write_text(text)
        answer = ran("serve", "--config", "gateway.yaml", folder=folder)
        assert (answer.returncode, sentence in answer.stderr, answer.stderr.count("\n")) == (1, True, 1), answer.stderr
