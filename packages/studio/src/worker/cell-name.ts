/**
 * The name of a model's cell, as its configuration has it: alone, with options, or as a user's own cell. `cellNameOf` of
 * `unrolled/nn` would bring all cells into the page.
 */
export function cellName(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  const { cell: kind, name } = cell as { cell?: string; name?: string };
  return kind ?? name ?? 'own';
}
