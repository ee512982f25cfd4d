/** The usual limit of a process's descriptors; signalbox asks for more where it may. */
export const FEWEST_DESCRIPTORS = 1_024;

/**
 * How many descriptors each part of signalbox may hold at once. What containers, clients and engines can make it hold is
 * bounded, so that routing keeps its own: the shares add up to the fewest that a process has.
 */
export const DESCRIPTOR_SHARES = {
  /** Connections that prove that containers answer. */
  probes: 256,
  /** Connections that are held to containers while their engine is away. */
  watches: 256,
  /** Connections to containers that an engine does not list any more. */
  answers: 128,
  admin: 64,
  control: 64,
  /** Inspects of containers that are being started, of one engine. */
  earlyInspects: 64,
  /** What else engines are asked: events, lists, and eight inspects each; five engines fit. */
  engines: 64,
  /** The program itself, its log, files of a generation, HAProxy's sockets. */
  routing: 128,
} as const;
