import type { Shape } from '../shape.ts';
import type { KerasLayer } from './layer.ts';
import type { Model } from './model.ts';

export interface SummaryOptions {
  /** Receives the table; null: it is only returned. Default: the console. */
  readonly printFn?: ((text: string) => void) | null | undefined;
}

const shapeText = (shape: Shape): string => `(${shape.map((n) => (n < 0 ? 'null' : n)).join(', ')})`;
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const kindOf = (layer: KerasLayer<unknown>): string => layer.config.layer;

/** A table of the layers of a model: names, shapes of their outputs, numbers of parameters, and what they come from. */
export function summaryOf(model: Model<unknown>, { printFn = (text) => console.log(text) }: SummaryOptions): string {
  const { graph } = model;
  const branches = graph.nodes.some(
    ({ inputs }, i) => inputs.length !== 1 || (i > 0 && inputs[0].node !== graph.nodes[i - 1]),
  );
  const from = (node: (typeof graph.nodes)[number]): string =>
    node.inputs
      .map((symbol) => {
        const place = graph.inputs.indexOf(symbol);
        return place >= 0 ? model.inputNames[place] : model.nameOf(symbol.node.layer!);
      })
      .join(', ');
  const seen = new Set<unknown>();
  const inputs = branches
    ? graph.inputs.map((input, i) => [`${model.inputNames[i]} (input)`, shapeText(input.shape), '0', '—'])
    : [];
  const rows = graph.nodes.map((node) => {
    const layer = node.layer!;
    const isNew = !seen.has(layer);
    seen.add(layer);
    const shapes = node.outputs.map(({ shape }) => shapeText(shape)).join(', ');
    return [
      `${model.nameOf(layer)} (${kindOf(layer)})`,
      shapes,
      isNew ? grouped(layer.countParams()) : '0',
      from(node),
    ];
  });
  const heads = ['Layer (kind)', 'Output shape', 'Parameters', ...(branches ? ['Connected to'] : [])];
  const table = [heads, ...inputs, ...rows].map((row) => row.slice(0, heads.length));
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((total, width) => total + width + 2, -2));
  const placed = model.placedWeights();
  const count = (list: typeof placed): string => grouped(list.reduce((total, { weight }) => total + weight.size, 0));
  const text = [
    `Model: ${model.name}`,
    rule,
    line(table[0]),
    rule,
    ...table.slice(1).map(line),
    rule,
    `Total parameters: ${count(placed)}`,
    `Trainable parameters: ${count(placed.filter(({ trainable }) => trainable))}`,
    `Non-trainable parameters: ${count(placed.filter(({ trainable }) => !trainable))}`,
  ].join('\n');
  printFn?.(text);
  return text;
}
