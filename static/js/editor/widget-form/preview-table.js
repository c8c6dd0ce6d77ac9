/** A drawing's plain values as a table, whatever their shape. */

import { el } from 'portal/lib/dom.js';
import { humanize } from 'portal/lib/format.js';

const MOST_ROWS = 500;

/** @param {any} plain {columns, rows}, a list of {name, points} or {name, value}, or a text */
export function tableOf(plain) {
  const { columns, rows } = laidOut(plain);
  if (!rows.length) return el('p', { class: 'soft wf-nothing' }, 'There are no rows.');
  const shown = rows.slice(0, MOST_ROWS);
  const numeric = columns.map((_, at) => shown.some((row) => typeof row[at] === 'number'));
  const head = columns.map((name, at) => el('th', { scope: 'col', class: numeric[at] ? 'num' : null }, String(name)));
  const body = shown.map((row) => el('tr', {}, ...row.map((value, at) => el('td', { class: numeric[at] ? 'num' : null, title: typeof value === 'number' ? String(value) : null }, said(value)))));
  const more = rows.length > MOST_ROWS ? el('p', { class: 'faint small' }, `The first ${MOST_ROWS} of ${rows.length} rows.`) : null;
  return el('div', { class: 'table-wrap', tabindex: '0', role: 'region', 'aria-label': 'Rows of the answer' }, el('table', { class: 'table table-dense' }, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...body)), more);
}

function laidOut(plain) {
  if (plain === null || plain === undefined) return { columns: [], rows: [] };
  if (typeof plain === 'string') return { columns: ['text'], rows: [[plain]] };
  if (Array.isArray(plain)) return ofList(plain);
  if (Array.isArray(plain.rows) && Array.isArray(plain.columns)) return { columns: plain.columns.map((one) => one.name ?? one), rows: plain.rows };
  return { columns: ['name', 'value'], rows: Object.entries(plain) };
}

function ofList(list) {
  if (list[0] && Array.isArray(list[0].points)) return overTime(list);
  const columns = [...new Set(list.flatMap((one) => Object.keys(one ?? {})))];
  return { columns, rows: list.map((one) => columns.map((name) => one[name])) };
}

/** One row a time, one column a series. */
function overTime(lines) {
  const names = lines.map((line) => (line.compare ? `${line.name} (before)` : line.name));
  const rows = new Map();
  lines.forEach((line, at) => line.points.forEach(([t, value]) => {
    if (!rows.has(t)) rows.set(t, [String(t).replace('T', ' ').slice(0, 19), ...lines.map(() => null)]);
    rows.get(t)[at + 1] = value;
  }));
  return { columns: ['time', ...names], rows: [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row) };
}

function said(value) {
  if (typeof value === 'number') return humanize(value);
  if (value === null || value === undefined) return '—';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
