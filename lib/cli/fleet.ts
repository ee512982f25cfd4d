import type { Fleet } from "../core/model/model.ts";
import type { OwnListener } from "../core/model/routing_settings.ts";
import type { Settings } from "../core/settings/settings.ts";
import { MOST_PEERS, type Peer } from "../core/settings/peer_values.ts";
import { messageOf } from "../core/values/message_of.ts";
import { absolute } from "./absolute.ts";
import { wrongUsage } from "./failure.ts";

/** The fleet that the settings name; `undefined` for none. */
export function fleetOf(settings: Settings): Fleet | undefined {
  const { peers, peerTls, peerPort: port, peerBind: bind } = settings;
  if (peers.length === 0 && port === undefined) return undefined;
  const sorted = boundPeers(settings).toSorted((a, b) => a.name < b.name ? -1 : 1);
  const tls = peerTls === undefined ? undefined : absolute(peerTls);
  return { peers: sorted, tls, ...port !== undefined && { nodes: { port, own: ownName(settings), bind } } };
}

/** The peers, this one where it listens. */
function boundPeers(settings: Settings): readonly Peer[] {
  const { peers, peerBind } = settings;
  if (peerBind === undefined) return peers;
  const own = ownPeerName(settings);
  const { hostname: address, port } = peerBind;
  return peers.map((peer) => peer.name === own ? { name: peer.name, address, port } : peer);
}

/** The ports of peers, this one's among them: no container's route may lead there. */
export function peerListeners(settings: Settings): readonly OwnListener[] {
  const { peers, peerPort: port, peerBind: bind } = settings;
  const named = [...new Set([...peers, ...boundPeers(settings)])]
    .map(({ name, address, port }) => ({ setting: `--peer ${name}`, address, port }));
  if (port === undefined) return named;
  // At which of its addresses this node listens, its Swarm tells later.
  const own = { setting: "--peer-port", address: undefined, port };
  const bound = bind && { setting: "--peer-bind", address: bind.hostname, port: bind.port };
  return [...named, own, ...bound === undefined ? [] : [bound]];
}

/** How many peers there may be. */
export const mostPeers = ({ peers, peerPort }: Settings): number =>
  peerPort === undefined ? peers.length : MOST_PEERS;

const ownName = ({ peerName }: Settings): string => peerName ?? Deno.hostname();

/** The name of this one among the peers; `undefined` where they do not name it, and no Swarm may. */
function ownPeerName(settings: Settings): string | undefined {
  const own = ownName(settings);
  return settings.peerPort !== undefined || settings.peers.some(({ name }) => name === own) ? own : undefined;
}

/** Finds faults of these settings before HAProxy is started with them. Throws Failure. */
export async function checkFleet(settings: Settings): Promise<void> {
  const { peers, peerName, peerTls, peerBind, peerPort } = settings;
  if (peers.length === 0 && peerPort === undefined) {
    const [alone] = Object.entries({ name: peerName, tls: peerTls, bind: peerBind }).filter(([, given]) =>
      given
    );
    if (alone === undefined) return;
    throw wrongUsage(`--peer-${alone[0]} needs --peer NAME=ADDRESS:PORT, or --peer-port N`);
  }
  if (ownPeerName(settings) === undefined) {
    const own = ownName(settings);
    throw wrongUsage(
      `--peer names ${peers.map(({ name }) => name).join(", ")}, and not this one, ${own}: ` +
        `expected --peer-name NAME, or --peer ${own}=ADDRESS:PORT`,
    );
  }
  if (peerTls === undefined) return;
  const text = await Deno.readTextFile(peerTls).catch((error) => {
    throw wrongUsage(`cannot read --peer-tls "${peerTls}": ${messageOf(error)}`);
  });
  if (
    !text.includes("-----BEGIN CERTIFICATE-----") || !/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text)
  ) {
    throw wrongUsage(`--peer-tls "${peerTls}" must hold a certificate and its key, as PEM`);
  }
}

/** What HAProxy is told of the fleet by its environment, so that the config is the same at each node. Throws Failure. */
export async function fleetEnvironment(settings: Settings): Promise<Readonly<Record<string, string>>> {
  await checkFleet(settings);
  const own = ownPeerName(settings);
  const key = await readCookieKey(settings);
  return {
    ...own !== undefined && { SIGNALBOX_LOCAL_PEER: own },
    ...key !== undefined && { SIGNALBOX_COOKIE_KEY: key },
  };
}

async function readCookieKey({ cookieKeyFile: path }: Settings): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await Deno.readTextFile(path).catch((error) => {
    throw wrongUsage(`cannot read --cookie-key-file "${path}": ${messageOf(error)}`);
  });
  const key = text.trim();
  if (!/^[A-Za-z0-9_-]{32,128}$/.test(key)) {
    throw wrongUsage(`--cookie-key-file "${path}" must hold one line of 32 to 128 letters, digits, _ and -`);
  }
  return key;
}
