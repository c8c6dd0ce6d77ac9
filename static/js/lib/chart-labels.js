/** How a chart's series are named: at their lines' ends where they fit, else in a legend. */

import { seriesKey, values } from 'portal/lib/figure.js';

const LABEL_HEIGHT = 15;
const LETTER_WIDTH = 6.8;
const LEAST_WIDTH = 420;
const MOST_LABELS = 6;
const LONGEST_NAME = 22;

/**
 * Write names at the lines' ends; answers whether they stand there.
 * @param {{data: object[], layout: object}} figure dressed; gets annotations and a margin
 * @param {HTMLElement} canvas
 * @param {number} wanted how many series there are, hidden ones included
 * @param {Record<string, string>} colors
 */
export function labelEnds(figure, canvas, wanted, colors) {
  const lines = figure.data.filter(isPlainLine);
  const range = figure.layout.yaxis?.range;
  if (!range || figure.layout.yaxis3 || lines.length < 2 || lines.length > MOST_LABELS || lines.length < wanted || canvas.clientWidth < LEAST_WIDTH) return false;
  const perPixel = (range[1] - range[0]) / Math.max(1, canvas.clientHeight - 44);
  const ends = lines.map((trace) => ({ trace, y: lastY(figure, trace) })).filter((end) => end.y != null);
  const longest = Math.max(...ends.map(({ trace }) => trace.name.length));
  if (ends.length < lines.length || longest > LONGEST_NAME || !spread(ends, perPixel)) return false;
  figure.layout.margin = { ...figure.layout.margin, r: 28 + longest * LETTER_WIDTH };
  figure.layout.annotations = [...(figure.layout.annotations ?? []), ...ends.map((end) => label(end, colors))];
  return true;
}

const isPlainLine = (trace) => (trace.mode ?? 'lines').includes('lines') && (!trace.type || trace.type === 'scatter') && !trace.stackgroup && !trace.meta?.role && trace.name;

// The dot carries the color; the name itself keeps the contrast of text.
const label = ({ trace, y, shift }, colors) => ({
  x: 1, xref: 'paper', xanchor: 'left', xshift: 6, y, yref: 'y', yanchor: 'middle', yshift: shift, showarrow: false,
  text: `<span style="color:${trace.line.color}">●</span> ${escapeText(trace.name)}`, font: { color: colors.text_soft, size: 12 },
});

// Plotly reads a little HTML in texts; names come from events and must not be read as such.
const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function lastY(figure, trace) {
  const key = seriesKey(trace);
  const last = figure.data.filter((one) => seriesKey(one) === key && one.meta?.role !== 'compare').at(-1);
  return values(last.y).filter((y) => y != null && Number.isFinite(y)).at(-1);
}

/** Move labels apart; false when one would stand too far from its line. */
function spread(ends, perPixel) {
  ends.sort((a, b) => a.y - b.y);
  let lowest = -Infinity;
  for (const end of ends) {
    const at = end.y / perPixel;
    const placed = Math.max(at, lowest + LABEL_HEIGHT);
    end.shift = placed - at;
    lowest = placed;
  }
  return ends.every((end) => end.shift <= LABEL_HEIGHT * 1.5);
}

/** What the legend lists, by key: series, or a pie's parts. */
export function legendEntries(data) {
  const entries = new Map();
  for (const trace of data.filter((one) => !one.meta?.role && one.showlegend !== false)) {
    if (trace.type === 'pie') values(trace.labels).forEach((part, index) => entries.set(part, { name: part, color: trace.marker.colors[index], calcs: trace.meta?.calcs?.[index] }));
    else if (seriesKey(trace)) entries.set(seriesKey(trace), { name: trace.name ?? seriesKey(trace), color: swatch(trace), calcs: trace.meta?.calcs });
  }
  return entries;
}

export function swatch(trace) {
  return trace.line?.color ?? trace.marker?.color ?? 'var(--text-faint)';
}

/** Hiding a series must not move the others to other colors. */
export function recolor(trace, color) {
  if (typeof color !== 'string' || trace.type === 'pie') return;
  if (trace.line) trace.line.color = color;
  if (trace.marker && !Array.isArray(trace.marker.color)) trace.marker.color = color;
  if (trace.fillcolor) trace.fillcolor = color + trace.fillcolor.slice(7);
}
