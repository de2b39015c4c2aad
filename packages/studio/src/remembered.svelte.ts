/** A yes or no of the reader's that outlives the page, where the browser stores anything at all. */
export function remembered(name: string, usual: boolean): { value: boolean } {
  const key = `unrolled-${name}`;
  let value = $state(usual);
  try {
    const stored = localStorage.getItem(key);
    if (stored !== null) value = stored === 'yes';
  } catch {
    // A page that may store nothing forgets it.
  }
  return {
    get value() {
      return value;
    },
    set value(next) {
      if (next === value) return;
      value = next;
      try {
        localStorage.setItem(key, next ? 'yes' : 'no');
      } catch {
        // As above.
      }
    },
  };
}
