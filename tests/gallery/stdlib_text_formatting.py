# Text: formats, templates, translation, Unicode forms, wrapping, differences, and encodings with their errors.
import difflib
import string
import textwrap
import unicodedata

print(f"numbers: {3.14159:8.2f}|{42:#x}|{1e6:,.0f}|{0.256:.1%}|{-5:+05d}|{255:08b}|{1234567.891:.3e}")
print(f"texts: {'left':<8}|{'mid':^9}|{'right':>8}|{'cut short':.3}|{'x':*^5}|{'quoted'!r}")
print("by name:", "{0[k]!r:>6} {1.real:.1f}".format({"k": "v"}, 2 + 3j))
print("template:", string.Template("$who owes $$${amount}").substitute(who="Bo", amount=5))
print("table:")
for name, price in (("tea", 2.5), ("cake", 12), ("water", 0.95)):
    print(f"  {name:.<10}{price:.>8.2f}")

print("translated:", "hello".translate(str.maketrans("eo", "30", "l")))
print("cases:", "Straße".casefold(), "ﬁ".upper(), "title case it".title(), "sWAP".swapcase())
print("parts:", "key=value=more".partition("="), "a/b/c".rpartition("/")[2], "path.tar.gz".removesuffix(".gz"))
print("lines:", "one\r\ntwo\vthree\n".splitlines(), "a\tb".expandtabs(4).count(" "))

word = "cafe\u0301 Å"
composed = unicodedata.normalize("NFC", word)
print("unicode:", len(word), len(composed), unicodedata.normalize("NFD", composed) == word[:5] + " A\u030a")
print("names:", [unicodedata.name(letter).split()[-1] for letter in "é☃α"], unicodedata.category("٣"), int("٣"))
plain = "".join(
    letter for letter in unicodedata.normalize("NFKD", "Ærøskøbing naïve") if not unicodedata.combining(letter)
)
print("without accents:", plain)
print("bytes:", "naïve".encode().hex(" "), "naïve".encode("latin-1").hex(" "), len("😀".encode("utf-16-le")))
for errors in ("replace", "ignore", "backslashreplace"):
    print(f"  {errors}:", "na\u00efve ☃".encode("ascii", errors))
try:
    b"\xff\xfe".decode("utf-8")
except UnicodeDecodeError as error:
    print("refused:", error.reason, "at", error.start)

story = "The quick brown fox jumps over the lazy dog and runs away."
print("wrapped:", textwrap.wrap(story, 20))
print("shortened:", textwrap.shorten(story, 25, placeholder=" ..."))
print("indented:", textwrap.indent(textwrap.dedent("    a\n      b\n"), "> ").splitlines())

old, new = "one two three four".split(), "one 2 three five four".split()
print("changes:", [line for line in difflib.ndiff(old, new) if line[0] in "+-"])
print("unified:", list(difflib.unified_diff(old, new, lineterm="", n=0))[2:])
print(f"alike: {difflib.SequenceMatcher(None, old, new).ratio():.3f}")
print("close:", difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"]))
