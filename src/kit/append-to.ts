/** Appends a value to the list of a key, which is made with the first one. A copy for each would cost the square of their number. */
export function appendTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
