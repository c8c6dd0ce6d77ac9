/** Numbers and times as people read them; portal/lib/text.py says exactly the same. */

const COUNT_STEPS = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'k']];
const BYTE_STEPS = [[1e15, 'PB'], [1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']];
const DURATION_STEPS = [[172800, 86400, 'd'], [7200, 3600, 'h'], [120, 60, 'min'], [1, 1, 's'], [1e-3, 1e-3, 'ms'], [0, 1e-6, 'µs']];
const CURRENCY_SIGNS = { EUR: '€', USD: '$', GBP: '£', JPY: '¥' };
const NOT_A_NUMBER = '—';
const MINUS = '−';

/**
 * Three significant digits with the unit: "" or count, bytes, s, ms, ratio, percent, per_s, EUR…
 * @param {number|null|undefined} value
 * @param {string} [unit]
 */
export function humanize(value, unit = '') {
  if (value == null || !Number.isFinite(Number(value))) return NOT_A_NUMBER;
  const text = positive(Math.abs(Number(value)), unit);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

function positive(value, unit) {
  if (unit === 's' || unit === 'ms') return duration(unit === 'ms' ? value / 1000 : value);
  if (unit === 'bytes') return bytes(value);
  if (unit === 'ratio' || unit === 'percent') return `${significant(unit === 'ratio' ? value * 100 : value)} %`;
  if (/^[A-Z]{3}$/.test(unit)) return (CURRENCY_SIGNS[unit] ?? `${unit} `) + money(value);
  return count(value) + ({ '': '', count: '', per_s: '/s' }[unit] ?? ` ${unit}`);
}

function count(value) {
  const [step, letter] = stepOf(value, COUNT_STEPS) ?? [1, ''];
  return significant(value / step) + letter;
}

function bytes(value) {
  const [step, letter] = stepOf(value, BYTE_STEPS) ?? [1, 'B'];
  return `${significant(value / step)} ${letter}`;
}

const stepOf = (value, steps) => steps.find(([step]) => value >= step * 0.9995);

function duration(seconds) {
  if (seconds === 0) return '0 s';
  const [, step, letter] = DURATION_STEPS.find(([least]) => seconds >= least * 0.9995);
  return `${significant(seconds / step)} ${letter}`;
}

const money = (value) => (value >= 999.5 ? count(value) : group(rounded(value, 2)));

function significant(value) {
  if (value >= 99.95) return group(rounded(value, 0));
  const places = value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3;
  return rounded(value, places).replace(/\.?0+$/, '');
}

/** Round half up in decimal, on the shortest form of the number: 0.125 -> 0.13, 1.005 -> 1.01. */
function rounded(value, places) {
  const [mantissa, exponent = '0'] = String(value).split('e');
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + places}`));
  return shifted >= 1e21 ? String(value) : Number(`${shifted}e-${places}`).toFixed(places);
}

function group(digits) {
  const [whole, rest] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** All digits with thousands separators, for tables: 1,234,567.89. */
export function grouped(value) {
  if (value == null || !Number.isFinite(Number(value))) return NOT_A_NUMBER;
  const digits = rounded(Math.abs(value), 2).replace(/\.00$/, '');
  return (value < 0 && /[1-9]/.test(digits) ? MINUS : '') + group(digits);
}

/** "3 min ago", "in 2 h", "just now". */
export function ago(seconds) {
  const distance = Math.abs(seconds);
  if (distance < 5) return 'just now';
  const [step, letter] = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']].find(([least]) => distance >= least);
  const text = `${Math.floor(distance / step)} ${letter}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** "10:42, 3 min ago" in the zone; the day stands before it when it was not today. */
export function moment(at, zone = 'UTC', now = new Date()) {
  const parts = (date) => Object.fromEntries(new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(date).map(({ type, value }) => [type, value]));
  const then = parts(at);
  const today = parts(now);
  const sameYear = then.year === today.year;
  const month = then.month.slice(0, 3);
  const day = sameYear && then.month === today.month && then.day === today.day ? '' : `${then.day} ${month}${sameYear ? '' : ` ${then.year}`}, `;
  return `${day}${then.hour}:${then.minute}, ${ago((now - at) / 1000)}`;
}

const NICE = [1, 2, 2.5, 5, 10];
const NICE_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/**
 * Round ticks from low to high: at most `most` of them, with their labels.
 * @returns {{values: number[], labels: string[]}}
 */
export function ticks(low, high, unit = '', most = 5) {
  if (!(high > low)) return { values: [low], labels: [humanize(low, unit)] };
  const step = niceStep((high - low) / most, unit);
  const values = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high * (1 + 1e-9); index += 1) values.push(Number((index * step).toPrecision(12)));
  return { values, labels: values.map((value) => humanize(value, unit)) };
}

function niceStep(rough, unit) {
  const seconds = unit === 's' ? rough : unit === 'ms' ? rough / 1000 : 0;
  if (seconds >= 1 && seconds <= 86400) {
    const step = NICE_SECONDS.find((candidate) => candidate >= seconds);
    return unit === 'ms' ? step * 1000 : step;
  }
  const power = 10 ** Math.floor(Math.log10(rough));
  const fits = (step) => step >= rough * (1 - 1e-9) && (unit !== 'count' || Number.isInteger(step));
  return NICE.map((factor) => factor * power).find(fits) ?? 1;
}
