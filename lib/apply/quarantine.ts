import { RefusedCertificates } from "../core/certificates/refused_certificates.ts";
import type { Backend, Model } from "../core/model/model.ts";
import { onlyBackends } from "../core/model/only_backends.ts";
import type { BackendName } from "../core/values/names.ts";
import type { TakenPort } from "../ports.ts";
import type { Notice } from "../core/values/notice.ts";

/** Whether HAProxy would load a model, and what it says if not. */
export type ModelCheck = (model: Model) => Promise<{ readonly isValid: boolean; readonly detail: string }>;

/** A backend as it was refused, and why; `isOfPort`: since another program has its port, and may leave it. */
type Refused = { readonly print: string; readonly detail: string; readonly isOfPort?: boolean };

/** Checks that one search may cost: each is a run of `haproxy -c`. */
const MOST_CHECKS = 64;

/**
 * Backends that HAProxy refuses, found by asking about ever smaller parts. They are left out, with a notice, until
 * their content changes: one bad route never freezes the routing of all.
 */
export class Quarantine {
  readonly #refused = new Map<BackendName, Refused>();

  /** HAProxy's messages name the files of certificates that it refuses. */
  constructor(readonly certificates = new RefusedCertificates()) {}

  /** The model without the backends that were refused as they are. */
  filter(model: Model): Model {
    if (this.#refused.size === 0) return model;
    for (const name of this.#refused.keys()) {
      const backend = model.backends.find((each) => each.name === name);
      if (backend === undefined || fingerprint(backend) !== this.#refused.get(name)?.print) {
        this.#refused.delete(name);
      }
    }
    return without(model, new Set(this.#refused.keys()));
  }

  /** Lets every backend be tried again: templates, settings or HAProxy itself may have been mended. */
  clear(): void {
    this.#refused.clear();
    this.certificates.clear();
  }

  /** Lets those be tried again whose port another program had. */
  retryPorts(): void {
    for (const [name, { isOfPort }] of this.#refused) if (isOfPort === true) this.#refused.delete(name);
  }

  /** Leaves out the backends whose ports cannot be had; answers whether that helps. */
  refusePorts({ backends }: Model, taken: readonly TakenPort[]): boolean {
    const before = this.#refused.size;
    for (const backend of backends) {
      const port = backend.routes.find(({ listen }) => listen !== undefined)?.listen?.port;
      const why = taken.find((each) => each.port === port);
      if (why === undefined) continue;
      this.#refused.set(backend.name, { print: fingerprint(backend), detail: why.detail, isOfPort: true });
    }
    return this.#refused.size > before;
  }

  /** A notice for each backend that is left out. */
  notices(): Notice[] {
    return [...this.#refused].map(([name, { detail, isOfPort }]) => ({
      severity: "warning",
      code: "refused",
      subject: name,
      message: isOfPort === true
        ? `the route is left out: ${detail}`
        : `the route is left out, since HAProxy refuses it: ${detail}`,
    }));
  }

  /**
   * Asks about certificates that are new, before they come by commands or by a load; answers whether some are left out from
   * now on.
   */
  async refusesCertificates(model: Model, check: ModelCheck): Promise<boolean> {
    const { certificates } = model;
    if (certificates === undefined || !this.certificates.isToAsk(certificates)) return false;
    return this.#hearOfCertificates(model, await check(onlyBackends(model, [])));
  }

  /** Without backends, no word of a container is among HAProxy's. */
  #hearOfCertificates(
    { certificates }: Model,
    { isValid, detail }: Awaited<ReturnType<ModelCheck>>,
  ): boolean {
    if (certificates === undefined) return false;
    if (!isValid) return this.certificates.refuse(certificates, detail);
    this.certificates.take(certificates);
    return false;
  }

  /** Looks for the backends or certificates at fault in a model that was refused; answers whether leaving them out would help. */
  async search(model: Model, check: ModelCheck): Promise<boolean> {
    let checks = 0;
    const ask = async (backends: readonly Backend[]) => {
      checks++;
      return await check(onlyBackends(model, backends));
    };
    const bare = await ask([]);
    if (!bare.isValid) return this.#hearOfCertificates(model, bare);
    const guilty = new Map<BackendName, { print: string; detail: string }>();
    const queue: (readonly Backend[])[] = [model.backends];
    for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
      if (part.length === 0) continue;
      if (checks >= MOST_CHECKS) return false;
      const result = await ask(part);
      if (result.isValid) continue;
      const [first] = part;
      if (part.length === 1 && first !== undefined) {
        guilty.set(first.name, { print: fingerprint(first), detail: result.detail });
        continue;
      }
      const middle = Math.ceil(part.length / 2);
      queue.push(part.slice(0, middle), part.slice(middle));
    }
    for (const [name, entry] of guilty) this.#refused.set(name, entry);
    return guilty.size > 0;
  }
}

/** All of a backend that HAProxy loads; whether its servers have traffic now is no part of it. */
function fingerprint({ servers, routes: _routes, ...rest }: Backend): string {
  const fixed = servers.map(({ gate: _gate, incarnation: _incarnation, ...server }) => server);
  return JSON.stringify([rest, fixed]);
}

function without(model: Model, names: ReadonlySet<BackendName>): Model {
  return onlyBackends(model, model.backends.filter((backend) => !names.has(backend.name)));
}
