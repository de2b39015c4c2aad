/**
 * Line charts, scatter charts, heat maps, graphs of nodes, choices over time, alignments, attention over images and videos, and coloured texts, as SVG text.
 * @module
 */

/** Charts as SVG text: pure functions of plain data, for Node, pages and files. */
export * from './alignment-chart.ts';
export * from './attention-film.ts';
export * from './attention-maps.ts';
export * from './choice-chart.ts';
export * from './dot-chart.ts';
export type { Chart } from './frame.ts';
export * from './graph-chart.ts';
export * from './heat-map.ts';
export * from './line-chart.ts';
export * from './route-chart.ts';
export type { Axis } from './scale.ts';
export * from './scatter-chart.ts';
export { escapeXml } from './svg.ts';
export * from './text-map.ts';
export { diverging, inkOn, sequential, seriesColours } from './theme.ts';
