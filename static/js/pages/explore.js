/** The Explore pages: zooming into the chart narrows the range; a new series wants its event. */

import 'portal/components/filter-form.js';
import 'portal/components/pick-field.js';
import 'portal/lib/people-drawer.js';
import { instantOf, withRange } from 'portal/lib/time-range.js';

document.addEventListener('chart:zoom', (event) => {
  const { from, to } = event.detail;
  if (!from || !to) return;
  event.preventDefault();
  const tz = new URLSearchParams(location.search).get('tz') ?? document.documentElement.dataset.zone ?? 'UTC';
  const [start, end] = [from, to].map((wall) => instantOf(String(wall).slice(0, 16).replace(' ', 'T'), tz));
  if (start < end) location.assign(withRange({ from: start, to: end, tz }));
});

let addsSeries = false;

document.addEventListener('click', (event) => {
  if (event.target.closest('#add-series')) addsSeries = true;
});

document.addEventListener('htmx:after:swap', () => {
  if (!addsSeries) return;
  addsSeries = false;
  const fields = document.querySelectorAll('#builder [name="event"]');
  fields[fields.length - 1]?.select();
});
