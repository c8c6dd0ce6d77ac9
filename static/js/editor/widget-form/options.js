/** The options of a kind of widget, grouped under headings; what is set is open, the rest folded. */

import { el } from 'portal/lib/dom.js';
import { put } from 'portal/editor/widget-form/fields.js';
import { optionField } from 'portal/editor/widget-form/option-field.js';

/** What has a place of its own in this editor. */
const ELSEWHERE = new Set(['kind', 'legend', 'instant', 'server', 'step', 'also', 'hide_first', 'parameters', 'library', 'extra']);
const OPEN = ['Picture', 'Values'];

export function optionsPart(context) {
  const { widget, choices } = context;
  const kind = choices.kinds.find((one) => one.kind === widget.config.kind);
  const options = (kind?.options ?? choices.common_options).filter((one) => !ELSEWHERE.has(one.name) && (!one.sources.length || one.sources.includes(widget.source)));
  const groups = Map.groupBy ? Map.groupBy(options, (one) => one.group) : groupedBy(options);
  const made = [...groups].map(([heading, members]) => group(heading, members, context));
  if (!kind) made.unshift(el('p', { class: 'notice' }, `This portal has no kind of widget called “${widget.config.kind}”. Choose another picture.`));
  return el('div', { class: 'wf-options' }, ...made);
}

function groupedBy(options) {
  const found = new Map();
  for (const one of options) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return found;
}

function group(heading, members, context) {
  const isSet = members.some((one) => one.name in context.widget.config);
  const count = members.filter((one) => one.name in context.widget.config).length;
  const fields = members.map((option) => optionField(option, context.widget.config[option.name], context, (value) => context.change((widget) => put(widget.config, option.name, value))));
  const badge = count ? el('span', { class: 'count', title: `${count} set` }, String(count)) : null;
  return el('details', { class: 'wf-group', 'data-group': heading, open: isSet || OPEN.includes(heading) }, el('summary', {}, el('span', { role: 'heading', 'aria-level': '3' }, heading), badge), el('div', { class: 'wf-group-fields' }, ...fields));
}
