/** Progress on one rewritten line of standard error; nothing where that is not a terminal. @param verb  such as 'Reading' */
export function progressShare(verb: string): ((share: number) => void) | undefined {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  let last = '';
  return (share) => {
    const line = share < 1 ? `${verb} ${Math.floor(100 * share)}%` : '';
    if (line !== last) stderr.write(`\r\u001b[K${line}`);
    last = line;
  };
}
