/** Explore metrics: names from the list at the cursor, lines that come and go, and running. */

import { changed, close, write } from 'portal/lib/promql-fields.js';

const form = () => document.getElementById('metrics-form');
const editors = () => [...form().querySelectorAll('.metrics-text')];
let last = null;

const current = () => (last?.isConnected ? last : editors()[0]);

/** Put a metric's name at the cursor, or in place of what is selected; into an empty line, and it is asked. */
function insert(text) {
  const field = current();
  const wasEmpty = !field.value.trim();
  field.focus();
  write(field, text);
  close();
  if (wasEmpty) run();
}

/** Narrow the metric by a label, where its braces are, or with braces of its own. */
function narrow({ metric, label, value }) {
  const field = current();
  const matcher = `${label}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  const at = field.value.indexOf(metric);
  field.focus();
  if (at < 0) {
    insert(`${metric}{${matcher}}`);
    return;
  }
  const end = at + metric.length;
  const braces = /^\{([^}]*)\}/.exec(field.value.slice(end));
  const inside = braces?.[1].trim() ?? '';
  const kept = inside.split(',').map((one) => one.trim()).filter((one) => one && !one.startsWith(`${label}=`));
  field.setRangeText(`{${[...kept, matcher].join(', ')}}`, end, end + (braces?.[0].length ?? 0), 'end');
  changed(field);
  run();
}

function run() {
  close();
  form().requestSubmit(document.getElementById('metrics-run'));
}

/** Lines come and go with the page: the address holds them. */
function go(change) {
  const given = new URLSearchParams(new FormData(form()));
  change(given);
  location.assign(`${form().getAttribute('action')}?${given}`);
}

document.addEventListener('focusin', (event) => {
  if (event.target.matches?.('.metrics-text')) last = event.target;
});

document.addEventListener('change', (event) => {
  if (event.target.matches?.('#metrics-form [name="hide"], #metrics-form [name="step"], #metrics-form [name="server"]')) run();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.target.form !== form()) return;
  event.preventDefault();
  run();
});

document.addEventListener('click', (event) => {
  const target = event.target.closest?.('button');
  if (!target) return;
  const { insert: name, label, example } = target.dataset;
  if (name) insert(name);
  if (label) narrow(target.dataset);
  if ('add' in target.dataset) go((given) => given.append('add', '1'));
  if ('remove' in target.dataset) {
    target.closest('.metrics-line').remove();
    go((given) => given.delete('hide'));
  }
  if (example) {
    document.getElementById('promql-help').hidePopover();
    const field = current();
    field.value = example;
    changed(field);
    run();
  }
});
