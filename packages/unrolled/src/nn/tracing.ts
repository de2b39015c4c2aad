import type { tracedSequence } from './traced/traced-sequence.ts';

/** Why a step cannot be read as a program. */
export class Untraceable extends Error {}

/**
 * How steps are read as programs and run, once somebody has cells that need it: `traced/install.ts` puts it here. A page
 * that has only fused cells does not load it.
 */
export const tracing: { sequence: typeof tracedSequence | null } = { sequence: null };
