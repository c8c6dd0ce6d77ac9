/**
 * <insight-part>: the builders of Explore in the widget editor. The server draws the form of a kind for
 * an address; what is pressed or changed in it asks for the next address, as on Explore's own page.
 */

import { el, toast } from 'portal/lib/dom.js';
import 'portal/components/filter-form.js';
import 'portal/components/pick-field.js';
import 'portal/components/step-list.js';
import { requestJSON } from 'portal/lib/http.js';
import { parsed } from 'portal/lib/widget-body.js';
import { labelled, select } from 'portal/editor/widget-form/fields.js';

/** What a kind's builder keeps beside the question. */
const OWN_VIEW = ['view', 'shown', 'drawn', 'measure'];

export function kindOf(query) {
  try {
    return JSON.parse(query).kind ?? '';
  } catch {
    return '';
  }
}

export function insightPart(context) {
  const { choices } = context;
  const known = choices.insights.kinds;
  let kind = known.some((one) => one.kind === kindOf(context.widget.query)) ? kindOf(context.widget.query) : '';
  let asked = 0;
  let wanted = [];
  let isOther = false; // another kind of insight, which may need another picture
  const body = el('div', { class: 'wf-builder', 'aria-live': 'polite' });
  const explore = el('a', { class: 'button button-ghost button-s', target: '_blank', hidden: true }, 'Open in Explore');

  async function load(address, body_) {
    const number = ++asked;
    body.setAttribute('aria-busy', 'true');
    const answer = await requestJSON(address, body_ === undefined ? {} : { method: 'POST', body: body_ }).catch((problem) => problem);
    if (number !== asked) return;
    body.removeAttribute('aria-busy');
    if (answer instanceof Error) {
      toast(answer.message, 'critical');
      return;
    }
    show(answer, body_ === undefined);
  }

  function show(answer, isChange) {
    const focused = document.activeElement?.id;
    const wasHere = body.contains(document.activeElement);
    const draft = body.querySelector('filter-form')?.draft;
    body.replaceChildren(...parsed(answer.html).body.childNodes);
    body.dataset.address = answer.address;
    explore.hidden = !answer.explore;
    explore.href = answer.explore || '#';
    const next = [...wanted, wasHere ? focused : ''].map((id) => id && body.querySelector(`#${CSS.escape(id)}`)).find(Boolean);
    wanted = [];
    next?.focus();
    if (draft) body.querySelector('filter-form').resume(draft);
    if (!isChange || !answer.query) return;
    const fits = !isOther || answer.drawings.includes(context.widget.config.kind);
    isOther = false;
    context.change((widget) => {
      widget.query = answer.query;
      Object.assign(without(widget.config, OWN_VIEW), answer.config);
      if (!fits) [widget.config.kind] = answer.drawings;
    }, ...(fits ? [] : ['picture', 'options']));
  }

  const at = () => known.find((one) => one.kind === kind).builder;
  const query = (form) => new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const go = (search) => load(`${at()}?${search}`);

  body.addEventListener('click', (event) => {
    const link = event.target.closest('a[hx-get]');
    if (!link) return;
    event.preventDefault();
    wanted = link.dataset.focus?.split(' ') ?? [];
    go(new URL(link.getAttribute('href'), location.href).searchParams);
  });
  body.addEventListener('submit', (event) => {
    event.preventDefault();
    go(query(event.target));
  });
  body.addEventListener('change', (event) => {
    const form = event.target.closest('#builder');
    if (form) go(query(form));
  });

  const kinds = select(kind, [['', 'Choose…'], ...known.map((one) => [one.kind, one.label])], (now) => {
    if (!now) return;
    kind = now;
    isOther = true;
    go(new URLSearchParams());
  });
  const saved = select('', [['', choices.insights.saved.length ? 'Choose…' : 'None saved yet'], ...choices.insights.saved.map((one) => [String(one.id), `${one.name} (${one.kind})`])], (now) => {
    const found = choices.insights.saved.find((one) => String(one.id) === now);
    if (!found) return;
    kind = found.kind;
    kinds.value = kind;
    requestJSON(`${choices.insights.opened}?insight=${found.id}`).then((answer) => {
      context.change((widget) => {
        widget.query = answer.query;
        Object.assign(without(widget.config, OWN_VIEW), answer.config);
        if (!widget.title) widget.title = found.name;
        if (!answer.drawings.includes(widget.config.kind)) [widget.config.kind] = answer.drawings;
      }, 'picture', 'options', 'head');
      show(answer, false);
    }, (problem) => toast(problem.message, 'critical'));
  });
  const row = el('div', { class: 'wf-pair' }, labelled('Kind', kinds), labelled('Or copy a saved insight', saved), explore);
  if (kind) load(choices.insights.opened, { query: context.widget.query, config: context.widget.config });
  return el('div', { class: 'wf-insight' }, row, body);
}

function without(config, names) {
  for (const name of names) delete config[name];
  return config;
}
