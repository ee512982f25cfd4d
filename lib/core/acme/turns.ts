import { domainOf } from "./domain.ts";
import type { Order } from "./schedule.ts";

/** Orders at a time: hosts that answer slowly, or never, hold one until the authority gives up. */
const MOST = 8;
/** Renewals, and orders for hosts that have no certificate yet, at a time: neither ever waits for all of the other kind. */
const MOST_OF_KIND = 6;
/** Orders at a time for the hosts of one owner, and of one domain. */
const MOST_OF_ONE = 3;

/** What tells turns: an order that is under way, or may be begun. */
type Turn = Pick<Order, "name" | "hosts" | "owner" | "isRenewal">;

/** The orders to begin now beside those under way, the most urgent first, each owner in turn. */
export function ordersToBegin<T extends Turn>(orders: readonly T[], underWay: readonly Turn[]): T[] {
  const busy = [...underWay];
  const begun: T[] = [];
  const left = [...orders];
  const count = (isIt: (turn: Turn) => boolean) => busy.filter(isIt).length;
  const ofOwner = ({ owner }: Turn) => count((turn) => turn.owner === owner);
  const domain = ({ hosts: [first = ""] }: Turn) => domainOf(first);
  const hasRoom = (order: Turn) =>
    count(({ isRenewal }) => isRenewal === order.isRenewal) < MOST_OF_KIND &&
    ofOwner(order) < MOST_OF_ONE && count((turn) => domain(turn) === domain(order)) < MOST_OF_ONE;
  while (busy.length < MOST) {
    const free = left.filter(hasRoom);
    const [first] = free;
    if (first === undefined) break;
    // Renewals go by urgency; of the others, the owner who has least under way is next.
    const next = first.isRenewal ? first : free.reduce((a, b) => ofOwner(b) < ofOwner(a) ? b : a);
    left.splice(left.indexOf(next), 1);
    busy.push(next);
    begun.push(next);
  }
  return begun;
}
