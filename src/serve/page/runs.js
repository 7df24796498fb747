import {ask, choice, chosen, count, dollars, el, filters, link, outcome, seconds, section, span, table} from './dom.js';

export const title = 'Runs', every = 5000;
const list = el('div'), older = el('p');

export function draw(main, changed) {
  main.append(section('Runs of the ledger', filters([['job', 'Job', el('input', {type: 'search', autocomplete: 'off'})], ['class', 'Class', choice(['', 'critical', 'regular', 'development'])],
    ['outcome', 'Outcome', choice(['', 'running', 'committed', 'already_committed', 'checks_failed', 'failed', 'refused', 'cancelled', 'conflict', 'unknown', 'killed', 'handed_off'])]], changed), list, older));
}

export async function refresh() {
  const by = {job: chosen('job'), class: chosen('class'), outcome: chosen('outcome'), before: chosen('before')};
  const {runs} = await ask('/api/runs', {...by, limit: 100});
  list.replaceChildren(table('Runs', [
    ['Run', (run) => link(String(run.id), '/run', {id: run.id})], ['Started', (run) => run.started.slice(0, 19) + 'Z', 'time'], ['Job', (run) => run.job], ['Window', (run) => span(run.window), 'time'],
    ['Outcome', (run) => outcome(run.outcome)], ['Rows', (run) => run.finished ? count(run.rows_written) : '', 'number'], ['Aside', (run) => run.rows_quarantined + run.rows_malformed || '', 'number'],
    ['Took', (run) => run.finished ? seconds(run.duration_ms / 1000) : '', 'number'], ['Cost', (run) => dollars(run.dollars), 'number'], ['Said', (run) => run.message, 'words']], runs, 'no run fits'));
  const full = runs.length === 100;
  older.replaceChildren(...full ? [link('Older runs', '/runs', Object.fromEntries(Object.entries({...by, before: runs.at(-1).id}).filter(([, v]) => v)))] : []);
  return `${runs.length}${full ? ' newest' : ''} runs`;
}
