import {ask, el, section, share, table} from './dom.js';

export const title = 'Advice';
const list = el('div');

export function draw(main) {
  main.append(section('Advice that was taken', list, el('p', {}, 'What could be better now: ', el('code', {}, 'tidemill advise'))));
}

export async function refresh() {
  const {advice} = await ask('/api/advice');
  list.replaceChildren(table('Advice', [['Job', (a) => a.job], ['Rule', (a) => a.rule], ['Change', (a) => a.change, 'words'], ['At', (a) => a.at, 'time'],
    ['Promised', (a) => `${share(a.promised[1])} (${share(a.promised[0])} to ${share(a.promised[2])})`, 'number']], advice, 'none was taken yet'));
  return `${advice.length} changes`;
}
