import {ask, bars, bytes, choice, chosen, count, dollars, el, filters, seconds, section, share, table} from './dom.js';

export const title = 'Cost';
const chart = el('div'), list = el('div');
const LIMIT = 0.10;  // dollars a GB processed

export function draw(main, changed) {
  main.append(section('What runs took and cost', filters([['by', 'By', choice(['job', 'class', 'day', 'tag'], 'job')], ['days', 'Days', choice(['1', '7', '30', '365'], '30')]], changed), chart, list));
}

export async function refresh() {
  const {by, days, costs} = await ask('/api/costs', {by: chosen('by', 'job'), days: chosen('days', '30')});
  if (by !== 'day') costs.sort((a, b) => b.dollars - a.dollars);
  chart.replaceChildren(costs.length ? bars('Dollars by ' + by, costs.slice(0, 40).map((c) => [c[by], c.dollars, dollars(c.dollars)])) : '');
  list.replaceChildren(table('Costs', [[by, (c) => c[by]], ['Runs', (c) => count(c.runs), 'number'], ['Time', (c) => seconds(c.seconds), 'number'], ['Read', (c) => bytes(c.bytes_read), 'number'],
    ['Cost', (c) => dollars(c.dollars), 'number'], ['A GB', (c) => el('span', {className: c.dollars_per_gb > LIMIT ? 'bad' : ''}, dollars(c.dollars_per_gb)), 'number'],
    ['Quote error', (c) => c.median_quote_error === null ? '' : share(c.median_quote_error), 'number']], costs, 'no run has an invoice yet'));
  const sum = costs.reduce((all, c) => all + c.dollars, 0);
  return by === 'tag' ? `${costs.length} tags in ${days} days` : `${dollars(sum)} in ${days} days; the target is ${dollars(LIMIT)} a GB`;
}
