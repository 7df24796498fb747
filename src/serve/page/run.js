import {ask, bars, bytes, chosen, count, dollars, el, facts, link, outcome, seconds, section, span, table} from './dom.js';

export const title = 'Run', listed = false;
const head = el('div'), live = el('div'), stages = el('div'), checks = el('div'), log = el('ol', {className: 'log', tabIndex: 0});
log.setAttribute('aria-label', 'What it said');

export function draw(main) {
  main.append(head, live, section('Stages', stages), section('Checks', checks), section('What it said', log));
}

function drawLive(run) {
  const progress = run.progress;
  if (run.outcome !== 'running' || !progress) return live.replaceChildren();
  const running = (Date.now() - Date.parse(run.started)) / 1000;
  live.replaceChildren(section('Now', facts([
    ['Stage: ' + progress.stage, share(progress.fraction), progress.fraction],
    ['Rows', count(progress.rows)], ['Read', bytes(progress.bytes)], ['Rate', bytes(progress.bytes / Math.max(running, 1)) + '/s'],
    ['Memory', bytes(progress.memory_bytes)], ['Spilled', progress.spill_bytes ? bytes(progress.spill_bytes) : ''], ['For', seconds(running)]])));
}
const share = (part) => part > 0 ? Math.round(part * 100) + ' %' : 'not known';

const words = (event) => Object.entries(event).filter(([key]) => !['type', 'time', 'v', 'attempt'].includes(key)).filter(([, value]) => value !== '').map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', ');

function show(run) {
  const quoted = run.events.find((event) => event.type === 'quoted');
  head.replaceChildren(facts([
    ['Job', link(run.job, '/runs', {job: run.job})], ['Window', span(run.window)], ['Outcome', outcome(run.outcome)], ['Engine', run.engine], ['Class', run.class],
    ['Started', run.started.slice(0, 19) + 'Z'], ['Took', run.finished ? seconds(run.duration_ms / 1000) : ''], ['Quoted', quoted ? seconds(quoted.seconds) : ''],
    ['Cost', dollars(run.dollars)], ['Rows in', count(run.rows_in)], ['Rows written', count(run.rows_written)], ['Set aside', run.rows_quarantined + run.rows_malformed || ''],
    ['Read', bytes(run.bytes_read)], ['Written', bytes(run.bytes_written)], ['Peak memory', run.peak_memory_bytes ? bytes(run.peak_memory_bytes) : ''],
    ['Table', link(run.table, '/tables', {job: run.job})], ['Version', run.version >= 0 ? String(run.version) : '']]), ...(run.message ? [el('p', {className: 'said'}, run.message)] : []));
  drawLive(run);
  const ended = run.events.filter((event) => event.type === 'stage_finished');
  stages.replaceChildren(ended.length ? bars('Time by stage', ended.map((s) => [s.stage, s.duration_ms, seconds(s.duration_ms / 1000)])) : el('p', {className: 'nothing'}, run.finished ? 'none' : 'none is over yet'));
  checks.replaceChildren(table('Checks', [['Check', (c) => c.check], ['Kind', (c) => c.kind], ['On fail', (c) => c.on_fail], ['Result', (c) => el('span', {className: 'outcome is-' + c.status}, c.status)],
    ['Bad', (c) => count(c.bad), 'number'], ['Of', (c) => count(c.rows), 'number'], ['Found', (c) => c.message, 'words']], run.checks, 'the run has no checks'));
  const quarantine = run.events.find((event) => event.type === 'quarantined');
  if (quarantine) checks.append(el('p', {}, `${count(quarantine.rows + quarantine.malformed)} rows were set aside in `, el('code', {}, quarantine.table), '; see them with ', el('code', {}, `tidemill quarantine show ${quarantine.table}`)));
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  for (const event of run.events.slice(log.childElementCount)) log.append(el('li', {}, el('time', {dateTime: event.time}, event.time.slice(11, 23)), el('strong', {}, event.type.replaceAll('_', ' ')), ' ' + words(event)));
  if (atEnd) log.scrollTop = log.scrollHeight;
}

export async function refresh() {
  const run = await ask('/api/runs/' + encodeURIComponent(chosen('id')));
  show(run);
  if (run.outcome === 'running') follow(run.id);
  return `run ${run.id}: ${run.outcome.replaceAll('_', ' ')}`;
}

function follow(id) {
  const stream = new EventSource(`/api/runs/${id}/stream`);
  stream.addEventListener('run', (event) => {
    const run = JSON.parse(event.data);
    show(run);
    document.getElementById('now').textContent = `run ${run.id}: ${run.outcome.replaceAll('_', ' ')}`;
    if (run.outcome !== 'running') stream.close();
  });
}
