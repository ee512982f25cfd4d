import config from "../deno.json" with { type: "json" };

/** The program's version, from the one place where it stands. */
export const VERSION: string = config.version;
