import { systemClock } from "../../clock.ts";
import type { PageAnswers } from "../../core/status/page_answers.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { serveAdmin } from "../../report/admin.ts";
import { fetchText } from "../../report/control_socket.ts";
import { withHonestTypes, withRouteIds } from "../../report/haproxy_metrics.ts";
import type { LiveView } from "../../report/live_view.ts";
import { failed } from "../failure.ts";
import { inFolderOf } from "../../haproxy/files/trusted_path.ts";
import { absolute } from "../absolute.ts";
import { AdminPassword } from "../../report/password/admin_password.ts";
import { CryptCheck } from "../../report/password/crypt_check.ts";
import type { StatusParts } from "./open_control.ts";
import type { RunContext } from "./run_context.ts";

/** The path of HAProxy's metrics. */
export const metricsSocketOf = (stateDir: string): string => `${stateDir}/metrics.sock`;

/** What the page answers from. */
type AdminParts = StatusParts & {
  readonly mayWait: boolean;
  readonly live: LiveView;
  readonly answers: PageAnswers;
  /** The spare backend of each route that one serves. */
  readonly bindings: () => ReadonlyMap<string, string>;
};

/** Serves the page of `--admin`; `undefined` without that setting. Throws Failure where its address cannot be had. */
export async function openAdmin(
  { settings, stateDir }: RunContext,
  // After a handover signalbox has to run, with or without its page.
  { bindings, ...parts }: AdminParts,
): Promise<{ readonly close: () => Promise<void> } | undefined> {
  const { admin, adminPasswordFile } = settings;
  if (admin === undefined) return undefined;
  const ask = (path: string) =>
    settings.external
      ? Promise.reject(new Error("others run HAProxy"))
      : fetchText(metricsSocketOf(stateDir), path);
  try {
    if ("socket" in admin) await assertNobodyAnswers(admin.socket);
    const server = serveAdmin({
      ...parts,
      clock: systemClock,
      listen: () => "socket" in admin ? listenAt(absolute(admin.socket)) : Deno.listen(admin),
      isOnSocket: "socket" in admin,
      password: adminPasswordFile === undefined ? undefined : passwordOf(absolute(adminPasswordFile)),
      page: async () => (await import("#page")).default,
      haproxyMetrics: async (query) =>
        withHonestTypes(withRouteIds(await ask(`/metrics${query}`), bindings())),
      monitorHaproxy: () => ask("/haproxy?monitor"),
    });
    return {
      close: async () => {
        if ("socket" in admin) removeSocket(absolute(admin.socket));
        await server.close();
      },
    };
  } catch (error) {
    const [place, right] = "socket" in admin
      ? [admin.socket, "a path in a folder of our own that no other program listens at"]
      : [`${admin.hostname}:${admin.port}`, "a free port"];
    throw failed(`cannot serve --admin at ${place}: ${messageOf(error)}, expected ${right}`);
  }
}

function passwordOf(path: string): AdminPassword {
  const crypt = new CryptCheck(systemClock);
  const compareCrypt = (password: string, hash: string) => crypt.isRight(password, hash);
  return new AdminPassword({ path, clock: systemClock, compareCrypt });
}

async function assertNobodyAnswers(socket: string): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path: absolute(socket) }).catch(() => undefined);
  if (connection === undefined) return;
  connection.close();
  throw new Error("another program listens there");
}

function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody removed it.
  }
}

/**
 * Listens at a socket, for our user and group. One that was left behind is replaced, and one that somebody listens at is not.
 * Throws where another user could have put something else there.
 */
function listenAt(path: string): Deno.Listener {
  return inFolderOf(path, "folders", (name) => {
    const listener = replaceLeft(name);
    Deno.chmodSync(name, 0o660);
    return listener;
  });
}

function replaceLeft(name: string): Deno.Listener {
  try {
    return Deno.listen({ transport: "unix", path: name });
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || Deno.lstatSync(name).isSocket !== true) throw error;
    Deno.removeSync(name);
    return Deno.listen({ transport: "unix", path: name });
  }
}
