import {ask, bars, bytes, chosen, count, el, facts, link, section, table} from './dom.js';

export const title = 'Tables';
const list = el('div'), one = el('div');

export function draw(main) {
  main.append(section('Tables of the jobs', list), one);
}

const bins = ['under 1 MB', '1 - 4 MB', '4 - 16 MB', '16 - 64 MB', '64 - 256 MB', '256 MB - 1 GB', '1 - 4 GB', 'over 4 GB'];

export async function refresh() {
  const {tables} = await ask('/api/tables');
  list.replaceChildren(table('Tables', [['Job', (t) => link(t.job, '/tables', {job: t.job})], ['Table', (t) => t.path, 'words']], tables, 'no job has a Delta table'));
  const job = chosen('job');
  if (!job) return `${tables.length} tables`;
  const found = await ask('/api/tables/' + encodeURIComponent(job));
  one.replaceChildren(
    section(`Table of ${job}`, facts([['Version', String(found.version)], ['Changed', found.last_modified], ['Rows', found.rows === null ? 'not known' : count(found.rows)], ['Files', count(found.files)],
      ['Size', bytes(found.bytes)], ['Partitioned by', found.partition_columns.join(', ') || 'nothing']])),
    section('Files by size', bars('Files by size', found.file_sizes.map((n, at) => [bins[at], n, count(n)]))),
    section('Partitions', table('Partitions', [['Partition', (p) => p.partition || '(all)'], ['Files', (p) => count(p.files), 'number'], ['Size', (p) => bytes(p.bytes), 'number']], found.partitions.slice(-200).reverse(), 'the table is empty')),
    section('Commits', table('Commits', [['Version', (c) => String(c.version)], ['At', (c) => c.timestamp, 'time'], ['Operation', (c) => c.operation], ['Rows', (c) => c.metrics.numOutputRows ?? '', 'number']], found.commits, 'none')));
  return `${job}: version ${found.version}`;
}
