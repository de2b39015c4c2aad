import { basename, dirname } from 'node:path';
import { type LabelledText, labelledRows, parseJsonLines, parseTable } from 'unrolled/tasks/classify';
import { parseCsv } from '../../csv.ts';
import { type TextFiles, textExtension } from '../../text-files.ts';

export interface Columns {
  labelColumn?: string;
  textColumn?: string;
}

/**
 * Labelled texts, by what a file is: JSON lines (`.jsonl`, `.ndjson`); a table with commas (`.csv`), or with tabs (`.tsv`, or
 * tabs in every line); otherwise one text, whose label is the name of its folder.
 * @throws DataError naming the file and the line that is wrong
 */
export async function readExamples({ files, texts }: TextFiles, columns: Columns = {}): Promise<LabelledText[]> {
  const options = { labelColumn: column(columns.labelColumn), textColumn: column(columns.textColumn) };
  const read = async (path: string, text: string): Promise<LabelledText[]> => {
    const kind = textExtension(path);
    if (kind === '.jsonl' || kind === '.ndjson') return parseJsonLines(text, { ...options, name: path });
    if (kind === '.csv') {
      const { columns, rows } = await parseCsv(text, path);
      const table = [{ cells: columns, line: 1 }, ...rows.map(({ fields, line }) => ({ cells: fields, line }))];
      return labelledRows(table, { ...options, name: path });
    }
    if (kind === '.tsv' || isTable(text)) return parseTable(text, { ...options, name: path });
    const whole = text.trim();
    return whole === '' ? [] : [{ text: whole, label: basename(dirname(path)) }];
  };
  return (await Promise.all(files.map(({ path }, i) => read(path, texts[i])))).flat();
}

/** `3` is the third column, `label` the one of that name. */
const column = (said: string | undefined): string | number | undefined =>
  said !== undefined && /^\d+$/.test(said) ? Number(said) : said;

function isTable(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => line.includes('\t'));
}
