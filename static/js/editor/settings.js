/** The dashboard's own settings: name, description, tags, time, links, marks and variables. */

import 'portal/editor/variable-list.js';
import { el, icon } from 'portal/lib/dom.js';

const RANGES = [['-15m', 'Last 15 minutes'], ['-1h', 'Last hour'], ['-6h', 'Last 6 hours'], ['-24h', 'Last 24 hours'], ['-7d', 'Last 7 days'], ['-30d', 'Last 30 days'], ['-90d', 'Last 90 days'], ['-365d', 'Last year']];
const REFRESHES = [['', 'As each widget says'], ['5000', 'Every 5 seconds'], ['10000', 'Every 10 seconds'], ['30000', 'Every 30 seconds'], ['60000', 'Every minute'], ['300000', 'Every 5 minutes'], ['900000', 'Every 15 minutes']];
const MARKS = [['notes', 'Notes'], ['deploys', 'Deploys']];

/**
 * Open the settings; each change is taken at once and can be undone.
 * @param {import('portal/editor/session.js').Session} session
 * @param {string} uid
 */
export function openSettings(session, uid) {
  const body = el('div', { class: 'dialog-body stack' });
  const dialog = el('dialog', { class: 'drawer', id: 'dashboard-settings', 'aria-labelledby': 'settings-title', onclose: () => dialog.remove() },
    el('div', { class: 'dialog-head' }, el('h2', { id: 'settings-title' }, 'Settings of the dashboard'), el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', 'data-closes': true }, icon('x'))), body);
  body.append(...general(session), ...time(session), marks(session), linkList(session), variables(session, uid));
  document.body.append(dialog);
  dialog.showModal();
  body.querySelector('input').focus();
}

const set = (session, words, fields) => session.change(words, { ...session.document, ...fields }, { key: `settings ${Object.keys(fields)}` });

function field(id, label, control, hint = '') {
  control.id = id;
  return el('div', { class: 'field' }, el('label', { for: id }, label), control, hint && el('div', { class: 'hint' }, hint));
}

function general(session) {
  const { document } = session;
  const name = el('input', { class: 'input', maxlength: '120', required: true, value: document.name, autocomplete: 'off', oninput: () => name.value.trim() && set(session, 'Renamed the dashboard', { name: name.value.trim() }) });
  const description = el('textarea', { class: 'textarea', rows: '2', oninput: () => set(session, 'Changed the description', { description: description.value }) }, document.description);
  const tags = el('input', { class: 'input', value: document.tags.join(', '), autocomplete: 'off', oninput: () => set(session, 'Changed the tags', { tags: words(tags.value) }) });
  return [field('set-name', 'Name', name), field('set-description', 'What it shows', description), field('set-tags', 'Tags', tags, 'Separated by commas.')];
}

const words = (text) => [...new Set(text.split(',').map((word) => word.trim()).filter(Boolean))];

function select(options, value, act) {
  const known = options.some(([one]) => one === value) ? options : [...options, [value, value]];
  const made = el('select', { class: 'select', onchange: () => act(made.value) }, ...known.map(([one, label]) => el('option', { value: one, selected: one === value }, label)));
  return made;
}

function time(session) {
  const setTime = (name, value) => {
    const { [name]: _before, ...rest } = session.document.time;
    set(session, 'Changed the time range', { time: value ? { ...rest, [name]: value } : { to: '', from: '', ...rest } });
  };
  const now = session.document.time;
  const range = select([['', 'Last 7 days, as usual'], ...RANGES], now.from ?? '', (value) => setTime('from', value));
  const refresh = select(REFRESHES, String(now.refresh ?? ''), (value) => setTime('refresh', Number(value)));
  const zone = el('input', { class: 'input', value: now.zone ?? '', list: 'set-zones', autocomplete: 'off', placeholder: 'The viewer’s', onchange: () => setTime('zone', zone.value.trim()) });
  const zones = el('datalist', { id: 'set-zones' }, ...Intl.supportedValuesOf('timeZone').map((value) => el('option', { value })));
  return [el('div', { class: 'form-row' }, field('set-range', 'Opens with', range), field('set-refresh', 'Refreshes', refresh)), field('set-zone', 'Time zone', zone), zones];
}

function marks(session) {
  const isShown = (kind) => session.document.annotations.find((one) => one.kind === kind)?.shown ?? true;
  const toggle = (kind, shown) => set(session, 'Changed what is marked on charts', { annotations: [...session.document.annotations.filter((one) => one.kind !== kind), { kind, shown }] });
  return el('fieldset', { class: 'choices' }, el('legend', {}, 'Marked on charts over time'),
    ...MARKS.map(([kind, label]) => el('label', { class: 'check' }, el('input', { type: 'checkbox', checked: isShown(kind), onchange: (event) => toggle(kind, event.target.checked) }), label)));
}

function linkList(session) {
  const list = el('fieldset', { class: 'choices' });
  const save = (links) => set(session, 'Changed the links', { links });
  const draw = () => {
    const { links } = session.document;
    const change = (index, name, value) => save(session.document.links.map((link, at) => (at === index ? { ...link, [name]: value } : link)));
    list.replaceChildren(el('legend', {}, 'Links'), ...links.map((link, index) => el('div', { class: 'row link-row' },
      el('input', { class: 'input', 'aria-label': `Words of link ${index + 1}`, value: link.title, oninput: (event) => change(index, 'title', event.target.value) }),
      el('input', { class: 'input', 'aria-label': `Address of link ${index + 1}`, value: link.url, placeholder: 'https://', oninput: (event) => change(index, 'url', event.target.value) }),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': `Remove link ${index + 1}`, onclick: () => { save(links.filter((_, at) => at !== index)); draw(); } }, icon('x')))),
    el('button', { type: 'button', class: 'button button-s button-fit', onclick: () => { save([...links, { title: 'Runbook', url: '/' }]); draw(); } }, icon('plus', 'icon-s'), 'Add a link'));
  };
  draw();
  return list;
}

/** The list of variables is a component of its own: property `variables`, event variables:change. */
function variables(session, uid) {
  const list = document.createElement('variable-list');
  Object.assign(list, { dashboard: uid, document: session.document, variables: session.document.variables });
  list.addEventListener('variables:change', ({ detail }) => set(session, 'Changed the variables', detail.document ?? { variables: detail.variables }));
  return el('fieldset', { class: 'choices' }, el('legend', {}, 'Variables'), list);
}
