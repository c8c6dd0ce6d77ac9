/**
 * The page's time range in the query string: from, to (half-open) and tz.
 * Relative: from=-7d and no to. Absolute: RFC 3339. Everything: from=all.
 * portal/lib/time_range.py reads the same.
 */

export const PRESETS = [
  ['-15m', 'Last 15 minutes'], ['-1h', 'Last hour'], ['-24h', 'Last 24 hours'], ['-7d', 'Last 7 days'],
  ['-30d', 'Last 30 days'], ['-90d', 'Last 90 days'], ['-12mo', 'Last 12 months'], ['all', 'All time'],
];

/** The range of the page's address, with what the page takes when it names none. */
export function readRange(fallback = '-7d', search = location.search) {
  const query = new URLSearchParams(search);
  return {
    from: query.get('from') || fallback,
    to: query.get('to') || '',
    tz: query.get('tz') || document.documentElement.dataset.zone || 'UTC',
  };
}

/** The address with the range in it; all other parameters stay, the cursor of a list does not. */
export function withRange({ from, to, tz }, address = location.href) {
  const url = new URL(address);
  url.searchParams.set('from', from);
  url.searchParams.delete('cursor');
  for (const [name, value] of [['to', to], ['tz', tz]]) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

/** "Last 7 days", or "3 Mar to 10 Mar 2026". */
export function rangeLabel({ from, to, tz }) {
  const preset = PRESETS.find(([value]) => value === from);
  if (preset && !to) return preset[1];
  return to ? `${day(from, tz)} to ${day(to, tz)}` : `Since ${day(from, tz)}`;
}

function day(text, tz) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const parts = { day: 'numeric', month: 'short', year: 'numeric', timeZone: tz };
  const hasClock = wallClock(at, tz).slice(11) !== '00:00';
  return new Intl.DateTimeFormat('en-GB', hasClock ? { ...parts, year: undefined, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : parts).format(at);
}

/** The instant as "2026-03-01T10:42" on the zone's clock, as datetime-local fields want it. */
export function wallClock(at, tz) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: tz, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** The instant at which the zone's clock shows that time; the second guess settles daylight saving. */
export function instantOf(clock, tz) {
  const wanted = Date.parse(`${clock}Z`);
  let guess = wanted;
  for (let round = 0; round < 2; round += 1) guess += wanted - Date.parse(`${wallClock(new Date(guess), tz)}Z`);
  return new Date(guess).toISOString().replace('.000Z', 'Z');
}
