// Keeps rows where they are while someone points at them. Pure.

/** `items` in the order of `keys`, the keys of the rows shown before. An item that was not shown takes the
 * place of a removed one; the rest follow. */
export function keepOrder(keys, items, keyOf) {
  const found = new Map(items.map((item) => [keyOf(item), item]));
  const known = new Set(keys);
  const added = items.filter((item) => !known.has(keyOf(item)));
  const kept = keys.map((key) => found.get(key) ?? added.shift()).filter(Boolean);
  return [...kept, ...added];
}
