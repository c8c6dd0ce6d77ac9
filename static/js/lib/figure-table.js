/** A figure's numbers as a table or CSV: the way in for everyone who cannot see the chart. */

import { el } from 'portal/lib/dom.js';
import { seriesKey, values } from 'portal/lib/figure.js';
import { grouped } from 'portal/lib/format.js';

const MOMENT = /^\d{4}-\d\d-\d\d/;

/**
 * Rows of a figure: one per x (or label), one column per trace.
 * @returns {{head: string[], rows: (string|number|null)[][]}}
 */
export function rowsOf(figure) {
  const flows = figure.data.find((trace) => trace.type === 'sankey');
  if (flows) return rowsOfFlows(flows);
  if (figure.data.some((trace) => trace.type === 'heatmap')) return rowsOfGrid(figure);
  const traces = figure.data.filter((trace) => trace.x || trace.labels || trace.values);
  const columns = new Map();
  const rows = new Map();
  for (const trace of traces) {
    const name = columnName(trace);
    columns.set(name, columns.size);
    const flat = trace.orientation === 'h' || trace.type === 'funnel';
    const keys = values(trace.labels ?? (flat ? trace.y : trace.x));
    const numbers = values(trace.values ?? (flat ? trace.x : trace.y));
    keys.forEach((key, index) => {
      const row = rows.get(String(key)) ?? new Map();
      if (numbers[index] != null) row.set(name, numbers[index]);
      rows.set(String(key), row);
    });
  }
  const names = [...columns.keys()];
  const keys = [...rows.keys()];
  const ordered = keys.every((key) => MOMENT.test(key)) ? [...rows].sort(([a], [b]) => (a < b ? -1 : 1)) : [...rows];
  return { head: ['', ...names], rows: ordered.map(([key, row]) => [key, ...names.map((name) => row.get(name) ?? null)]) };
}

function rowsOfFlows({ node, link, meta }) {
  const name = (at) => (meta?.names?.[at]?.startsWith('$') === false ? meta.names[at] : node.label[at]);
  return { head: ['', 'Value'], rows: values(link.value).map((value, at) => [`${name(link.source[at])} → ${name(link.target[at])}`, value]) };
}

/** A grid has a row per y and a column per x of each of its traces. */
function rowsOfGrid({ data, layout }) {
  const traces = data.filter((trace) => trace.type === 'heatmap');
  const { tickvals = [], ticktext = [] } = layout?.xaxis ?? {};
  const columns = traces.flatMap((trace) => values(trace.x ?? trace.z[0]?.map((_, place) => place)));
  const names = values(traces[0].y ?? traces[0].z.map((_, place) => place));
  return {
    head: ['', ...columns.map((x) => String(ticktext[tickvals.indexOf(x)] ?? x))],
    rows: names.map((name, row) => [String(name), ...traces.flatMap((trace) => values(trace.z[row]))]),
  };
}

// An incomplete tail is the same series; a comparison is a column of its own.
function columnName(trace) {
  const name = trace.name ?? (seriesKey(trace) || 'Value');
  return trace.meta?.role === 'compare' ? `${name} (before)` : name;
}

// "2026-10-09T14:00:00+07:00" is "2026-10-09 14:00": charts are in the page's zone.
const moment = (key) => (MOMENT.test(key) ? key.replace('T', ' ').replace(/(Z|[+-]\d\d:\d\d)$/, '').replace(/:00(\.0+)?$/, '') : key);

export function tableFrom(figure, label) {
  const { head, rows } = rowsOf(figure);
  const headCells = head.map((name, index) => el('th', { scope: 'col', class: index ? 'num' : '' }, name || figure.layout?.meta?.x_title || 'Value at'));
  const body = rows.map(([key, ...cells]) => el('tr', {}, el('th', { scope: 'row' }, moment(key)), ...cells.map((cell) => el('td', { class: 'num' }, grouped(cell)))));
  return el('table', { class: 'table table-dense', 'aria-label': label }, el('thead', {}, el('tr', {}, ...headCells)), el('tbody', {}, ...body));
}

export function csvFrom(figure) {
  const { head, rows } = rowsOf(figure);
  return [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

// A leading = + - @ would be run as a formula by spreadsheets.
function cell(value) {
  if (value == null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  el('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
