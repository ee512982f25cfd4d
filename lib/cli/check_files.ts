import { Quarantine } from "../apply/quarantine.ts";
import { RefusedCertificates } from "../core/certificates/refused_certificates.ts";
import type { Desired, FileSet } from "../core/config/render.ts";
import type { Built } from "../core/model/build_model.ts";
import type { Snapshot } from "../core/snapshot/snapshot.ts";
import { checkConfig } from "../haproxy/process/program.ts";
import { fillFolder } from "../haproxy/files/safe_files.ts";
import { withDefault } from "./given_certificates.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import type { Routing } from "./routing.ts";

/** As many runs of `haproxy -c` as refused certificates may cost. */
const MOST_CHECKS = 64;

/** What comes of a snapshot, and why HAProxy refuses it, if it does. */
export type Tried = { readonly built: Built; readonly desired: Desired; readonly why: string | undefined };

/**
 * Asks HAProxy about what comes of a snapshot. Certificates that it refuses are left out with a notice, as `run` leaves them
 * out. Throws Failure.
 */
export async function tryRouting(
  { design, certificates, env }: Routing,
  snapshot: Snapshot,
  program: string,
): Promise<Tried> {
  const refused = new RefusedCertificates();
  const quarantine = new Quarantine(refused);
  const attempt = () => {
    const built = design.build(snapshot, undefined, undefined, refused.filter(certificates));
    return { built, desired: design.render(built.model) };
  };
  let now = attempt();
  const why = await whyRefused(now.desired, program, env);
  if (why === undefined) return { ...now, why };
  let isLess = false;
  for (let checks = 0; checks < MOST_CHECKS; checks++) {
    const hasFound = await quarantine.refusesCertificates(now.built.model, async (model) => {
      const detail = await whyRefused(design.render(model), program, env);
      return { isValid: detail === undefined, detail: detail ?? "" };
    });
    if (!hasFound) break;
    isLess = true;
    now = attempt();
  }
  return { ...now, why: isLess ? await whyRefused(now.desired, program, env) : why };
}

/** Why `haproxy -c` refuses a set of files, or nothing where it would load them. Throws Failure where they cannot be written. */
export async function whyRefused(
  { files, certificates }: FileSet,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    const path = `${folder.path}/haproxy.cfg`;
    await fillFolder(folder.path, { files, certificates: certificates && await withDefault(certificates) });
    const { isValid, messages } = await checkConfig(program, [path], env);
    return isValid ? undefined : messages.join("; ").replaceAll(`${folder.path}/`, "");
  } finally {
    await folder.remove();
  }
}
