import { type Command, Option } from 'commander';

interface Renamed {
  /** Flags, such as `--telling` and `--explain`. */
  readonly from: string;
  readonly to: string;
  /** The one command that has it, such as `classify train`. Default: every command that has the new one. */
  readonly command?: string;
}

/** Options that were renamed. The old flag is still accepted, and so is the old key in a run's config.json. */
const renamedOptions: readonly Renamed[] = [
  { from: '--gradients', to: '--gradient-flow-every' },
  { from: '--telling', to: '--explain' },
  { from: '--stretch', to: '--span', command: 'units' },
  { from: '--longest', to: '--max-length', command: 'classify train' },
  { from: '--with', to: '--covariates', command: 'forecast train' },
  { from: '--ago', to: '--skip-last', command: 'forecast predict' },
  { from: '--characters', to: '--char-hidden', command: 'tag train' },
];

/** Commands that were renamed, such as `cells` → `units`. The old name is still accepted. */
const renamedCommands: Readonly<Record<string, string>> = { cells: 'units' };

/** What other programs call an option: accepted without a hint. */
const synonyms: readonly Renamed[] = [
  { from: '--batch-size', to: '--batch' },
  { from: '--hidden-size', to: '--hidden' },
  { from: '--learning-rate', to: '--lr' },
  { from: '--num-layers', to: '--layers' },
  { from: '--seq-length', to: '--seq' },
  { from: '--vocab-size', to: '--vocab' },
];

/** Writes a line on standard error, in the command's name. */
type Hint = (line: string) => void;

/**
 * Lets a command and those below it accept old flags and synonyms: hidden options that set what the current one sets.
 * @param hint  called once for each renamed option that is used
 */
export function acceptOldOptions(command: Command, hint: Hint, path = ''): void {
  for (const { from, to, command: only } of [...renamedOptions, ...synonyms]) {
    const current = command.options.find(({ long }) => long === to);
    if (!current || (only ?? path) !== path || command.options.some(({ long }) => long === from)) continue;
    const old = new Option(current.flags.replace(to, from), current.description).hideHelp();
    old.attributeName = () => current.attributeName();
    old.parseArg = current.parseArg;
    old.argChoices = current.argChoices;
    command.addOption(old);
    if (!synonyms.some((one) => one.from === from)) {
      let said = false;
      command.on(`option:${old.name()}`, () => {
        if (!said) hint(`${from} is now called ${to}`);
        said = true;
      });
    }
  }
  for (const below of command.commands) acceptOldOptions(below, hint, `${path} ${below.name()}`.trim());
}

/** The arguments with a current command in place of one that was renamed. */
export function withCurrentCommand(args: readonly string[], hint: Hint): string[] {
  const place = args.findIndex((word) => !word.startsWith('-'));
  const from = args[place];
  if (from === undefined || !Object.hasOwn(renamedCommands, from)) return [...args];
  const to = renamedCommands[from];
  hint(`'unrolled ${from}' is now called 'unrolled ${to}'`);
  return args.with(place, to);
}

/**
 * What config.json holds under the names of options (`options`, `named`), with the current ones.
 * @param command  the one that trains such runs, such as `classify train`
 */
export function withCurrentNames<Value>(
  command: string,
  stored: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const names = new Map(
    renamedOptions
      .filter((one) => (one.command ?? command) === command)
      .map(({ from, to }) => [keyOf(from), keyOf(to)] as const),
  );
  return Object.fromEntries(Object.entries(stored).map(([name, value]) => [names.get(name) ?? name, value]));
}

/** `--clip-norm` → `clipNorm`. */
const keyOf = (flag: string): string => new Option(flag).attributeName();
