// Run with `node --test` in this folder.

import assert from "node:assert/strict";
import test from "node:test";

import { slugify } from "./slugify.mjs";

test("a text becomes a slug", () => {
  const table = [
    ["Hello, World!", "-", 80, "hello-world"],
    ["  Ünïcödé  &  Æsir ", "-", 80, "unicode-aesir"],
    ["straße łódź", "_", 80, "strasse_lodz"],
    ["It's Ann’s", "-", 80, "its-anns"],
    ["one two three", "-", 8, "one-two"],
    ["one two three", "-", 7, "one-two"],
    ["unbreakable", "-", 5, "unbre"],
    ["ﬁle №5", "-", 80, "file-no5"],
    ["日本", "-", 80, ""],
    ["", "-", 80, ""],
  ];
  for (const [text, separator, longest, expected] of table) {
    assert.equal(slugify(text, separator, longest), expected, text);
  }
});
