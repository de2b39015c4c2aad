import { existsSync } from 'node:fs';
import { developmentPackage } from './built.ts';

/** What is used of playwright-core. */
interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: readonly string[] }): Promise<Chromium> };
}
export interface Chromium {
  newPage(): Promise<Page>;
  version(): string;
  close(): Promise<void>;
}
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  addInitScript(script: { readonly content: string }): Promise<unknown>;
  close(): Promise<void>;
}

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

/** @returns why there is none, where there is none */
export async function launchChromium(): Promise<Chromium | string> {
  const executablePath = process.env.UNROLLED_CHROMIUM ?? candidates.find((path) => existsSync(path));
  if (!executablePath || !existsSync(executablePath)) {
    const looked = process.env.UNROLLED_CHROMIUM ?? candidates.join(', ');
    return `Skipped: no Chromium at ${looked}; set UNROLLED_CHROMIUM to its path.`;
  }
  const playwright = await developmentPackage<Playwright>('playwright-core');
  return playwright?.chromium.launch({ executablePath, args }) ?? 'Skipped: playwright-core is not installed (npm ci).';
}
