import {el} from './dom.js';
import * as tonight from './tonight.js';
import * as jobs from './jobs.js';
import * as runs from './runs.js';
import * as run from './run.js';
import * as tables from './tables.js';
import * as clusters from './clusters.js';
import * as cost from './cost.js';
import * as advice from './advice.js';

// A page: `title`, `draw(main)` once, then `refresh()`, every `every` milliseconds when it says so; it gives the words of
// the status line.
const pages = {'/': tonight, '/jobs': jobs, '/runs': runs, '/run': run, '/tables': tables, '/clusters': clusters, '/cost': cost, '/advice': advice};
const here = pages[location.pathname] ?? tonight;
const now = document.getElementById('now'), main = document.getElementById('main');

document.title = here.title + ' - Tidemill';
document.getElementById('title').textContent = here.title;
document.getElementById('nav').append(...Object.entries(pages).filter(([, page]) => page.listed !== false).map(([path, page]) => {
  const link = el('a', {href: path}, page.title);
  if (page === here) link.setAttribute('aria-current', 'page');
  return el('li', {}, link);
}));

let waiting = false;
async function refresh() {
  if (waiting) return;
  waiting = true;
  try {
    now.textContent = await here.refresh();
  } catch (error) {
    now.textContent = 'no answer: ' + error.message;
  }
  waiting = false;
}
here.draw(main, refresh);
refresh();
if (here.every) setInterval(refresh, here.every);
