import {ask, bytes, choice, chosen, el, facts, filters, scrolls, section, shape, span, table} from './dom.js';

export const title = 'Tonight', every = 2000;
const room = el('div'), line = scrolls('chart', 'Time line'), jobs = el('div'), told = el('ol');

export function draw(main, changed) {
  main.append(section('Capacity', room),
    section('Time line', filters([['class', 'Class', choice(['', 'critical', 'regular', 'development'])],
      ['job', 'Job', el('input', {type: 'search', autocomplete: 'off'})], ['hours', 'Hours', choice(['6', '24', '72', '168'], '24')]], changed), line),
    section('Jobs', jobs), section('What was told', told));
}

function drawRoom({capacity, used, shares, period}) {
  room.replaceChildren(facts([
    ['Memory', bytes(used.memory_bytes) + ' of ' + bytes(capacity.memory_bytes), used.memory_bytes / capacity.memory_bytes],
    ['Threads', used.threads + ' of ' + capacity.threads, used.threads / capacity.threads],
    ['Dollars an hour', used.dollars_per_hour.toFixed(2) + (capacity.dollars_per_hour ? ' of ' + capacity.dollars_per_hour.toFixed(2) : '')],
    ['Period: ' + period, Object.entries(shares).map(([name, share]) => name + ' ' + Math.round(share * 100) + ' %').join(', ')]]));
}

function drawLine(schedule, runs, hours) {
  const end = Date.parse(schedule.now), start = end - hours * 3600e3, ahead = end + hours * 300e3;
  const left = 170, width = 1100, row = 22, top = 24;
  const x = (t) => left + (Math.min(Math.max(t, start), ahead) - start) / (ahead - start) * (width - left);
  const svg = shape('svg', {viewBox: `0 0 ${width} ${top + row * schedule.jobs.length + 6}`, role: 'img', 'aria-label': 'Runs of ' + schedule.jobs.length + ' jobs'});
  const step = hours <= 6 ? 3600e3 : hours <= 24 ? 3 * 3600e3 : 24 * 3600e3;
  for (let t = Math.ceil(start / step) * step; t < ahead; t += step) {
    svg.append(shape('line', {x1: x(t), x2: x(t), y1: top - 4, y2: top + row * schedule.jobs.length}));
    svg.append(shape('text', {x: x(t) + 3, y: 14, class: 'tick'}, new Date(t).toISOString().slice(5, 16).replace('T', ' ')));
  }
  schedule.jobs.forEach((job, index) => {
    const y = top + index * row;
    svg.append(shape('text', {x: 0, y: y + 14}, job.job));
    const bar = (from, to, kind, words) => {
      if (to < start || from > ahead) return;
      const box = shape('rect', {x: x(from), y: y + 3, width: Math.max(x(to) - x(from), 3), height: row - 8, class: kind, rx: 2});
      box.append(shape('title', {}, words));
      svg.append(box);
    };
    for (const run of runs.filter((r) => r.job === job.job)) bar(run.from, run.to, run.outcome, `${run.window} ${run.outcome} ${run.message}`);
    for (const slot of job.open) {
      const words = `${slot.window} ${slot.status} ${slot.why}`;
      if (slot.status === 'waiting') bar(Date.parse(slot.due), end, 'waiting', words);
      if (slot.status === 'running') bar(Date.parse(slot.began), end, 'running', words);
    }
  });
  svg.append(shape('line', {x1: x(end), x2: x(end), y1: top - 4, y2: top + row * schedule.jobs.length, class: 'here'}));
  line.replaceChildren(svg);
}

// What was told has the schedule's clock, the ledger's runs the machine's: the line is drawn from what was told.
function runsFrom(notices) {
  const ends = {done: 'committed', preempted: 'cancelled', retry: 'failed', parked: 'failed'};
  return notices.filter((told) => told.notice in ends).map((told) =>
    ({job: told.job, window: told.window, outcome: ends[told.notice], message: told.message, from: Date.parse(told.began || told.at), to: Date.parse(told.at)}));
}

const openOf = (job) => job.open.slice(0, 5).map((slot) => `${span(slot.window)} ${slot.status}${slot.late ? ', late' : ''}${slot.why ? ': ' + slot.why : ''}`).join('; ');

export async function refresh() {
  const [schedule, {notices}] = await Promise.all([ask('/api/schedule'), ask('/api/notices')]);
  const all = schedule.jobs, by = {class: chosen('class'), job: chosen('job')};
  schedule.jobs = all.filter((job) => (!by.class || job.class === by.class) && job.job.includes(by.job));
  drawRoom(schedule);
  drawLine(schedule, runsFrom(notices), Number(chosen('hours', '24')) || 24);
  jobs.replaceChildren(table('Jobs', [
    ['Job', (job) => job.job], ['Class', (job) => job.class], ['State', (job) => job.state], ['Done', (job) => job.done, 'number'],
    ['Due', (job) => job.open.length, 'number'], ['Next', (job) => job.next, 'time'],
    ['What is open', (job) => el('span', {className: job.open.some((slot) => slot.status === 'parked') ? 'bad' : ''}, openOf(job)), 'words']], schedule.jobs, 'no job fits'));
  told.replaceChildren(...notices.filter((n) => n.notice !== 'done').slice(0, 30).map((n) =>
    el('li', {}, el('time', {dateTime: n.at}, n.at), `${n.job} ${span(n.window)} `, el('strong', {}, n.notice), ': ' + n.message)));
  return `${schedule.now}, ${schedule.period}${schedule.leads ? '' : ' - another scheduler leads'}`;
}
