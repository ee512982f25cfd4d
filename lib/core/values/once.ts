/** A constant that is made when it is first needed, since making it takes longer than loading its module. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Likewise one for each word of which a program has a few, such as prefixes of labels. */
export function onceEach<T>(make: (word: string) => T): (word: string) => T {
  const made = new Map<string, T>();
  return (word) => {
    const before = made.get(word);
    if (before !== undefined) return before;
    const value = make(word);
    made.set(word, value);
    return value;
  };
}
