/** Numbers and times as people read them; portal/lib/text.py says exactly the same. */

const COUNT_STEPS = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'k']];
const BYTE_STEPS = [[1e15, 'PB'], [1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']];
const BINARY_STEPS = [[2 ** 50, 'PiB'], [2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];
const BIT_STEPS = [[1e12, 'Tbit'], [1e9, 'Gbit'], [1e6, 'Mbit'], [1e3, 'kbit'], [1, 'bit']];
const HERTZ_STEPS = [[1e12, 'THz'], [1e9, 'GHz'], [1e6, 'MHz'], [1e3, 'kHz'], [1, 'Hz']];
const SCALES = { bytes: BYTE_STEPS, ibytes: BINARY_STEPS, bits: BIT_STEPS, Hz: HERTZ_STEPS };
const SUFFIXES = { '': '', count: '', plain: '', per_s: '/s', per_min: '/min' };
const DURATION_STEPS = [[172800, 86400, 'd'], [7200, 3600, 'h'], [120, 60, 'min'], [1, 1, 's'], [1e-3, 1e-3, 'ms'], [1e-6, 1e-6, 'µs'], [0, 1e-9, 'ns']];
const SECONDS_IN = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9, min: 60, h: 3600, d: 86400 };
const CURRENCY_SIGNS = { EUR: '€', USD: '$', GBP: '£', JPY: '¥' };
const NOT_A_NUMBER = '—';
const MINUS = '−';

/**
 * Three significant digits, or so many decimals, with the unit; portal/lib/text.py lists the units.
 * @param {number|null|undefined} value
 * @param {string} [unit]
 * @param {number|null} [decimals]
 */
export function humanize(value, unit = '', decimals = null) {
  if (value == null || !Number.isFinite(Number(value))) return NOT_A_NUMBER;
  const text = positive(Math.abs(Number(value)), unit, decimals);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

function positive(value, unit, decimals) {
  if (SECONDS_IN[unit]) return duration(value * SECONDS_IN[unit], decimals);
  const scale = SCALES[unit.replace(/\/s$/, '')];
  if (scale) return scaled(value, scale, decimals) + (unit.endsWith('/s') ? '/s' : '');
  if (unit === 'ratio' || unit === 'percent') return `${digits(unit === 'ratio' ? value * 100 : value, decimals)} %`;
  if (/^[A-Z]{3}$/.test(unit)) return (CURRENCY_SIGNS[unit] ?? `${unit} `) + money(value, decimals);
  const whole = unit === 'plain' && decimals == null ? grouped(value) : '';
  return (whole || count(value, decimals, unit)) + (SUFFIXES[unit] ?? ` ${unit}`);
}

function count(value, decimals, unit = '') {
  const [step, letter] = (unit !== 'plain' && stepOf(value, COUNT_STEPS)) || [1, ''];
  return digits(value / step, decimals) + letter;
}

function scaled(value, steps, decimals) {
  const [step, letter] = stepOf(value, steps) ?? [1, steps.at(-1)[1]];
  return `${digits(value / step, decimals)} ${letter}`;
}

const digits = (value, decimals) => (decimals == null ? significant(value) : group(rounded(value, decimals)));

const stepOf = (value, steps) => steps.find(([step]) => value >= step * 0.9995);

function duration(seconds, decimals) {
  if (seconds === 0) return '0 s';
  const [, step, letter] = DURATION_STEPS.find(([least]) => seconds >= least * 0.9995);
  return `${digits(seconds / step, decimals)} ${letter}`;
}

const money = (value, decimals) => (decimals != null ? group(rounded(value, decimals)) : value >= 999.5 ? count(value, null) : group(rounded(value, 2)));

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
