/**
 * Draws docs/pictures/how-it-works.svg: a network unrolled over time, with the way forward, the way back and the cut of
 * truncated backpropagation. Run it again after changing it: node tools/picture.ts
 */
import { writeFileSync } from 'node:fs';

const [width, height] = [850, 430];
const steps = ['h', 'e', 'l', 'l', 'o', ' ', 'w'];
const next = ['e', 'l', 'l', 'o', ' ', 'w', 'o'];
const left = 150;
const gap = 108;
const cut = 4;
const rows = { target: 62, output: 112, layer2: 178, layer1: 244, embedding: 310, input: 366 };

const x = (step: number): number => left + step * gap;
const parts: string[] = [];
const box = (cx: number, cy: number, kind: string, text: string, w = 66, h = 32): void => {
  parts.push(
    `<rect class="${kind}" x="${cx - w / 2}" y="${cy - h / 2}" width="${w}" height="${h}" rx="8"/>`,
    `<text class="in" x="${cx}" y="${cy + 5}">${text}</text>`,
  );
};
const line = (kind: string, x1: number, y1: number, x2: number, y2: number): void => {
  parts.push(`<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" marker-end="url(#${kind})"/>`);
};
const label = (y: number, text: string): void => {
  parts.push(`<text class="label" x="24" y="${y + 5}">${text}</text>`);
};
const shown = (character: string): string => (character === ' ' ? '␣' : character);

label(rows.target, 'target');
label(rows.output, 'output');
label(rows.layer2, 'LSTM l1');
label(rows.layer1, 'LSTM l0');
label(rows.embedding, 'embedding');
label(rows.input, 'text');

steps.forEach((character, step) => {
  const cx = x(step);
  parts.push(`<text class="text" x="${cx}" y="${rows.input + 6}">${shown(character)}</text>`);
  parts.push(`<text class="text soft" x="${cx}" y="${rows.target + 6}">${shown(next[step])}</text>`);
  box(cx, rows.embedding, 'embedding', `x<tspan dy="4" font-size="10">${step}</tspan>`);
  box(cx, rows.layer1, 'cell', 'h, c');
  box(cx, rows.layer2, 'cell', 'h, c');
  box(cx, rows.output, 'output', 'loss');
  const levels = [rows.embedding, rows.layer1, rows.layer2, rows.output];
  line('forward', cx, rows.input - 16, cx, rows.embedding + 18);
  for (let i = 0; i < 3; i++) {
    line('forward', cx - 8, levels[i] - 17, cx - 8, levels[i + 1] + 18);
    line('backward', cx + 8, levels[i + 1] + 17, cx + 8, levels[i] - 18);
  }
  if (step + 1 < steps.length) {
    for (const row of [rows.layer1, rows.layer2]) {
      line('forward', cx + 34, row - 6, x(step + 1) - 36, row - 6);
      if (step + 1 !== cut) line('backward', x(step + 1) - 34, row + 7, cx + 36, row + 7);
    }
  }
});
const cutX = (x(cut - 1) + x(cut)) / 2;
parts.push(`<line class="cut" x1="${cutX}" y1="36" x2="${cutX}" y2="${rows.input + 14}"/>`);
parts.push(
  `<text class="note" x="${cutX}" y="24">truncated here: state goes on, gradient does not</text>`,
  `<text class="note" x="${x(1.5)}" y="${rows.input + 42}">one chunk of k steps</text>`,
  `<text class="note" x="${x(5)}" y="${rows.input + 42}">the next chunk</text>`,
);

writeFileSync(
  new URL('../docs/pictures/how-it-works.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A two-layer LSTM unrolled over the text hello world: forward to the right and up, gradients back, cut between chunks" font-family="system-ui, sans-serif">
<style>
rect { stroke-width: 1.5 } text { text-anchor: middle; font-size: 14px; fill: #1d2733 }
.label { text-anchor: start; fill: #55606e } .note { fill: #55606e; font-size: 13px } .in { font-size: 13px }
.text { font: 600 20px ui-monospace, monospace } .soft { fill: #9a5b00 }
.embedding { fill: #eef1f5; stroke: #8a96a6 } .cell { fill: #dcebfa; stroke: #2f77b8 } .output { fill: #fdeccd; stroke: #c98a1b }
.forward { stroke: #2f77b8; stroke-width: 2 } .backward { stroke: #c2513c; stroke-width: 1.6; stroke-dasharray: 4 3 }
.cut { stroke: #55606e; stroke-width: 1.5; stroke-dasharray: 2 5 }
</style>
<defs>
<marker id="forward" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0 8 4 0 8z" fill="#2f77b8"/></marker>
<marker id="backward" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0 8 4 0 8z" fill="#c2513c"/></marker>
</defs>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`,
);
