/** How many inputs a run offers to try, and how many characters of each: a run folder holds no copy of its data. */
const [most, longest] = [12, 300];

/** Some inputs, spread over all, each once. */
export function exampleInputs(inputs: readonly string[]): string[] {
  const short = [...new Set(inputs)].filter((text) => text.trim() !== '' && text.length <= longest);
  const every = Math.max(1, Math.floor(short.length / most));
  return short.filter((_, i) => i % every === 0).slice(0, most);
}
