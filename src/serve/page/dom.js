// What pages are made of. Everything that comes from jobs is put into them as text, never as HTML.
const SVG = 'http://www.w3.org/2000/svg';

export const el = (name, more = {}, ...children) => {
  const node = Object.assign(document.createElement(name), more);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};
export const shape = (name, attributes, text) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
export const link = (text, path, query = {}) => {
  const given = new URLSearchParams(query).toString();
  return el('a', {href: path + (given && '?' + given)}, text);
};

export const count = (n) => Math.round(n).toLocaleString('en');
export const bytes = (n) => {
  const at = n >= 2 ** 40 ? 4 : n >= 2 ** 30 ? 3 : n >= 2 ** 20 ? 2 : n >= 2 ** 10 ? 1 : 0;
  return (n / 2 ** (10 * at)).toFixed(at && n / 2 ** (10 * at) < 100 ? 1 : 0) + [' B', ' KB', ' MB', ' GB', ' TB'][at];
};
export const seconds = (s) => s < 1 ? Math.round(s * 1000) + ' ms' : s < 120 ? s.toFixed(1) + ' s' : s < 7200 ? Math.round(s / 60) + ' min' : (s / 3600).toFixed(1) + ' h';
export const dollars = (d) => d === null ? '' : d < 0.0001 ? 'under $0.0001' : '$' + (d < 1 ? d.toFixed(4) : d.toFixed(2));
// "2013-01-01T00:00:00Z/2013-01-02T00:00:00Z" in fewer letters.
export const span = (window) => window.replaceAll('T00:00:00Z', '').replaceAll(':00Z', 'Z').replace('/', ' \u2013 ');
export const share = (part) => (part * 100).toFixed(1) + ' %';

// What may be wider than the screen scrolls by itself, by keyboard too.
export const scrolls = (className, label, ...children) => {
  const node = el('div', {className, tabIndex: 0}, ...children);
  node.setAttribute('role', 'region');
  node.setAttribute('aria-label', label);
  return node;
};
export const section = (title, ...children) => {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return el('section', {}, el('h2', {id}, title), ...children);
};
// `columns`: [name, of a row its text or node, class?]. The first one names the row.
export const table = (title, columns, rows, nothing) => {
  if (rows.length === 0) return el('p', {className: 'nothing'}, nothing);
  const head = el('tr', {}, ...columns.map(([name, , kind]) => el('th', {scope: 'col', className: kind ?? ''}, name)));
  const body = rows.map((row) => el('tr', {}, ...columns.map(([, value, kind], at) =>
    el(at ? 'td' : 'th', Object.assign({className: kind ?? ''}, at ? {} : {scope: 'row'}), value(row) ?? ''))));
  return scrolls('wide', title, el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
};
export const facts = (pairs) => el('dl', {}, ...pairs.filter(([, value]) => value !== '' && value !== null && value !== undefined).map(([name, value, part]) => {
  const said = el('dd', {}, value);
  if (part !== undefined) {
    const meter = el('meter', {min: 0, max: 1, value: Math.min(part, 1)});
    meter.setAttribute('aria-label', name);
    said.append(meter);
  }
  return el('div', {}, el('dt', {}, name), said);
}));
export const outcome = (word) => el('span', {className: 'outcome is-' + word}, word.replaceAll('_', ' '));

// Horizontal bars with their names and values: [name, value, words].
export const bars = (title, rows) => {
  const most = Math.max(...rows.map(([, value]) => value), 1e-12), left = 190, width = 900, row = 24;
  const svg = shape('svg', {viewBox: `0 0 ${width} ${row * rows.length + 4}`, role: 'img', 'aria-label': title});
  rows.forEach(([name, value, words], at) => {
    svg.append(shape('text', {x: 0, y: at * row + 16}, name.length > 28 ? name.slice(0, 27) + '…' : name));
    svg.append(shape('rect', {x: left, y: at * row + 4, height: row - 8, width: Math.max(value / most * (width - left - 170), 1), class: 'bar', rx: 2}));
    svg.append(shape('text', {x: left + value / most * (width - left - 170) + 6, y: at * row + 16, class: 'tick'}, words));
  });
  return scrolls('chart', title, svg);
};

// A form whose fields are the address's query. `fields`: [name, label, node].
export const filters = (fields, changed) => {
  const given = new URLSearchParams(location.search);
  const form = el('form', {}, ...fields.map(([name, label, node]) => {
    node.name = name;
    if (given.has(name)) node.value = given.get(name);
    return el('label', {}, label + ' ', node);
  }));
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => {
    const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, '', chosen.size ? '?' + chosen : location.pathname);
    changed();
  });
  return form;
};
export const choice = (values, chosen = '') => {
  const node = el('select', {}, ...values.map((value) => el('option', {value, selected: value === chosen}, value || 'all')));
  return node;
};
export const chosen = (name, otherwise = '') => new URLSearchParams(location.search).get(name) ?? otherwise;

export const ask = async (path, query = {}) => {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  const answer = await fetch(path + (given && '?' + given));
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error ?? answer.status);
  return json;
};
