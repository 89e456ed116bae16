// The plugin: what it declares, and how a call becomes a slug.

import { slugify } from "./slugify.mjs";

const PARAMETERS = {
  type: "object",
  properties: {
    text: { type: "string", description: "The text, for example a title." },
    separator: { type: "string", enum: ["-", "_"], default: "-", description: "What stands between words." },
    longest: { type: "integer", minimum: 1, maximum: 255, default: 80, description: "Characters at most." },
  },
  required: ["text"],
  additionalProperties: false,
};

function invalid(pointer, expected) {
  return { tag: "invalid-arguments", val: [{ pointer, expected }] };
}

/** The arguments, checked against PARAMETERS. A thrown value is the call's failure. */
function argumentsOf(text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw invalid("", `a JSON object (${error.message})`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw invalid("", "a JSON object");
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(PARAMETERS.properties, name)) {
      const pointer = "/" + name.replaceAll("~", "~0").replaceAll("/", "~1");
      throw invalid(pointer, "no such argument; the known are: text, separator, longest");
    }
  }
  const { text: source, separator = "-", longest = 80 } = given;
  if (typeof source !== "string") {
    throw invalid("/text", "a string");
  }
  if (!PARAMETERS.properties.separator.enum.includes(separator)) {
    throw invalid("/separator", "- or _");
  }
  if (!Number.isInteger(longest) || longest < 1 || longest > 255) {
    throw invalid("/longest", "an integer from 1 to 255");
  }
  return { source, separator, longest };
}

export const manifest = {
  describe() {
    return {
      name: "slugify",
      version: "0.1.0",
      summary: "Makes names for files and addresses (a sample in JavaScript).",
      tools: [
        {
          name: "slugify",
          description: "Turns a text into a name for a file or an address: lower-case ASCII, words joined by a separator.",
          parameters: JSON.stringify(PARAMETERS),
          selector: undefined,
          operations: [{ name: "slugify", effects: ["observe"], needs: [] }],
        },
      ],
      // Numbers, 64-bit ones too: componentize-qjs takes no BigInt.
      limits: {
        memory: 64 << 20,
        fuel: 2_000_000_000,
        deadline: 5_000,
        output: 16 << 10,
        openFiles: 0,
        hostCalls: 0,
      },
    };
  },
};

export const calls = {
  invoke(call) {
    const { source, separator, longest } = argumentsOf(call.arguments);
    const slug = slugify(source, separator, longest);
    if (slug === "") {
      throw { tag: "failed", val: "the text has no letter or digit that a slug could be made of" };
    }
    return { content: [{ tag: "text", val: slug }], structured: JSON.stringify({ slug }) };
  },
};
