/** The witness container: an HTTP server that does what its environment and the path asked for tell it to. */

const name = Deno.env.get("NAME") ?? Deno.hostname();
const ports = (Deno.env.get("PORTS") ?? "8080").split(/[ ,]+/).map(Number);
const listenAfterMs = Number(Deno.env.get("LISTEN_AFTER_MS") ?? "0");
const notes = Deno.env.get("NOTES");
let status = Number(Deno.env.get("STATUS") ?? "200");
const tls = Deno.env.get("TLS") === "1"
  ? { cert: Deno.readTextFileSync("/tls/cert.pem"), key: Deno.readTextFileSync("/tls/key.pem") }
  : {};

/** How often each id was posted, by which a request that was repeated shows. */
const posts: Record<string, number> = {};

/** What `/held` waits for: SIGUSR1. */
const isReleased = Promise.withResolvers<void>();
Deno.addSignalListener("SIGUSR1", () => isReleased.resolve());

/** A body of the given length that never lies in memory whole. */
function download(sizeBytes: number): ReadableStream<Uint8Array> {
  let left = sizeBytes;
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(left, 65_536)).fill(120);
      left -= chunk.length;
      if (chunk.length > 0) controller.enqueue(chunk);
      if (left === 0) controller.close();
    },
  });
}

function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => socket.send(name);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

async function answer(request: Request, port: number): Promise<Response> {
  const url = new URL(request.url);
  const headers = { "x-served-by": name, "x-served-port": String(port) };
  const text = (body: BodyInit, code = status) => new Response(body, { status: code, headers });
  const [, first, second] = url.pathname.split("/");
  switch (first) {
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get("ms"))));
      return text(name);
    case "held":
      await isReleased.promise;
      return text(name);
    case "status":
      return text(name, Number(second));
    case "become":
      status = Number(second);
      return text(name);
    case "ws":
      return echo(request);
    case "download":
      return text(download(Number(url.searchParams.get("bytes"))));
    case "post": {
      const id = url.searchParams.get("id") ?? await request.text();
      posts[id] = (posts[id] ?? 0) + 1;
      // Where it lasts, however the container ends.
      if (notes !== undefined) Deno.writeTextFileSync(notes, `${id}\n`, { append: true });
      await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get("ms"))));
      return text(name);
    }
    case "posts":
      return Response.json(posts, { headers });
    case "headers":
      return Response.json({
        name,
        port,
        path: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
      }, { status, headers });
    default:
      return text(name);
  }
}

const servers: Deno.HttpServer[] = [];
let isStopping = false;

async function stop(): Promise<void> {
  isStopping = true;
  // Requests in flight are finished first, as a well-made service does.
  await Promise.all(servers.map((server) => server.shutdown()));
  Deno.exit(0);
}

Deno.addSignalListener("SIGTERM", () => void stop());
Deno.addSignalListener("SIGINT", () => void stop());

setTimeout(() => {
  if (isStopping) return;
  for (const port of ports) {
    servers.push(
      Deno.serve({ port, hostname: "0.0.0.0", onListen() {}, ...tls }, (request) => answer(request, port)),
    );
  }
  console.log(`listening on ${ports.join(" ")}`);
}, listenAfterMs);
