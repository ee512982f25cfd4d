import type { Frontend } from "../model/model.ts";

/** Conditions of HAProxy's, each way that they come true by itself: a rule takes them with `||` between. */
type Ways = readonly string[];

/** Who stands in front of HAProxy, as conditions over the ACLs `proxy`, `balancer` and `as_ipv4` of the templates. */
export type InFront = {
  /** The networks of IPv6 alone, as lines of the ACLs `proxy_six` and `balancer_six`. */
  readonly proxySix: readonly string[];
  readonly balancerSix: readonly string[];
  readonly isProxy: Ways;
  readonly isBalancer: Ways;
  /** Neither of them. */
  readonly isOther: Ways;
  readonly isNoProxy: Ways;
};

/**
 * HAProxy compares an IPv6 address with networks of IPv4 too: by the IPv4 address in it, where it is of 6to4 (RFC 3056) or of
 * `::/96` (RFC 4291, section 2.5.5.1). Whoever has such an address is another machine: only a network of IPv6 names it.
 */
export function inFront({ trustedProxies, proxyProtocol }: Frontend): InFront {
  const proxy = { acl: "proxy", lines: trustedProxies, six: ofIpv6(trustedProxies) };
  const balancer = { acl: "balancer", lines: proxyProtocol, six: ofIpv6(proxyProtocol) };
  return {
    proxySix: proxy.six,
    balancerSix: balancer.six,
    isProxy: waysOf(proxy),
    isBalancer: waysOf(balancer),
    isOther: waysOfNone([balancer, proxy]),
    isNoProxy: waysOfNone([proxy]),
  };
}

type List = { readonly acl: string; readonly lines: readonly string[]; readonly six: readonly string[] };

const ofIpv6 = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.split(" ").filter((word) => word.includes(":")).join(" ")).filter((line) =>
    line !== ""
  );

const waysOf = ({ acl, six }: List): Ways => [`${acl} !as_ipv4`, ...six.length > 0 ? [`${acl}_six`] : []];

/** None of the lists has the address; no way at all where there is no list, since then nothing needs to be asked. */
function waysOfNone(lists: readonly List[]): Ways {
  const named = lists.filter(({ lines }) => lines.length > 0);
  if (named.length === 0) return [];
  const six = named.filter((list) => list.six.length > 0).map(({ acl }) => ` !${acl}_six`);
  return [named.map(({ acl }) => `!${acl}`).join(" "), `as_ipv4${six.join("")}`];
}
