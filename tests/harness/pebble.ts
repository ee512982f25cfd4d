/** A real authority for tests: Debian's pebble, with the name server that goes with it. */
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { freePort } from "./http.ts";

/** Why there is no authority on this machine; `undefined` where there is one. */
export const noPebble: string | undefined = await has("pebble") && await has("pebble-challtestsrv")
  ? undefined
  : "there is no pebble here: apt-get install pebble";
if (noPebble !== undefined) console.error(`skipped: ${noPebble}`);

async function has(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" })
    .output();
  return success;
}

/** An authority that runs; `await using` ends it with the block. */
export interface Pebble extends AsyncDisposable {
  /** Its directory. */
  readonly directory: string;
  /** The file of the authority that its own address is certified by. */
  readonly ca: string;
  readonly folder: string;
  /** Lines of its log so far. */
  readonly lines: readonly string[];
  /** Answers of the name server: addresses of a host; none for a host that does not exist. */
  setAddresses(host: string, addresses: readonly string[]): Promise<void>;
  /** A shell command that sets and clears TXT records of the name server. */
  readonly dnsHook: string;
  /** Ends the authority, as if it were away, and starts it again, as one that has forgotten everything. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** How an authority behaves. */
export interface PebbleSettings {
  /** Where hosts are looked at by HTTP. */
  readonly httpPort: number;
  /** Where hosts are looked at by TLS. */
  readonly tlsPort: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly lifetimeSeconds?: number;
  /** Accounts that an account is to be tied to. */
  readonly eab?: Readonly<Record<string, string>>;
  /** Names that it refuses: the whole order, without saying so of single names. */
  readonly refused?: readonly string[];
}

/** Starts an authority whose names all lead to 127.0.0.1. */
export async function startPebble(settings: PebbleSettings): Promise<Pebble> {
  const folder = await Deno.makeTempDir({ prefix: "pebble-" });
  const ca = await makeAuthority(folder);
  const [port, management, dns, dnsManagement] = [freePort(), freePort(), freePort(), freePort()];
  const config = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, "leaf.pem"),
    privateKey: join(folder, "leaf.key"),
    httpPort: settings.httpPort,
    tlsPort: settings.tlsPort,
    ocspResponderURL: "",
    ...settings.lifetimeSeconds !== undefined && { certificateValidityPeriod: settings.lifetimeSeconds },
    domainBlocklist: settings.refused ?? [],
    externalAccountBindingRequired: settings.eab !== undefined,
    ...settings.eab !== undefined && { externalAccountMACKeys: settings.eab },
  };
  await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ pebble: config }));
  const lines: string[] = [];
  const names = spawn(
    "pebble-challtestsrv",
    [
      ...["-dns01", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${dnsManagement}`],
      ...["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""],
    ],
    {},
    [],
  );
  const tell = async (path: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${dnsManagement}/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return true;
  };
  await eventually(() => tell("clear-txt", { host: "nobody." }), { what: "the name server" });
  let server: Deno.ChildProcess | undefined;
  const client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca)] });
  const directory = `https://127.0.0.1:${port}/dir`;
  const start = async () => {
    const env = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0", ...settings.env };
    server = spawn(
      "pebble",
      ["-config", join(folder, "config.json"), "-dnsserver", `127.0.0.1:${dns}`],
      env,
      lines,
    );
    await eventually(async () => {
      const response = await fetch(directory, { client });
      await response.body?.cancel();
      return true;
    }, { what: "pebble" });
  };
  const stop = async () => {
    server?.kill("SIGKILL");
    await server?.status;
    server = undefined;
  };
  await start();
  const post = `curl -sf -d "{\\"host\\":\\"\$2.\\",\\"value\\":\\"$3\\"}" http://127.0.0.1:${dnsManagement}`;
  return {
    directory,
    ca,
    folder,
    lines,
    dnsHook: `if [ "$1" = present ]; then ${post}/set-txt; else ${post}/clear-txt; fi #`,
    setAddresses: async (host, addresses) => {
      await tell("clear-a", { host: `${host}.` });
      await (addresses.length === 0
        ? tell("set-servfail", { host: `${host}.` })
        : tell("add-a", { host: `${host}.`, addresses }));
    },
    start,
    stop,
    async [Symbol.asyncDispose]() {
      client.close();
      await stop();
      names.kill("SIGKILL");
      await names.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function spawn(
  program: string,
  args: string[],
  env: Record<string, string>,
  lines: string[],
): Deno.ChildProcess {
  const child = new Deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr: "null" })
    .spawn();
  void (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      lines.push(...text.split("\n"));
    }
  })();
  return child;
}

/** An authority and a certificate of it for 127.0.0.1: the runtime takes no certificate that is its own authority. */
async function makeAuthority(folder: string): Promise<string> {
  const [ca, leaf] = [join(folder, "ca"), join(folder, "leaf")];
  const script = `set -e
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=pebble-ca \
      -addext basicConstraints=critical,CA:TRUE -keyout ${ca}.key -out ${ca}.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=pebble -keyout ${leaf}.key -out ${leaf}.csr
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\nbasicConstraints=CA:FALSE\\n' >${leaf}.ext
    openssl x509 -req -in ${leaf}.csr -CA ${ca}.pem -CAkey ${ca}.key -CAcreateserial -days 2 -extfile ${leaf}.ext \
      -out ${leaf}.pem`;
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", script], stdin: "null" }).output();
  if (!success) throw new Error(`openssl failed: ${new TextDecoder().decode(stderr)}`);
  return `${ca}.pem`;
}
