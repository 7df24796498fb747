import {ask, el, section, table} from './dom.js';

export const title = 'Clusters', every = 5000;
const list = el('div');

export function draw(main) {
  main.append(section('What was made for clusters', list));
}

export async function refresh() {
  const {resources} = await ask('/api/clusters');
  list.replaceChildren(table('Clusters', [['Cluster', (r) => r.cluster], ['Part', (r) => r.address], ['State', (r) => r.state], ['Id', (r) => r.id || 'asked for, no answer yet'], ['Since', (r) => r.at, 'time'],
    ['Attributes', (r) => Object.entries(r.attributes).map(([key, value]) => `${key} ${value}`).join(', '), 'words']], resources, 'the ledger knows of no cluster; `tidemill cluster create` makes one'));
  return `${new Set(resources.map((r) => r.cluster)).size} clusters`;
}
