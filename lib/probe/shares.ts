/**
 * How connections that are tried are shared, of each kind: a process may have 1,024 descriptors where nobody says
 * otherwise, and a container that never answers holds one for as long as a try lasts. What has never been tried finds a
 * turn beside any number of those.
 */
export const SHARES = { most: 256, mostEach: 2, mostAgain: 192, quickMs: 250 } as const;
