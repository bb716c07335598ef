"""Own trust and own certificates, against a fake that demands them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from decapolis_translators import errors
from decapolis_translators.confluent import ConfluentRegistry, TlsConfig
from decapolis_translators.http.client import ssl_context
from decapolis_translators.testing.fakes import DialectFake, Loopback

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="certificates are made with the openssl program")


def make_certificate(folder: Path, name: str, subject: str, extension: str = "") -> tuple[str, str]:
    """A self-signed certificate and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    call = [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    call += ["-days", "2", "-subj", f"/CN={subject}", "-keyout", str(key), "-out", str(cert)]
    call += ["-addext", extension] if extension else []
    subprocess.run(call, check=True, capture_output=True)
    return str(cert), str(key)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "server": make_certificate(folder, "server", "registry", "subjectAltName=IP:127.0.0.1"),
        "elsewhere": make_certificate(folder, "elsewhere", "registry", "subjectAltName=DNS:elsewhere.test"),
        "client": make_certificate(folder, "client", "gateway"),
    }


def demanding(certificates: dict[str, tuple[str, str]], server: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificates[server])
    context.load_verify_locations(certificates["client"][0])
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def subjects(url: str, tls: dict[str, Any]) -> list[str]:
    registry = ConfluentRegistry("tls", ConfluentRegistry.Config.model_validate({"url": url, "tls": tls}))
    await registry.open()
    try:
        return await registry.subjects()
    finally:
        await registry.close()


@needs_openssl
async def test_mutual_tls(certificates: dict[str, tuple[str, str]]) -> None:
    client = {"cert": certificates["client"][0], "key": certificates["client"][1]}
    with Loopback(DialectFake(), tls=demanding(certificates)) as served:
        assert await subjects(served.url, {"ca": certificates["server"][0], **client}) == []
        with pytest.raises(errors.Unreachable):
            await subjects(served.url, {"ca": certificates["server"][0]})
        with pytest.raises(errors.Unreachable) as distrusted:
            await subjects(served.url, client)
        assert not distrusted.value.sent


@needs_openssl
async def test_the_host_name_is_verified_unless_told_otherwise(
    certificates: dict[str, tuple[str, str]],
) -> None:
    tls = {
        "ca": certificates["elsewhere"][0],
        "cert": certificates["client"][0],
        "key": certificates["client"][1],
    }
    with Loopback(DialectFake(), tls=demanding(certificates, "elsewhere")) as served:
        with pytest.raises(errors.Unreachable):
            await subjects(served.url, tls)
        assert await subjects(served.url, {**tls, "verify_hostname": False}) == []


def test_a_missing_file_is_told_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(errors.RegistryFault, match="tls: cannot use"):
        ssl_context(TlsConfig(ca=str(tmp_path / "none.pem")))
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(errors.RegistryFault, match="tls: cannot use"):
        ssl_context(TlsConfig(cert=str(tmp_path / "bad.pem")))
