import * as v from "valibot";
import type { Rootless } from "../../core/snapshot/snapshot.ts";
import type { Clock } from "../../ports.ts";
import { connectEngine, type Engine } from "./connect.ts";
import { EngineError, type EngineTransport } from "./modem.ts";

/** Docker names it among its security options, Podman in a field of its own (`Rootless`). */
const InfoSchema = v.object({
  SecurityOptions: v.optional(v.nullable(v.array(v.string()), []), []),
  Rootless: v.optional(v.nullable(v.boolean(), false), false),
});

/** Whether an engine runs without root, as its `GET /info` tells; `undefined` where it has root, or nobody may ask. */
export async function readRootless(
  { info, isPodman }: Pick<Engine, "info" | "isPodman">,
  signal: AbortSignal,
): Promise<Rootless | undefined> {
  const said = await info(signal).catch((error) => {
    // What answers to everything else is followed all the same.
    if (error instanceof EngineError && error.statusCode !== undefined) return undefined;
    throw error;
  });
  const { success, output } = v.safeParse(InfoSchema, said);
  if (!success || !(output.Rootless || output.SecurityOptions.includes("name=rootless"))) return undefined;
  return isPodman ? "podman" : "docker";
}

/** The same by a connection of its own; throws where the engine does not answer. */
export async function askRootless(
  transport: EngineTransport,
  clock: Clock,
  signal: AbortSignal,
): Promise<Rootless | undefined> {
  const engine = await connectEngine(transport, clock, signal);
  try {
    return await readRootless(engine, signal);
  } finally {
    engine.close();
  }
}
