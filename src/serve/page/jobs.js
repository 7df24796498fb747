import {ask, choice, chosen, el, filters, link, section, table} from './dom.js';

export const title = 'Jobs', every = 2000;
const list = el('div');

export function draw(main, changed) {
  main.append(section('All jobs', filters([['class', 'Class', choice(['', 'critical', 'regular', 'development'])], ['state', 'State', choice(['', 'runs', 'waits', 'idle', 'paused'])],
    ['job', 'Job', el('input', {type: 'search', autocomplete: 'off'})]], changed), list));
}

// One button a job, which stays the same node while the page is refreshed, so that the focus stays on it.
const buttons = new Map();
function button(job) {
  if (!buttons.has(job.job)) {
    const made = el('button', {type: 'button'});
    made.addEventListener('click', async () => {
      made.disabled = true;
      await fetch(`/api/jobs/${encodeURIComponent(job.job)}/command?do=${made.dataset.what}`, {method: 'POST'});
      setTimeout(() => { made.disabled = false; }, 1000);
    });
    buttons.set(job.job, made);
  }
  const node = buttons.get(job.job);
  node.dataset.what = job.state === 'paused' ? 'resume' : 'pause';
  node.textContent = job.state === 'paused' ? 'Resume' : 'Pause';
  node.setAttribute('aria-label', `${node.textContent} ${job.job}`);
  return node;
}

let drawn = '';
export async function refresh() {
  const schedule = await ask('/api/schedule');
  const by = {class: chosen('class'), state: chosen('state'), job: chosen('job')};
  const jobs = schedule.jobs.filter((job) => (!by.class || job.class === by.class) && (!by.state || job.state === by.state) && job.job.includes(by.job));
  const text = JSON.stringify([by, jobs]);
  if (text !== drawn) {
    const focused = document.activeElement;
    list.replaceChildren(table('Jobs', [
      ['Job', (job) => link(job.job, '/runs', {job: job.job})], ['Class', (job) => job.class], ['State', (job) => job.state], ['Done', (job) => job.done, 'number'],
      ['Due', (job) => job.open.length, 'number'], ['Parked', (job) => el('span', {className: job.open.some((s) => s.status === 'parked') ? 'bad' : ''}, String(job.open.filter((s) => s.status === 'parked').length)), 'number'],
      ['Late', (job) => job.open.filter((s) => s.late).length, 'number'], ['Next', (job) => job.next, 'time'], ['Ask', button]], jobs, 'no job fits'));
    if (list.contains(focused)) focused.focus();
  }
  drawn = text;
  return `${schedule.now}: ${jobs.length} of ${schedule.jobs.length} jobs`;
}
