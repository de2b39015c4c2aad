/** The cells that can be trained, by name, and what they are called; those of the first lectures, and all others. */
export const usualCells = { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' } as const;
export const otherCells = {
  irnn: 'IRNN',
  mut1: 'MUT1',
  mut2: 'MUT2',
  mut3: 'MUT3',
  nas: 'NAS',
  rhn: 'RHN',
  unitary: 'unitary',
  mingru: 'minGRU',
  minlstm: 'minLSTM',
} as const;

export const cellTitles: Readonly<Record<string, string>> = { ...usualCells, ...otherCells };

/** Of a cell with options, too: `LSTM, chrono 50`. */
export function cellTitle(text: string): string {
  const [name, options] = text.split(':');
  return [cellTitles[name] ?? name, ...(options?.split(',') ?? [])].join(', ').replaceAll('=', ' ');
}
