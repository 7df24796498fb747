'use strict';
// Everything that comes from jobs is put into the page as text, never as HTML.
const SVG = 'http://www.w3.org/2000/svg';
const by = (id) => document.getElementById(id);
const el = (name, text, more = {}) => Object.assign(document.createElement(name), {textContent: text ?? '', ...more});
const shape = (name, attributes, text) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
const bytes = (n) => n >= 2 ** 30 ? (n / 2 ** 30).toFixed(1) + ' GB' : (n / 2 ** 20).toFixed(0) + ' MB';

function filters() {
  const given = new URLSearchParams(location.search);
  return {job: given.get('job') ?? '', class: given.get('class') ?? '', hours: Number(given.get('hours')) || 24};
}

function drawRoom(schedule) {
  const {capacity, used, shares, period} = schedule;
  const item = (name, value, part) => {
    const cell = document.createElement('div');
    cell.append(el('dt', name), el('dd', value));
    if (part !== undefined) {
      const meter = el('meter', '', {min: 0, max: 1, value: Math.min(part, 1)});
      meter.setAttribute('aria-label', name);
      cell.append(meter);
    }
    return cell;
  };
  by('room').replaceChildren(
    item('Memory', bytes(used.memory_bytes) + ' of ' + bytes(capacity.memory_bytes), used.memory_bytes / capacity.memory_bytes),
    item('Threads', used.threads + ' of ' + capacity.threads, used.threads / capacity.threads),
    item('Dollars an hour', used.dollars_per_hour.toFixed(2) + (capacity.dollars_per_hour ? ' of ' + capacity.dollars_per_hour.toFixed(2) : '')),
    item('Period: ' + period, Object.entries(shares).map(([name, share]) => name + ' ' + Math.round(share * 100) + ' %').join(', ')));
}

function drawLine(schedule, runs, chosen) {
  const jobs = schedule.jobs.filter((job) => (!chosen.class || job.class === chosen.class) && job.job.includes(chosen.job));
  const end = Date.parse(schedule.now), start = end - chosen.hours * 3600e3, ahead = end + chosen.hours * 300e3;
  const left = 170, width = 1100, row = 22, top = 24;
  const x = (t) => left + (Math.min(Math.max(t, start), ahead) - start) / (ahead - start) * (width - left);
  const svg = shape('svg', {viewBox: `0 0 ${width} ${top + row * jobs.length + 6}`, role: 'img', 'aria-label': 'Runs of ' + jobs.length + ' jobs'});
  const step = chosen.hours <= 6 ? 3600e3 : chosen.hours <= 24 ? 3 * 3600e3 : 24 * 3600e3;
  for (let t = Math.ceil(start / step) * step; t < ahead; t += step) {
    svg.append(shape('line', {x1: x(t), x2: x(t), y1: top - 4, y2: top + row * jobs.length}));
    svg.append(shape('text', {x: x(t) + 3, y: 14, class: 'tick'}, new Date(t).toISOString().slice(5, 16).replace('T', ' ')));
  }
  jobs.forEach((job, index) => {
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
  svg.append(shape('line', {x1: x(end), x2: x(end), y1: top - 4, y2: top + row * jobs.length, class: 'here'}));
  by('line').replaceChildren(svg);
  return jobs;
}

function drawJobs(jobs) {
  by('jobs').replaceChildren(...jobs.map((job) => {
    const line = document.createElement('tr');
    const open = job.open.map((slot) => `${slot.window} ${slot.status}${slot.late ? ', late' : ''}${slot.why ? ': ' + slot.why : ''}`);
    const parked = job.open.some((slot) => slot.status === 'parked');
    const name = el('th', job.job, {scope: 'row'});
    line.append(name, el('td', job.class), el('td', job.state, {className: job.state === 'runs' ? 'run' : ''}), el('td', job.done),
      el('td', job.open.length), el('td', job.next ?? ''), el('td', open.slice(0, 5).join('; '), {className: parked ? 'bad' : ''}));
    return line;
  }));
}

// What was told has the schedule's clock, the ledger's runs the machine's: the line is drawn from what was told.
function runsFrom(notices) {
  const runs = [];
  for (const told of notices) {
    if (!['done', 'retry', 'parked', 'preempted'].includes(told.notice)) continue;
    const outcome = told.notice === 'done' ? 'committed' : told.notice === 'preempted' ? 'cancelled' : 'failed';
    runs.push({job: told.job, window: told.window, outcome, message: told.message, from: Date.parse(told.began || told.at), to: Date.parse(told.at)});
  }
  return runs;
}

async function refresh() {
  try {
    const [schedule, told] = await Promise.all(['/api/schedule', '/api/notices'].map(async (path) => (await fetch(path)).json()));
    by('now').textContent = `${schedule.now}, ${schedule.period}${schedule.leads ? '' : ' - another scheduler leads'}`;
    drawRoom(schedule);
    drawJobs(drawLine(schedule, runsFrom(told.notices), filters()));
    by('told').replaceChildren(...told.notices.filter((n) => n.notice !== 'done').slice(0, 30).map((n) => {
      const item = el('li', '');
      item.append(el('time', n.at, {dateTime: n.at}), `${n.job} ${n.window} `, el('strong', n.notice), ': ' + n.message);
      return item;
    }));
  } catch (error) {
    by('now').textContent = 'the scheduler does not answer: ' + error.message;
  }
}

const form = by('filter');
for (const [name, value] of Object.entries(filters())) form.elements[name].value = value;
form.addEventListener('input', () => {
  const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, '', '?' + chosen);
  refresh();
});
form.addEventListener('submit', (event) => event.preventDefault());
refresh();
setInterval(refresh, 2000);
