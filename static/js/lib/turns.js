/**
 * One heavy drawing at a time and per frame. What somebody waits for goes before what only moved,
 * and drawing what moved has no more than a share of the time, however much moves and however
 * slow the machine is: the page answers its reader first. In a hidden tab nobody's turn comes.
 */

const SHARE = 0.2;

const waiting = [];
let isBusy = false;
let restsUntil = 0;
let resting = 0;

/**
 * Resolve when it is the caller's turn, with what to call at its end.
 * @param {boolean} isUrgent whether somebody waits for it: nothing is shown yet, or a person asked
 * @returns {Promise<() => void>}
 */
export function turn(isUrgent = true) {
  return new Promise((resolve) => {
    waiting.push({ resolve, isUrgent });
    if (resting && isUrgent) wakeUp();
    soon();
  });
}

function soon() {
  if (isBusy || !waiting.length) return;
  isBusy = true;
  const rest = waiting.some((one) => one.isUrgent) ? 0 : restsUntil - performance.now();
  if (rest > 0) resting = setTimeout(wakeUp, rest);
  else requestAnimationFrame(next);
}

function wakeUp() {
  clearTimeout(resting);
  resting = 0;
  requestAnimationFrame(next);
}

function next() {
  const first = waiting.findIndex((one) => one.isUrgent);
  const [{ resolve }] = waiting.splice(Math.max(0, first), 1);
  const began = performance.now();
  resolve(() => {
    const ended = performance.now();
    restsUntil = ended + (ended - began) * (1 / SHARE - 1);
    isBusy = false;
    soon();
  });
}
