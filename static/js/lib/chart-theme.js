/** Dress a plotly figure in the portal's colors; portal/lib/chart_theme.py does the same. */

import { humanize, ticks } from 'portal/lib/format.js';

let palettePromise;

/** The palette and template, fetched once. */
export function palette() {
  palettePromise ??= fetch(import.meta.resolve('portal/lib/palette.json')).then((answer) => answer.json());
  return palettePromise;
}

const SEED = 0xfdb0b68d; // chosen so that common names differ; see chart_theme.py

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

export const seriesKey = (trace) => trace.meta?.series ?? trace.legendgroup ?? trace.name ?? '';

/** Arrays may come as {dtype, bdata}, plotly's base64 form. */
export function values(array) {
  if (!array) return [];
  if (!array.bdata) return Array.from(array);
  const kinds = { f8: Float64Array, f4: Float32Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array };
  const bytes = Uint8Array.from(atob(array.bdata), (letter) => letter.charCodeAt(0));
  return Array.from(new kinds[array.dtype](bytes.buffer));
}

/**
 * @param {{data: object[], layout?: object}} figure
 * @param {'light'|'dark'} theme
 * @param {object} source what palette() gave
 */
export function dress(figure, theme, source) {
  const colors = { ...source.themes[theme], ...source.fonts };
  const data = structuredClone(figure.data ?? []);
  const layout = structuredClone(figure.layout ?? {});
  layout.template = resolve(source.template, colors);
  const slots = assign(data.map(seriesKey).filter((key) => !key.startsWith('$')));
  for (const trace of data) paint(trace, slots, colors, source);
  const unit = layout.meta?.unit;
  if (isVertical(data)) labelAxis(layout, data, unit ?? '');
  for (const trace of data) labelPoints(trace, unit ?? '');
  for (const trace of data) sayName(trace, source.words);
  nameMoments(layout, data);
  return { data, layout };
}

function colorOf(key, slots, colors) {
  if (key === '$other') return colors.other;
  if (key.startsWith('$')) return colors.text_faint;
  return colors.series[slots.get(key)?.slot ?? 0];
}

function paint(trace, slots, colors, { dashes, words }) {
  if (trace.type === 'pie') return paintParts(trace, colors, words);
  if (['heatmap', 'indicator', 'sankey'].includes(trace.type)) return undefined;
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
  if (trace.fill || trace.stackgroup) trace.fillcolor ??= `${color}${trace.stackgroup ? '59' : '1f'}`;
  return undefined;
}

/** Lying bars say their value; a funnel also what it is of the first step. */
function labelBars(trace, unit) {
  if (trace.text || trace.texttemplate || trace.hovertemplate) return;
  trace.text = values(trace.x).map((x) => humanize(x, unit));
  trace.texttemplate = trace.type === 'funnel' ? '%{text}  %{percentInitial:.0%}' : '%{text}';
  trace.hovertemplate = `%{y}: ${trace.texttemplate}<extra>${trace.name ? '%{fullData.name}' : ''}</extra>`;
}

function paintParts(trace, colors, words) {
  const labels = values(trace.labels);
  const slots = assign(labels.filter((label) => !label.startsWith('$')));
  trace.marker = { colors: labels.map((label) => colorOf(label, slots, colors)), ...trace.marker };
  trace.labels = labels.map((label) => words[label] ?? label);
}

const isVertical = (data) => data.length > 0 && data.every((trace) => (!trace.type || ['scatter', 'bar'].includes(trace.type)) && trace.orientation !== 'h');

/** "$other" is a key, "Other" the word on the screen; the color still follows the key. */
function sayName(trace, words) {
  if (!words[trace.name]) return;
  trace.meta = { series: seriesKey(trace), ...trace.meta };
  trace.name = words[trace.name];
}

/** The hover's title: the day for daily buckets, the time as well for shorter ones. */
function nameMoments(layout, data) {
  const moments = data.filter((trace) => trace.type !== 'pie').flatMap((trace) => values(trace.x)).filter((x) => typeof x === 'string');
  if (!moments.length || layout.xaxis?.hoverformat || moments.some((x) => !/^\d{4}-\d\d/.test(x))) return;
  const isDaily = moments.every((x) => !/T|\d \d/.test(x) || /[T ]00:00(:00)?(\.0+)?(Z|[+-]\d\d:?\d\d)?$/.test(x));
  layout.xaxis = { ...layout.xaxis, hoverformat: isDaily ? '%a %-d %b %Y' : '%a %-d %b %Y, %H:%M' };
}

/** Humanised ticks: 12.4k, 3.2 GB, 250 ms. */
function labelAxis(layout, data, unit) {
  if (layout.yaxis?.tickvals || layout.yaxis?.tickformat || layout.yaxis?.type === 'log') return;
  const [low, high] = extent(data, layout.barmode);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return;
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  const range = layout.yaxis?.range ?? [low < 0 ? low - room : low, high + room];
  const { values: tickvals, labels: ticktext } = ticks(range[0], range[1], unit);
  layout.yaxis = { range, tickmode: 'array', tickvals, ticktext, ...layout.yaxis };
}

/** The lowest and highest point, stacks summed; zero is in it when values are near it. */
export function extent(data, barmode) {
  const sums = new Map();
  const single = [];
  for (const trace of data.filter((one) => one.visible !== false && one.visible !== 'legendonly')) {
    const stacked = trace.stackgroup || (trace.type === 'bar' && (barmode === 'stack' || barmode === 'relative'));
    const xs = values(trace.x);
    values(trace.y).forEach((y, index) => {
      if (y == null || !Number.isFinite(y)) return;
      if (!stacked) single.push(y);
      else sums.set(String(xs[index]), (sums.get(String(xs[index])) ?? 0) + y);
    });
  }
  const all = single.concat([...sums.values()]);
  const low = all.reduce((least, y) => Math.min(least, y), Infinity);
  const high = all.reduce((most, y) => Math.max(most, y), -Infinity);
  const nearZero = low >= 0 && low < high * 0.6;
  const hasBars = data.some((trace) => trace.type === 'bar' || trace.stackgroup || trace.fill);
  return [nearZero || hasBars ? Math.min(0, low) : low, high < 0 && hasBars ? 0 : high];
}

function labelPoints(trace, unit) {
  const kind = trace.type ?? 'scatter';
  if (kind === 'funnel' || (kind === 'bar' && trace.orientation === 'h')) labelBars(trace, trace.meta?.unit ?? unit);
  if (!['scatter', 'bar'].includes(kind) || trace.hovertemplate || trace.hoverinfo || trace.orientation === 'h') return;
  const own = trace.meta?.unit ?? unit;
  trace.customdata ??= values(trace.y).map((y) => humanize(y, own));
  const note = { compare: ' (before)', incomplete: ' (so far)' }[trace.meta?.role] ?? '';
  trace.hovertemplate = `%{customdata}${note}<extra>${trace.name ? '%{fullData.name}' : ''}</extra>`;
}
