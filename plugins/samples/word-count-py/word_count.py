"""What is counted: pure, so that it can be tested without WebAssembly."""

import re
from collections import Counter

WORD = re.compile(r"\w+(?:['’-]\w+)*")


def count(text: str, top: int) -> dict:
    """Lines, words, characters, UTF-8 bytes, distinct words and the most common ones, case folded."""
    words = [word.casefold() for word in WORD.findall(text)]
    # Of equally common words the alphabetically first comes first.
    ranked = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))
    return {
        "lines": len(text.splitlines()),
        "words": len(words),
        "characters": len(text),
        "bytes": len(text.encode()),
        "distinct_words": len(ranked),
        "most_common": [{"word": word, "count": times} for word, times in ranked[:top]],
    }


def report(counts: dict) -> str:
    """The counts as text for the model."""
    lines = [
        "{lines} lines, {words} words ({distinct_words} distinct), {characters} characters, {bytes} bytes".format(**counts)
    ]
    lines += ["{count:>6}  {word}".format(**entry) for entry in counts["most_common"]]
    return "\n".join(lines)
