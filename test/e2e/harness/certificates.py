"""Certificate authorities and leaves for the tests, made with the `cryptography` package: P-256, valid for a day."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificate:
    """Paths for programs, objects for tests. `chain_path` holds the leaf and any intermediates below the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain_path: str
    key_path: str

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def alternative_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """A CA that issues into `folder`. `path` is its own certificate, for SSL_CERT_FILE and the like."""

    def __init__(self, folder, name, issuer=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.issuer = issuer
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(issuer or self, self._builder(self.name, self.key.public_key(), issuer or self)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True))
        self.path = str(self._write(f"{name}.pem", pem(self.certificate)))

    def issue(self, file_name, *names):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        leaf = self._sign(self, self._builder(subject, key.public_key(), self)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([alternative_name(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Certificate(leaf, key, str(self._write(f"{file_name}.pem", pem(leaf))), str(self._write(f"{file_name}.key", secret)))

    def _builder(self, subject, public_key, issuer):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.name).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False))

    @staticmethod
    def _sign(issuer, builder):
        return builder.sign(issuer.key, hashes.SHA256())

    def _write(self, file_name, content):
        path = self.folder / file_name
        path.write_bytes(content)
        path.chmod(0o600)
        return path
