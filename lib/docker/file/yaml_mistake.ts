import type { YAMLParseError } from "yaml";

/** What each mistake of the package is to somebody who wrote a file by hand, and what would be right. */
const WORDS: Readonly<Partial<Record<YAMLParseError["code"], string>>> = {
  ALIAS_PROPS: "an & or a ! stands before a *, expected the * alone",
  BAD_ALIAS: "an & or a * has no name, or one that ends with a colon, expected a name such as &nas",
  BAD_DIRECTIVE: "a line that begins with % is not known, expected no such line",
  BAD_DQ_ESCAPE:
    "a \\ stands before a letter that it does not go with, expected \\\\ for a \\ in double quotes",
  BAD_INDENT: "a line begins further left or right than its neighbours, expected as many blanks as they have",
  BAD_PROP_ORDER: "an & or a ! stands before a - or a ?, expected it behind that",
  BAD_SCALAR_START: "a value begins with a mark that YAML keeps for itself, expected quotes around the value",
  BLOCK_AS_IMPLICIT_KEY:
    "a second key stands on one line, or a line further right than its neighbours, expected each key on a line of its own",
  BLOCK_IN_FLOW: "a comma or a bracket is missing within [ ] or { }, expected a comma between two values",
  MULTILINE_IMPLICIT_KEY: "a key has no colon on its line, expected a colon and a blank behind it",
  MULTIPLE_ANCHORS: "two & stand before one value, expected one",
  MULTIPLE_DOCS: "a second document begins, expected one, without --- between its routes",
  MULTIPLE_TAGS: "two ! stand before one value, expected none",
  NON_STRING_KEY: "a name is no text, expected quotes around it",
  TAB_AS_INDENT: "a line begins with a tab, expected blanks",
  TAG_RESOLVE_FAILED: "a ! before a value has no meaning here, expected none, or quotes around the value",
};

/** Mistakes that one code has in common, by the package's text for them; these come before the words of the code. */
const PARTS: readonly (readonly [found: RegExp, words: string])[] = [
  [/closing "quote/, 'a " has no second one, expected " at the end of the text'],
  [/closing 'quote/, "a ' has no second one, expected ' at the end of the text"],
  [/end with a \]/, "a [ has no ], expected ] at the end of the list"],
  [/end with a }/, "a { has no }, expected } at the end of the object"],
  [/Unexpected flow-seq-end/, "a ] has no [ in front of it, expected one of each"],
  [/Unexpected flow-map-end/, "a } has no { in front of it, expected one of each"],
  [/between flow map/, "a comma or a colon is missing between { and }, expected a comma behind each value"],
  [/between flow seq/, "a comma is missing between [ and ], expected one between two elements"],
  [/Missing space after :/, "a colon has no blank behind it, expected key: value"],
  [/followed by map values/, "a key has no colon behind it, expected key: value"],
  [/without - indicator/, "an element has no - in front of it, expected one in front of each"],
  [/Comments must be/, "a # stands right behind a value, expected a blank, or quotes around the value"],
  [/next token by white space/, "a value stands right behind its & or !, expected a blank between them"],
  [/empty item|Unexpected ,/, "a comma has no value in front of it, expected one"],
  [
    /Not a YAML token|Block scalar header/,
    "a text stands on the line of its | or >, expected it on the next lines",
  ],
  [
    /at node end/,
    "more stands behind the end of a value, expected quotes around all of it, or a line of its own",
  ],
];

/** What is wrong with the text, and what would be right. */
export const wordsOf = ({ code, message }: YAMLParseError): string =>
  PARTS.find(([found]) => found.test(message))?.[1] ?? WORDS[code] ??
    "a mark has no meaning in YAML where it stands, expected quotes around a text that holds it";
