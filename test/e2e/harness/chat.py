"""What a model server says on the chat completions API, for the simulator's scripts."""

import json


def sse(*events):
    return "".join(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events)


def chunk(delta, finish=None):
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
         "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}


def saying(text):
    """A stream that says `text`, a word a chunk."""
    words = text.split(" ")
    pieces = [word if i == 0 else " " + word for i, word in enumerate(words)]
    return sse(chunk({"role": "assistant", "content": ""}), *(chunk({"content": piece}) for piece in pieces), chunk({}, "stop"), USAGE, "[DONE]")


def whole(text):
    """The same as saying(), for a request that wants no stream."""
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE["usage"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def calling(*calls, reasoning=""):
    """A stream that calls tools, given as (name, arguments), all of them in parallel and their arguments in two pieces each."""
    chunks = [chunk({"role": "assistant", "content": None, "reasoning_content": reasoning or None})]
    for index, (name, arguments) in enumerate(calls):
        text = json.dumps(arguments)
        opening = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
        chunks.append(chunk({"tool_calls": [opening]}))
        chunks += [chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
                   for piece in (text[: len(text) // 2], text[len(text) // 2 :])]
    return sse(*chunks, chunk({}, "tool_calls"), USAGE, "[DONE]")


def cut_off(stream):
    """What saying() or calling() gives, but for its finish reason, its usage and [DONE]."""
    return "".join(event + "\n\n" for event in stream.split("\n\n")[:-4])


def refusing(status, message):
    """A stream whose only event is the model server's error."""
    return sse({"error": {"object": "error", "message": message, "type": "BadRequestError", "code": status}}, "[DONE]")
