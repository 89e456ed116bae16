"""The plugin: what it declares, and how a call becomes a count."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import calls, manifest

from word_count import count, report

PARAMETERS = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The text to count."},
        "top": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 10,
            "description": "How many of the most common words to list.",
        },
    },
    "required": ["text"],
    "additionalProperties": False,
}


def invalid(pointer: str, expected: str) -> Err:
    return Err(calls.Failure_InvalidArguments([calls.ArgumentError(pointer, expected)]))


def arguments_of(text: str) -> tuple[str, int]:
    """The arguments, checked against PARAMETERS."""
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise invalid("", f"a JSON object ({error})") from None
    if not isinstance(arguments, dict):
        raise invalid("", "a JSON object")
    for name in arguments:
        if name not in PARAMETERS["properties"]:
            raise invalid("/" + name.replace("~", "~0").replace("/", "~1"), "no such argument; the known are: text, top")
    if not isinstance(arguments.get("text"), str):
        raise invalid("/text", "a string")
    top = arguments.get("top", 10)
    if isinstance(top, bool) or not isinstance(top, int) or not 0 <= top <= 100:
        raise invalid("/top", "an integer from 0 to 100")
    return arguments["text"], top


class Manifest(exports.Manifest):
    def describe(self) -> manifest.Manifest:
        operation = manifest.Operation(name="word_count", effects=[manifest.Effect.OBSERVE], needs=[], quote=None)
        tool = manifest.Tool(
            name="word_count",
            description="Counts the lines, words, characters and bytes of a text and lists its most common words.",
            parameters=json.dumps(PARAMETERS),
            selector=None,
            operations=[operation],
        )
        limits = manifest.Limits(
            memory=128 << 20, fuel=20_000_000_000, deadline=10_000, output=64 << 10, open_files=0, host_calls=0
        )
        return manifest.Manifest(
            name="word-count", version="0.1.0", summary="Counts words (a sample in Python).", tools=[tool], limits=limits
        )


class Calls(exports.Calls):
    def invoke(self, call: calls.Call) -> calls.Output:
        text, top = arguments_of(call.arguments)
        counts = count(text, top)
        return calls.Output(content=[calls.Content_Text(report(counts))], structured=json.dumps(counts))
