import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.UNROLLED_CHROMIUM ?? candidates.find((path) => existsSync(path));

/** Whether tests in a browser are to be skipped: there is none, and none is required. */
export const noChromium = !executablePath && process.env.UNROLLED_REQUIRE_CHROMIUM !== '1';
if (noChromium) {
  console.log(`browser tests skipped: no Chromium at ${candidates.join(', ')}; set UNROLLED_CHROMIUM to its path`);
}

/** @param more  arguments besides those of every test */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const usual = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  const args = [...usual, ...more];
  return chromium.launch({ executablePath, args });
}
