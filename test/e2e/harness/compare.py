"""How the cases of test/vectors/formats are compared (formats page, first paragraph)."""

import json
from decimal import Decimal


def parse(text):
    """JSON with numbers as exact decimals."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def reparse(value):
    return parse(json.dumps(value))


def difference(actual, expected, path="", order=False):
    """None if equal, else where and what. A member more is fine if it is null; the order of keys counts below a tool's
    `parameters`."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        extra = [key for key, value in actual.items() if key not in expected and value is not None]
        missing = [key for key in expected if key not in actual]
        if extra or missing:
            return f"{path}: extra {extra}, missing {missing}"
        if order and list(actual) != list(expected):
            return f"{path}: keys in order {list(actual)}, expected {list(expected)}"
        pairs = [(key, actual[key], expected[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(actual) != len(expected):
            return f"{path}: {len(actual)} elements, expected {len(expected)}: {actual} / {expected}"
        pairs = [(str(i), one, other) for i, (one, other) in enumerate(zip(actual, expected))]
    else:
        same = actual == expected and isinstance(actual, bool) == isinstance(expected, bool)
        return None if same else f"{path}: {actual!r}, expected {expected!r}"
    for key, one, other in pairs:
        if found := difference(one, other, f"{path}.{key}", order or key == "parameters"):
            return found
    return None


def with_placeholders(value, known):
    """Made-up ids, signatures and times replaced. `known` is the text whose ids are nobody's invention: request and upstream."""
    if isinstance(value, list):
        return [with_placeholders(element, known) for element in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, member in value.items():
        if key in ("id", "item_id", "call_id", "tool_use_id") and isinstance(member, str):
            out[key] = member if f'"{member}"' in known else "made up"
        elif key in ("signature", "encrypted_content") and member:
            out[key] = "opaque"
        elif key in ("created_at", "completed_at") and member is not None:
            out[key] = "a time"
        else:
            out[key] = with_placeholders(member, known)
    return out


def merged_events(events):
    """Without pings and sequence numbers, adjacent deltas of one block joined."""
    out = []
    for event in events:
        if event["type"] == "ping":
            continue
        event = {key: value for key, value in event.items() if key != "sequence_number"}
        if out and joins(out[-1], event):
            out[-1] = joined(out[-1], event)
        else:
            out.append(event)
    return out


def text_key(event):
    """Where the text of a delta event stands, or None."""
    delta = event.get("delta")
    if isinstance(delta, str):
        return ()
    if isinstance(delta, dict) and event["type"] == "content_block_delta":
        texts = [key for key in ("text", "thinking", "partial_json") if key in delta]
        return (texts[0],) if texts else None
    return None


def joins(one, other):
    same = all(one.get(key) == other.get(key) for key in ("type", "index", "item_id", "output_index", "content_index"))
    return same and text_key(one) is not None and text_key(one) == text_key(other)


def joined(one, other):
    key = text_key(one)
    if not key:
        return {**one, "delta": one["delta"] + other["delta"]}
    return {**one, "delta": {**one["delta"], key[0]: one["delta"][key[0]] + other["delta"][key[0]]}}
