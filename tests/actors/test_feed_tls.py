"""Over TLS a source proves its name; so does the host that a redirect leads to, at the address that was checked."""

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio

from actors import feed_addresses
from actors.feed import FeedError, fetch_source
from actors.feed_bounds import FeedLimits
from tests.actors.test_feed_redirects import resolving
from tests.feed_server import Answer, FeedServer, feed_server

pytest.importorskip("cryptography", reason="certificates are made here and now")

CSV = b"draw_date,main,bonus\n2000-06-07,2 4 11 15 28,16\n"
QUICK = FeedLimits(connect_seconds=2, silence_seconds=1, total_seconds=5)
Serve = Callable[..., FeedServer]


def certificate(folder: Path, *names: str, days: int = 1) -> Path:
    """Make a certificate that vouches for itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    hosts = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[-1]}{days}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start servers with certificates for these names; those of ``trusted`` ones are trusted."""
    with ExitStack() as servers:

        def started(*names: str, trusted: bool = True, days: int = 1) -> FeedServer:
            path = certificate(tmp_path, *names, days=days)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            if trusted:
                with (tmp_path / "trusted.pem").open("ab") as file:
                    file.write(path.read_bytes())
                monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
            return servers.enter_context(feed_server(context))

        yield started


async def refusal(source: str) -> FeedError:
    with trio.fail_after(10), pytest.raises(FeedError) as caught:
        await fetch_source(source, limits=QUICK)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


async def test_a_trusted_certificate_is_taken(serve: Serve) -> None:
    assert await fetch_source(serve("127.0.0.1").serve("/results.csv", CSV), limits=QUICK) == [CSV]


async def test_an_untrusted_one_is_not(serve: Serve) -> None:
    error = await refusal(serve("127.0.0.1", trusted=False).serve("/results.csv", CSV))
    assert "the certificate is not trusted (self-signed certificate)" in str(error)
    assert not error.retryable


async def test_neither_is_one_for_another_name_nor_one_that_has_run_out(serve: Serve) -> None:
    error = await refusal(serve("other.example").serve("/results.csv", CSV))
    assert "not trusted (IP address mismatch" in str(error)
    error = await refusal(serve("127.0.0.1", days=-1).serve("/results.csv", CSV))
    assert "not trusted (certificate has expired)" in str(error)


async def test_a_server_that_speaks_no_tls_is_one_error() -> None:
    with feed_server() as plain:
        error = await refusal(plain.serve("/results.csv", CSV).replace("http:", "https:"))
    assert "no connection" in str(error)


async def test_the_settings_for_certificates_may_be_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert "certificates are unusable" in str(await refusal("https://127.0.0.1/"))


async def test_a_redirect_does_not_lead_out_of_tls(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_addresses, "is_public", lambda _: True)
    server = serve("127.0.0.1")
    with feed_server() as plain:
        target = plain.serve("/results.csv", CSV)
        error = await refusal(server.serve("/old", Answer(status=302, headers={"Location": target})))
        assert f"redirects from https to {plain.base}" in str(error)
        assert not plain.requests


async def test_a_host_that_a_redirect_leads_to_proves_its_name_not_its_address(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_addresses, "is_public", lambda _: True)
    resolving(feeds=[["127.0.0.1"]])
    server, named, unnamed = serve("127.0.0.1"), serve("feeds.example"), serve("other.example")
    for other, source in ((named, "/named"), (unnamed, "/unnamed")):
        other.serve("/results.csv", CSV)
        target = f"https://feeds.example:{other.port}/results.csv"
        server.serve(source, Answer(status=302, headers={"Location": target}))
    assert await fetch_source(server.url("/named"), limits=QUICK) == [CSV]
    assert "not trusted (Hostname mismatch)" in str(await refusal(server.url("/unnamed")))
