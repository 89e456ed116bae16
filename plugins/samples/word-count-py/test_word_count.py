"""Run with `python3 -m unittest` in this folder."""

import unittest

from word_count import count, report


class Counts(unittest.TestCase):
    def test_table(self):
        table = [
            ("", (0, 0, 0, 0, 0)),
            ("one", (1, 1, 3, 3, 1)),
            ("One one\nTWO\n", (2, 3, 12, 12, 2)),
            ("it's a well-known café", (1, 4, 22, 23, 4)),
            ("... ---\n", (1, 0, 8, 8, 0)),
        ]
        for text, expected in table:
            counts = count(text, 10)
            names = ("lines", "words", "characters", "bytes", "distinct_words")
            self.assertEqual(tuple(counts[name] for name in names), expected, text)

    def test_most_common_words_come_first_then_by_name(self):
        counts = count("b a c a b", 2)
        self.assertEqual(counts["most_common"], [{"word": "a", "count": 2}, {"word": "b", "count": 2}])
        expected = "1 lines, 5 words (3 distinct), 9 characters, 9 bytes\n     2  a\n     2  b"
        self.assertEqual(report(counts), expected)


if __name__ == "__main__":
    unittest.main()
