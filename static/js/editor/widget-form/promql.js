/**
 * PromQL: queries by letter, the first is the widget's own, the others stand in `also`. Each has the
 * completion and the instant mistakes of Explore's page.
 */

import { el } from 'portal/lib/dom.js';
import 'portal/lib/promql-fields.js';
import { button, check, freshId, input, labelled, put, select, textButton } from 'portal/editor/widget-form/fields.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const MOST = 26;
const OFFERS = 'wf-offers';

/** @typedef {{query: string, legend?: string, instant?: boolean, hidden?: boolean}} Line */

/** @returns {Line[]} */
export function linesOf({ query, config }) {
  const first = { query, legend: config.legend, instant: config.instant, hidden: config.hide_first };
  return [first, ...(config.also ?? []).map((one) => ({ ...one }))];
}

/** @param {Line[]} lines */
export function withLines(widget, lines) {
  const [first, ...rest] = lines;
  widget.query = first.query;
  put(widget.config, 'legend', first.legend);
  put(widget.config, 'instant', first.instant);
  put(widget.config, 'hide_first', first.hidden || undefined);
  const also = rest.map((line, index) => Object.fromEntries(Object.entries({ ...line, ref: LETTERS[index + 1] }).filter(([, value]) => value !== undefined && value !== false && value !== '')));
  put(widget.config, 'also', also.filter((line) => line.query?.trim()));
}

export function promqlPart(context) {
  const { choices } = context;
  const list = el('ol', { class: 'wf-queries', 'aria-label': 'Queries' });
  let lines = linesOf(context.widget);

  const tell = () => context.change((widget) => withLines(widget, lines));

  function redraw(focus) {
    list.replaceChildren(...lines.map(row));
    list.children[focus]?.querySelector('textarea').focus();
    adder.disabled = lines.length >= MOST;
  }

  function to(next, focus) {
    lines = next;
    tell();
    redraw(focus);
  }

  function moved(index, by) {
    const next = [...lines];
    next.splice(index + by, 0, ...next.splice(index, 1));
    to(next, index + by);
  }

  function row(line, index) {
    const letter = LETTERS[index];
    const mistake = el('p', { class: 'metrics-mistake small', id: freshId('mistake'), role: 'status' });
    const hide = el('input', { class: 'visually-hidden', type: 'checkbox' });
    hide.checked = Boolean(line.hidden);
    hide.addEventListener('change', () => { line.hidden = hide.checked || undefined; tell(); });
    const text = el('textarea', { class: 'metrics-text mono', id: freshId('query'), rows: 1, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', role: 'combobox', 'aria-label': `Query ${letter}`, 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': OFFERS, 'aria-describedby': mistake.id, placeholder: 'A metric or an expression, such as rate(http_requests_total[$__rate_interval])' });
    text.value = line.query ?? '';
    text.addEventListener('promql:written', () => { line.query = text.value; tell(); });
    return el('li', { class: 'metrics-line wf-query' },
      el('label', { class: 'metrics-letter', title: `Show or hide query ${letter}` }, hide, el('span', { 'aria-hidden': 'true' }, letter), el('span', { class: 'visually-hidden' }, `Hide query ${letter}`)),
      el('div', { class: 'metrics-editor' }, text, mistake, el('div', { class: 'wf-query-options' },
        input(line.legend, (now) => { line.legend = now || undefined; tell(); }, { 'aria-label': `Legend of query ${letter}`, placeholder: 'Legend: as the labels, or {{instance}}', class: 'input input-s' }),
        check('Only as of the end', line.instant, (now) => { line.instant = now || undefined; tell(); }))),
      el('span', { class: 'wf-row-tools' },
        button('arrow-up', `Move query ${letter} up`, () => moved(index, -1), { disabled: index === 0 }),
        button('arrow-down', `Move query ${letter} down`, () => moved(index, 1), { disabled: index === lines.length - 1 }),
        button('copy', `Duplicate query ${letter}`, () => to([...lines.slice(0, index + 1), { ...line }, ...lines.slice(index + 1)], index + 1), { disabled: lines.length >= MOST }),
        button('x', `Remove query ${letter}`, () => to(lines.filter((_, at) => at !== index), Math.max(0, index - 1)), { disabled: lines.length === 1 })));
  }

  const adder = textButton('plus', 'Query', () => to([...lines, { query: '' }], lines.length));
  const servers = serversOf(context);
  const server = select(String(context.widget.config.server ?? ''), servers, (now) => context.change((widget) => put(widget.config, 'server', /^\d+$/.test(now) ? Number(now) : now)));
  const step = input(context.widget.config.step, (now) => context.change((widget) => put(widget.config, 'step', now.trim())), { placeholder: 'auto', class: 'input metrics-step' });
  const explore = el('a', { class: 'button button-ghost button-s', target: '_blank' }, 'Open in Explore');
  explore.addEventListener('mousedown', () => address(explore, choices, context.widget, lines));
  explore.addEventListener('focus', () => address(explore, choices, context.widget, lines));
  address(explore, choices, context.widget, lines);
  redraw();
  return el('div', { class: 'wf-promql', 'data-complete': choices.promql.complete, 'data-check': choices.promql.check },
    list,
    el('div', { class: 'explore-line' }, adder,
      inLine('Step', step), servers.length > 1 ? inLine('From', server) : null, explore,
      el('span', { class: 'faint small push' }, el('kbd', {}, 'Ctrl'), ' ', el('kbd', {}, 'Space'), ' completes')),
    el('ul', { class: 'metrics-offers popover-plain', id: OFFERS, role: 'listbox', 'aria-label': 'Completions', hidden: true }));
}

/** The portal itself, other servers, and variables that choose one. */
function serversOf({ choices, document: whole, widget }) {
  const named = (whole.variables ?? []).filter((one) => one.kind === 'server').map((one) => [`\${${one.name}}`, `Variable ${one.label || one.name}`]);
  const found = [['', 'This portal'], ...choices.servers.map(({ id, name }) => [String(id), name]), ...named];
  const now = String(widget.config.server ?? '');
  return found.some(([key]) => key === now) ? found : [...found, [now, now]];
}

function inLine(label, control) {
  const made = labelled(label, control);
  made.className = 'explore-field wf-inline';
  return made;
}

function address(link, choices, widget, lines) {
  const query = new URLSearchParams(lines.map((line) => ['query', line.query ?? '']));
  if (widget.config.server) query.set('server', String(widget.config.server));
  if (widget.config.step) query.set('step', widget.config.step);
  link.href = `${choices.promql.explore}?${query}`;
}
