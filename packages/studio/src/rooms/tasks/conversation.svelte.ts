import type { Turn } from 'unrolled/tasks/dialogue';

/** What was said about an image, and the question that is asked now: edited on one side, continued on the other. */
class Conversation {
  caption = $state('');
  turns = $state<readonly Turn[]>([]);
  question = $state('');

  /** What was said, as options of `dialogue predict`. */
  get words(): readonly string[] {
    const { caption, turns } = this;
    return [
      ...(caption.trim() === '' ? [] : ['--caption', caption]),
      ...(turns.length === 0 ? [] : ['--turns', JSON.stringify(turns)]),
    ];
  }

  /** Changes a turn. */
  change(index: number, turn: Partial<Turn>): void {
    this.turns = this.turns.map((one, i) => (i === index ? { ...one, ...turn } : one));
  }

  remove(index: number): void {
    this.turns = this.turns.filter((_, i) => i !== index);
  }

  /** The answer becomes part of the history, and another question may be asked. */
  keep(question: string, answer: string): void {
    this.turns = [...this.turns, { question, answer }];
    this.question = '';
  }
}

export const conversation = new Conversation();
