/** JSON schemas of what containers may say, from the table of keys: editors complete and check by them. */
import { MOST_ROUTES } from "../lib/core/labels/said_data.ts";
import type { Kind } from "../lib/core/keys/key_kind.ts";
import type { RouteKey } from "../lib/core/keys/route_key.ts";
import { ROUTE_KEYS } from "../lib/core/keys/route_keys.ts";

type Schema = Readonly<Record<string, unknown>>;

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** A boolean as people write it, in any case. */
const ANY_CASE = ["true", "false", "yes", "no", "on", "off", "1", "0"].map((word) =>
  word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
).join("|");
const BOOLEAN = {
  anyOf: [{ enum: [true, false, 0, 1] }, { type: "string", pattern: `^\\s*(?:${ANY_CASE})\\s*$` }],
};
/** What JSON has for each kind, as KINDS reads it; any of them may be null, which says nothing. */
const KIND_SCHEMAS: Readonly<Record<Kind, Schema>> = {
  boolean: BOOLEAN,
  integer: { type: "integer" },
  port: { type: "integer", minimum: 1, maximum: 65535 },
  time: { anyOf: [{ type: "integer" }, { type: "string", pattern: "^\\s*[0-9]{1,9}(ms|[smh])\\s*$" }] },
  size: {
    anyOf: [{ type: "integer" }, { type: "string", pattern: "^\\s*[0-9]{1,9} ?[kmgKMG]?([iI]?[bB])?\\s*$" }],
  },
  string: { type: "string" },
  text: { type: ["string", "number", "boolean"] },
  "string[]": { type: "array", items: { type: "string" } },
};

/** A text for which Compose puts in the value of a variable. */
const VARIABLE = { type: "string", pattern: "\\$" };
/** In a label, each value is a text; YAML has numbers and booleans for some, and null for an empty one. */
const ANY_TEXT: Schema = { type: ["string", "number", "boolean", "null"] };
const label = (pattern: string): Schema => ({
  anyOf: [{ type: ["integer", "null"] }, { type: "string", pattern: `^\\s*(?:${pattern})\\s*$` }, VARIABLE],
});
const LABEL_SCHEMAS: Readonly<Record<Kind, Schema>> = {
  boolean: {
    anyOf: [
      { enum: [true, false, 0, 1, null] },
      { type: "string", pattern: `^\\s*(?:${ANY_CASE}|)\\s*$` },
      VARIABLE,
    ],
  },
  integer: label("[0-9]{1,15}"),
  port: label("[0-9]{1,15}"),
  time: label("[0-9]{1,15}|[0-9]{1,9}(?:ms|[smh])"),
  size: label("[0-9]{1,15}|[0-9]{1,9} ?[kmgKMG]?(?:[iI]?[bB])?"),
  string: ANY_TEXT,
  text: ANY_TEXT,
  "string[]": ANY_TEXT,
};

const KEYS = Object.entries(ROUTE_KEYS) as readonly (readonly [string, RouteKey])[];

function keySchema(key: RouteKey): Schema {
  const forms: Schema[] = [KIND_SCHEMAS[key.kind], { type: "null" }];
  if (key.kind === "string[]" && key.takesOne) forms.push({ type: "string" });
  if (key.kind === "string[]" && key.fromPair !== undefined) forms.push({ type: "object" });
  return { description: key.meaning, anyOf: forms };
}

/** Of INTERLOCK_DATA: an object for a route, or a list of them. */
function dataSchema(): Schema {
  return {
    $schema: DRAFT,
    title: "INTERLOCK_DATA",
    anyOf: [{ $ref: "#/definitions/route" }, {
      type: "array",
      maxItems: MOST_ROUTES,
      items: { $ref: "#/definitions/route" },
    }],
    definitions: {
      route: {
        type: "object",
        properties: Object.fromEntries(KEYS.map(([name, key]) => [name, keySchema(key)])),
        // What is null says nothing, whatever it is called.
        additionalProperties: { type: "null" },
      },
    },
  };
}

const ROUTE = "(?:[A-Za-z0-9_-]{1,63}\\.)?";
const numberOf = ({ kind }: RouteKey) => kind === "string[]" ? "(?:\\.[0-9]{1,6})?" : "";
const wordOf = (name: string, { label }: RouteKey) => name === label ? name : `(?:${label}|${name})`;
const labelPattern = (name: string, key: RouteKey) =>
  `interlock\\.${ROUTE}${wordOf(name, key)}${numberOf(key)}`;

/** Of a compose file: the labels of its services, as an object or as a list. */
function composeSchema(): Schema {
  const known = `^(?!interlock\\.)|^(?:${KEYS.map((each) => labelPattern(...each)).join("|")})`;
  const schemaOf = (key: RouteKey) => ({ description: key.meaning, ...LABEL_SCHEMAS[key.kind] });
  return {
    $schema: DRAFT,
    title: "The labels of signalbox in a compose file",
    type: "object",
    properties: {
      services: {
        type: "object",
        additionalProperties: {
          type: ["object", "null"],
          properties: { labels: { $ref: "#/definitions/labels" } },
        },
      },
    },
    definitions: {
      labels: {
        anyOf: [
          {
            type: "object",
            propertyNames: { pattern: `${known}$` },
            // Editors complete what stands here, and check by the patterns too.
            properties: Object.fromEntries(KEYS.map(([, key]) => [`interlock.${key.label}`, schemaOf(key)])),
            patternProperties: Object.fromEntries(
              KEYS.map(([name, key]) => [`^${labelPattern(name, key)}$`, schemaOf(key)]),
            ),
          },
          { type: "array", items: { type: "string", pattern: `${known}(?:=|$)` } },
          { type: "null" },
        ],
      },
    },
  };
}

/** The schemas by their paths. */
export const SCHEMAS: Readonly<Record<string, string>> = {
  "docs/schema/interlock_data.json": `${JSON.stringify(dataSchema(), undefined, 2)}\n`,
  "docs/schema/compose_labels.json": `${JSON.stringify(composeSchema(), undefined, 2)}\n`,
};
