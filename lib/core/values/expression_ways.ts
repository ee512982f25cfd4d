/** One thing that a text is tried against: a character of a set, or a group. */
export type Atom =
  | { readonly set: ReadonlySet<string>; readonly text: string }
  | { readonly group: Alternatives; readonly text: string };

/** An atom and how often it comes; `text` is what says so. */
export type Piece = {
  readonly atom: Atom;
  readonly least: number;
  readonly most: number;
  readonly text: string;
};

/** Alternatives, each a row of pieces. */
export type Alternatives = readonly (readonly Piece[])[];

/**
 * In how many ways a text of so many characters may be tried at most, where one after the other fails. `follow` has the
 * characters that may come next; it is empty where nothing does.
 */
export function waysOf(all: Alternatives, follow: ReadonlySet<string>, length: number): number {
  const ways = all.map((pieces) => waysOfRow(pieces, follow, length));
  // Of alternatives that all begin otherwise, one alone can match.
  const firsts = all.map((pieces) => firstOf(pieces, follow));
  const areClear = firsts.every((first, at) =>
    firsts.slice(at + 1).every((other) => first.isDisjointFrom(other))
  );
  return areClear ? Math.max(...ways) : ways.reduce((sum, each) => sum + each, 0);
}

function waysOfRow(pieces: readonly Piece[], follow: ReadonlySet<string>, length: number): number {
  const firsts = firstsOf(pieces, follow);
  return pieces.reduce(
    (ways, piece, at) => ways * waysOfPiece(piece, firsts[at + 1] ?? follow, length),
    1,
  );
}

function waysOfPiece({ atom, least, most }: Piece, follow: ReadonlySet<string>, length: number): number {
  const within = "group" in atom ? waysOf(atom.group, follow, length) : 1;
  // Where its end shows by the character that comes next, there is one way alone.
  const isClear = firstOfAtom(atom, follow).isDisjointFrom(follow);
  const repeats = isClear ? 1 : Math.min(most - least + 1, length + 1);
  return "group" in atom && most === 1 && least === 0 ? within + 1 : within * repeats;
}

/** The characters that a row may begin with. */
const firstOf = (pieces: readonly Piece[], follow: ReadonlySet<string>): ReadonlySet<string> =>
  firstsOf(pieces, follow)[0] ?? follow;

/**
 * The characters that each piece and what comes after it may begin with; at the end those that follow. Each piece is looked at
 * once, from the last to the first: a container could otherwise double the time with each piece that may be left out.
 */
function firstsOf(pieces: readonly Piece[], follow: ReadonlySet<string>): readonly ReadonlySet<string>[] {
  const firsts: ReadonlySet<string>[] = [follow];
  let rest = follow;
  for (const { atom, least } of pieces.toReversed()) {
    const first = firstOfAtom(atom, rest);
    rest = least > 0 ? first : first.union(rest);
    firsts.push(rest);
  }
  return firsts.reverse();
}

function firstOfAtom(atom: Atom, follow: ReadonlySet<string>): ReadonlySet<string> {
  if (!("group" in atom)) return atom.set;
  return atom.group.reduce<ReadonlySet<string>>(
    (all, pieces) => all.union(firstOf(pieces, follow)),
    new Set(),
  );
}
