/** A chart's legend: names to switch on and off, as a list, or as a table with calculations. */

import { legendEntries } from 'portal/lib/chart-labels.js';
import { el } from 'portal/lib/dom.js';

/**
 * @param {object[]} data dressed traces
 * @param {boolean} labelled whether names stand at the lines' ends
 * @param {{position?: string, calcs?: string[]}} wanted
 */
export function legendIsNeeded(data, labelled, { position, calcs }) {
  const size = legendEntries(data).size;
  if (position === 'none' || labelled || !size) return false;
  return size > 1 || Boolean(calcs?.length);
}

/**
 * @param {HTMLElement} place
 * @param {object[]} data
 * @param {{calcs?: string[]}} wanted
 * @param {Set<string>} hidden keys of the series that are off
 * @param {(key: string) => void} toggle
 */
export function drawLegend(place, data, { calcs = [] }, hidden, toggle) {
  const entries = [...legendEntries(data)];
  const button = (key, { name, color }) => {
    const mark = el('i');
    mark.style.setProperty('--swatch', color);
    return el('button', { type: 'button', 'data-key': key, title: name, 'aria-pressed': String(!hidden.has(key)), onclick: () => toggle(key) }, mark, el('span', {}, name));
  };
  const scrolled = place.scrollTop;
  place.replaceChildren(calcs.length ? table(entries, calcs, button) : el('ul', {}, ...entries.map(([key, entry]) => el('li', {}, button(key, entry)))));
  place.scrollTop = scrolled;
}

function table(entries, heads, button) {
  const head = el('tr', {}, el('th', { scope: 'col' }, 'Name'), ...heads.map((name) => el('th', { scope: 'col', class: 'num' }, name)));
  const rows = entries.map(([key, entry]) => el('tr', {}, el('th', { scope: 'row' }, button(key, entry)), ...heads.map((_, at) => el('td', { class: 'num' }, entry.calcs?.[at] ?? ''))));
  return el('table', { class: 'legend-table' }, el('thead', {}, head), el('tbody', {}, ...rows));
}
