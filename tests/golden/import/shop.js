import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

const BASE = __ENV.BASE || 'http://127.0.0.1:8080';
const bought = new Counter('bought');

export const options = {
  scenarios: {
    browse: {
      executor: 'ramping-vus', startVUs: 2, gracefulRampDown: '5s', exec: 'browse', tags: { kind: 'read' },
      stages: [{ duration: '30s', target: 20 }, { duration: '1m', target: 20 }, { duration: '10s', target: 0 }],
    },
    buy: {
      executor: 'constant-arrival-rate', rate: 30, timeUnit: '1m', duration: '90s', preAllocatedVUs: 5, maxVUs: 50,
      startTime: '10s', exec: 'buy', env: { CURRENCY: 'EUR' },
    },
  },
  thresholds: {
    http_req_duration: ['p(95)<400', { threshold: 'p(99)<1500', abortOnFail: true, delayAbortEval: '10s' }],
    'http_req_duration{name:item}': ['avg<200'],
    http_req_failed: ['rate<0.01'],
    checks: ['rate>0.99'],
    bought: ['count>10'],
  },
};

export function browse() {
  group('front', () => {
    const res = http.get(`${BASE}/items?page=${Math.floor(Math.random() * 10) + 1}`);
    check(res, { 'is 200': (r) => r.status === 200, 'has items': (r) => r.json('items.0.id') !== undefined });
    if (res.json('items.0.id')) {
      http.get(`${BASE}/items/${res.json('items.0.id')}`, { tags: { name: 'item' } });
    }
  });
  sleep(Math.random() * 2 + 1);
}

export function buy() {
  const params = { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${__ENV.TOKEN}` }, timeout: '5s' };
  const made = http.post(`${BASE}/orders`, JSON.stringify({ id: uuidv4(), currency: __ENV.CURRENCY, n: __VU }), params);
  if (made.status !== 201) {
    return;
  }
  bought.add(1);
  const file = http.file(open('photo.png'), 'photo.png');
  http.post(`${BASE}/photos`, { file: file });
  http.del(`${BASE}/orders/${made.json().id}`, null, params);
  if (mystery.isOn()) {
    http.del(`${BASE}/everything`);
  }
}

export function handleSummary(data) {
  return { 'out.json': JSON.stringify(data) };
}
