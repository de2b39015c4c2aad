import { seriesColours } from 'unrolled/charts';

export type ThemeChoice = 'auto' | 'light' | 'dark';
const key = 'unrolled-theme';

/** Light or dark, as the reader's system says, or as was chosen on the page. */
class Theme {
  choice = $state<ThemeChoice>('auto');
  #system = matchMedia('(prefers-color-scheme: dark)');
  #systemDark = $state(this.#system.matches);

  constructor() {
    this.#system.addEventListener('change', ({ matches }) => {
      this.#systemDark = matches;
    });
    const stored = read();
    if (stored === 'light' || stored === 'dark') this.choose(stored);
  }

  get dark(): boolean {
    return this.choice === 'auto' ? this.#systemDark : this.choice === 'dark';
  }

  /** What canvases draw with; the style sheet has the same. */
  get palette(): Palette {
    return this.dark ? palettes.dark : palettes.light;
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    try {
      localStorage.setItem(key, choice);
    } catch {
      // A page that may store nothing forgets the choice.
    }
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export interface Palette {
  readonly paper: string;
  readonly raised: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  /** Edges of controls, and bars that stand back. */
  readonly edge: string;
  readonly accent: string;
  /** Runs side by side. */
  readonly series: readonly string[];
  /**
   * Ends of the scales: values below and above 0 (blue, orange), gates (grey), gradients below and above 0 (green, purple).
   * No hue has two meanings, and each pair can be told apart by those who see few colours.
   */
  readonly below: string;
  readonly above: string;
  readonly gate: string;
  readonly backBelow: string;
  readonly backAbove: string;
}

export const palettes: { readonly light: Palette; readonly dark: Palette } = {
  light: {
    paper: '#ffffff',
    raised: '#ffffff',
    ink: '#1d2733',
    soft: '#55606e',
    line: '#dfe4ea',
    edge: '#818c99',
    accent: '#0072b2',
    series: seriesColours.light,
    below: '#1f6fb5',
    above: '#c75a00',
    gate: '#3d4855',
    backBelow: '#1b7837',
    backAbove: '#8e3a9e',
  },
  dark: {
    paper: '#171d25',
    raised: '#1e2630',
    ink: '#e8edf3',
    soft: '#a3afbd',
    line: '#2b343f',
    edge: '#6c7988',
    accent: '#56b4e9',
    series: seriesColours.dark,
    below: '#4aa3ee',
    above: '#ff9142',
    gate: '#b9c4d0',
    backBelow: '#6cc96f',
    backAbove: '#d58be6',
  },
};

export const theme = new Theme();
