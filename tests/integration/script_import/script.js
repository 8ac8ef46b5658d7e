import http from 'k6/http';
import { check, group, sleep } from 'k6';
const BASE = __ENV.TARGET || 'http://127.0.0.1:1';
const json = { headers: { 'Content-Type': 'application/json', 'X-A': 'b' } };
export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate>0.9'] } };
export function setup() {
  const res = http.post(`${BASE}/login`, JSON.stringify({ user: 'ann', n: [1, 2.5, null, true] }), json);
  return { token: res.json('token') };
}
function order(n, params) {
  const made = http.post(`${BASE}/orders`, { count: n, note: 'a=b&c' }, params);
  check(made, { ok: (r) => r.status === 200, id: (r) => r.json('order.id') > 3 });
  return made.json().order.id;
}
export default function (data) {
  const auth = { headers: Object.assign({}, { 'X-Token': data.token }), tags: { name: 'x' } };
  group('browse', () => {
    http.get(`${BASE}/items?q=${encodeURIComponent('a b')}&page=2`, auth);
    const [a, b] = http.batch([['GET', `${BASE}/a`], ['PUT', `${BASE}/b`, 'text', { headers: { 'X-B': '1' } }]]);
    if (a.status !== 200) { return; }
    http.get(`${BASE}/items/${a.json('items.0.id')}`);
  });
  const id = order(2, auth);
  for (let i = 0; i < 3; i++) { http.patch(`${BASE}/orders/${id}/${i}`, JSON.stringify({ i, s: `n${i}` }), json); }
  for (const w of ['p', 'q']) { http.del(`${BASE}/tags/${w}`); }
  const res = http.get(BASE + '/kind');
  if (res.json('kind') === 'big') { http.get(`${BASE}/big`); } else { http.get(`${BASE}/small`); }
  sleep(0.1);
  http.head(`${BASE}/end`);
}
