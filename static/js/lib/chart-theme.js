/** Dress a plotly figure in the portal's colors; portal/lib/chart_theme.py does the same. */

import { fitAxis, isVertical, labelAxis, labelPoints, nameMoments } from 'portal/lib/chart-axes.js';
import { seriesKey, values } from 'portal/lib/figure.js';

let palettePromise;

/** The palette and template, fetched once. */
export function palette() {
  palettePromise ??= fetch(import.meta.resolve('portal/lib/palette.json')).then((answer) => answer.json());
  return palettePromise;
}

const SEED = 0xe17370fa; // chosen so that common names differ; see chart_theme.py

/** FNV-1a over UTF-8, then mixed, 32 bits: the same number in Python. */
export function stableHash(name) {
  let hash = new TextEncoder().encode(name).reduce((value, byte) => Math.imul(value ^ byte, 0x01000193) >>> 0, SEED);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Give each name one of `size` slots by its hash; within one chart no slot twice in a round.
 * @returns {Map<string, {slot: number, round: number}>}
 */
export function assign(names, size = 8) {
  const taken = [];
  const slots = new Map();
  for (const name of [...new Set(names)].sort(byCodePoint)) {
    const round = Math.floor(slots.size / size);
    let slot = stableHash(name) % size;
    taken[round] ??= new Set();
    while (taken[round].has(slot)) slot = (slot + 3) % size;
    taken[round].add(slot);
    slots.set(name, { slot, round });
  }
  return slots;
}

// Python orders strings by code point, JavaScript by UTF-16 unit.
function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  const index = left.findIndex((letter, at) => letter !== right[at]);
  if (index < 0) return left.length - right.length;
  return right[index] === undefined ? 1 : left[index].codePointAt(0) - right[index].codePointAt(0);
}

/** Replace "$name" by the theme's color, all the way down. */
export function resolve(node, colors) {
  if (typeof node === 'string') return node.startsWith('$') ? colors[node.slice(1)] : node;
  if (Array.isArray(node)) return node.map((child) => resolve(child, colors));
  if (node && typeof node === 'object') return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, resolve(child, colors)]));
  return node;
}

const templates = new Map();

/** The template in a theme's colors: the same for every chart, and made once. */
function templateOf(theme, source, colors) {
  const kept = templates.get(theme);
  if (kept?.source === source) return kept.template;
  const template = resolve(source.template, colors);
  templates.set(theme, { source, template });
  return template;
}

/**
 * @param {{data: object[], layout?: object}} figure
 * @param {'light'|'dark'} theme
 * @param {object} source what palette() gave
 */
export function dress(figure, theme, source) {
  const colors = { ...source.themes[theme], ...source.fonts };
  const named = { ...colors, ...Object.fromEntries(source.series_names.map((name, at) => [name, colors.series[at]])) };
  const data = structuredClone(figure.data ?? []).map((trace) => withColors(trace, named));
  const layout = structuredClone(figure.layout ?? {});
  if (layout.shapes) layout.shapes = resolve(layout.shapes, named);
  layout.template = templateOf(theme, source, colors);
  const slots = assign(data.map(seriesKey).filter((key) => !key.startsWith('$')));
  for (const trace of data) paint(trace, slots, colors, source);
  const unit = layout.meta?.unit;
  if (isVertical(data)) labelAxis(layout, data, unit ?? '');
  for (const trace of data) labelPoints(trace, unit ?? '', layout.meta?.decimals);
  for (const trace of data) sayName(trace, source.words);
  nameMoments(layout, data);
  fitAxis(layout, data);
  drawMarks(layout, data, colors);
  return { data, layout };
}

/** A figure may name the theme's colors: "$warning", "$indigo". */
function withColors(trace, colors) {
  const named = Object.fromEntries(['marker', 'line', 'fillcolor', 'colorscale'].filter((key) => trace[key]).map((key) => [key, resolve(trace[key], colors)]));
  const parts = trace.meta?.colors;
  return { ...trace, ...named, ...(parts && { meta: { ...trace.meta, colors: resolve(parts, colors) } }) };
}

function colorOf(key, slots, colors) {
  if (key === '$other') return colors.other;
  if (key.startsWith('$')) return colors.text_faint;
  return colors.series[slots.get(key)?.slot ?? 0];
}

function paint(trace, slots, colors, { dashes, words }) {
  if (trace.type === 'pie') return paintParts(trace, colors, words);
  if (trace.type === 'sankey') return paintFlows(trace, colors);
  if (trace.type === 'heatmap' && trace.meta?.role === 'plain') trace.colorscale = [[0, colors.canvas], [1, colors.canvas]];
  if (['heatmap', 'indicator'].includes(trace.type)) return undefined;
  const key = seriesKey(trace);
  const color = colors[trace.meta?.state] ?? colorOf(key, slots, colors);
  const role = trace.meta?.role;
  if (trace.type && trace.type !== 'scatter') {
    trace.marker = { color, ...trace.marker };
    if (role) trace.opacity = role === 'compare' ? 0.35 : 0.5;
    return undefined;
  }
  const dash = { compare: 'dot', incomplete: 'dash' }[role] ?? dashes[(slots.get(key)?.round ?? 0) % dashes.length];
  trace.line = { color, dash, ...trace.line };
  trace.marker = { color, ...trace.marker };
  if (role === 'compare') trace.opacity = 0.6;
  if (trace.fill || trace.stackgroup) trace.fillcolor ??= `${trace.line.color.slice(0, 7)}${shareOf(trace)}`;
  return undefined;
}

/** How much of the color is in what is filled, as two hexadecimal digits. */
function shareOf({ meta, stackgroup }) {
  if (meta?.fill == null) return stackgroup ? '59' : '1f';
  return Math.round(meta.fill * 2.55).toString(16).padStart(2, '0');
}

function paintParts(trace, colors, words) {
  const labels = values(trace.labels);
  const slots = assign(labels.filter((label) => !label.startsWith('$')));
  trace.marker = { colors: labels.map((label, at) => trace.meta?.colors?.[at] || colorOf(label, slots, colors)), ...trace.marker };
  trace.labels = labels.map((label) => words[label] ?? label);
}

// A link has the color of where it comes from; an end is pale, whatever it comes from.
function paintFlows(trace, colors) {
  const names = trace.meta?.names ?? values(trace.node.label);
  const slots = assign(names.filter((name) => !name.startsWith('$')));
  const shown = names.map((name) => colorOf(name, slots, colors));
  trace.node = { color: shown, ...trace.node };
  trace.link = { color: values(trace.link.source).map((from, at) => `${shown[from]}${names[trace.link.target[at]] === '$end' ? '1f' : '59'}`), ...trace.link };
}

/** What happened, `layout.meta.marks`: thin verticals with a flag that says it on hover. */
function drawMarks(layout, data, colors) {
  const marks = layout.meta?.marks ?? [];
  if (!marks.length) return;
  const spans = marks.filter((mark) => mark.x1).map(({ x, x1 }) => ({ type: 'rect', x0: x, x1, y0: 0, y1: 1, yref: 'paper', fillcolor: colors.text_faint, opacity: 0.12, line: { width: 0 }, layer: 'below' }));
  const isDeploy = ({ kind }) => kind === 'deploys';
  const lines = marks.map((mark) => ({ type: 'line', x0: mark.x, x1: mark.x, y0: 0, y1: 1, yref: 'paper', line: { color: isDeploy(mark) ? colors.accent : colors.text_faint, width: 1, dash: 'dot' } }));
  layout.shapes = [...(layout.shapes ?? []), ...spans, ...lines];
  layout.yaxis2 = { overlaying: 'y', range: [0, 1], visible: false, fixedrange: true };
  data.push({
    type: 'scatter', mode: 'markers', x: marks.map(({ x }) => x), y: marks.map(() => 1), yaxis: 'y2', cliponaxis: false, showlegend: false,
    customdata: marks.map(({ text }) => text), hovertemplate: '%{customdata}<extra></extra>', marker: { symbol: marks.map((mark) => (isDeploy(mark) ? 'diamond' : 'triangle-down')), size: 9, color: marks.map((mark) => (isDeploy(mark) ? colors.accent : colors.text_soft)) }, meta: { role: 'annotation', series: '$annotation' },
  });
}

/** A sankey's nodes stand at shares of the height; so must the room between them: `meta.pad`. */
export function padFlows({ data, layout }, height) {
  const { t = 10, b = 8 } = layout.margin ?? {};
  for (const trace of data) if (trace.meta?.pad) trace.node.pad = trace.meta.pad * (height - t - b);
}

/** "$other" is a key, "Other" the word on the screen; the color still follows the key. */
function sayName(trace, words) {
  if (!words[trace.name]) return;
  trace.meta = { series: seriesKey(trace), ...trace.meta };
  trace.name = words[trace.name];
}
