"""The embedded certificate: what scanners could find of it in what we ship (nothing), and that our scanner would have."""
import base64
import ctypes
import datetime
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conftest import REPOSITORY

SCANNER = REPOSITORY / "scripts/scan-secrets"


def load_script(path):
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


scanner = load_script(SCANNER)


def cmake_value(build, name):
    match = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)
    return match.group(1) if match else ""


@pytest.fixture(autouse=True)
def plain_build(build_folder):
    if cmake_value(build_folder, "E2EE_SANITIZE"):
        pytest.skip("a library with sanitizers cannot be loaded into Python; the default build is the one that ships")


# --- the library through its C interface


class Material(ctypes.Structure):
    _fields_ = [
        ("key", ctypes.c_void_p),
        ("key_size", ctypes.c_size_t),
        ("chain", ctypes.c_void_p),
        ("chain_size", ctypes.c_size_t),
    ]


Use = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Material))


class Credential:
    """What a library reveals: the key and the certificates, each as DER."""

    def __init__(self, library):
        shown = []

        def use(_, material):
            at = material.contents
            shown.append((ctypes.string_at(at.key, at.key_size), ctypes.string_at(at.chain, at.chain_size)))

        reveal = ctypes.CDLL(str(library)).e2ee_embedded_reveal
        assert reveal(Use(use), None) == 0
        self.key, chain = shown[0]
        self.certificates = []
        while chain:
            _, _, whole, end = scanner.element(chain)
            self.certificates.append(whole)
            chain = chain[end:]

    def needles(self):
        return scanner.needles_of(self.certificates, [self.key])


def findings(path, needles):
    """What the scanner finds in a file or in all files of a folder."""
    files = list(scanner.files_of([path]))
    assert files
    return [f"{file}: {what}" for file in files for _, what in scanner.scan(file.read_bytes(), needles)]


@pytest.fixture(scope="module")
def embedded(build_folder):
    return Credential(build_folder / "libe2ee_proxy.so")


@pytest.fixture(scope="module")
def control(build_folder):
    return Credential(build_folder / "control/libe2ee_proxy_control.so")


# --- what we ship


def test_the_library_reveals_a_key_its_certificate_and_the_ca_that_clients_can_trust(embedded, build_folder):
    key = serialization.load_der_private_key(embedded.key, None)
    leaf, ca = map(x509.load_der_x509_certificate, embedded.certificates)
    assert key.public_key() == leaf.public_key()
    leaf.verify_directly_issued_by(ca)
    assert ca == x509.load_pem_x509_certificate((build_folder / "embedded-ca.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["e2ee-local-proxy.chutes.dev", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_nothing_of_the_embedded_credential_can_be_found_in_the_library(embedded, build_folder):
    assert findings(build_folder / "libe2ee_proxy.so", embedded.needles()) == []


def test_nothing_of_the_embedded_credential_can_be_found_in_what_goes_into_the_image(embedded, build_folder, tmp_path):
    image = tmp_path / "image"
    subprocess.run([REPOSITORY / "scripts/stage-image", build_folder, image], check=True)
    names = {str(path.relative_to(image)) for path in image.rglob("*") if path.is_file()}
    assert {"usr/bin/e2ee-proxy", "usr/lib/e2ee-proxy/e2ee-proxy", "usr/lib/e2ee-proxy/libe2ee_proxy.so"} <= names
    assert findings(image, embedded.needles()) == []


def test_the_build_leaves_the_key_nowhere_in_clear(embedded, build_folder):
    key_only = scanner.needles_of([], [embedded.key])
    for name in ("credential", "CMakeFiles/e2ee_proxy.dir", "CMakeFiles/mask.dir", "mask", "embedded-ca.pem"):
        found = findings(build_folder / name, key_only)
        assert [line for line in found if "PEM block CERTIFICATE" not in line] == [], name


def test_the_library_is_stripped_hardened_and_shows_one_symbol(build_folder):
    def readelf(option):
        return subprocess.run(["readelf", "-W", option, build_folder / "libe2ee_proxy.so"], capture_output=True, text=True, check=True).stdout

    assert ".symtab" not in readelf("-S") and ".debug" not in readelf("-S")
    assert "GNU_RELRO" in readelf("-l") and "NOW" in readelf("-d")
    defined = [line.split()[-1] for line in readelf("--dyn-syms").splitlines() if re.match(r"\s*\d+: [0-9a-f]{8}", line) and "UND" not in line]
    assert defined == ["e2ee_embedded_reveal"]


# --- that the scanner would have found it


def test_the_scanner_finds_the_credential_of_an_unmasked_control_build(control, build_folder):
    found = {what for _, what in scanner.scan((build_folder / "control/libe2ee_proxy_control.so").read_bytes(), control.needles())}
    assert {
        "a DER private key on P-256",
        "private key DER",
        "private key DER (inner)",
        "EC private scalar",
        "certificate DER",
        "certificate signature",
        "public key (SPKI) DER",
        "EC point",
        "EC point's x",
        "EC point's y",
    } <= found


def test_the_command_says_where_and_ends_with_one_when_it_found_something_and_with_zero_when_not(build_folder):
    def run(*arguments):
        done = subprocess.run([SCANNER, *arguments], capture_output=True, text=True)
        return done.returncode, done.stdout

    ca = build_folder / "control/ca.pem"
    code, output = run("--certificate", ca, build_folder / "control/libe2ee_proxy_control.so")
    assert code == 1 and re.search(r"libe2ee_proxy_control.so: offset \d+: certificate DER$", output, re.M)
    assert run("--certificate", build_folder / "embedded-ca.pem", build_folder / "libe2ee_proxy.so") == (0, "")
    assert run(build_folder / "none")[0] == 2


class Identity:
    """A throw-away certificate with its key, and every value of it that a scanner could look for."""

    def __init__(self, key, valid_days=30):
        self.key = key
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "planted.example")])
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=valid_days)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=60))
            .not_valid_after(end)
            .sign(key, hashes.SHA256())
        )
        self.certificate_der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.key_der = self.key_bytes(serialization.Encoding.DER)

    def key_bytes(self, encoding, container=serialization.PrivateFormat.PKCS8, encryption=serialization.NoEncryption()):
        return self.key.private_bytes(encoding, container, encryption)

    def values(self):
        encoding, container = serialization.Encoding, serialization.PublicFormat
        public = self.key.public_key()
        values = {
            "certificate": self.certificate_der,
            "SPKI": public.public_bytes(encoding.DER, container.SubjectPublicKeyInfo),
            "PKCS#8": self.key_der,
            "SEC1 or PKCS#1": self.key_bytes(encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL),
        }
        numbers = self.key.private_numbers()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return values | {
                "scalar": numbers.private_value.to_bytes(32, "big"),
                "point": public.public_bytes(encoding.X962, container.UncompressedPoint),
                "compressed point": public.public_bytes(encoding.X962, container.CompressedPoint),
                "x": numbers.public_numbers.x.to_bytes(32, "big"),
                "y": numbers.public_numbers.y.to_bytes(32, "big"),
            }
        return values | {
            "modulus": numbers.public_numbers.n.to_bytes(256, "big"),
            "private exponent": numbers.d.to_bytes(256, "big"),
            "p": numbers.p.to_bytes(128, "big"),
            "q": numbers.q.to_bytes(128, "big"),
        }

    def write(self, folder):
        folder.mkdir(exist_ok=True)
        (folder / "cert.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(self.key_bytes(serialization.Encoding.PEM))
        return ["--cert", folder / "cert.pem", "--key", folder / "key.pem"]


IDENTITIES = {
    "P-256": Identity(ec.generate_private_key(ec.SECP256R1())),
    "RSA": Identity(rsa.generate_private_key(65537, 2048)),
}


def words_turned(value, size):
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))


def lines_of(text, width=64):
    return b"\n".join(text[at : at + width] for at in range(0, len(text), width))


WRITINGS = {
    "plain": lambda value: value,
    "backwards": lambda value: value[::-1],
    "32-bit words": lambda value: words_turned(value, 4),
    "64-bit words": lambda value: words_turned(value, 8),
    "64-bit words, least significant first": lambda value: words_turned(value[::-1], 8),
    "hexadecimal": lambda value: value.hex().encode(),
    "HEXADECIMAL": lambda value: value.hex().upper().encode(),
    "hexadecimal with colons": lambda value: value.hex(":").encode(),
    "C array": lambda value: b", ".join(b"0x%02x" % byte for byte in value),
    "C string": lambda value: b"".join(b"\\x%02x" % byte for byte in value),
    "backwards in hexadecimal": lambda value: value[::-1].hex().encode(),
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "base64 in lines": lambda value: lines_of(base64.b64encode(value)),
    "base64 of a longer text": lambda value: base64.b64encode(b"some words" + value + b"more"),
    "base64 of a longer text by one": lambda value: base64.b64encode(b"some words." + value + b"more"),
}
PLANTED = [(kind, name, writing) for kind, identity in IDENTITIES.items() for name in identity.values() for writing in WRITINGS]


@pytest.fixture(scope="module")
def host(build_folder):
    """A file that has none of it: the library as shipped."""
    return (build_folder / "libe2ee_proxy.so").read_bytes()


@pytest.fixture(scope="module")
def needles():
    return {kind: scanner.needles_of([identity.certificate_der], [identity.key_der]) for kind, identity in IDENTITIES.items()}


def test_the_scanner_finds_nothing_where_nothing_is(host, needles):
    assert [scanner.scan(host, needles[kind]) for kind in IDENTITIES] == [[], []]


@pytest.mark.parametrize(("kind", "name", "writing"), PLANTED)
def test_the_scanner_finds_every_value_in_every_writing_at_an_odd_offset(host, needles, kind, name, writing):
    planted = WRITINGS[writing](IDENTITIES[kind].values()[name])
    assert scanner.scan(host[:1777] + planted + host[1777:], needles[kind])


@pytest.mark.parametrize("kind", IDENTITIES)
@pytest.mark.parametrize("what", ["cert.pem", "key.pem"])
def test_the_scanner_finds_pem_without_knowing_whose_it_is(host, tmp_path, kind, what):
    IDENTITIES[kind].write(tmp_path)
    pem = (tmp_path / what).read_bytes()
    nothing_known = scanner.needles_of([], [])
    for text in (pem, pem.replace(b"\n", b"\\n"), pem.replace(b"\n", b"\r\n"), pem.replace(b"\n", b'\\n"\n    "')):
        assert scanner.scan(host + text, nothing_known)


def test_the_scanner_finds_thirty_one_bytes_of_a_secret_in_a_row(host):
    identity = IDENTITIES["RSA"]
    needles = scanner.needles_of([identity.certificate_der], [])
    modulus = identity.values()["modulus"]
    for at in range(0, len(modulus) - 31):
        assert scanner.scan(host[:100] + modulus[at : at + 31] + host[100:], needles), at


# --- the build tool


@pytest.fixture
def mask(build_folder, tmp_path):
    """Runs the tool and compiles what it wrote into a library like the real one."""

    def run(*arguments, name="one", check=True):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        done = subprocess.run([build_folder / "mask", folder / "masked.cpp", folder / "ca.pem", *arguments], capture_output=True, text=True)
        if check:
            assert done.returncode == 0, done.stderr
        return folder, done

    return run


def compile_library(build_folder, folder):
    library = folder / "library.so"
    compiler = cmake_value(build_folder, "CMAKE_CXX_COMPILER")
    sources = [REPOSITORY / "src/credential/reveal.cpp", folder / "masked.cpp"]
    subprocess.run([compiler, "-std=c++23", "-O2", "-fPIC", "-shared", "-s", "-fno-exceptions", "-I", REPOSITORY / "src", *sources, "-o", library], check=True)
    return library


@pytest.mark.parametrize("kind", IDENTITIES)
def test_a_given_certificate_is_embedded_with_its_chain_and_cannot_be_found(mask, build_folder, tmp_path, kind):
    given = IDENTITIES[kind]
    chain = Identity(ec.generate_private_key(ec.SECP256R1()))
    chain.write(tmp_path / "chain")
    folder, _ = mask(*given.write(tmp_path / "given"), "--chain", tmp_path / "chain/cert.pem")
    library = compile_library(build_folder, folder)
    revealed = Credential(library)
    assert revealed.certificates == [given.certificate_der, chain.certificate_der]
    assert serialization.load_der_private_key(revealed.key, None).private_numbers() == given.key.private_numbers()
    assert findings(library, revealed.needles()) == []
    assert findings(folder / "masked.cpp", revealed.needles()) == []


def test_one_certificate_is_masked_differently_in_every_build(mask, tmp_path):
    arguments = IDENTITIES["P-256"].write(tmp_path / "given")
    one, two = (set(re.findall(r"\d{15,}", (mask(*arguments, name=name)[0] / "masked.cpp").read_text())) for name in ("one", "two"))
    assert len(one) == len(two) == 4 and not one & two
    arrays = [(tmp_path / name / "masked.cpp").read_text().split("{")[2].split("}")[0] for name in ("one", "two")]
    pairs = list(zip(*(re.findall(r"\d+", text) for text in arrays)))
    assert len(pairs) > 400 and sum(a == b for a, b in pairs) < len(pairs) / 20


def test_what_is_still_valid_is_kept_and_a_change_of_certificate_is_taken(mask, tmp_path):
    folder, _ = mask()
    first = (folder / "masked.cpp").read_bytes()
    assert mask()[0] == folder and (folder / "masked.cpp").read_bytes() == first
    arguments = IDENTITIES["P-256"].write(tmp_path / "given")
    mask(*arguments)
    given = (folder / "masked.cpp").read_bytes()
    assert given != first
    mask(*arguments)
    assert (folder / "masked.cpp").read_bytes() == given
    soon = re.sub(rb"until \d+", b"until 1000", first)
    (folder / "masked.cpp").write_bytes(soon)
    mask()
    assert (folder / "masked.cpp").read_bytes() not in (first, soon)


def test_an_expired_certificate_is_embedded_with_a_warning(mask, tmp_path):
    _, done = mask(*Identity(ec.generate_private_key(ec.SECP256R1()), valid_days=-1).write(tmp_path / "given"))
    assert "EMBED_CERT has expired" in done.stderr


def test_what_cannot_be_embedded_stops_the_build_and_names_the_variable(mask, tmp_path):
    given = IDENTITIES["P-256"]
    arguments = given.write(tmp_path / "given")
    encrypted = tmp_path / "encrypted.pem"
    encrypted.write_bytes(given.key_bytes(serialization.Encoding.PEM, encryption=serialization.BestAvailableEncryption(b"secret")))
    other = tmp_path / "other.pem"
    other.write_bytes(IDENTITIES["RSA"].key_bytes(serialization.Encoding.PEM))
    for bad, words in [
        (arguments[:2], "EMBED_CERT and EMBED_KEY come together"),
        (["--chain", arguments[1]], "EMBED_CHAIN needs"),
        ([*arguments[:3], encrypted], f"EMBED_KEY: {encrypted} is encrypted"),
        ([*arguments[:3], other], "EMBED_KEY does not belong"),
        ([*arguments[:3], tmp_path / "none"], "EMBED_KEY"),
        (["--control", *arguments], "a control never holds"),
    ]:
        folder, done = mask(*bad, check=False)
        assert done.returncode == 1 and words in done.stderr
        assert not (folder / "masked.cpp").exists()
