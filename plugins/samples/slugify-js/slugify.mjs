// What a slug is: pure, so that it can be tested without WebAssembly.

// Letters that Unicode does not decompose into a base letter and a mark.
const LETTERS = new Map([
  ["æ", "ae"], ["ø", "o"], ["œ", "oe"], ["ß", "ss"], ["đ", "d"], ["ð", "d"], ["ł", "l"], ["þ", "th"], ["ı", "i"],
]);

/**
 * The text in lower-case ASCII letters and digits, with `separator` between words, cut at a word's end where the whole
 * would be longer than `longest`. Empty where the text has no such letter or digit.
 */
export function slugify(text, separator, longest) {
  const plain = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f'’]/g, "")
    .replace(/[^\x00-\x7f]/g, (letter) => LETTERS.get(letter) ?? letter);
  const words = plain.match(/[a-z0-9]+/g) ?? [];
  let slug = "";
  for (const word of words) {
    const longer = slug === "" ? word : slug + separator + word;
    if (longer.length > longest) {
      return slug === "" ? word.slice(0, longest) : slug;
    }
    slug = longer;
  }
  return slug;
}
