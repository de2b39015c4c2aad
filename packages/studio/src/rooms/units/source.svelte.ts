import type { Run } from '../../run/run.svelte.ts';
import { texts } from '../../texts/texts.ts';

/** Bytes of a file that a page can take without growing slow. */
const most = 32 * 2 ** 20;

export const builtIn = texts.filter(({ id }) => id !== 'hello');

/** The texts in which units are searched: a run's own, a built-in one, a pasted one, or a file. */
class Source {
  pasted = $state('');
  file = $state.raw<{ readonly name: string; readonly text: string } | null>(null);
  problem = $state('');

  async open(file: File | undefined): Promise<boolean> {
    this.problem = '';
    if (!file) return false;
    if (file.size > most) {
      this.problem = `${file.name} has ${Math.round(file.size / 2 ** 20)} MB; a page takes up to ${most / 2 ** 20}. The command takes more: npx unrolled units`;
      return false;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      this.file = { name: file.name, text: text.replace(/\r\n?/g, '\n') };
      return true;
    } catch {
      this.problem = `${file.name} is not UTF-8 text; convert it, for example with iconv.`;
      return false;
    }
  }

  /** As a command would call it; null where a run reads its own. */
  nameOf(id: string): string | null {
    if (id === 'own') return null;
    if (id === 'pasted') return 'text.txt';
    return id === 'file' ? (this.file?.name ?? null) : (builtIn.find((one) => one.id === id) ?? builtIn[0]).file;
  }

  /** Empty where there is nothing yet. */
  async textOf(id: string, run: Run): Promise<string> {
    if (id === 'pasted') return this.pasted;
    if (id === 'file') return this.file?.text ?? '';
    if (id === 'own' && run.hasText) return run.readText();
    return (builtIn.find((one) => one.id === id) ?? builtIn[0]).load();
  }
}

export const source = new Source();
