/** The questions that need one field: SQL, a dataset, Markdown; and any question as JSON. */

import { el } from 'portal/lib/dom.js';
import { area, freshId, textButton } from 'portal/editor/widget-form/fields.js';

const HINT_SQL = 'One SELECT over the data sets that you may read. {from:DateTime64}, {to:DateTime64} and {time_zone:String} are those of the dashboard; variables stand as $name.';

export function sqlPart(context) {
  const { choices, widget } = context;
  const field = area(widget.query, (query) => context.change((now) => { now.query = query; }), { class: 'textarea mono wf-sql', rows: 8, 'aria-label': 'SQL', placeholder: "SELECT toStartOfDay(ts) AS t, count() AS value FROM events\nWHERE ts >= {from:DateTime64} AND ts < {to:DateTime64} GROUP BY t ORDER BY t" });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) context.ask();
  });
  const explore = el('a', { class: 'button button-ghost button-s', target: '_blank', href: choices.sql.explore }, 'Open in Explore');
  const point = () => { explore.href = `${choices.sql.explore}?${new URLSearchParams({ q: field.value })}`; };
  for (const name of ['mousedown', 'focus']) explore.addEventListener(name, point);
  return el('div', { class: 'wf-stack' },
    choices.sql.may ? null : el('p', { class: 'notice' }, choices.sql.why),
    field,
    el('p', { class: 'hint' }, HINT_SQL),
    el('div', { class: 'explore-line' }, textButton('play', 'Run', () => context.ask()), explore, el('span', { class: 'faint small push' }, el('kbd', {}, 'Ctrl'), ' ', el('kbd', {}, 'Enter'), ' runs')));
}

export function datasetPart(context) {
  const name = freshId('dataset');
  const rows = context.choices.datasets.map((one) => {
    const box = el('input', { type: 'radio', name, value: one.name });
    box.checked = one.name === context.widget.query;
    box.addEventListener('change', () => context.change((widget) => {
      widget.query = one.name;
      if (!widget.title) widget.title = one.label;
    }, 'picture', 'head'));
    return el('label', { class: 'wf-dataset' }, box, el('span', {}, el('span', { class: 'strong' }, one.label), ' ', el('code', { class: 'small faint' }, one.name), el('span', { class: 'hint' }, one.description)));
  });
  return el('fieldset', { class: 'wf-datasets' }, el('legend', { class: 'visually-hidden' }, 'Dataset'), ...rows);
}

export function textPart(context) {
  const field = area(context.widget.query, (query) => context.change((widget) => { widget.query = query; }), { rows: 10, class: 'textarea mono', 'aria-label': 'Markdown', placeholder: '## A heading\n\nWords, **strong** ones, [links](https://…), tables and `code`.' });
  return el('div', { class: 'wf-stack' }, field, el('p', { class: 'hint' }, 'Markdown: headings, lists, links, emphasis, tables and code. HTML is shown as it is written. $name stands for a variable.'));
}

/** The whole widget as JSON, without its place; told when it is JSON. */
export function jsonPart(context) {
  const { id, position, size, type, ...shown } = context.widget;
  const isInsight = shown.source === 'insight';
  if (isInsight) {
    try { shown.query = JSON.parse(shown.query); } catch { /* a query that is no JSON is shown as it is */ }
  }
  const problem = el('p', { class: 'field-error', role: 'alert', hidden: true });
  const field = area(JSON.stringify(shown, null, 2), (text) => {
    try {
      const found = JSON.parse(text);
      if (typeof found !== 'object' || found === null || typeof found.config !== 'object') throw new SyntaxError('This must be an object with a config.');
      problem.hidden = true;
      field.setAttribute('aria-invalid', 'false');
      const query = typeof found.query === 'object' ? JSON.stringify(found.query) : found.query;
      context.change((widget) => { Object.assign(widget, found, { query, id, position, size, type }); });
    } catch (mistake) {
      problem.textContent = mistake.message;
      problem.hidden = false;
      field.setAttribute('aria-invalid', 'true');
    }
  }, { class: 'textarea mono wf-json', rows: 22, 'aria-label': 'This widget as JSON' });
  return el('div', { class: 'wf-stack' }, field, problem, el("p", { class: "hint" }, "Its id, place and size are the grid's. What cannot be is said in the preview, with the name of the field."));
}
