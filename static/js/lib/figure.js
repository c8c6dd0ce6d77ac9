/** What a plotly figure says: its series, its numbers, its extent. */

import { humanize } from 'portal/lib/format.js';

/** The name that a trace's color follows. */
export const seriesKey = (trace) => trace.meta?.series ?? trace.legendgroup ?? trace.name ?? '';

/** Arrays may come as {dtype, bdata}, plotly's base64 form. */
export function values(array) {
  if (!array) return [];
  if (!array.bdata) return Array.from(array);
  const kinds = { f8: Float64Array, f4: Float32Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array };
  const bytes = Uint8Array.from(atob(array.bdata), (letter) => letter.charCodeAt(0));
  return Array.from(new kinds[array.dtype](bytes.buffer));
}

/** What stands behind a point: `trace.meta.cells` at its place; in a heatmap row by row. */
export function cellOf(point, figure) {
  const flows = figure?.data?.[point?.curveNumber ?? 0]?.meta;
  if (flows?.link_cells) return flows[point.source ? 'link_cells' : 'node_cells'][point.pointNumber] ?? null;
  const place = point?.pointNumber ?? point?.pointIndex;
  const cells = point?.data?.meta?.cells;
  return (Array.isArray(place) ? cells?.[place[0]]?.[place[1]] : cells?.[place]) ?? null;
}

/**
 * Of the points that one hover names together, the one meant at this height of the canvas: the part
 * of the stack that it lies in, else the nearest.
 */
export function pointAt(points, height) {
  const known = points.filter((point) => point.bbox && cellOf(point));
  if (known.length < 2) return known[0] ?? points[0];
  const distance = ({ bbox }) => Math.abs(bbox.y0 - height);
  const { yaxis } = known[0];
  const isAbove = height <= yaxis._offset + yaxis.d2p(0);
  const holding = known.filter(({ data, bbox, y }) => (data.type === 'bar' || data.stackgroup) && y > 0 === isAbove && (isAbove ? bbox.y0 <= height : bbox.y0 >= height));
  return (holding.length ? holding : known).sort((a, b) => distance(a) - distance(b))[0];
}

/** Whether there is anything to draw: a number somewhere. */
export function hasPoints(figure) {
  const filled = (array) => values(array).some((value) => value != null && (!Array.isArray(value) || value.some((cell) => cell != null)));
  return (figure.data ?? []).some((trace) => trace.value != null || filled(trace.link?.value) || filled(trace.values) || filled(trace.z) || (filled(trace.x) && (filled(trace.y) || trace.type === 'histogram')));
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
      else add(sums, `${trace.stackgroup ?? ''} ${y < 0 ? 'below' : 'above'} ${xs[index]}`, y);
    });
  }
  const all = single.concat([...sums.values()]);
  const low = all.reduce((least, y) => Math.min(least, y), Infinity);
  const high = all.reduce((most, y) => Math.max(most, y), -Infinity);
  const nearZero = low >= 0 && (low < high * 0.6 || low === high);
  const hasBars = data.some((trace) => trace.type === 'bar' || trace.stackgroup || trace.fill);
  return [nearZero || hasBars ? Math.min(0, low) : low, high < 0 && hasBars ? 0 : high];
}

function add(sums, key, y) {
  sums.set(key, (sums.get(key) ?? 0) + y);
}

/** One sentence for who cannot see the chart. */
export function describe(figure, label) {
  const series = figure.data.filter((trace) => trace.y && trace.type !== 'heatmap' && !trace.meta?.role);
  const [low, high] = extent(series.map((trace) => ({ y: trace.y, x: trace.x })), '');
  if (!series.length || !Number.isFinite(high)) return label;
  const unit = figure.layout?.meta?.unit ?? '';
  return `${label}: ${series.length} series, from ${humanize(low, unit)} to ${humanize(high, unit)}. The table has every value.`;
}
