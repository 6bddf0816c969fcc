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
    """The secret as it would look in a log, in lower case: plain, in hex, in base64 at any of its three alignments."""
    raw = secret.encode()
    forms = {secret.lower(), raw.hex()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        forms.add(encoded[(shift * 8 + 5) // 6 : len(encoded) - 4].lower())
    return forms


def found_in(log, nonces=()):
    """The lines of a log that hold the mark in any disguise, and the nonces in it."""
    marks = [line for line in log.splitlines() if any(form in line.lower() for form in disguises(MARK))]
    return marks + [nonce for nonce in nonces if nonce in log]
