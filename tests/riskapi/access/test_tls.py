"""TLS and client certificates over real connections, with certificates made here."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from riskapi.access.keys import new_key
from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.app import create_app
from riskapi.errors import SettingsError
from riskapi.server.connection import guarded
from riskapi.server.limits import limits_of
from riskapi.server.run import tls_of
from riskapi.services import Services
from riskapi.settings import Settings
from tests.riskapi.makers import SECRET, settings

GATEWAY = "CN=Gateway NBO,O=Agency"


class Authority:
    """A certificate authority with a directory for what it makes."""

    def __init__(self, directory, name):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name.from_rfc4514_string(f"CN={name}")
        self.certificate = self._sign(self.name, self.key, ca=True)
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def make(self, subject, name):
        """Make a certificate with its key; gives both files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name.from_rfc4514_string(subject), key)
        files = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _sign(self, subject, key, *, ca=False):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        else:
            names = [x509.DNSName("localhost"), x509.DNSName("127.0.0.1")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


@contextmanager
def running(services):
    """A real server on the loopback address; gives its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    options = {"http": guarded(limits_of(services), services), "log_config": None, **tls_of(services.settings)}
    server = uvicorn.Server(uvicorn.Config(create_app(services=services), ws="none", **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def client(authority, port, files=None):
    """A client that trusts one authority, with a certificate of its own or none."""
    context = ssl.create_default_context(cafile=authority.file)
    if files is not None:
        context.load_cert_chain(*files)
    return httpx.Client(base_url=f"https://localhost:{port}", verify=context, trust_env=False, timeout=10)


def keys_of(services):
    """A key that is bound to the gateway's certificate, and one that is bound to none."""
    made = []
    for certificate in (GATEWAY, None):
        key, row = new_key(
            services.secret, "Gateway", PrincipalKind.SYSTEM, [Role.SCORER], services.clock(), certificate=certificate
        )
        services.keys.add_key(row)
        made.append({"Authorization": f"Bearer {key}"})
    services.refresh()
    return made


def test_a_key_is_bound_to_a_certificate_over_tls(tmp_path):
    """With the right certificate the key opens; without, or with another's, it is nothing; other keys are not asked."""
    authority = Authority(tmp_path, "agency")
    server, gateway, other = (
        authority.make(subject, name)
        for subject, name in (("CN=localhost", "server"), (GATEWAY, "gateway"), ("CN=Other", "other"))
    )
    services = Services(
        settings(tmp_path, tls_certificate_file=server[0], tls_key_file=server[1], tls_client_ca_file=authority.file)
    )
    bound, free = keys_of(services)
    with running(services) as port:
        for files, status in ((gateway, 200), (other, 401), (None, 401)):
            with client(authority, port, files) as one:
                for _ in range(2):  # the second request of a connection too
                    assert one.get("/v1/sessions/current", headers=bound).status_code == status
                answer = one.get("/v1/sessions/current", headers=free)
                assert answer.status_code == 200
                assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        with pytest.raises(httpx.TransportError), httpx.Client(trust_env=False) as plain:
            plain.get(f"http://localhost:{port}/health/live")


def test_without_a_certificate_of_the_right_authority_nobody_connects(tmp_path):
    """Where client certificates are required, the connection itself is refused."""
    authority, stranger = Authority(tmp_path, "agency"), Authority(tmp_path, "stranger")
    server, gateway = authority.make("CN=localhost", "server"), authority.make(GATEWAY, "gateway")
    services = Services(
        settings(
            tmp_path,
            tls_certificate_file=server[0],
            tls_key_file=server[1],
            tls_client_ca_file=authority.file,
            tls_client_required=True,
        )
    )
    with running(services) as port:
        with client(authority, port, gateway) as one:
            assert one.get("/health/live").status_code == 200
        for files in (None, stranger.make(GATEWAY, "forged")):
            with client(authority, port, files) as one, pytest.raises(httpx.TransportError):
                one.get("/health/live")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"TLS_CERTIFICATE_FILE": "a.pem"}, "go together"),
        ({"TLS_KEY_FILE": "a.key"}, "go together"),
        ({"TLS_CLIENT_CA_FILE": "ca.pem"}, "needs RISKAPI_TLS_CERTIFICATE_FILE"),
        ({"TLS_CLIENT_REQUIRED": "true"}, "needs RISKAPI_TLS_CLIENT_CA_FILE"),
        ({"OIDC_ISSUER": "https://id.example"}, "needs RISKAPI_OIDC_AUDIENCE"),
        (
            {"OIDC_ISSUER": "http://id.example", "OIDC_AUDIENCE": "riskapi", "OIDC_ROLES": "border=reviewer"},
            "https only",
        ),
        ({"OIDC_ROLES": "border=emperor"}, "RISKAPI_OIDC_ROLES"),
    ],
)
def test_settings_that_belong_together_are_told(monkeypatch, changes, rule):
    """Half of a setting is a mistake that would leave a door open, so the service does not start."""
    monkeypatch.setenv("RISKAPI_SECRET_KEY", SECRET)
    for name, value in changes.items():
        monkeypatch.setenv(f"RISKAPI_{name}", value)
    with pytest.raises(SettingsError, match=rule):
        Settings.load()
