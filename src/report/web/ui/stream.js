// The events of the run, as they come; goes on after a break where it ended.
import { ApiError, get } from "./api.js";

const kSilence = 20000; // ms without a tick, though one is due every second
const kLongest = 10000; // ms between two tries

export class Stream {
  // `on`: a function for each kind of event. `onState("connecting" | "live" | "lost" | "refused", tries)`.
  constructor(on, onState) {
    this.on = on;
    this.onState = onState;
    this.last = null;
    this.view = null;
    this.source = null;
    this.tries = 0;
    this.ticking = false; // a run goes on, so that silence means a break
    this.heard = 0;
    setInterval(() => this.watch(), 2000);
  }

  async open() {
    this.onState(this.tries === 0 ? "connecting" : "lost", this.tries);
    try {
      this.session = await get("/api/session");
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.onState("refused", this.tries);
        return;
      }
      this.again();
      return;
    }
    this.view = this.session.view;
    const last = this.last === null ? "" : "&last=" + encodeURIComponent(this.last);
    this.source = new EventSource("/api/live?view=" + encodeURIComponent(this.view) + last);
    this.source.onopen = () => this.opened();
    this.source.onerror = () => this.broken();
    for (const kind of Object.keys(this.on)) this.source.addEventListener(kind, (event) => this.take(kind, event));
  }

  opened() {
    this.tries = 0;
    this.heard = Date.now();
    this.onState("live", 0);
  }

  take(kind, event) {
    this.heard = Date.now();
    if (event.lastEventId) this.last = event.lastEventId;
    if (kind === "begin") this.ticking = true;
    if (kind === "over" || kind === "idle") this.ticking = false;
    if (kind !== "tick") this.onState("live", 0);
    this.on[kind](JSON.parse(event.data));
  }

  // What is written here decides when to try again, not the browser: its waits are not ours.
  broken() {
    if (!this.source) return;
    this.close();
    this.again();
  }

  again() {
    this.tries++;
    this.onState("lost", this.tries);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), Math.min(kLongest, 250 * 2 ** this.tries));
  }

  watch() {
    if (this.source && this.ticking && Date.now() - this.heard > kSilence) this.broken();
  }

  close() {
    if (this.source) this.source.close();
    this.source = null;
  }
}
