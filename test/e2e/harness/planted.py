"""Secrets that the tests plant and the log scan looks for. Every key, prompt and answer of the suite carries the mark."""

import base64
import itertools

MARK = "PlantedSecret"
_numbers = itertools.count(1)


def key():
    """A client's API key that nobody else has used, so that no test meets another's nonces."""
    return f"cpk_{MARK}{next(_numbers):06d}.0123456789abcdef"


def prompt(text="say something"):
    return f"{MARK} prompt {next(_numbers)}: {text}"


def answer(text="something"):
    return f"{MARK} answer {next(_numbers)}: {text}"


def disguises(secret):
    """The secret as it would look in a log: plain, in hex, in base64 at any of its three alignments."""
    raw = secret.encode()
    forms = {raw.lower(), raw.hex().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms.add(encoded[(shift * 8 + 5) // 6 : len(encoded) - 4].lower())
    return forms


def found_in(log, secrets=(MARK,)):
    """The lines of a log that hold one of the secrets in any disguise."""
    forms = set().union(*(disguises(secret) for secret in secrets))
    return [line for line in log.splitlines() if any(form in line.lower() for form in forms)]
